"""Pictures to records: captioners side by side, where a failure costs only its own caption."""

from captioner.captioning.alt_text import inherit
from captioner.captioning.lane import Captioner, Lane
from captioner.captioning.service import (
    IMAGE,
    Captioned,
    CaptioningService,
    Image,
    OwnCaptioner,
    failed,
    log_record,
)

__all__ = [
    "IMAGE",
    "Captioned",
    "Captioner",
    "CaptioningService",
    "Image",
    "Lane",
    "OwnCaptioner",
    "failed",
    "inherit",
    "log_record",
]
