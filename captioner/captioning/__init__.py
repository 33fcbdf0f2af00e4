"""Pictures to records: captioners side by side, where a failure costs only its own caption."""

from captioner.captioning.alt_text import inherit
from captioner.captioning.captioned import (
    IMAGE,
    Captioned,
    Image,
    failed,
    log_record,
    machine_text,
)
from captioner.captioning.descriptions import CAME_WITH_IMAGE
from captioner.captioning.lane import Captioner, Lane
from captioner.captioning.options import (
    AS_SET,
    MOST_ALTERNATIVES,
    CaptionerName,
    Captioners,
    Options,
)
from captioner.captioning.review import reviewed
from captioner.captioning.service import CaptioningService, OwnCaptioner, Proposal

__all__ = [
    "AS_SET",
    "CAME_WITH_IMAGE",
    "IMAGE",
    "MOST_ALTERNATIVES",
    "Captioned",
    "Captioner",
    "CaptionerName",
    "Captioners",
    "CaptioningService",
    "Image",
    "Lane",
    "Options",
    "OwnCaptioner",
    "Proposal",
    "failed",
    "inherit",
    "log_record",
    "machine_text",
    "reviewed",
]
