"""How good a bundle's captions are, on pictures that it never learnt from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from captioner.model.bundle import MANIFEST, Bundle, Manifest, read_manifest
from captioner.model.decoding import Hypothesis, beam_search
from captioner.model.vocabulary import Vocabulary, text_of
from training.data.pictures import Pictures
from training.data.splits import Split
from training.metrics import Scores, score
from training.workspace import references


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A bundle's captions of one split and what they score."""

    split: Split
    beam_size: int
    scores: Scores
    captions: Mapping[str, str]
    milliseconds: float
    """Mean time of one picture, decoded before, in batches of 16."""


def search_all(
    bundle: Bundle, pictures: NDArray[np.uint8], *, beam_size: int | None = None, batch: int = 16
) -> list[list[Hypothesis]]:
    """Caption pictures [images, side, side, 3] with a bundle's own search, in order."""
    settings = bundle.beam_settings
    settings = replace(settings, beam_size=beam_size or settings.beam_size)
    found: list[list[Hypothesis]] = []
    for start in range(0, len(pictures), batch):
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


def evaluate(bundle: Bundle, pictures: Pictures, split: Split, *, beam_size: int) -> Evaluation:
    """Caption a split's pictures with a bundle and score the captions against people's."""
    began = perf_counter()
    found = search_all(bundle, pictures.pixels, beam_size=beam_size)
    elapsed = perf_counter() - began
    wanted = references(pictures.images)
    captions = best_texts(wanted, found, bundle.vocabulary)
    scores = score(wanted, captions)
    return Evaluation(split, beam_size, scores, captions, 1000 * elapsed / len(captions))


def record(folder: Path, evaluation: Evaluation, command: str) -> Manifest:
    """Write an evaluation's scores, and the command that gave them, into the bundle's model.json.

    The graphs and the version stay as they are.
    """
    manifest = read_manifest(folder)
    known = manifest.metrics if isinstance(manifest.metrics, dict) else {}
    key = f"{evaluation.split}_beam{evaluation.beam_size}"
    rounded = {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in asdict(evaluation.scores).items()
    }
    metrics = {**known, key: {"command": command, **rounded}}
    changed = msgspec.structs.replace(manifest, metrics=metrics)
    content = msgspec.json.format(msgspec.json.encode(changed), indent=1)
    (folder / MANIFEST).write_bytes(content)
    return changed


def save_captions(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation's captions as JSON Lines, `{"image": …, "caption": …}`."""
    lines = (
        json.dumps({"image": image, "caption": caption}, ensure_ascii=False)
        for image, caption in evaluation.captions.items()
    )
    path.write_text("\n".join(lines) + "\n")
