"""Where published bundles lie in a container, and which of a model's versions is current.

NAME/VERSION/encoder.onnx
NAME/VERSION/decoder.onnx
NAME/VERSION/model.json      written last: where it is, the others are whole
NAME/current.json            the only one that ever changes
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from captioner.records import Moment

POINTER = "current.json"


class Release(Struct, frozen=True):
    """A published version, named by the SHA-256 of its model.json, which has those of its graphs.

    Whoever trusts a release so trusts every byte of it.
    """

    version: Annotated[str, Meta(pattern=r"^\w[\w.-]*\Z")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Pointer(Release, frozen=True, kw_only=True, omit_defaults=True):
    """current.json: the release that apps take, since when, and the version before it."""

    promoted: Moment
    before: str | UnsetType = UNSET
