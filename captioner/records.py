"""The JSON document of one image: what it is, what each captioner says of it, what people publish.

Types are msgspec structs: immutable, checked when read, and the source of the published JSON
Schema. A field whose value does not exist is absent (`UNSET`); `null` is a statement, such as a
confidence that the captioner does not give.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from captioner.parsing import read

SCHEMA_VERSION: Final = 1

Confidence = Annotated[float, Meta(ge=0, le=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Moment = Annotated[datetime, Meta(tz=True)]


class ImageFacts(Struct, frozen=True):
    """What is known of an image without looking at what it shows.

    `width` and `height` are those of the upright picture, in pixels, after EXIF orientation.
    """

    name: str
    container: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    etag: str | UnsetType = UNSET
    sha256: str | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    width: Count | UnsetType = UNSET
    height: Count | UnsetType = UNSET
    bytes: Count | UnsetType = UNSET


class ModelName(Struct, frozen=True):
    """Which model made a caption."""

    name: str
    version: str


class Tag(Struct, frozen=True):
    """A thing seen in the picture, without a sentence around it."""

    name: str
    confidence: Confidence | None


class Alternative(Struct, frozen=True):
    """Another caption that the same captioner considered, less likely than the one it gave."""

    text: str
    confidence: Confidence | None


class Caption(Struct, frozen=True, kw_only=True):
    """One captioner's sentence about a picture, and where it came from.

    `source` is the captioner's name (`"onnx"`, `"azure-vision"`), `language` a BCP 47 tag.
    `novelty` tells how unlike the captioner's training pictures this one is, in its own measure.
    """

    source: str
    text: str
    confidence: Confidence | None
    language: str
    model: ModelName
    alternatives: tuple[Alternative, ...] = ()
    tags: tuple[Tag, ...] | UnsetType = UNSET
    novelty: float | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    elapsed_ms: Annotated[float, Meta(ge=0)]
    created: Moment


PERSON: Final = "person"
"""The source of alt text that somebody wrote in captioner itself."""

type Origin = Literal[
    "blob-metadata",
    "xmp-alt-text",
    "xmp-extended",
    "dc-description",
    "iptc-caption",
    "exif-description",
]


class Description(Struct, frozen=True):
    """What somebody wrote of a picture before it came here, and where in the image it stands.

    `language` is a BCP 47 tag; absent where it is not told.
    """

    origin: Origin
    text: str
    language: str | UnsetType = UNSET


class Judged(Struct, frozen=True, kw_only=True):
    """A caption as it stood when a person decided on the alt text.

    `proposed` tells the one that was the alt text until then.
    """

    source: str
    model: ModelName
    text: str
    confidence: Confidence | None
    proposed: bool


class AltText(Struct, frozen=True):
    """The one text that people publish with an image.

    `status` `"approved"` and `"edited"` mean that a person stands behind the text, as it was found
    or as they wrote it: no captioner replaces it. `source` is the captioner's, the `origin` of a
    text that came with the image, or `PERSON`. `stale` marks human text that was written for an
    image since replaced by another. `judged` are the captions that the person had before them.
    """

    text: str
    source: str
    status: Literal["machine", "approved", "edited"]
    by: str | None
    updated: Moment
    stale: bool | UnsetType = UNSET
    language: str | UnsetType = UNSET
    judged: tuple[Judged, ...] | UnsetType = UNSET

    @property
    def is_human(self) -> bool:
        return self.status != "machine"


class Problem(Struct, frozen=True):
    """Why something is missing from a record, in words that a person can act on.

    `source` is the captioner that failed, `"image"` where the image itself is at fault or could not
    be had, `"platform"` where captioning did not come to its end, or `"save"` where the record
    could not be kept beside its image.
    """

    source: str
    code: str
    message: str
    retry_after: Moment | UnsetType = UNSET


class CaptionRecord(Struct, frozen=True, kw_only=True):
    """The document of one image; stored as its sidecar and given as the answer to a request.

    `descriptions` are what people wrote of the picture before it came here; absent where the image
    was not looked through for them. `agreement` tells how far the captions of two captioners say
    the same, `needs_review` whether a person should look before the alt text is published.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    image: ImageFacts
    captions: tuple[Caption, ...]
    descriptions: tuple[Description, ...] | UnsetType = UNSET
    agreement: Share | UnsetType = UNSET
    needs_review: bool | UnsetType = UNSET
    alt_text: AltText | None
    history: tuple[AltText, ...] = ()
    problems: tuple[Problem, ...]
    created: Moment
    updated: Moment

    def caption_by(self, source: str) -> Caption | None:
        """Give the caption of one captioner, or None where it has none."""
        return next((caption for caption in self.captions if caption.source == source), None)

    def problem_of(self, source: str) -> Problem | None:
        """Give what one captioner (or `"image"`) reported, or None where all went well."""
        return next((problem for problem in self.problems if problem.source == source), None)


def now() -> datetime:
    """Give the present time in UTC, to the millisecond, as records tell time."""
    present = datetime.now(UTC)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)


def to_json(record: CaptionRecord, *, indent: int = 0) -> bytes:
    """Write a record as UTF-8 JSON: one line, or indented for people to read."""
    line = msgspec.json.encode(record)
    return msgspec.json.format(line, indent=indent) if indent else line


def from_json(data: bytes) -> CaptionRecord:
    """Read a record.

    Raises `msgspec.ValidationError` (or its base `msgspec.DecodeError`) for anything that is not
    a record of this schema version.
    """
    return read(data, _decoder)


_decoder = msgspec.json.Decoder(CaptionRecord)


@cache
def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a record."""
    schema = msgspec.json.schema(CaptionRecord)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
