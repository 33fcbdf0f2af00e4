"""What people decide: which text is published, and which images are deleted."""

from captioner.curation.conflicts import Current, Expected, Outdated, anything
from captioner.curation.service import Curation
from captioner.curation.texts import LONGEST_TEXT, SEEN, cleaned
from captioner.curation.versions import History

__all__ = [
    "LONGEST_TEXT",
    "SEEN",
    "Curation",
    "Current",
    "Expected",
    "History",
    "Outdated",
    "anything",
    "cleaned",
]
