"""What the fields of answers mean. Those of requests say it with their types, which check them."""

from collections.abc import Mapping

_SOURCE = "`onnx`, the team's own model, or `azure-vision`"
_CONFIDENCE = "From 0 to 1; null where the captioner does not tell. Two captioners' do not compare"
_LANGUAGE = "Its language, as a BCP 47 tag; absent where it is not told"
_MAKER = "The captioner, `person`, or where the text stood before the image came here"
_STATUS = "Whether it is a machine's, or approved or edited by a person and so never replaced"
_DISTANCE = "Which share of words lies between what was judged and what was published, on average"
_LANGUAGE_IF_TOLD = "Its language, as a BCP 47 tag; absent where it is not told"
_PIXELS = "Of the upright picture, in pixels"

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "CaptionRecord": {
        "schema_version": "The version of this form",
        "image": "The image, without what it shows",
        "captions": "One from each captioner that had an answer",
        "descriptions": "What people wrote of the picture before it came here, the weightiest "
        "first; absent where the image was not looked through for it",
        "agreement": "How far two captioners say the same, from 0 to 1; absent unless both wrote "
        "English",
        "needs_review": "Whether a person should look before the alt text is published; absent "
        "where the model does not tell",
        "alt_text": "The one text to publish; null where there is none",
        "history": "Alt texts that a person stood behind until another took their place",
        "problems": "Why something is missing",
        "created": "When the record was first written",
        "updated": "When it was last written",
    },
    "ImageFacts": {
        "name": "Its name in the container or directory, of its file, or in its URL",
        "container": "The container that it lies in",
        "url": "Where it lies, without credentials",
        "etag": "The version of the blob that was captioned",
        "sha256": "The checksum of its bytes, in hex",
        "content_type": "What the bytes are, whatever the file is called",
        "width": _PIXELS,
        "height": _PIXELS,
        "bytes": "Its size",
    },
    "Caption": {
        "source": _SOURCE,
        "text": "The sentence",
        "confidence": _CONFIDENCE,
        "language": "Its language, as a BCP 47 tag",
        "model": "What made it",
        "alternatives": "Further captions that the same captioner considered",
        "tags": "Things seen; absent where the captioner has none",
        "novelty": "How unlike the model's training pictures this one is, in its own measure",
        "request_id": "The request's number at Azure AI Vision, for its support",
        "elapsed_ms": "How long it took, in milliseconds",
        "created": "When it was made",
    },
    "ModelName": {"name": "The model", "version": "Its version"},
    "Alternative": {"text": "The sentence", "confidence": _CONFIDENCE},
    "Tag": {"name": "The thing", "confidence": _CONFIDENCE},
    "Description": {
        "origin": "Where it stands: `blob-metadata` beside the image; in its file `xmp-alt-text` "
        "and `xmp-extended` (the IPTC's alt text and extended description), `dc-description`, "
        "`iptc-caption`, `exif-description`",
        "text": "The text, as one line",
        "language": _LANGUAGE_IF_TOLD,
    },
    "AltText": {
        "text": "The text",
        "source": "Who made it: a captioner, `person`, or the origin of one that came with the "
        "image",
        "status": _STATUS,
        "by": "The person who stands behind it; null for a machine's, and where it is not known",
        "updated": "When it was made",
        "stale": "Whether a person wrote it for an image that is another now",
        "language": _LANGUAGE_IF_TOLD,
        "judged": "The captions that the person had before them; absent where nobody decided here",
    },
    "Judged": {
        "source": _SOURCE,
        "model": "What made it",
        "text": "The sentence as it was",
        "confidence": _CONFIDENCE,
        "proposed": "Whether it was the alt text until then",
    },
    "Problem": {
        "source": "What failed: a captioner, `image`, `platform`, `save`, or a job's `source`",
        "code": "The same as over HTTP, and stable",
        "message": "What happened and what to do",
        "retry_after": "When it is tried again, or worth asking for again",
    },
    "Upload": {
        "name": "Its name in the container",
        "etag": "The version of the blob",
        "version": "The version of its bytes, which thumbnails are asked for with",
        "content_type": "What the bytes are, whatever the request says",
        "width": _PIXELS,
        "height": _PIXELS,
        "bytes": "Its size",
    },
    "Attention": {
        "model": "The model that looked; it may be another than the caption's",
        "text": "The caption that it followed",
        "side": "How many fields the picture has in a row, and how many rows",
        "words": "The caption's words, in order",
    },
    "WordAttention": {
        "word": "The word",
        "place": "The ninth of the picture that was looked at most",
        "attention": "The share of each field, row by row from the top; together at most 1",
    },
    "Results": {"results": "The records, in the order asked; a directory's by name"},
    "JobStatus": {
        "id": "Its name, which nobody can guess",
        "state": "`listing` while images are still being counted, `running`, `paused`, or in the "
        "end `done`, `cancelled` or `failed`",
        "source": "`directory`, `urls` or `backfill`",
        "directory": "The directory's URL, without its signature",
        "options": "What was asked of the captioners",
        "save": "Whether records are kept beside their images",
        "force": "Whether images are captioned that have their captions",
        "counts": "How many images there are, and what became of them",
        "rate": "Images a second since work last began; null while nobody works",
        "seconds_left": "How long it will still take; null while that cannot be known",
        "problems": "What stops the job, or part of what it was asked for",
        "created": "When it was asked for",
        "ended": "When it ended; absent before",
    },
    "Counts": {
        "found": "Images so far",
        "done": "Those captioned",
        "skipped": "Those that had their captions",
        "failed": "Those without a caption, for a reason in their results",
        "waiting": "Those to be tried again",
    },
    "JobList": {"jobs": "The jobs"},
    "Result": {
        "image": "Its name in the directory, or its URL without credentials",
        "index": "Its place in the list of URLs, from 0; absent for directories",
        "status": "Whether it was captioned, had its captions before, or has none",
        "record": "Its record; absent where it failed",
        "problem": "Why it failed; absent otherwise",
    },
    "SearchAnswer": {
        "total": "How many images were found",
        "offset": "How many of them are left out before these",
        "limit": "How many are given at most",
        "as_of": "When the index last followed the records",
        "corrections": "Words that are nowhere, and what was looked for instead",
        "results": "The images, the best first",
        "facets": "How those found divide",
    },
    "Correction": {"word": "The word as it was asked", "instead": "What was looked for"},
    "Hit": {
        "image": "The image",
        "score": "How well it fits; compares within one answer only",
        "matches": "The texts in which the query was found",
    },
    "Entry": {
        "name": "The image's name",
        "alt_text": "Its alt text; null where it has none",
        "captions": "Its captions",
        "tags": "Things seen in it",
        "agreement": "How far two captioners say the same, from 0 to 1",
        "needs_review": "Whether a person should look before the alt text is published",
        "problems": "The codes of its problems",
        "content_type": "What its bytes are",
        "width": _PIXELS,
        "height": _PIXELS,
        "version": "Which image of that name this is",
        "reviews": "How the captions fared when a person decided on the text",
        "created": "When its record was first written",
        "updated": "When its record was last written",
    },
    "EntryReview": {
        "source": _SOURCE,
        "model": "What made the caption",
        "confidence": _CONFIDENCE,
        "proposed": "Whether it was the alt text until the person decided",
        "approved": "Whether it was published as it was",
        "distance": "The share of words between it and the published text, from 0 to 1",
    },
    "EntryAltText": {
        "text": "The text",
        "source": _MAKER,
        "status": _STATUS,
        "stale": "Whether a person wrote it for an image that is another now",
        "updated": "When it was made",
    },
    "EntryCaption": {
        "source": _SOURCE,
        "text": "The sentence",
        "confidence": _CONFIDENCE,
        "language": "Its language, as a BCP 47 tag",
    },
    "ImagePage": {
        "total": "How many images fit",
        "offset": "How many of them are left out before these",
        "limit": "How many are given at most",
        "images": "The images, in the order asked",
        "counts": "Of every image under the prefix, whatever the other filters",
    },
    "CollectionCounts": {
        "all": "How many images there are",
        "pending": "Those behind whose alt text no person stands, or whose alt text is stale",
        "stale": "Those whose alt text a person wrote for an image that is another now",
        "status": "By the status of their alt texts; `none` where there is none",
        "problems": "By the codes of their problems",
    },
    "Quality": {
        "reviewed": "Images behind whose alt text a person stands here",
        "brought": "Images whose alt text came with them, and that nobody has decided on here",
        "stale": "Images whose alt text a person wrote for what is another image now; they are in "
        "no other figure",
        "captioners": "By captioner and model, those judged most first",
    },
    "CaptionerQuality": {
        "source": _SOURCE,
        "model": "What made the captions",
        "judged": "Captions that people had before them when they decided",
        "proposed": "Those of them that were the alt text until then",
        "approved": "Those proposed that were published untouched",
        "mean_distance": _DISTANCE,
        "months": "The same by month, the newest first",
        "calibration": "Confidence against approval, by tenths of confidence that anything was "
        "proposed with",
    },
    "MonthQuality": {
        "month": "The month in UTC in which people decided, `YYYY-MM`",
        "judged": "Captions that people had before them",
        "proposed": "Those of them that were the alt text until then",
        "approved": "Those proposed that were published untouched",
        "mean_distance": _DISTANCE,
    },
    "CalibrationBin": {
        "from": "The least confidence",
        "to": "The confidence that it ends before; the last one ends with 1",
        "proposed": "Captions that were proposed with such a confidence",
        "mean_confidence": "The mean of their confidences",
        "approved": "Those of them that were published untouched",
    },
    "Match": {
        "field": "Which text of the image this is",
        "source": "The captioner, where it is a caption",
        "segments": "The text in parts that make it up",
    },
    "Segment": {"text": "The part", "match": "Whether it matches the query"},
    "Facets": {
        "source": "By the captioners of their captions",
        "status": "By the status of their alt texts",
    },
    "Facet": {"value": "What they have in common", "count": "How many images have it"},
    "Health": {
        "status": "`ok`, or `failing` with 503",
        "version": "The app's version",
        "bundle": "The model in use; null where none can be used",
        "model": "Where it comes from, and whether a newer version waits",
        "captioners": "Those that are set up",
        "problems": "The codes of what is wrong",
    },
    "ModelStanding": {
        "follows": "`folder` for `MODEL_DIR`; for `MODEL_URI` `version`, or `current` where the "
        "current version is followed",
        "since": "When the version in use was taken up; absent for a folder",
        "checked": "When storage last told which version is current; absent before the first time",
        "refused": "The current version, if it cannot be used and an older one still is",
        "problem": "The code of why storage could not tell; absent where it could",
    },
    "Refused": {"version": "The version", "code": "The code of what is wrong with it"},
    "ProblemDocument": {
        "type": "Always the same: `code` tells problems apart",
        "title": "The status in words",
        "status": "The HTTP status",
        "code": "The stable code",
        "detail": "What happened and what to do",
        "current": "With `edit_conflict`, how the record stands; absent where there is none",
    },
    "Current": {
        "etag": "The `ETag` of the record, for `If-Match`",
        "alt_text": "Its alt text",
    },
    "History": {
        "name": "The image's name",
        "deleted": "Whether this is what is kept of an image that was deleted",
        "versions": "The present text, if there is one, and those before it, the newest first",
    },
}
