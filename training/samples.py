"""Photographs that anyone may publish, for showing what a model says of pictures not its own."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from captioner.errors import CaptionerError


class SamplesMissing(CaptionerError):
    """The package that holds the photographs is not installed."""

    code = "samples_missing"


@dataclass(frozen=True, slots=True)
class FreePhotograph:
    """A photograph that is in the public domain or under CC0, as `terms` says."""

    path: Path
    terms: str


# Of the files in scikit-image's package, photographs that its documentation says are free.
_TERMS = {
    "astronaut.png": "public domain (NASA)",
    "chelsea.png": "CC0",
    "coffee.png": "CC0",
    "rocket.jpg": "public domain (SpaceX)",
    "camera.png": "CC0",
    "clock_motion.png": "public domain",
    "coins.png": "no known restrictions (Brooklyn Museum)",
    "grass.png": "CC0",
}


def free_photographs() -> list[FreePhotograph]:
    """Give the photographs that scikit-image brings. Raises `SamplesMissing` without it."""
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise SamplesMissing("The sample photographs come with: pip install scikit-image")
    folder = Path(package.origin).parent / "data"
    return [FreePhotograph(folder / name, terms) for name, terms in _TERMS.items()]
