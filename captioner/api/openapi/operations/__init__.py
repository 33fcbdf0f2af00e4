"""What can be asked of the API: each route with what it takes, what it answers, how it fails."""

from captioner.api.openapi.operations.about import ABOUT
from captioner.api.openapi.operations.alt_texts import ALT_TEXTS
from captioner.api.openapi.operations.captions import CAPTIONS
from captioner.api.openapi.operations.collection import COLLECTION
from captioner.api.openapi.operations.exports import EXPORTS
from captioner.api.openapi.operations.images import IMAGES
from captioner.api.openapi.operations.jobs import JOBS
from captioner.api.openapi.operations.page import PAGE
from captioner.api.openapi.operations.search import SEARCH
from captioner.api.openapi.operations.telling import (
    Answer,
    Content,
    Operation,
    Place,
    Schema,
)

__all__ = ["OPERATIONS", "Answer", "Content", "Operation", "Place", "Schema"]

OPERATIONS = (*CAPTIONS, *JOBS, *SEARCH, *PAGE, *COLLECTION, *ALT_TEXTS, *IMAGES, *EXPORTS, *ABOUT)
