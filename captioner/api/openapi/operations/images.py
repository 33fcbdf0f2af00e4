"""Images themselves: sending them, getting them back, small copies, where the model looked."""

from dataclasses import replace

from captioner import errors
from captioner.api.openapi import examples_images
from captioner.api.openapi.operations.telling import (
    FRESH,
    JSON,
    KNOWN,
    NAME,
    STORAGE,
    Answer,
    Content,
    Operation,
    Place,
)
from captioner.api.requests import ThumbnailQuery
from captioner.attention import Attention
from captioner.images import MEDIA_TYPES
from captioner.thumbnails import CONTENT_TYPE
from captioner.uploads import Upload

_BINARY = {"type": "string", "format": "binary"}
_KINDS = (*MEDIA_TYPES, "application/octet-stream")
_VERSION = "Which version this is."
_GUARD = "`nosniff`: the bytes are what they are told to be."
_SANDBOX = "Nothing in the bytes may run."

_NEW_NAME = replace(
    NAME,
    description="The image's name in its container. It may hold slashes, sent as they are, but no "
    "control characters, and may neither begin with `.catalogue/` nor end with a slash.",
    schema={
        **NAME.schema,
        "pattern": r"^(?!\.catalogue/)[^\\\x00-\x1f\x7f-\x9f\ufffe\uffff]*"
        r"[^/\\\x00-\x1f\x7f-\x9f\ufffe\uffff]$",
    },
)
_ONLY_NEW = Place(
    "If-None-Match",
    "header",
    "`*` where no image of that name may be replaced.",
    {"type": "string", "const": "*"},
    "*",
)
_KNOWN_IMAGE = replace(KNOWN, description="The `ETag` of the version that the client has.")
_UNCHANGED = Answer(
    304, "The client has this version.", headers={"ETag": "Which version.", "Cache-Control": FRESH}
)
_LOCATION = "Where the image's record will be."

IMAGES = (
    Operation(
        id="putImage",
        method="put",
        path="/api/images/{name}",
        group="Images",
        summary="Send an image into the container",
        description=(
            "The image is decoded first, and kept if that succeeds; what it is, its bytes tell. "
            "Its captions follow by themselves within seconds. An image of the same name is "
            "replaced; what people wrote for that one is kept, and marked as stale."
        ),
        places=(_NEW_NAME, _ONLY_NEW),
        body=tuple(Content(each) for each in _KINDS),
        answers=tuple(
            Answer(
                status,
                told,
                (Content(JSON, (Upload,), examples={name: examples_images.UPLOAD}),),
                {"Location": _LOCATION},
            )
            for status, name, told in (
                (201, "new", "The image is there."),
                (200, "replaced", "The image is there, in place of another."),
            )
        ),
        faults=(
            errors.ImageError,
            errors.ImageExists,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
    Operation(
        id="image",
        method="get",
        path="/api/images/{name}",
        group="Images",
        summary="An image, as it was sent",
        description="To be saved to a file; a page shows thumbnails.",
        places=(NAME, _KNOWN_IMAGE),
        answers=(
            Answer(
                200,
                "The image.",
                tuple(Content(each, schema=_BINARY) for each in _KINDS),
                {
                    "ETag": _VERSION,
                    "Cache-Control": FRESH,
                    "Content-Disposition": "`attachment`, with the last part of the image's name.",
                    "X-Content-Type-Options": _GUARD,
                    "Content-Security-Policy": _SANDBOX,
                },
            ),
            _UNCHANGED,
        ),
        faults=(
            errors.ImageNotFound,
            errors.ImageTooLarge,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
    Operation(
        id="thumbnail",
        method="get",
        path="/api/thumbnails/{name}",
        group="Images",
        summary="A small copy of an image",
        description=(
            "Upright, never larger than the image, and on white where that is transparent. It is "
            "made once and kept. With the right `version` of the image it may be stored for good."
        ),
        places=(NAME, _KNOWN_IMAGE),
        query=ThumbnailQuery,
        answers=(
            Answer(
                200,
                "The copy.",
                (Content(CONTENT_TYPE, schema=_BINARY),),
                {
                    "ETag": _VERSION,
                    "Cache-Control": "`no-cache`, or `immutable` for the right `version`.",
                    "X-Content-Type-Options": _GUARD,
                    "Content-Security-Policy": _SANDBOX,
                },
            ),
            _UNCHANGED,
        ),
        faults=(
            errors.ImageError,
            errors.ImageNotFound,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
    Operation(
        id="attention",
        method="get",
        path="/api/attention/{name}",
        group="Images",
        summary="Where the model looked for each word of its caption",
        description=(
            "Computed from the image when it is asked for, by the model that is here now. The "
            "picture is parted into fields of equal size; what a word's fields lack to a sum of 1 "
            "went to the tags."
        ),
        places=(NAME,),
        answers=(
            Answer(
                200,
                "Its words, and how much each part of the picture was looked at for them.",
                (Content(JSON, (Attention,), examples={"attention": examples_images.ATTENTION}),),
                {"Cache-Control": FRESH},
            ),
        ),
        faults=(
            errors.AttentionUnavailable,
            errors.ImageError,
            errors.ImageNotFound,
            errors.RecordNotFound,
            errors.RecordUnreadable,
            errors.BundleError,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
)
