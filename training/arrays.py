"""Arrays as the bytes of one file, which holds numbers alone and no objects."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write arrays as one file's bytes, which hold nothing but numbers."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    """Read what `packed` wrote."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)
