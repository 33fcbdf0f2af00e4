"""Asking for captions, and for the records of images."""

from captioner import errors
from captioner.api.documents import Results
from captioner.api.openapi import examples
from captioner.api.openapi.operations.telling import (
    ACCEPTED,
    ELSEWHERE,
    FRESH,
    JSON,
    KNOWN,
    NAME,
    STORAGE,
    Answer,
    Content,
    Operation,
)
from captioner.api.requests import Query
from captioner.images import MEDIA_TYPES
from captioner.ondemand import MOST_INLINE, ManyUrls, OneDirectory, OneUrl
from captioner.records import CaptionRecord

CAPTIONS = (
    Operation(
        id="caption",
        method="post",
        path="/api/caption",
        group="Captions",
        summary="Caption images",
        description=(
            "Send one image as the body, several as the files of a form, or name in JSON where "
            f"they lie. Up to {MOST_INLINE} images are answered at once, within two minutes or "
            "soon after; more become a job. One image is answered with its record, or with the "
            "problem that kept it from having any caption. A list has a record for each image in "
            "the order asked, and what is wrong with one is a problem in its own record. The "
            "options are in the query beside images that are sent, and in the JSON else."
        ),
        query=Query,
        body=(
            *(Content(each) for each in (*MEDIA_TYPES, "application/octet-stream")),
            Content(
                "multipart/form-data",
                schema={
                    "type": "object",
                    "properties": {
                        "file": {
                            "description": f"The images, 1 to {MOST_INLINE} of them. The fields "
                            "may have any names, for any of the files.",
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                            "maxItems": MOST_INLINE,
                        }
                    },
                    "required": ["file"],
                },
            ),
            Content(
                JSON,
                (OneUrl, ManyUrls, OneDirectory),
                examples={
                    "url": examples.ONE_URL,
                    "urls": examples.MANY_URLS,
                    "directory": examples.DIRECTORY,
                },
            ),
        ),
        answers=(
            Answer(
                200,
                "The record of the one image that was sent or whose `url` was, else those of all.",
                (
                    Content(
                        JSON,
                        (CaptionRecord, Results),
                        examples={"record": examples.RECORD, "results": examples.RESULTS},
                    ),
                ),
            ),
            ACCEPTED,
        ),
        faults=(
            errors.ImageError,
            *ELSEWHERE,
            errors.VisionError,
            errors.BundleError,
            errors.WishError,
            errors.CaptionBlocked,
            errors.CaptionerTimeout,
            errors.CaptionerBusy,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
            errors.ContradictoryRequest,
            errors.RequestTooLarge,
            errors.SaveRefused,
            errors.UnsupportedMediaType,
        ),
    ),
    Operation(
        id="record",
        method="get",
        path="/api/captions/{name}",
        group="Captions",
        summary="The record of an image in the container",
        description="What was found out about an image that was dropped into the container.",
        places=(NAME, KNOWN),
        answers=(
            Answer(
                200,
                "The record.",
                (Content(JSON, (CaptionRecord,), examples={"record": examples.RECORD}),),
                {"ETag": "Which version this is.", "Cache-Control": FRESH},
            ),
            Answer(304, "The client has this version.", headers={"ETag": "Which version."}),
        ),
        faults=(
            errors.RecordNotFound,
            errors.RecordUnreadable,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
)
