"""The images there are, and how captions fared with people."""

from captioner import errors
from captioner.api.openapi import examples_collection as examples
from captioner.api.openapi.operations.telling import (
    FRESH,
    JSON,
    STORAGE,
    Answer,
    Content,
    Operation,
    Place,
)
from captioner.api.requests import ImagesQuery
from captioner.collection import ImagePage, Quality

_KNOWN = Place(
    "If-None-Match",
    "header",
    "The `ETag` of the answer that the client has.",
    {"type": "string"},
    '"5b0c0f3a8e1d4c6f9a7b2e4d6c8f0a1b"',
)
_HEADERS = {"ETag": "Another as soon as the answer is.", "Cache-Control": FRESH}
_SAME = Answer(304, "Nothing has changed since.", headers=_HEADERS)
_FAULTS = (errors.CollectionUnavailable, *STORAGE)

COLLECTION = (
    Operation(
        id="listImages",
        method="get",
        path="/api/images",
        group="Collection",
        summary="List the images that have records",
        description=(
            "Gives a page of the images that fit all that is asked for, and counts all images "
            "under the prefix. At most some two seconds behind the records. In the order of "
            "review come stale alt texts first, then captions that a person should look at, other "
            "captions, what people have decided on, and last the images that could not be read; "
            "within each, the least sure first. Poll with `If-None-Match`."
        ),
        places=(_KNOWN,),
        query=ImagesQuery,
        answers=(
            Answer(
                200,
                "The images.",
                (Content(JSON, (ImagePage,), examples={"page": examples.PAGE}),),
                _HEADERS,
            ),
            _SAME,
        ),
        faults=(*_FAULTS, errors.InvalidRequest),
    ),
    Operation(
        id="quality",
        method="get",
        path="/api/quality",
        group="Collection",
        summary="How captions fared with people",
        description=(
            "For the images whose alt text people have approved or edited here: how often each "
            "model's captions were published untouched, how much of them was changed, by month and "
            "by confidence. Alt texts that came with their images tell nothing of captions and are "
            "counted apart, as are those whose image has been replaced since."
        ),
        places=(_KNOWN,),
        answers=(
            Answer(
                200,
                "The figures.",
                (Content(JSON, (Quality,), examples={"quality": examples.QUALITY}),),
                _HEADERS,
            ),
            _SAME,
        ),
        faults=_FAULTS,
    ),
)
