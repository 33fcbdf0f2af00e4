"""Search."""

from captioner import errors
from captioner.api.openapi import examples
from captioner.api.openapi.operations.telling import JSON, STORAGE, Answer, Content, Operation
from captioner.api.requests import SearchQuery
from captioner.search import SearchAnswer

SEARCH = (
    Operation(
        id="search",
        method="get",
        path="/api/search",
        group="Search",
        summary="Find images by what their records say",
        description=(
            "Looks through captions, alt texts, tags and names, the best first. Any of the words "
            "is enough, the more the better; words in quotation marks must stand side by side; a "
            "star ends a beginning of words. Misspelt words are mended where they are nowhere."
        ),
        query=SearchQuery,
        answers=(
            Answer(
                200,
                "What was found.",
                (Content(JSON, (SearchAnswer,), examples={"found": examples.FOUND}),),
            ),
        ),
        faults=(errors.SearchError, *STORAGE, errors.InvalidRequest, errors.InvalidQuery),
    ),
)
