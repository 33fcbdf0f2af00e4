"""HTTP: requests taken apart, answers put together; errors told as RFC 9457 problem documents."""

from captioner.api.alt_texts import AltTextApi
from captioner.api.collection import CollectionApi
from captioner.api.exports import ExportApi
from captioner.api.images import ImageApi
from captioner.api.jobs import JobApi
from captioner.api.pages import PageApi
from captioner.api.routes import Api

__all__ = ["AltTextApi", "Api", "CollectionApi", "ExportApi", "ImageApi", "JobApi", "PageApi"]
