"""Fits a recogniser: ImageNet's classes and people's captions -> chances that can be believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.recogniser import LEAST_PROBABILITY, Recogniser
from training.tags import LEAST_CHANCE, Named, learnt_things, shown_things

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_FOLDS = 5
_LEAST_GAIN = 0.02  # average precision that a probe must add to what ImageNet's class tells
_QUANTILES = np.linspace(0, 1, 101)
# Trust in the grid is 0.9 at the first of these quantiles of the held-out pictures' novelty, 0.1 at
# the second.
_EDGE = (0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Habits:
    """How the recogniser is right and wrong, so that tags of unseen pictures can be imagined.

    `chances` [captions + 1, quantiles] of the tags that so many captions of a picture name, from
    none on; `strays` [pictures] how many tags that none names were worth telling of a picture, and
    `stray_odds` [tags] how often each of them was.
    """

    chances: Floats
    strays: Ints
    stray_odds: Floats

    def imagine(self, named: Sequence[tuple[Ints, Ints]], generator: np.random.Generator) -> Floats:
        """Give tags [pictures, tags] of pictures whose captions name `(tags, by how many)`."""
        tags = np.zeros((len(named), len(self.stray_odds)), np.float32)
        for row, (places, counts) in enumerate(named):
            astray = generator.choice(
                len(self.stray_odds), generator.choice(self.strays), p=self.stray_odds
            )
            tags[row, astray] = self._draw(np.zeros(len(astray), np.int64), generator)
            tags[row, places] = self._draw(np.minimum(counts, len(self.chances) - 1), generator)
        return tags

    def _draw(self, counts: Ints, generator: np.random.Generator) -> Floats:
        quantiles = generator.integers(self.chances.shape[1], size=len(counts))
        return self.chances[counts, quantiles]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fitting gives besides the recogniser's own weights.

    `tags`, by look [pictures, tags]: those of the training pictures, by recognisers that had not
    seen them.
    """

    tags: dict[str, Floats]
    habits: Habits


def fit_recogniser(
    recogniser: Recogniser,
    looks: Mapping[str, Floats],
    held_out: Floats,
    named: Sequence[Named],
    *,
    seed: int,
) -> Fitted:
    """Set a recogniser's slopes, offsets, probes, directions and edge of trust.

    `looks` are the training pictures' embeddings, [pictures, width] by look, the plain one first;
    `held_out` the dev pictures'; `named` is what is named of each training picture.
    """
    embeddings = list(looks.values())
    _fit_novelty(recogniser, embeddings[0], held_out)
    shown = shown_things(named, recogniser.tags)
    found = [_found(recogniser, each) for each in embeddings]
    learnt = np.isin(recogniser.tags, learnt_things(named))
    of_imagenet = np.asarray(recogniser.words).any(axis=0)
    slopes, offsets = _fit_pooled(found[0][:, of_imagenet], shown[:, of_imagenet])
    slope = np.where(of_imagenet, slopes, 0).astype(np.float32)
    offset = np.where(of_imagenet, offsets, 0).astype(np.float32)
    kernel = np.zeros(recogniser.probe.shape, np.float32)
    tags = [_sigmoid(each * slope + offset) for each in found]
    if learnt.any():
        fold = np.random.default_rng(seed).integers(_FOLDS, size=len(named))
        examples = _Examples(embeddings, found, shown, learnt, of_imagenet)
        probe = _fit_probes(tags, examples, fold)
        slope[learnt], offset[learnt], kernel[:, learnt] = probe.slope, probe.offset, probe.kernel
    recogniser.slope.assign(slope)
    recogniser.offset.assign(offset)
    recogniser.probe.assign(kernel)
    habits = _habits(tags[0], _counts(named, recogniser.tags))
    return Fitted(dict(zip(looks, tags, strict=True)), habits)


@dataclass(frozen=True, slots=True)
class _Examples:
    """What probes are learnt from: by look, the embeddings and ImageNet's scores of the tags.

    `shown` [pictures, tags]; `learnt` [tags] are those to have a probe, `of_imagenet` [tags] those
    that have a score.
    """

    embeddings: Sequence[Floats]
    found: Sequence[Floats]
    shown: Bools
    learnt: Bools
    of_imagenet: Bools


def _fit_probes(tags: Sequence[Floats], examples: _Examples, fold: Ints) -> "_Probe":
    """Fit the probes, and write what those of other folds tell of each picture into `tags`."""
    learnt = examples.learnt
    probed = np.ones(learnt.sum(), bool)
    for is_last in (False, True):  # first to see which probes are worth having, then with those
        for number in range(_FOLDS):
            rows = fold == number
            probe = _Probe.fit(examples, rows=~rows, probed=probed)
            looks = zip(tags, examples.embeddings, examples.found, strict=True)
            for told, embedding, found in looks:
                told[np.ix_(rows, learnt)] = probe(embedding[rows], found[rows][:, learnt])
        if not is_last:
            probed = _worth_probing(tags[0], examples)
    return _Probe.fit(examples, rows=np.ones(len(fold), bool), probed=probed)


def _counts(named: Sequence[Named], tags: Sequence[str]) -> Ints:
    places = {tag: place for place, tag in enumerate(tags)}
    counts = np.zeros((len(named), len(tags)), np.int64)
    for row, each in enumerate(named):
        for name, count in each.counts.items():
            if name in places:
                counts[row, places[name]] = count
    return counts


