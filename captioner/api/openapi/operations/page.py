"""The gallery page."""

from captioner import errors
from captioner.api.openapi.operations.telling import Answer, Content, Operation, Place
from captioner.web import INDEX, MEDIA_TYPES

_TAGGED = {
    "ETag": "Another once the file is; send it back as `If-None-Match`.",
    "Cache-Control": "`no-cache`: kept, and asked about each time.",
}
_TEXT = {"type": "string"}
_UNCHANGED = Answer(304, "The client has it.", headers=_TAGGED)

PAGE = (
    Operation(
        id="page",
        method="get",
        path="/",
        group="Page",
        summary="The gallery",
        description="For people: one page in which images are dropped, corrected and found.",
        answers=(
            Answer(200, "The page.", (Content("text/html", schema=_TEXT),), headers=_TAGGED),
            _UNCHANGED,
        ),
        keyed=False,
    ),
    Operation(
        id="page_file",
        method="get",
        path="/web/{file}",
        group="Page",
        summary="A file of the gallery",
        description="Scripts and styles, which hold no secret; what they show, they ask the API.",
        places=(Place("file", "path", "The name of the file.", _TEXT, INDEX),),
        answers=(
            Answer(
                200,
                "The file.",
                tuple(Content(each, schema=_TEXT) for each in MEDIA_TYPES.values()),
                headers=_TAGGED,
            ),
            _UNCHANGED,
        ),
        faults=(errors.PageFileNotFound,),
        keyed=False,
    ),
)
