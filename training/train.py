"""One training run: stages one after another, each resumable, the best by dev CIDEr kept."""

import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import msgspec
import numpy as np
import tensorflow as tf

from training.checkpoints import Saved, StageCheckpoints
from training.cluster import Cluster
from training.config import RANDOM, ConfigError, Stage
from training.console import counting
from training.data.batches import plain_batches, training_batches
from training.data.encoding import Captions, EncodedTexts, encode_captions
from training.data.sampling import Mixture, Sampler, Share
from training.data.splits import Split
from training.data.views import Seen
from training.decode import KerasCaptioner
from training.dev_score import DevScore
from training.encoders.choice import choose_what_learns
from training.learning import Learner, validation
from training.looks import RECOGNISER, Looks
from training.model import CaptionModel, build_model
from training.optimising import loss_for, optimizer_for
from training.places import FolderPlace, Place
from training.precision import computing_in
from training.rewards import Reward
from training.self_critical import self_critical_batches
from training.tags import Named
from training.word_vectors import begin_words
from training.workspace import NOTE, Workspace, WorkspaceError, check_note

logger = logging.getLogger(__name__)


class _Run:
    """The parts that all stages of a run share.

    `model` is what has been learnt so far: pictures are looked at with it, it is scored and saved.
    Its twin, which is on every device of the cluster, is what learns.
    """

    def __init__(
        self,
        workspace: Workspace,
        model: CaptionModel,
        cluster: Cluster | None = None,
        checkpoints: Place | None = None,
        *,
        fit: bool = True,
    ) -> None:
        """Checkpoints are kept in the run's own folder unless a place is given.

        Raises `WorkspaceError` where those that are there are of another run.
        """
        self.workspace, self.model = workspace, model
        self.config = workspace.config
        self.cluster = cluster or Cluster()
        self.place: Place = FolderPlace(workspace.folder / "checkpoints")
        if checkpoints:
            self.place = checkpoints.under(self.config.name)
            if self.cluster.is_chief:
                self._take_up()
        self.looks = Looks(workspace, model, fit=fit, once=self.cluster.from_chief)

    def _take_up(self) -> None:
        """Go on with what another machine may have begun in the place of the checkpoints."""
        note, folder = self.place.read(NOTE), self.workspace.folder
        if note is None:
            self.place.put(NOTE, folder / NOTE)
        else:
            check_note(self.workspace, note, str(self.place))
        if self.place.has(RECOGNISER) and not (folder / RECOGNISER).is_file():
            self.place.fetch(RECOGNISER, folder / RECOGNISER)

    def _keep_recogniser(self) -> None:
        """Keep the recogniser with the checkpoints, whose weights go on from it."""
        fitted = self.workspace.folder / RECOGNISER
        if fitted.is_file() and not self.place.has(RECOGNISER):
            self.place.put(RECOGNISER, fitted)

    def captions(self, split: Split) -> Captions:
        return self._encode([image.captions for image in self.workspace.pictures[split].images])

    def _encode(self, images: Sequence[Sequence[str]]) -> Captions:
        data = self.config.data
        return encode_captions(
            images,
            self.workspace.vocabulary,
            per_image=data.captions_per_image,
            max_words=data.max_words,
        )

    def _texts(self, stage: Stage) -> EncodedTexts | None:
        """Encode the captions without pictures, and what they name, for a stage that wants them."""
        if not stage.texts_per_step:
            return None
        places = {tag: place for place, tag in enumerate(self.workspace.tags)}
        named = []
        for captions in self._text_captions:
            counts = Named.of(captions).counts
            known = [name for name in counts if name in places]
            tags = np.array([places[name] for name in known], np.int64)
            named.append((tags, np.array([counts[name] for name in known], np.int64)))
        habits = self.looks.fitted.habits
        return EncodedTexts(
            self._encode(self._text_captions).tokens,
            lambda rows, chance: habits.imagine([named[row] for row in rows], chance),
            tuple(len(texts.captions) for texts in self.workspace.texts),
        )

    @cached_property
    def _text_captions(self) -> list[tuple[str, ...]]:
        return [captions for texts in self.workspace.texts for captions in texts.captions]

    @cached_property
    def _twin(self) -> CaptionModel:
        """The model that learns: on one device the same, else one whose weights are to be given."""
        if self.cluster.share.of == 1:
            return self.model
        untaught = msgspec.structs.replace(self.config.encoder, weights=RANDOM)
        config = msgspec.structs.replace(self.config, encoder=untaught)
        with self.cluster.strategy.scope():
            return build_model(config, len(self.workspace.vocabulary), self.workspace.tags)

    def _sampler(self, stage: Stage) -> Sampler:
        return Sampler(
            self.looks.views("train", stage),
            self.captions("train"),
            self._texts(stage),
            Mixture(stage.images_per_step, stage.texts_per_step, stage.blind),
            seed=(self.config.seed, zlib.crc32(stage.name.encode())),
            share=self.cluster.share,
            lanes=self.workspace.lanes,
        )

    def train_stage(self, stage: Stage) -> None:
        """Train one stage from the model's present weights and leave its best ones in it.

        Of a stage that is done, the best weights are all that is left to take.
        """
        folder = self.workspace.stage(stage.name)
        checkpoints = saved = None
        if self.cluster.is_chief:
            checkpoints = StageCheckpoints(self.place.under(stage.name), folder)
            saved = checkpoints.load()
        is_done = saved is not None and saved.done
        if not self.cluster.agree(lambda: is_done or (folder / "done").is_file()):
            logger.info("stage %s", stage.name)
            self._learn(stage, checkpoints, saved)
        if self.cluster.is_chief:
            self.model.load_weights(self.workspace.best(stage.name))
            (folder / "done").touch()
        self.cluster.share_values(self.model.weights)

    def _learn(
        self, stage: Stage, checkpoints: StageCheckpoints | None, saved: Saved | None
    ) -> None:
        """Go through the epochs that are left; the chief has `checkpoints`, and judges."""
        sampler = self._sampler(stage)  # first, as it may fit the recogniser
        seen = None
        if checkpoints:
            self._keep_recogniser()
            seen = self._seen_of_dev(stage)
        learner = self._learner(stage, steps=len(sampler) * stage.epochs)
        done = saved.epochs if saved else 0
        if saved:
            learner.restore(saved.state)
        done = int.from_bytes(self.cluster.from_chief(lambda: done.to_bytes(4)))
        self.cluster.share_values(learner.variables)
        with computing_in(self.config.precision, learner.model, self.model):
            batches = self._batches(stage, sampler, learner)
            judge = None
            if checkpoints and seen is not None:
                judge = _Judge(self, stage, learner, seen, checkpoints)
                judge.go_on_after(done)
            for sampler.epoch in range(done, stage.epochs):
                if self.cluster.agree(lambda: judge is not None and judge.is_stale):
                    break
                title = f"Epoch {sampler.epoch + 1}/{stage.epochs}"
                with counting(title, len(sampler), shown=judge is not None) as advance:
                    loss = learner.epoch(batches, advance)
                if judge:
                    judge.judge(loss)
        if checkpoints:
            checkpoints.finish()

    def _learner(self, stage: Stage, *, steps: int) -> Learner:
        """Let the twin learn what the stage lets learn, from the model's weights."""
        twin = self._twin
        choose_what_learns(twin.encoder, stage)
        dropout = self.config.decoder.dropout if stage.dropout is None else stage.dropout
        twin.decoder.set_dropout(dropout)
        with self.cluster.strategy.scope():
            optimizer = optimizer_for(twin, stage, steps=steps, precision=self.config.precision)
        learner = Learner(
            twin,
            optimizer,
            loss_for(stage),
            self.cluster,
            # Advantages sum to nothing: the mean is over all places, not over their weights.
            mean_of_weights=stage.objective != "self-critical",
        )
        learner.take_weights(self.model)
        return learner

    def _seen_of_dev(self, stage: Stage) -> Seen:
        seen = self.looks.views("dev", stage).plain()
        return seen if stage.images_per_step else _told_alone(seen)

    def _batches(self, stage: Stage, sampler: Sampler, learner: Learner) -> tf.data.Dataset:
        if stage.objective != "self-critical":
            return training_batches(sampler, any_length=self.model.decoder.takes_any_length)
        reward = Reward(
            [image.captions for image in self.workspace.pictures["train"].images],
            self._text_captions if stage.texts_per_step else [],
            made_up_cost=stage.made_up_cost,
        )
        return self_critical_batches(
            KerasCaptioner(learner.model),
            sampler,
            self.workspace.vocabulary,
            reward,
            replace(self.workspace.beam_settings, beam_size=stage.samples),
        )


