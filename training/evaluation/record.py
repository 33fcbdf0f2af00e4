"""Scores kept in the bundle that they are about."""

import math
from dataclasses import asdict
from pathlib import Path

import msgspec

from captioner.model.manifest import Manifest, read_manifest, write_manifest
from training.data.splits import Split
from training.evaluation.evaluation import Evaluation
from training.metrics import Estimate

_WORDS = 12  # things, and as many colours and numbers


def record(
    folder: Path, dataset: str, split: Split, evaluation: Evaluation, command: str
) -> Manifest:
    """Write an evaluation's scores, and the command that gave them, into the bundle's model.json.

    The graphs and the version stay as they are. Data that the bundle did not learn from is named
    beside the split.
    """
    manifest = read_manifest(folder)
    known = manifest.metrics if isinstance(manifest.metrics, dict) else {}
    learnt = manifest.data["name"] if isinstance(manifest.data, dict) else dataset
    place = split if dataset == learnt else f"{dataset}_{split}"
    varied = evaluation.diversity
    scores = evaluation.scores.rounded()
    for name, share in _shares(evaluation).items():
        if not math.isnan(share.value):
            scores[name] = round(100 * share.value, 2)
            scores["intervals"][name] = [round(100 * share.low, 2), round(100 * share.high, 2)]
    entry = {
        "command": command,
        **scores,
        "average_words": round(varied.average_words, 2),
        "distinct_captions": varied.distinct_captions,
        "words": [
            asdict(word)
            for words in (evaluation.objects.words, evaluation.objects.attributes)
            for word in words[:_WORDS]
        ],
    }
    metrics = {**known, f"{place}_beam{evaluation.captioned.beam_size}": entry}
    changed = msgspec.structs.replace(manifest, metrics=metrics)
    write_manifest(folder, changed)
    return changed


def _shares(evaluation: Evaluation) -> dict[str, Estimate]:
    objects, confidence = evaluation.objects, evaluation.confidence
    shares = {
        "named_rightly": objects.precision,
        "found": objects.recall,
        "made_up": objects.made_up,
    }
    if confidence is not None:
        shares["made_up_surest"] = confidence.made_up_surest
        if confidence.roc_auc is not None:
            shares["roc_auc"] = confidence.roc_auc
    return shares
