"""Images that somebody asks for, wherever they are, to their records.

`Wanted` says what one image is and how to get it: sent along (`Sent`), at a URL (`Linked`), in a
directory (`Listed`), or in a directory that keeps the record beside it (`Kept`). `OnDemand` gets
many at once and captions them together, within bounds on threads, memory and time.
"""

from captioner.ondemand.directories import Kept, Listed, images_in
from captioner.ondemand.gathering import MOST_INLINE, OnDemand
from captioner.ondemand.wanted import Linked, Sent, Wanted

__all__ = ["MOST_INLINE", "Kept", "Linked", "Listed", "OnDemand", "Sent", "Wanted", "images_in"]