class _Judge:
    """What the chief does after each epoch: score the averaged weights, keep how far it got."""

    def __init__(
        self,
        run: _Run,
        stage: Stage,
        learner: Learner,
        seen: Seen,
        checkpoints: StageCheckpoints,
    ) -> None:
        self._model, self._learner, self._checkpoints = run.model, learner, checkpoints
        workspace = run.workspace
        self._score = DevScore(
            run.model,
            seen,
            workspace.references("dev"),
            workspace.vocabulary,
            workspace.beam_settings,
            folder=workspace.stage(stage.name),
            patience=stage.patience,
        )
        self._dev_loss: Callable[[], float] | None = None
        if stage.objective != "self-critical":  # whose loss of people's captions tells nothing
            dev = plain_batches(seen, run.captions("dev"), images_per_step=16)
            self._dev_loss = validation(run.model, loss_for(stage), dev)

    @property
    def is_stale(self) -> bool:
        return self._score.is_stale

    def go_on_after(self, epochs: int) -> None:
        self._score.go_on_after(epochs)

    def judge(self, loss: float) -> None:
        """Score an epoch, then keep it: a kill between the two has it done again."""
        with self._learner.averaged_in(self._model):
            losses = {"loss": loss}
            if self._dev_loss:
                losses["val_loss"] = self._dev_loss()
            self._score.judge(losses)
        self._checkpoints.save(self._score.epochs, self._learner.state())


