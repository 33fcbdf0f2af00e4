"""HTTP: requests taken apart, answers put together; errors told as RFC 9457 problem documents."""

from captioner.api.jobs import JobApi
from captioner.api.routes import Api

__all__ = ["Api", "JobApi"]
