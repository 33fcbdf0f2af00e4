"""What the HTTP API is, told to programs (OpenAPI 3.1) and to people (one page)."""

from captioner.api.openapi.document import openapi_document
from captioner.api.openapi.operations import OPERATIONS, Operation
from captioner.api.openapi.page import docs_page

__all__ = ["OPERATIONS", "Operation", "docs_page", "openapi_document"]