def _told_alone(seen: Seen) -> Seen:
    """Give what is seen of pictures whose grid is not to be trusted at all."""
    return {**seen, "trust": np.zeros_like(seen["trust"])}


def train(
    workspace: Workspace, cluster: Cluster | None = None, checkpoints: Place | None = None
) -> CaptionModel:
    """Run every stage that is not finished yet; give the model with the last one's best weights.

    A run that was killed goes on from its last whole epoch when it is called again, on a cluster of
    another size too. Checkpoints are kept in the run's folder unless a place is given. Raises
    `ConfigError` where a stage's steps cannot be shared evenly.
    """
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    begin_words(model.decoder, workspace.config, workspace.vocabulary)
    run = _Run(workspace, model, cluster, checkpoints)
    for stage in workspace.config.stages:  # a fault of the last is told before the first begins
        choose_what_learns(model.encoder, stage)
        _check_shares(workspace, stage, run.cluster.share)
    workspace.check_texts()
    for stage in workspace.config.stages:
        run.train_stage(stage)
    return model


def train_stage(workspace: Workspace, model: CaptionModel, stage: Stage) -> None:
    """Run one stage of a model that has learnt already, and leave its best weights in it.

    Its recogniser, if it has one, stays as it is. Goes on where it was as `train` does.
    """
    workspace.check_texts()
    _Run(workspace, model, fit=False).train_stage(stage)


def _check_shares(workspace: Workspace, stage: Stage, share: Share) -> None:
    """Raise `ConfigError` where the replicas' parts of a step would differ in size."""
    pictures = len(workspace.pictures["train"].images)
    for name in ("images_per_step", "texts_per_step"):
        size = getattr(stage, name)
        if size % share.of:
            raise ConfigError(
                f"{name} of stage {stage.name} is {size}, which {share.of} replicas cannot share "
                f"evenly: make it a multiple of {share.of}."
            )
        if name == "images_per_step" and pictures < size and share.of > 1:
            raise ConfigError(
                f"{name} of stage {stage.name} is {size}, and there are {pictures} pictures: "
                f"{share.of} replicas need a whole step."
            )


def trained_model(workspace: Workspace, stage: str | None = None) -> CaptionModel:
    """Give the model with the best weights of a stage, or of the last one that has any.

    Raises `WorkspaceError` where nothing has been trained.
    """
    names = [each.name for each in workspace.config.stages]
    if stage not in (None, *names):
        raise WorkspaceError(f"There is no stage {stage}: the run's are {', '.join(names)}.")
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    for name in [stage] if stage else reversed(names):
        if workspace.best(name).is_file():
            model.load_weights(workspace.best(name))
            return model
    raise WorkspaceError("There is no trained model yet: run `python -m training train` first.")
