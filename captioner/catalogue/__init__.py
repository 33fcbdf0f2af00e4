"""What is in the collection: one snapshot and a change log in storage.

Lists and search are served from it, so that nobody reads every sidecar. Whoever writes a sidecar
appends to the change log; now and then one process folds the log into the snapshot, and compares
both with the sidecars themselves. Readers hold a `Mirror` in a file on local disk, a
`LocalCatalogue`, which is brought up to date by what was appended since they last looked.
"""

from captioner.catalogue.catalogue import Catalogue, Position, Reading
from captioner.catalogue.local import LocalCatalogue
from captioner.catalogue.mirror import Mirror, column_of
from captioner.catalogue.upkeep import Mended, Upkeep

__all__ = [
    "Catalogue",
    "LocalCatalogue",
    "Mended",
    "Mirror",
    "Position",
    "Reading",
    "Upkeep",
    "column_of",
]
