"""What a request for captions may say, read into types: as JSON, or in the query beside images.

The OpenAPI document is generated from these types. Each description completes a sentence that
begins with the field's name and "must be", as the answer to a wrong one does.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from captioner.captioning import Options
from captioner.errors import InvalidRequest

MOST_URLS = 100_000

_FIELD = re.compile(r"at `\$\.(\w+)")
_UNKNOWN = "unknown field"
_NAME = re.compile(r"unknown field `(\w{1,32})`\Z")
# The platform's own, which say whose key it is.
_PLATFORMS = frozenset({"code", "clientid"})


class Query(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query beside an image's bytes, or beside a form."""

    name: Annotated[str | None, Meta(description="the name that the image gets in its record")] = (
        None
    )


class OneUrl(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image, fetched from its URL."""

    url: Annotated[str, Meta(description="the https URL of an image")]


class ManyUrls(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Images, fetched from their URLs."""

    urls: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=MOST_URLS,
            description="a list of 1 to 100,000 https URLs of images",
        ),
    ]


class OneDirectory(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The images in a container of Azure Blob Storage, or in a directory there."""

    directory: Annotated[
        str,
        Meta(description="the URI of a container or directory, with a SAS that may read and list"),
    ]
    save: Annotated[
        bool, Meta(description="true to keep each record beside its image, else false")
    ] = False
    force: Annotated[
        bool, Meta(description="true to caption again what has its captions, else false")
    ] = False


type Asked = OneUrl | ManyUrls | OneDirectory


class _Kind(Struct, frozen=True):
    """Which of the forms a JSON object has."""

    url: Raw | UnsetType = UNSET
    urls: Raw | UnsetType = UNSET
    directory: Raw | UnsetType = UNSET


_FORMS: Mapping[str, type[Asked]] = {"url": OneUrl, "urls": ManyUrls, "directory": OneDirectory}


def read_json(body: bytes, query: Mapping[str, str]) -> Asked:
    """Read a JSON request, beside which the query may say nothing; raises `InvalidRequest`."""
    if told := sorted(_told(query)):
        raise InvalidRequest(f"Put '{told[0]}' into the JSON; the query is for images as bytes.")
    kind = _decoded(body, _Kind)
    named = [name for name in _FORMS if getattr(kind, name) is not UNSET]
    if len(named) != 1:
        raise InvalidRequest("The JSON must have exactly one of 'url', 'urls' and 'directory'.")
    return _decoded(body, _FORMS[named[0]])


def read_query(query: Mapping[str, str]) -> Query:
    """Read the query beside an image or a form; raises `InvalidRequest`."""
    values = {name: _FROM_TEXT.get(name, str)(text) for name, text in _told(query).items()}
    try:
        return msgspec.convert(values, Query)
    except msgspec.ValidationError as fault:
        raise _to_mend(fault, Query) from None


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
    "neutral": _choice,
}


def _decoded[Form: Struct](body: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as fault:
        raise _to_mend(fault, form) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body is not JSON in UTF-8; mend it.") from None


def _to_mend(fault: msgspec.ValidationError, form: type[Struct]) -> InvalidRequest:
    """Say what to mend, without the text at fault: that may be a signature."""
    if at := _FIELD.search(str(fault)):
        field = get_type_hints(form, include_extras=True)[at[1]]
        return InvalidRequest(f"'{at[1]}' must be {field.__metadata__[0].description}.")
    if _UNKNOWN in str(fault):
        *most, last = (f"'{name}'" for name in form.__struct_fields__)
        unknown = _NAME.search(str(fault))
        what = f"is no '{unknown[1]}'" if unknown else "is something unknown"
        return InvalidRequest(
            f"There {what} in this request; it may have {', '.join(most)} and {last}."
        )
    return InvalidRequest("The JSON must be an object with 'url', 'urls' or 'directory'.")
