"""How good a bundle's captions are, on pictures that it never learnt from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import msgspec

from captioner.model.bundle import MANIFEST, Bundle, Manifest, read_manifest
from captioner.model.vocabulary import text_of
from training.data.pictures import Pictures
from training.data.splits import Split
from training.export import search_all
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


def evaluate(bundle: Bundle, pictures: Pictures, split: Split, *, beam_size: int) -> Evaluation:
    """Caption a split's pictures with a bundle and score the captions against people's."""
    began = perf_counter()
    found = search_all(bundle, pictures.pixels, beam_size=beam_size)
    elapsed = perf_counter() - began
    captions = {
        image.name: text_of(bundle.vocabulary.decode(ranked[0].ids))
        for image, ranked in zip(pictures.images, found, strict=True)
    }
    scores = score(references(pictures.images), captions)
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
