"""A split's pictures as a model sees them, read row by row from memory-mapped files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Rows = NDArray[np.int64]
type Seen = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking at a split's pictures: as they are, mirrored, or cut out of them.

    `seen` [images, ...] is memory-mapped; with `turned`, pictures are mirrored as they are read.
    `told` is what the recogniser says of them, by name, [images, ...].
    """

    seen: NDArray[Any]
    is_mirrored: bool = False
    turned: bool = False
    told: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Views:
    """A split's pictures as the model sees them, at first plainly, then in other ways.

    `kind` says what `seen` holds: `"pictures"` uint8 [images, side, side, 3], `"features"` of the
    encoder's frozen part, or its `"grid"` [images, patches, channels].
    """

    kind: str
    looks: tuple[Look, ...]

    def __len__(self) -> int:
        return len(self.looks[0].seen)

    @property
    def tells_tags(self) -> bool:
        return "tags" in self.looks[0].told

    def plain(self) -> Seen:
        """Give all pictures as they are, and what is told of them."""
        return {self.kind: self.looks[0].seen, **self.looks[0].told}

    def take(self, rows: Rows, looks: Rows) -> Seen:
        """Read rows, each by the look of that number."""
        shape, dtype = self.looks[0].seen.shape[1:], self.looks[0].seen.dtype
        seen = np.empty((len(rows), *shape), dtype)
        for place in np.argsort(rows):  # in file order: the disk is read forwards
            look = self.looks[looks[place]]
            view = look.seen[rows[place]]
            seen[place] = view[:, ::-1] if look.turned else view
        told = {}
        for name, plain in self.looks[0].told.items():
            told[name] = np.empty((len(rows), *plain.shape[1:]), np.float32)
            for place, (row, number) in enumerate(zip(rows, looks, strict=True)):
                told[name][place] = self.looks[number].told[name][row]
        return {self.kind: seen, **told}
