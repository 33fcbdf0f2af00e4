"""How captions of one's own are learnt: what `settings.toml` says, and whether a bundle can be."""

import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from training.config import ConfigError, Positive, Stage, TrainingConfig
from training.data.datasets import CaptionDataset


class FinetuneConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How captions of one's own are learnt; `settings.toml` explains it."""

    min_count: Positive
    replayed: Annotated[float, Meta(ge=0)]
    rehearsed: Annotated[float, Meta(ge=0, le=1)]
    stage: Stage

    def __post_init__(self) -> None:
        if self.stage.texts_per_step:
            raise ValueError("leave texts_per_step out of [stage]: only captions of images teach")


def load_finetune_config(path: Path) -> FinetuneConfig:
    """Read and check how to teach. Raises `ConfigError` that names the setting at fault."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=FinetuneConfig)
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration {path}.") from None
    except (msgspec.DecodeError, ValueError) as fault:
        raise ConfigError(f"Mend {path.name}: {fault}.") from None


def continued(old: TrainingConfig, dataset: CaptionDataset, stage: Stage) -> TrainingConfig:
    """Give a model's configuration with what it is taught now as one more stage.

    Raises `ConfigError` where such a model cannot be taught so.
    """
    if stage.blind and old.tags is None:
        raise ConfigError(f"Leave blind out of [stage]: {old.name} tells no tags to go by instead.")
    captions = max(len(image.captions) for image in dataset.train)
    data = msgspec.structs.replace(
        old.data, captions_per_image=min(captions, old.data.captions_per_image)
    )
    try:
        return msgspec.structs.replace(
            old,
            name=f"{old.name}-{re.sub(r'[^a-z0-9.-]+', '-', dataset.name.lower())}",
            data=data,
            stages=(*(each for each in old.stages if each.name != stage.name), stage),
        )
    except ValueError as fault:
        raise ConfigError(f"Mend [stage], which does not fit {old.name}: {fault}.") from None
