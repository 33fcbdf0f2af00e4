"""Finding images by what their records say.

`Search` is what a search engine here can do. Two do it: `EmbeddedSearch`, with SQLite on local
disk, and `AzureSearch`, where a resource of Azure AI Search is set.
"""

from captioner.search.answers import (
    LAST_RESULT,
    MOST_RESULTS,
    Correction,
    Facets,
    Hit,
    Match,
    Search,
    SearchAnswer,
    Segment,
)
from captioner.search.query import Query, parse

__all__ = [
    "LAST_RESULT",
    "MOST_RESULTS",
    "Correction",
    "Facets",
    "Hit",
    "Match",
    "Query",
    "Search",
    "SearchAnswer",
    "Segment",
    "parse",
]
