"""What is told of where the model comes from."""

from typing import Literal, Protocol

from msgspec import UNSET, Struct, UnsetType

from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.records import ModelName, Moment


class Refused(Struct, frozen=True):
    """A version that is current and not used, and the code of why not."""

    version: str
    code: str


class ModelStanding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the model comes from, and what keeps the current version from being used.

    `since` is when the version in use was taken up, `checked` when storage last told which one is
    current. `problem` is the code of why it could not tell the last time it was asked.
    """

    follows: Literal["folder", "version", "current"]
    since: Moment | UnsetType = UNSET
    checked: Moment | UnsetType = UNSET
    refused: Refused | UnsetType = UNSET
    problem: str | UnsetType = UNSET


class ModelSource(Protocol):
    """Gives the captioner of the version in use; may be called from several threads at once."""

    def __call__(self) -> OnnxCaptioner:
        """Give it, to be kept no longer than for one batch; raises `BundleError`."""

    def since(self, version: str) -> tuple[ModelName, ...]:
        """Name the models that are no older than a version, or NAME/VERSION, by registration.

        Raises `ModelUnknown`, or `BundleError` where nobody can tell.
        """

    def standing(self) -> ModelStanding:
        """Tell how it stands; asks nobody."""
