"""Which images are learnt from, which are chosen by, and which are kept for the last measure."""

import hashlib
from typing import Literal

Split = Literal["train", "dev", "test"]

_SYNONYMS: dict[str, Split] = {
    "train": "train",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
}


def split_of(image: str) -> Split:
    """Place an image by a hash of its name: 80 % train, 10 % dev, 10 % test.

    The place depends on nothing else, so images added later move no other from train to test.
    """
    bucket = int.from_bytes(hashlib.sha256(image.encode()).digest()[:8]) % 10
    return "test" if bucket == 0 else "dev" if bucket == 1 else "train"


def split_named(name: str) -> Split | None:
    """Read a split as people write it (`val`, `Validation`, ...), or None where it is no split."""
    return _SYNONYMS.get(name.strip().lower())
