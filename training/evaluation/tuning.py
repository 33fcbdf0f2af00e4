"""A bundle's search tried with many settings on pictures that are encoded once."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import product
from statistics import fmean
from time import perf_counter

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from captioner.model.bundle import Bundle
from captioner.model.decoding import BeamSettings, beam_search
from training.data.captions import words_of
from training.data.pictures import Pictures
from training.evaluation.captioning import best_texts
from training.metrics import Difference, cider, measure
from training.workspace import references

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Tried:
    """What one setting of the search found, by the image's name, and how it did.

    `cider` is in percent; `milliseconds` are those of the search alone, a picture.
    """

    settings: BeamSettings
    captions: Mapping[str, str]
    cider: float
    milliseconds: float

    @property
    def average_words(self) -> float:
        return fmean(len(words_of(caption)) for caption in self.captions.values())


def searches(
    own: BeamSettings,
    sizes: Iterable[int],
    penalties: Iterable[float],
    shortest: Iterable[int],
) -> list[BeamSettings]:
    """Combine settings, the bundle's own the first of them; none that `max_words` forbids.

    Whether repetition is barred stays as it is.
    """
    combined = (
        replace(own, beam_size=size, length_penalty=penalty, min_words=words)
        for size, penalty, words in product(sizes, penalties, shortest)
        if words <= own.max_words
    )
    return list(dict.fromkeys((own, *combined)))


def try_searches(
    bundle: Bundle, pictures: Pictures, settings: Sequence[BeamSettings]
) -> list[Tried]:
    """Search the captions of a split with each of the settings, and measure them.

    Raises `MetricsError` where Java is not there.
    """
    console = Console(stderr=True)
    names = [image.name for image in pictures.images]
    captions: list[dict[str, str]] = [{} for _ in settings]
    seconds = np.zeros(len(settings))
    starts = range(0, len(names), _BATCH)
    for start in track(starts, "searching", console=console, transient=True):
        rows = np.asarray(pictures.pixels[start : start + _BATCH])
        step = bundle.start(rows)
        for place, each in enumerate(settings):
            began = perf_counter()
            # A step renews its state and changes none of it: a copy begins where it began.
            found = beam_search(copy(step), len(rows), each)
            seconds[place] += perf_counter() - began
            here = names[start : start + _BATCH]
            captions[place] |= best_texts(here, found, bundle.vocabulary)
    wanted = references(pictures.images)
    measured = track(captions, "measuring", console=console, transient=True)
    ciders = [cider(wanted, each) for each in measured]
    took = 1000 * seconds / len(names)
    return [Tried(*each) for each in zip(settings, captions, ciders, took, strict=True)]


def best_of(tried: Sequence[Tried]) -> Tried:
    """Give that of the highest CIDEr; of equals the one with fewer beams, then the earlier."""
    return max(tried, key=lambda each: (each.cider, -each.settings.beam_size))


def gain(pictures: Pictures, own: Tried, other: Tried) -> Difference:
    """Tell how much more CIDEr the other has, in percent."""
    wanted = references(pictures.images)
    first, second = (measure(wanted, each.captions) for each in (own, other))
    return second.against(first)["cider"]


def searches_table(title: str, tried: Sequence[Tried], own: BeamSettings) -> Table:
    """Tell of each setting what came of it, the best first."""
    table = Table(title=title, title_justify="left")
    for column in ("beams", "length penalty", "shortest", "repetition", "CIDEr-D", "words", "ms"):
        table.add_column(column, justify="right")
    table.add_column("")
    for each in sorted(tried, key=lambda each: -each.cider):
        settings = each.settings
        table.add_row(
            f"{settings.beam_size}",
            f"{settings.length_penalty:g}",
            f"{settings.min_words}",
            "barred" if settings.repetition else "free",
            f"{each.cider:.1f}",
            f"{each.average_words:.1f}",
            f"{each.milliseconds:.1f}",
            "own" if settings == own else "",
        )
    return table
