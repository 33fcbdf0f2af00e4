"""The table of measured training runs, from their configurations, histories and scores."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from captioner.model.manifest import graph_bytes, read_manifest
from scripts.errors import SetupError
from scripts.tables import markdown_table, mebibytes, with_interval

_TEST, _COCO = "test", "coco_dev"  # RUN/….json
_HEAD = (
    "Encoder",
    "Decoder",
    "Tags",
    "Stages, each with its best dev CIDEr",
    "Test BLEU-1",
    "BLEU-4",
    "METEOR",
    "ROUGE-L",
    "CIDEr",
    "COCO CIDEr",
    "Graphs",
    "Trained with",
)
_MEASURES = ("bleu_1", "bleu_4", "meteor", "rouge_l")


class _Data(Struct):
    resize: tuple[int, ...]


class _Encoder(Struct):
    name: str


class _Decoder(Struct):
    kind: str
    sizes: dict[str, int]


class _Stage(Struct):
    name: str


class _Config(Struct):
    """What the table tells of a run's configuration; training checks the rest."""

    name: str
    data: _Data
    encoder: _Encoder
    decoder: _Decoder
    stages: tuple[_Stage, ...]
    tags: dict[str, Any] | None = None


def runs_table(histories: Iterable[Path], configs: Path, models: Path) -> str:
    """Every run, the one with the best last stage first; blank is what was not measured.

    `histories` are the files RUN/STAGE.csv. Beside them RUN/test.json and RUN/coco_dev.json hold
    what `training evaluate --json` wrote of the run's bundle on these data; what ships in `models`
    tells it itself. Raises `SetupError` where a run has no configuration in `configs`, or lacks a
    stage that it names.
    """
    known = {config.name: (config, path) for path, config in _configs(configs)}
    rows: list[tuple[float, tuple[str, ...]]] = []
    for folder in sorted({path.parent for path in histories}):
        if folder.name not in known:
            raise SetupError(
                f"No configuration in training/configs is named {folder.name}: keep those of the "
                "runs in training/results."
            )
        config, path = known[folder.name]
        dev = _dev_ciders(folder, config)
        shipped = _shipped(folder.name, models)
        scores = shipped.get(_TEST) or _recorded(folder, _TEST)
        elsewhere = shipped.get(_COCO) or _recorded(folder, _COCO)
        cells = (
            f"{config.encoder.name}, {config.data.resize[-1]} pixels",
            f"{config.decoder.kind}, width {config.decoder.sizes['width']}",
            "" if config.tags is None else "yes",
            ", ".join(f"{stage} {cider:.1f}" for stage, cider in dev.items()),
            *(f"{scores[key]:.1f}" if scores else "" for key in _MEASURES),
            with_interval(scores, "cider"),
            with_interval(elsewhere, "cider"),
            mebibytes(scores["bytes"]) if scores else "",
            f"`--config training/configs/{path.name}`",
        )
        rows.append((list(dev.values())[-1], cells))
    rows.sort(reverse=True)
    return markdown_table(_HEAD, (cells for _, cells in rows))


def _configs(folder: Path) -> list[tuple[Path, _Config]]:
    return [
        (path, msgspec.toml.decode(path.read_bytes(), type=_Config))
        for path in sorted(folder.glob("*.toml"))
    ]


def _dev_ciders(folder: Path, config: _Config) -> dict[str, float]:
    """Give the best dev CIDEr of each stage, in the order of the stages."""
    best = {}
    for stage in config.stages:
        path = folder / f"{stage.name}.csv"
        if not path.is_file():
            raise SetupError(
                f"{folder.name} has no history of its stage {stage.name}: copy "
                f"runs/{folder.name}/{stage.name}/history.csv to {path}."
            )
        with path.open(newline="") as file:
            best[stage.name] = max(float(row["dev_cider"]) for row in csv.DictReader(file))
    return best


def _shipped(run: str, models: Path) -> dict[str, Mapping[str, Any]]:
    """Give what the bundle that ships tells of itself, by data, where the run made it."""
    manifest = read_manifest(models)
    metrics: dict[str, Any] = {} if manifest.metrics is UNSET else manifest.metrics
    if manifest.name != run:
        return {}
    search = f"beam{manifest.beam.beam_size}"
    places = {_TEST: f"test_{search}", _COCO: f"{_COCO}_test_{search}"}
    return {
        data: {**metrics[key], "bytes": graph_bytes(models)}
        for data, key in places.items()
        if key in metrics
    }


def _recorded(folder: Path, data: str) -> Mapping[str, Any]:
    """Give what was measured of a run's bundle on data and kept beside its histories."""
    path = folder / f"{data}.json"
    if not path.is_file():
        return {}
    told = msgspec.json.decode(path.read_bytes())
    return {**told["scores"], "bytes": told["bytes"]}
