"""Blob and Queue Storage: the only room that knows the Azure Storage SDK.

Everything it raises is a `StoreError`, an `ImageTooLarge`, or an `InvalidRequest` for a name that
no blob can have.
"""

from captioner.store.blob_metadata import alt_text_in
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
from captioner.store.kept_records import KeptRecords
from captioner.store.message_queue import MessageQueue
from captioner.store.previous import Previous, previous_of, replace

__all__ = [
    "RETRY_QUEUE",
    "CatalogueBlobs",
    "Document",
    "Documents",
    "Entry",
    "ImageEntry",
    "ImagePage",
    "ImageStore",
    "KeptRecords",
    "Lease",
    "LeaseLost",
    "Listing",
    "MessageQueue",
    "Previous",
    "Segment",
    "Stock",
    "StoredImage",
    "alt_text_in",
    "is_directory",
    "previous_of",
    "replace",
    "sidecar_name",
]
