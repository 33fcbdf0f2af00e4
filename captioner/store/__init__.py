"""Blob and Queue Storage: the only room that knows the Azure Storage SDK.

Everything it raises is a `StoreError`, an `ImageTooLarge`, or an `InvalidRequest` for a name that
no blob can have.
"""

from captioner.store.catalogue_blobs import (
    CatalogueBlobs,
    Lease,
    LeaseLost,
    Segment,
    Stock,
)
from captioner.store.documents import Document, Documents, Entry, Listing
from captioner.store.image_store import (
    RETRY_QUEUE,
    ImageEntry,
    ImagePage,
    ImageStore,
    StoredImage,
    is_directory,
    sidecar_name,
)
from captioner.store.message_queue import MessageQueue

__all__ = [
    "RETRY_QUEUE",
    "CatalogueBlobs",
    "Document",
    "Documents",
    "Entry",
    "ImageEntry",
    "ImagePage",
    "ImageStore",
    "Lease",
    "LeaseLost",
    "Listing",
    "MessageQueue",
    "Segment",
    "Stock",
    "StoredImage",
    "is_directory",
    "sidecar_name",
]
