"""The images that have a sidecar, straight from storage: always true, slow in large collections."""

from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import batched

from captioner.collection import Filters
from captioner.errors import InvalidRequest, RecordUnreadable
from captioner.exports.filters import fits
from captioner.store import CatalogueBlobs, ImageStore, sidecar_name

_READ_AT_ONCE = 8  # requests; the SDK keeps ten connections
_BATCH = 64
_CUT = 1000  # characters; longer names of sidecars may be cut, and do not tell the image's


class SidecarListing:
    """Lists images by the names of their sidecars, and reads those whose names are not enough."""

    def __init__(self, blobs: CatalogueBlobs, store: ImageStore) -> None:
        self._blobs = blobs
        self._store = store

    def names(
        self, filters: Filters, *, after: str | None, limit: int
    ) -> tuple[Sequence[str], str | None]:
        """Give at most `limit` names, as `Listing` has it; raises `StoreError`.

        A sidecar that is no record goes by the name that it should be of.
        """
        sidecars = sorted(name for name, _ in self._blobs.list_sidecars())
        start = 0 if after is None else bisect_right(sidecars, sidecar_name(after))
        found: list[str] = []
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            for batch in batched(sidecars[start:], _BATCH, strict=False):
                found += filter(None, pool.map(partial(self._name, filters), batch))
                if len(found) > limit:
                    return found[:limit], found[limit - 1]
        return found, None

    def _name(self, filters: Filters, sidecar: str) -> str | None:
        """Give the name of the image of a sidecar; None where it is not as asked, or gone."""
        name = sidecar.removesuffix(".json")
        if filters == Filters() and len(name) < _CUT:
            return name
        try:
            change = self._store.read_change(sidecar)
        except (InvalidRequest, RecordUnreadable):
            return name if filters == Filters() else None
        if change is None or change.entry is None or not fits(change.entry, filters):
            return None
        return change.name
