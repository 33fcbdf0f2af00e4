"""What requests may say, read into types: as JSON, as a text of URLs, or in the query.

The OpenAPI document is generated from these types. Each description completes a sentence that
begins with the field's name and "must be", as the answer to a wrong one does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

from captioner.captioning import Options
from captioner.collection import LAST_LISTED, MOST_LISTED, Filters, Sort
from captioner.curation import LONGEST_TEXT, SEEN
from captioner.errors import ContradictoryRequest, InvalidRequest, RequestTooLarge
from captioner.exports import FORMATS, MOST_AT_ONCE, ExportRequest, Format
from captioner.jobs import Backfill, JobRequest
from captioner.ondemand import ManyUrls, OneDirectory, OneUrl
from captioner.search import LAST_RESULT, MOST_RESULTS
from captioner.thumbnails import Size

LARGEST_TEXT = 32 * 2**20
"""Bytes of JSON or of a list of URLs in one request: 100,000 URLs of some 300 characters."""

_FIELD = re.compile(r"at `\$\.(\w+)")
_MISSING = re.compile(r"missing required field `(\w+)`\Z")
_UNKNOWN = re.compile(r"unknown field `(\w{1,32})`\Z")
# The platform's own, which say whose key it is.
_PLATFORMS = frozenset({"code", "clientid"})


class ListQuery(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query beside a text of URLs."""


class Query(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query beside an image's bytes, or beside a form."""

    name: Annotated[str | None, Meta(description="the name that the image gets in its record")] = (
        None
    )


_Cursor = Annotated[str, Meta(description="one that a header 'Link' gave")]


class JobsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs to list, the newest first; the first ones where there is no cursor."""

    cursor: _Cursor = ""
    limit: Annotated[
        int, Meta(ge=1, le=100, description="a whole number from 1 to 100, of jobs at once")
    ] = 20


class ResultsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which results of a job to give; the first ones where there is no cursor."""

    cursor: _Cursor = ""
    limit: Annotated[
        int, Meta(ge=1, le=1000, description="a whole number from 1 to 1,000, of results at once")
    ] = 100


class SearchQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look for, and which of the images that are found to give."""

    q: Annotated[
        str,
        Meta(
            min_length=1,
            description='words to look for, "words side by side" or beginnings such as guit*; '
            "at most 1,000 characters and 32 words",
        ),
    ]
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_RESULTS,
            description=f"a whole number from 1 to {MOST_RESULTS}, of images at once",
        ),
    ] = 20
    offset: Annotated[
        int,
        Meta(
            ge=0,
            le=LAST_RESULT,
            description=f"a whole number from 0 to {LAST_RESULT:,}, of images to leave out before",
        ),
    ] = 0
    source: Annotated[
        str | None, Meta(description="the captioner that the images must have a caption by")
    ] = None
    status: Annotated[
        Literal["machine", "approved", "edited", "none"] | None,
        Meta(description="machine, approved, edited or none, as the alt texts are to be"),
    ] = None


class ImagesQuery(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which images of the collection to list, and in which order."""

    sort: Annotated[
        Sort,
        Meta(
            description="newest, updated, name or review, as the images are to be ordered: by when "
            "they came, by when their records changed last, by name, or as people should look at "
            "them"
        ),
    ] = "newest"
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_LISTED,
            description=f"a whole number from 1 to {MOST_LISTED}, of images at once",
        ),
    ] = 60
    offset: Annotated[
        int,
        Meta(
            ge=0,
            le=LAST_LISTED,
            description=f"a whole number from 0 to {LAST_LISTED:,}, of images to leave out before",
        ),
    ] = 0


class ThumbnailQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which thumbnail of an image to give."""

    size: Annotated[
        Size, Meta(description="small or large: a longest side of 512 or 1,600 pixels")
    ] = "small"
    version: Annotated[
        Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None,
        Meta(description="the 'version' of the image, as its entry in a list has it"),
    ] = None


class ExportQuery(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which images to export, and as what; the first ones where there is no cursor."""

    format: Annotated[Format, Meta(description=FORMATS)]
    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | None,
        Meta(description="the name of the one image to export"),
    ] = None
    cursor: _Cursor = ""
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_AT_ONCE,
            description=f"a whole number from 1 to {MOST_AT_ONCE:,}, of images at once",
        ),
    ] = MOST_AT_ONCE


class Renewal(Struct, frozen=True, forbid_unknown_fields=True):
    """A new SAS URI of the directory of a job."""

    directory: Annotated[
        str, Meta(description="a new URI of the job's directory, with a SAS that is valid")
    ]

    def __repr__(self) -> str:
        return "Renewal(…)"


