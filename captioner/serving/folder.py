"""The model of a folder, which comes with the app."""

from collections.abc import Callable
from dataclasses import dataclass

from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.serving.standing import ModelStanding


@dataclass(frozen=True, slots=True)
class FolderModel:
    """A model that stays the same until the app starts anew; `open` opens it at its first use."""

    open: Callable[[], OnnxCaptioner]

    def __call__(self) -> OnnxCaptioner:
        return self.open()

    def standing(self) -> ModelStanding:
        return ModelStanding(follows="folder")
