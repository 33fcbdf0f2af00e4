"""What people decide: the text of an image, and whether it is there at all."""

from dataclasses import replace

from captioner import errors
from captioner.api.openapi import examples_alt_texts as examples
from captioner.api.openapi.operations.telling import (
    FRESH,
    JSON,
    NAME,
    STORAGE,
    Answer,
    Content,
    Operation,
    Place,
)
from captioner.api.requests import NewAltText
from captioner.curation import History
from captioner.records import CaptionRecord

_SEEN = Place(
    "If-Match",
    "header",
    "The `ETag` of the record that the person has seen; `*` takes any.",
    {"type": "string"},
    '"0x8DE2A"',
    required=True,
)
_EDITED = Answer(
    200,
    "The record as it is now.",
    (Content(JSON, (CaptionRecord,), examples={"edited": examples.EDITED}),),
    {"ETag": "Which version this is, for the next edit.", "Cache-Control": FRESH},
)
_EDIT_FAULTS = (
    errors.RecordNotFound,
    errors.RecordUnreadable,
    errors.EditConflict,
    errors.StoreConflict,
    *STORAGE,
    errors.InvalidRequest,
    errors.PreconditionMissing,
)

ALT_TEXTS = (
    Operation(
        id="publishAltText",
        method="put",
        path="/api/alt-text/{name}",
        group="Alt texts",
        summary="Decide on the alt text of an image",
        description=(
            "The text is kept through every later captioning, and marked stale once the image is "
            "replaced by another. A text that is there already, as a caption, an alternative, a "
            "description or an earlier version, is approved, and so is the present one when it is "
            "sent again; any other is edited. The text before becomes history. With the `ETag` of "
            "a record that was changed meanwhile the answer is 412, with the record as it is now "
            "in `current`, so that a client can merge the two and send again."
        ),
        places=(NAME, _SEEN),
        body=(Content(JSON, (NewAltText,), examples={"text": examples.NEW}),),
        answers=(_EDITED,),
        faults=(*_EDIT_FAULTS, errors.RequestTooLarge, errors.UnsupportedMediaType),
    ),
    Operation(
        id="handAltTextBack",
        method="delete",
        path="/api/alt-text/{name}",
        group="Alt texts",
        summary="Hand the alt text back to the captioners",
        description=(
            "The text is a caption again, chosen as for an image that nobody has looked at; the "
            "person's becomes history. A text that no person stands behind stays as it is."
        ),
        places=(NAME, _SEEN),
        answers=(replace(_EDITED, content=(Content(JSON, (CaptionRecord,)),)),),
        faults=_EDIT_FAULTS,
    ),
    Operation(
        id="history",
        method="get",
        path="/api/history/{name}",
        group="Alt texts",
        summary="The texts that an image has had",
        description=(
            "The newest first, which is the present one. Of an image that was deleted, those that "
            "are kept, and come back when an image of that name lands again."
        ),
        places=(NAME,),
        answers=(
            Answer(
                200,
                "The texts.",
                (Content(JSON, (History,), examples={"history": examples.HISTORY}),),
                {"Cache-Control": FRESH},
            ),
        ),
        faults=(
            errors.NothingKept,
            errors.RecordUnreadable,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
    Operation(
        id="deleteImage",
        method="delete",
        path="/api/images/{name}",
        group="Images",
        summary="Delete an image",
        description=(
            "Its record and its thumbnails go with it. What people wrote is kept: it is still told "
            "as the image's history, and comes back when an image of that name lands again, marked "
            "stale unless that is the same."
        ),
        places=(
            NAME,
            replace(
                _SEEN,
                description="The `ETag` of the record that the person has seen; any if left out.",
                required=False,
            ),
        ),
        answers=(Answer(204, "It is deleted."),),
        faults=(
            errors.ImageNotFound,
            errors.EditConflict,
            errors.StoreConflict,
            *STORAGE,
            errors.InvalidRequest,
        ),
    ),
)
