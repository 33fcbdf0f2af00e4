"""Images that somebody asks for, wherever they are, to their records.

`Wanted` says what one image is and how to get it: sent along (`Sent`), at a URL (`Linked`), in a
directory (`Listed`), or in a directory that keeps the record beside it (`Kept`). `OnDemand` gets
many at once and captions them together, within bounds on threads, memory and time.
"""

from captioner.ondemand.asked import MOST_URLS, ManyUrls, OneDirectory, OneUrl
from captioner.ondemand.directories import SAVE, Kept, Listed, images_in, opened
from captioner.ondemand.gathering import MOST_INLINE, OnDemand
from captioner.ondemand.wanted import Linked, Sent, Wanted

__all__ = [
    "MOST_INLINE",
    "MOST_URLS",
    "SAVE",
    "Kept",
    "Linked",
    "Listed",
    "ManyUrls",
    "OnDemand",
    "OneDirectory",
    "OneUrl",
    "Sent",
    "Wanted",
    "images_in",
    "opened",
]
