"""Which model the app captions with: that of a folder, or the published one that is current.

A published bundle is fetched, verified, kept on local disk and tried out before it is used. While
another is made ready, the one in use goes on; who has begun with it ends with it. What is bad is
refused, and told.
"""

from captioner.serving.assembly import place_of, published_model
from captioner.serving.folder import FolderModel
from captioner.serving.standing import ModelSource, ModelStanding, Refused
from captioner.serving.supply import PublishedModel

__all__ = [
    "FolderModel",
    "ModelSource",
    "ModelStanding",
    "PublishedModel",
    "Refused",
    "place_of",
    "published_model",
]
