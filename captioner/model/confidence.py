"""The chance that a caption is acceptable, from what the model shows of itself in making it.

A logistic model over a few numbers, fitted on pictures that the caption model did not learn from
(`python -m training calibrate`) and carried in the bundle.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from captioner.lexicon import MODIFIERS, content_of, relatedness, stem_of
from captioner.model.decoding import Hypothesis
from captioner.model.vocabulary import Vocabulary, text_of

_FAINT = 0.1  # support by tags that is as good as none
_LEAST = 1e-6  # of a sum that is divided by
_LIKELIEST = 3  # tags that a caption should name


@dataclass(frozen=True, slots=True)
class Found:
    """What a model found in one picture: captions, best first, and what its encoder told.

    `tags` [tags] are the chances that the picture shows them; None where the encoder tells none,
    as for `novelty`.
    """

    ranked: Sequence[Hypothesis]
    tags: NDArray[np.float32] | None = None
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to judge one caption by, beside the picture's other captions, its `rivals`.

    `support` is, for each word of meaning, how far the picture's tags bear it out, 0 to 1; `named`
    how much of the picture's likeliest tags the caption names, 0 to 1. None where the encoder does
    not tell.
    """

    caption: Hypothesis
    rivals: Sequence[Hypothesis]
    support: Sequence[float] | None = None
    named: float | None = None
    novelty: float | None = None


@dataclass(frozen=True, slots=True)
class _Feature:
    """A number about a caption, NaN where there is none, and what it reads of the encoder's."""

    of: Callable[[Evidence], float]
    reads: frozenset[str] = frozenset()


def _margin(evidence: Evidence) -> float:
    """By how much the search prefers the caption to its best rival."""
    best = max((each.score for each in evidence.rivals), default=math.nan)
    return evidence.caption.score - best


def _support(evidence: Evidence) -> float:
    """The mean logarithm: one word that nothing bears out weighs more than many that are."""
    if not evidence.support:
        return math.nan
    return fmean(math.log(chance + _FAINT) for chance in evidence.support)


def _known(value: float | None) -> float:
    return math.nan if value is None else value


FEATURES: Mapping[str, _Feature] = {
    "mean_log_prob": _Feature(lambda evidence: fmean(evidence.caption.log_probs)),
    "min_log_prob": _Feature(lambda evidence: min(evidence.caption.log_probs)),
    "words": _Feature(lambda evidence: float(len(evidence.caption.ids))),
    "margin": _Feature(_margin),
    "tag_support": _Feature(_support, frozenset({"tags"})),
    "tags_named": _Feature(lambda evidence: _known(evidence.named), frozenset({"tags"})),
    "novelty": _Feature(lambda evidence: _known(evidence.novelty), frozenset({"novelty"})),
}


class Calibration(Struct, frozen=True, kw_only=True):
    """How the chance follows from features: each less its mean, over its scale, times its weight.

    A feature without a value counts as its mean. A caption whose chance is below
    `review_threshold` is for a person to read.
    """

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[Annotated[float, Meta(gt=0)], ...]
    weights: tuple[float, ...]
    intercept: float
    review_threshold: Annotated[float, Meta(ge=0, le=1)]

    def __post_init__(self) -> None:
        if unknown := set(self.features) - FEATURES.keys():
            raise ValueError(f"there are no features {', '.join(sorted(unknown))}")
        if {len(self.means), len(self.scales), len(self.weights)} != {len(self.features)}:
            raise ValueError("there must be a mean, a scale and a weight for each feature")

    @property
    def reads(self) -> set[str]:
        """What the features read of the encoder's."""
        return {read for name in self.features for read in FEATURES[name].reads}

    def chance(self, evidence: Evidence) -> float:
        """Give the probability, 0..1, that a caption is acceptable."""
        values = (FEATURES[name].of(evidence) for name in self.features)
        terms = (
            weight * (value - mean) / scale
            for value, mean, scale, weight in zip(
                values, self.means, self.scales, self.weights, strict=True
            )
            if not math.isnan(value)
        )
        return (1 + math.tanh((self.intercept + sum(terms)) / 2)) / 2


class Witness:
    """Gathers the evidence for each caption that was found."""

    def __init__(self, vocabulary: Vocabulary, tag_names: Sequence[str] = ()) -> None:
        self._vocabulary = vocabulary
        self._tags = tuple(map(stem_of, tag_names))

    def evidence(self, found: Found, place: int = 0) -> Evidence:
        """Give what there is to judge the caption in this place of the ranking by."""
        caption = found.ranked[place]
        rivals = [each for each in found.ranked if each is not caption]
        if found.tags is None or not (words := self._words(caption)):
            return Evidence(caption, rivals, novelty=found.novelty)
        # A tag that is only near in meaning to a word counts in part.
        near = relatedness(words, self._tags)
        support = 1 - np.prod(1 - near * found.tags, axis=1)
        likeliest = np.argsort(-found.tags, kind="stable")[:_LIKELIEST]
        chances = found.tags[likeliest]
        named = float(near[:, likeliest].max(axis=0) @ chances) / max(float(chances.sum()), _LEAST)
        return Evidence(caption, rivals, [float(each) for each in support], named, found.novelty)

    def _words(self, caption: Hypothesis) -> list[str]:
        stems = content_of(text_of(self._vocabulary.decode(caption.ids)))
        return [stem for stem in stems if stem not in MODIFIERS]


class Judge:
    """Tells how sure to be of captions that were found."""

    def __init__(self, witness: Witness, calibration: Calibration | None) -> None:
        self._witness = witness
        self._calibration = calibration

    def confidence(self, found: Found, place: int = 0) -> float:
        """Give the chance, 0..1, that the caption in this place of the ranking is acceptable.

        Without a calibration, the geometric mean of its words' probabilities: higher is surer, but
        0.5 does not mean right every other time.
        """
        if self._calibration is None:
            return found.ranked[place].mean_probability
        return self._calibration.chance(self._witness.evidence(found, place))
