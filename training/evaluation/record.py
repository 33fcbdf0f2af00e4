"""Scores kept in the bundle that they are about."""

from pathlib import Path

import msgspec

from captioner.model.bundle import MANIFEST, Manifest, read_manifest
from training.data.splits import Split
from training.evaluation.evaluation import Evaluation


def record(folder: Path, split: Split, evaluation: Evaluation, command: str) -> Manifest:
    """Write an evaluation's scores, and the command that gave them, into the bundle's model.json.

    The graphs and the version stay as they are.
    """
    manifest = read_manifest(folder)
    known = manifest.metrics if isinstance(manifest.metrics, dict) else {}
    varied = evaluation.diversity
    entry = {
        "command": command,
        **evaluation.scores.rounded(),
        "average_words": round(varied.average_words, 2),
        "distinct_captions": varied.distinct_captions,
    }
    metrics = {**known, f"{split}_beam{evaluation.captioned.beam_size}": entry}
    changed = msgspec.structs.replace(manifest, metrics=metrics)
    content = msgspec.json.format(msgspec.json.encode(changed), indent=1)
    (folder / MANIFEST).write_bytes(content)
    return changed
