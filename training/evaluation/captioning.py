"""Captions of a split, by a bundle or by a Keras run, through the app's own beam search."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from captioner.model.bundle import Bundle
from captioner.model.decoding import Hypothesis, beam_search
from captioner.model.vocabulary import Vocabulary, text_of
from training.data.pictures import Pictures
from training.evaluation.captioned import Captioned


def search_all(
    bundle: Bundle,
    pictures: NDArray[np.uint8],
    *,
    beam_size: int | None = None,
    batch: int = 16,
) -> list[list[Hypothesis]]:
    """Caption pictures [images, side, side, 3] with a bundle's own search, in order."""
    settings = bundle.beam_settings
    settings = replace(settings, beam_size=beam_size or settings.beam_size)
    found: list[list[Hypothesis]] = []
    starts = range(0, len(pictures), batch)
    console = Console(stderr=True)
    for start in track(starts, "captioning", console=console, transient=True):
        rows = np.asarray(pictures[start : start + batch])
        found += beam_search(bundle.start(rows), len(rows), settings)
    return found


def best_texts(
    names: Iterable[str], found: Iterable[Sequence[Hypothesis]], vocabulary: Vocabulary
) -> dict[str, str]:
    """Give each image's best caption as people would write it, by the image's name."""
    return {
        name: text_of(vocabulary.decode(ranked[0].ids))
        for name, ranked in zip(names, found, strict=True)
    }


def by_bundle(bundle: Bundle, pictures: Pictures, *, beam_size: int | None = None) -> Captioned:
    """Caption a split's pictures with a bundle, as the app does."""
    beam_size = beam_size or bundle.manifest.beam.beam_size
    began = perf_counter()
    found = search_all(bundle, pictures.pixels, beam_size=beam_size)
    elapsed = perf_counter() - began
    names = [image.name for image in pictures.images]
    manifest = bundle.manifest
    return Captioned(
        name=f"{manifest.name} {manifest.version}, {_search_name(beam_size)}",
        captions=best_texts(names, found, bundle.vocabulary),
        confidences={
            name: ranked[0].mean_probability for name, ranked in zip(names, found, strict=True)
        },
        beam_size=beam_size,
        milliseconds=1000 * elapsed / len(names),
    )


def _search_name(beam_size: int) -> str:
    return "greedy" if beam_size == 1 else f"beam {beam_size}"
