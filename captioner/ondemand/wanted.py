"""One image that is asked for: where it is, and what becomes of its record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

from captioner.captioning import Captioned, Image, inherit
from captioner.errors import UrlError
from captioner.records import ImageFacts
from captioner.sources import Sources


class Wanted(Protocol):
    """One image that is asked for, once."""

    @property
    def facts(self) -> ImageFacts:
        """What is known before the image is there, without credentials."""

    @property
    def size(self) -> int | None:
        """Its bytes; None where only fetching it tells."""

    @property
    def is_here(self) -> bool:
        """Whether nobody else needs to be asked for it."""

    def fetch(self) -> Image | Captioned:
        """Get the image, or its record where nothing needs to be captioned.

        Raises `CaptionerError`.
        """

    def settle(self, captioned: Captioned) -> Captioned:
        """Do with the record what is wanted, and give what is to be answered; never raises ours."""


class Answered:
    """An image whose record is answered, and that is all: it has none from before."""

    def settle(self, captioned: Captioned) -> Captioned:
        return replace(captioned, record=inherit(captioned.record, None))


@dataclass(frozen=True, slots=True)
class Sent(Answered):
    """An image that came with the request; `read` gives its bytes, in any thread."""

    name: str
    size: int
    read: Callable[[], bytes]

    @property
    def is_here(self) -> bool:
        return True

    @property
    def facts(self) -> ImageFacts:
        return ImageFacts(name=self.name)

    def fetch(self) -> Image:
        return Image(self.facts, self.read())


@dataclass(frozen=True, slots=True)
class Linked(Answered):
    """An image at a URL; `place` names it where the URL cannot be read, and so not be told."""

    sources: Sources
    url: str
    place: str = "url"

    @classmethod
    def at(cls, index: int, url: str, sources: Sources) -> Self:
        """Take up the URL at a place in a list."""
        return cls(sources, url, f"urls[{index}]")

    @property
    def facts(self) -> ImageFacts:
        try:
            return self.sources.facts_of(self.url)
        except UrlError:
            return ImageFacts(name=self.place)

    @property
    def size(self) -> None:
        return None

    @property
    def is_here(self) -> bool:
        return False

    def fetch(self) -> Image:
        download = self.sources.fetch(self.url)
        return Image(download.facts, download.data)
