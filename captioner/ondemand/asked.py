"""What somebody may ask for that lies elsewhere: one image, a list of them, a directory.

Requests are parsed with these types. Each description completes a sentence that begins with the
field's name and "must be", as the answer to a wrong one does.
"""

from typing import Annotated

from msgspec import Meta

from captioner.captioning import Options

MOST_URLS = 100_000


class _Elsewhere(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # URLs may be signed


class OneUrl(_Elsewhere, frozen=True, kw_only=True):
    """One image, fetched from its URL."""

    url: Annotated[str, Meta(description="the https URL of an image")]


class ManyUrls(_Elsewhere, frozen=True, kw_only=True):
    """Images, fetched from their URLs."""

    urls: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=MOST_URLS,
            description="a list of 1 to 100,000 https URLs of images",
        ),
    ]


class OneDirectory(_Elsewhere, frozen=True, kw_only=True):
    """The images in a container of Azure Blob Storage, or in a directory there."""

    directory: Annotated[
        str,
        Meta(description="the URI of a container or directory, with a SAS that may read and list"),
    ]
    save: Annotated[
        bool, Meta(description="true to keep each record beside its image, else false")
    ] = False
    force: Annotated[
        bool, Meta(description="true to caption again what has its captions, else false")
    ] = False
