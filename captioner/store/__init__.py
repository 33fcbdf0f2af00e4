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
from captioner.store.image_store import (
    RETRY_QUEUE,
    ImageEntry,
    ImageStore,
    StoredImage,
    is_directory,
    sidecar_name,
)

__all__ = [
    "RETRY_QUEUE",
    "CatalogueBlobs",
    "ImageEntry",
    "ImageStore",
    "Lease",
    "LeaseLost",
    "Segment",
    "Stock",
    "StoredImage",
    "is_directory",
    "sidecar_name",
]
