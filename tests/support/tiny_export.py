"""A Keras model as a bundle, written as `export` writes it."""

from pathlib import Path

from training import export as exporting
from training.model import CaptionModel
from training.storage import store_decoder, store_encoder
from training.workspace import Workspace


def write_bundle(model: CaptionModel, workspace: Workspace, folder: Path) -> Path:
    """Write a bundle without asking whether its captions are any good; gives `folder`."""
    plain = folder / "plain"
    exporting._convert(model, plain)
    store_encoder(plain / "encoder.onnx", folder / "encoder.onnx")
    store_decoder(plain / "decoder.onnx", folder / "decoder.onnx")
    exporting.seal(folder, exporting._manifest(model, workspace))
    return folder
