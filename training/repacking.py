"""A bundle stored anew, as `export` would store it today, by whoever has nothing else."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
import typer
from msgspec import UNSET
from numpy.typing import NDArray

from captioner.model.bundle import Manifest, open_bundle
from captioner.model.manifest import graph_bytes
from training.console import console
from training.data.datasets import load_dataset
from training.options import BUNDLE, RUNS, BundleOption, DataOption, RunsOption
from training.searching import search_bundle
from training.workspace import pictures_of, references

if TYPE_CHECKING:  # TensorFlow takes seconds to import
    from training.export import DevPictures


def optimise(
    data: DataOption,
    bundle: BundleOption = BUNDLE,
    runs: RunsOption = RUNS,
    out: Annotated[Path | None, typer.Option(help="Another folder for the new bundle.")] = None,
) -> None:
    """Store a bundle anew as `export` would: fewer operations, in 8 bits, as good on dev."""
    from training.export import DevPictures

    dataset, resize = load_dataset(data), open_bundle(bundle).manifest.resize
    train, dev = (pictures_of(dataset, split, resize, runs) for split in ("train", "dev"))
    checked_on = DevPictures(dev.pixels, references(dev.images))
    manifest = repack(bundle, train.pixels, checked_on, out or bundle)
    size = graph_bytes(out or bundle) / 2**20
    told = (manifest.metrics or {})["dev_cider"]
    console.print(
        f"{out or bundle}: {manifest.name} {manifest.version}, {size:.1f} MiB; dev CIDEr "
        f"{told['before']:.2f} before, {told['shipped']:.2f} now"
    )


def repack(bundle: Path, train: NDArray[np.uint8], dev: "DevPictures", out: Path) -> Manifest:
    """Write the bundle's graphs into `out` in fewer operations and less room.

    Its captions are held against those that it gave before, as `export` holds them against Keras'.
    Limits are fitted anew; a calibration is kept until it is. Raises as `export`.
    """
    import onnx

    from training.export import move_in, seal, store, with_limits
    from training.unpacking import unpack

    opened = open_bundle(bundle, threads=2)
    before = dev.score(search_bundle(opened, dev.pictures), opened.vocabulary)
    manifest = opened.manifest
    with tempfile.TemporaryDirectory() as workshop:
        plain, stored = Path(workshop) / "fp32", Path(workshop) / "stored"
        plain.mkdir()
        for graph in (manifest.encoder, manifest.decoder):
            unpacked = unpack(onnx.load(bundle / graph.file))
            (plain / graph.file).write_bytes(unpacked.SerializeToString())
        found = store(plain, stored, manifest, dev, train, at_least=before)
        score = dev.score(found, opened.vocabulary)
        known = (manifest.metrics or {}).get("dev_cider", {})
        scores = {"before": round(before, 2), "shipped": round(score, 2)}
        metrics = {"dev_cider": {**known, **scores}}
        limited = with_limits(manifest, found, dev, metrics)
        if manifest.confidence is not UNSET:  # a calibration sets this one
            limited = msgspec.structs.replace(
                limited, alt_text_threshold=manifest.alt_text_threshold
            )
        limited = seal(stored, limited)
        move_in(stored, out)
    return limited