class NewAltText(Struct, frozen=True, forbid_unknown_fields=True):
    """The text that a person has decided on."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            description=f"a text of 1 to {LONGEST_TEXT} characters, less the blanks at its ends; "
            "it becomes one line, in Unicode's form C and without what cannot be seen",
            # Before the text is cleaned, this can only be told, not held against it.
            extra_json_schema={"maxLength": LONGEST_TEXT, "pattern": SEEN},
        ),
    ]


type Asked = OneUrl | ManyUrls | OneDirectory

_FORMS: Mapping[str, type[Asked]] = {"url": OneUrl, "urls": ManyUrls, "directory": OneDirectory}
_JOBS: Mapping[str, type[JobRequest]] = {
    "urls": ManyUrls,
    "directory": OneDirectory,
    "backfill": Backfill,
}


def read_asked(body: bytes, query: Mapping[str, str]) -> Asked:
    """Read a JSON request for captions, beside which the query may say nothing.

    Raises `InvalidRequest`, `ContradictoryRequest` or `RequestTooLarge`, as all of these functions
    do.
    """
    return _read(body, query, _FORMS)


def read_job(body: bytes, query: Mapping[str, str]) -> JobRequest:
    """Read a JSON request for a job, beside which the query may say nothing."""
    return _read(body, query, _JOBS)


def read_urls(body: bytes, query: Mapping[str, str]) -> ManyUrls:
    """Read a text with one URL a line, and the options in the query beside it."""
    options = msgspec.to_builtins(read_query(query, ListQuery))
    try:
        lines = _of_bearable_size(body).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InvalidRequest("The list of URLs is not text in UTF-8; save it as such.") from None
    urls = [line.strip() for line in lines if line.strip()]
    return _converted({**options, "urls": urls}, ManyUrls)


def read_renewal(body: bytes) -> Renewal:
    """Read a JSON request to go on with a job."""
    return _converted(_members(body, ["directory"]), Renewal)


def read_alt_text(body: bytes) -> str:
    """Read a JSON request to publish a text."""
    return _converted(_members(body, ["text"]), NewAltText).text


def read_export(body: bytes, query: Mapping[str, str]) -> ExportRequest:
    """Read a JSON request for an export of images by their names."""
    return _read(body, query, {"names": ExportRequest})


def read_query[Form: Struct](query: Mapping[str, str], form: type[Form]) -> Form:
    """Read a request's query."""
    values = {name: _FROM_TEXT.get(name, str)(text) for name, text in _told(query).items()}
    return _converted(values, form)


def _read[Form: Struct](
    body: bytes, query: Mapping[str, str], forms: Mapping[str, type[Form]]
) -> Form:
    """Read JSON that has one of these forms, by the field that only this one has."""
    if told := sorted(_told(query)):
        raise ContradictoryRequest(
            f"Put '{told[0]}' into the JSON; the query goes with other bodies."
        )
    members = _members(body, forms)
    named = [name for name in forms if name in members]
    if len(named) != 1:
        raise InvalidRequest(f"The JSON must have exactly one of {_listed(forms, 'and')}.")
    return _converted(members, forms[named[0]])


def _told(query: Mapping[str, str]) -> dict[str, str]:
    """Leave out the platform's own parameters, and empty ones, as the host itself does."""
    return {name: text for name, text in query.items() if text and name.lower() not in _PLATFORMS}


def _choice(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else text


# What is not of its kind stays a text, which the type refuses.
_FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "captioners": lambda text: text.split(","),
    "alternatives": _number,
    "limit": _number,
    "offset": _number,
    "neutral": _choice,
}


def _converted[Form: Struct](members: Mapping[str, Any], form: type[Form]) -> Form:
    try:
        return msgspec.convert(members, form)
    except msgspec.ValidationError as fault:
        raise _to_mend(fault, form) from None


def _members(body: bytes, known: Iterable[str]) -> dict[str, Any]:
    """Decode JSON that is an object; `known` are the fields to name where it is none."""
    try:
        members = msgspec.json.decode(_of_bearable_size(body), type=dict[str, Any])
    except msgspec.ValidationError:
        raise InvalidRequest(f"The JSON must be an object with {_listed(known, 'or')}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body is not JSON in UTF-8; mend it.") from None
    return {name: _whole(value) for name, value in members.items()}


def _whole(value: Any) -> Any:
    """Take 7.0 for 7, as JSON Schema and most clients do."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _of_bearable_size(body: bytes) -> bytes:
    if len(body) > LARGEST_TEXT:
        raise RequestTooLarge(
            f"JSON and lists may have {LARGEST_TEXT // 2**20} MiB; send these in several requests."
        )
    return body


def _to_mend(fault: msgspec.ValidationError, form: type) -> InvalidRequest:
    """Say what to mend, without the text at fault: that may be a signature."""
    if at := _FIELD.search(str(fault)) or _MISSING.search(str(fault)):
        field = get_type_hints(form, include_extras=True)[at[1]]
        return InvalidRequest(f"'{at[1]}' must be {field.__metadata__[0].description}.")
    unknown = _UNKNOWN.search(str(fault))
    what = f"is no '{unknown[1]}'" if unknown else "is something unknown"
    may_have = _listed(get_type_hints(form), "and")
    return InvalidRequest(f"There {what} in this request; it may have {may_have}.")


def _listed(names: Iterable[str], conjunction: str) -> str:
    *most, last = (f"'{name}'" for name in names)
    return f"{', '.join(most)} {conjunction} {last}" if most else last
