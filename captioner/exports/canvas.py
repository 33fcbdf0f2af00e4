"""Where on the web an image is, by its own URL or as a canvas of IIIF."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from msgspec import UNSET

from captioner.records import ImageFacts


@dataclass(frozen=True, slots=True)
class Canvas:
    """The URIs of images; `images_url` is that of their container.

    Without a template for the URIs of canvases, an image's own URL stands for its canvas. The
    template may hold `{name}`, `{stem}` (the name without its ending) and `{sha256}`.
    """

    template: str | None
    images_url: str

    def of(self, facts: ImageFacts) -> str:
        """Give the URI of an image's canvas; whatever its name holds stays inside one segment."""
        if self.template is None:
            return self.address(facts)
        known = "" if facts.sha256 is UNSET else facts.sha256
        uri = self.template
        for field, value in (
            ("{name}", facts.name),
            ("{stem}", facts.name.removesuffix(PurePosixPath(facts.name).suffix)),
            ("{sha256}", known),
        ):
            uri = uri.replace(field, quote(value, safe=""))
        return uri

    def address(self, facts: ImageFacts) -> str:
        """Give the URL of the image itself, without credentials."""
        if facts.url is UNSET:
            return f"{self.images_url}/{quote(facts.name)}"
        return facts.url