def _found(recogniser: Recogniser, embedding: Floats) -> Floats:
    classes = ops.softmax(ops.matmul(embedding, recogniser.kernel) + recogniser.bias, axis=-1)
    return np.asarray(ops.log(ops.matmul(classes, recogniser.words) + LEAST_PROBABILITY))


def _fit_novelty(recogniser: Recogniser, embedding: Floats, held_out: Floats) -> None:
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    _, directions = np.linalg.eigh(unit.T.astype(np.float64) @ unit)
    recogniser.basis.assign(directions[:, ::-1][:, : recogniser.basis.shape[1]])
    near, far = np.quantile(recogniser.recognise(held_out)["novelty"], _EDGE)
    steepness = 2 * np.log(9) / max(far - near, 1e-6)  # between trust of 0.9 and 0.1
    recogniser.edge.assign([(near + far) / 2, steepness])


def _fit_pooled(found: Floats, shown: Bools) -> tuple[float, float]:
    """Fit one slope and offset for all of ImageNet's words, most of which few captions name."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), _loss())
    likely = found.ravel() > np.log(2 * LEAST_PROBABILITY)
    x, y = found.ravel()[likely], shown.ravel()[likely]
    model.fit(x[:, None], y[:, None].astype(np.float32), 4096, epochs=30, verbose=0)
    (slope,), (offset,) = (np.ravel(each) for each in model.get_weights())
    return float(slope), float(offset)


def _loss() -> keras.Loss:
    return keras.losses.BinaryCrossentropy(from_logits=True)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Chances of the things that were learnt, from ImageNet's and from the embedding."""

    slope: Floats
    offset: Floats
    kernel: Floats

    def __call__(self, embedding: Floats, found: Floats) -> Floats:
        return _sigmoid(found * self.slope + embedding @ self.kernel + self.offset)

    @classmethod
    def fit(cls, examples: _Examples, *, rows: Bools, probed: Bools) -> "_Probe":
        learnt = examples.learnt
        of_imagenet = examples.of_imagenet[learnt]
        x = np.concatenate([each[rows] for each in examples.embeddings])
        classes = np.concatenate([each[rows][:, learnt] for each in examples.found])
        shown = [examples.shown[rows][:, learnt]] * len(examples.embeddings)
        y = np.concatenate(shown).astype(np.float32)
        mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
        model = _probe_model(x.shape[1], of_imagenet, probed)
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 600)), _loss()
        )
        size = max(1, len(x) // 40)
        model.fit([(x - mean) / deviation, classes], y, size, epochs=15, verbose=0)
        kernel, slope, offset = model.layers[-1].get_weights()
        kernel = kernel * probed / deviation[:, None]
        return cls(slope * of_imagenet, offset - mean @ kernel, kernel)


class _Chances(layers.Layer):
    def __init__(self, of_imagenet: Any, probed: Any) -> None:
        super().__init__()
        self._of_imagenet, self._probed = of_imagenet, probed

    def build(self, shapes: Any) -> None:
        (_, width), (_, count) = shapes
        # Chosen on held-out folds: a weaker penalty fits the training pictures alone.
        penalty = keras.regularizers.L2(0.02 / count)
        self._kernel = self.add_weight((width, count), "zeros", regularizer=penalty)
        self._slope = self.add_weight((count,), keras.initializers.Constant(0.5))
        self._offset = self.add_weight((count,), keras.initializers.Constant(-2.0))

    def call(self, inputs: Any) -> Any:
        x, found = inputs
        probed = ops.matmul(x, self._kernel * ops.cast(self._probed, "float32"))
        return found * self._slope * ops.cast(self._of_imagenet, "float32") + probed + self._offset


def _probe_model(width: int, of_imagenet: Any, probed: Any) -> keras.Model:
    inputs = [keras.Input((width,)), keras.Input((len(probed),))]
    return keras.Model(inputs, _Chances(of_imagenet, probed)(inputs))


def _worth_probing(tags: Floats, examples: _Examples) -> Bools:
    """Tell which probes add to what ImageNet's class tells; others would only lose its breadth."""
    shown, found = examples.shown, examples.found[0]
    return np.array(
        [
            not examples.of_imagenet[tag]
            or _average_precision(shown[:, tag], tags[:, tag])
            > _average_precision(shown[:, tag], found[:, tag]) + _LEAST_GAIN
            for tag in np.flatnonzero(examples.learnt)
        ]
    )


def _average_precision(shown: Bools, scores: Floats) -> float:
    ranked = shown[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean())


def _habits(tags: Floats, counts: Ints) -> Habits:
    most = int(counts.max())
    chances = [_quantiles(tags[counts == count]) for count in range(1, most + 1)]
    stray = (counts == 0) & (tags >= LEAST_CHANCE)
    odds = stray.sum(axis=0) + 0.1
    return Habits(
        np.stack([_quantiles(tags[stray]), *chances]).astype(np.float32),
        stray.sum(axis=1),
        (odds / odds.sum()).astype(np.float64),
    )


def _quantiles(chances: Floats) -> NDArray[Any]:
    return np.quantile(chances, _QUANTILES) if chances.size else np.zeros(len(_QUANTILES))


def _sigmoid(x: NDArray[Any]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)
