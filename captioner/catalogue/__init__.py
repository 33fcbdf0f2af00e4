"""What is in the collection: one snapshot and a change log in storage.

Lists and search are served from it, so that nobody reads every sidecar. Whoever writes a sidecar
appends to the change log; now and then one process folds the log into the snapshot, and compares
both with the sidecars themselves. Readers hold a `Mirror`, which they bring up to date by what was
appended since they last looked.
"""

from captioner.catalogue.catalogue import Catalogue, Position, Reading
from captioner.catalogue.mirror import Mirror
from captioner.catalogue.upkeep import Mended, Upkeep

__all__ = ["Catalogue", "Mended", "Mirror", "Position", "Reading", "Upkeep"]
