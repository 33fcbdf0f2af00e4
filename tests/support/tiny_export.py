"""A Keras model as a bundle, written as `export` writes it."""

from pathlib import Path

from training import export as exporting
from training.model import CaptionModel
from training.workspace import Workspace


def write_bundle(model: CaptionModel, workspace: Workspace, folder: Path) -> Path:
    """Write a bundle without asking whether its captions are any good; gives `folder`."""
    exporting._convert(model, folder / "plain")
    exporting._store(folder / "plain", folder)
    exporting._seal(folder, exporting._manifest(model, workspace))
    return folder
