"""The model of a folder, which comes with the app."""

from collections.abc import Callable
from dataclasses import dataclass

from captioner.errors import ModelUnknown
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.records import ModelName
from captioner.serving.standing import ModelStanding


@dataclass(frozen=True, slots=True)
class FolderModel:
    """A model that stays the same until the app starts anew; `open` opens it at its first use."""

    open: Callable[[], OnnxCaptioner]

    def __call__(self) -> OnnxCaptioner:
        return self.open()

    def since(self, version: str) -> tuple[ModelName, ...]:
        """Name the model itself: of others nothing is known."""
        model = self.open().model
        if version not in {model.version, f"{model.name}/{model.version}"}:
            raise ModelUnknown(
                f"The model in use is version {model.version}, and where MODEL_URI is not set no "
                "other is known: name that one, or a date."
            )
        return (model,)

    def standing(self) -> ModelStanding:
        return ModelStanding(follows="folder")
