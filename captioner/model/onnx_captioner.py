"""The own model as a captioner."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from time import perf_counter

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from captioner.errors import AttentionUnavailable, LanguageUnsupported
from captioner.images import Picture
from captioner.model.attention import AttendedWord, looks
from captioner.model.bundle import Bundle
from captioner.model.confidence import Found
from captioner.model.decoding import Hypothesis
from captioner.model.preprocessing import encoder_input
from captioner.model.vocabulary import text_of, words_of
from captioner.records import Alternative, Caption, ModelName, Tag, now

# Bounds the memory that one call takes, however many pictures it is asked for.
_BATCH = 8
_MOST_TAGS = 10


class OnnxCaptioner:
    """Captions pictures with a bundle on onnxruntime; may be called from several threads at once.

    A caption's confidence is the chance that it is acceptable, where the bundle is calibrated;
    else the geometric mean of its tokens' probabilities: higher is surer, but 0.5 does not mean
    right every other time.
    """

    source = "onnx"

    def __init__(
        self, bundle: Bundle, *, beam_size: int | None = None, alternatives: int = 2
    ) -> None:
        self._bundle = bundle
        self._alternatives = alternatives
        settings, manifest = bundle.beam_settings, bundle.manifest
        self._settings = replace(settings, beam_size=beam_size or settings.beam_size)
        self._judge = bundle.judge()
        self.model = ModelName(manifest.name, manifest.version)
        self.language = manifest.language
        self.alt_text_threshold = manifest.alt_text_threshold
        self.review_threshold = (
            None if manifest.confidence is UNSET else manifest.confidence.review_threshold
        )
        self.novelty_threshold = None if manifest.novelty is UNSET else manifest.novelty.threshold

    def caption(
        self,
        pictures: Sequence[Picture],
        *,
        language: str | None = None,
        alternatives: int | None = None,
    ) -> list[Caption]:
        """Caption pictures, in order. `elapsed_ms` is each picture's share of its batch's time.

        However many `alternatives` are wanted, there are fewer than beams. Raises
        `LanguageUnsupported`.
        """
        written = self._bundle.manifest.language
        if language not in {None, written}:
            raise LanguageUnsupported(
                f"The model writes '{written}' only; leave '{language}' to another captioner."
            )
        most = self._alternatives if alternatives is None else alternatives
        captions: list[Caption] = []
        for start in range(0, len(pictures), _BATCH):
            captions += self._caption_batch(pictures[start : start + _BATCH], most)
        return captions

    def caption_pixels(self, pixels: NDArray[np.uint8]) -> list[Caption]:
        """Caption one batch of pictures that `encoder_input` has made ready, in order."""
        return self._caption_pixels(pixels, perf_counter(), self._alternatives)

    def look(self, picture: Picture, text: str) -> list[AttendedWord]:
        """Tell where the model looks for each word of a caption of its own.

        A word that it does not know, as wording may have put one in, is read as unknown. What is
        longer than it ever writes is followed so far. Raises `AttentionUnavailable`.
        """
        if not self._bundle.tells_attention:
            raise AttentionUnavailable("This model does not tell where it looks.")
        pixels = encoder_input([picture.image], self._bundle.manifest.resize)
        step = self._bundle.encode(pixels, output="attention").step
        words = list(enumerate(text.split()))
        parts = [(word, part.lower()) for word in words for part in words_of(word[1])]
        read = parts[: self._settings.max_words]
        looked = looks([part for _, part in read], step, self._bundle.vocabulary)
        if not looked:
            raise AttentionUnavailable("What this model attends to are no parts of a picture.")
        pairs = zip((word for word, _ in read), (grid for _, grid in looked), strict=True)
        return [
            (word, np.mean([grid for _, grid in its], axis=0))
            for (_, word), its in groupby(pairs, key=itemgetter(0))
        ]

    def _caption_batch(self, pictures: Sequence[Picture], alternatives: int) -> list[Caption]:
        began = perf_counter()
        images = [picture.image for picture in pictures]
        pixels = encoder_input(images, self._bundle.manifest.resize)
        return self._caption_pixels(pixels, began, alternatives)

    def _caption_pixels(
        self, pixels: NDArray[np.uint8], began: float, alternatives: int
    ) -> list[Caption]:
        found = self._bundle.search(pixels, self._settings)
        share = (perf_counter() - began) * 1000 / len(pixels)
        return [self._caption(each, share, alternatives) for each in found]

    def _caption(self, found: Found, elapsed_ms: float, alternatives: int) -> Caption:
        best, *others = found.ranked
        return Caption(
            source=self.source,
            text=self._text(best),
            confidence=self._confidence(found, 0),
            language=self._bundle.manifest.language,
            model=self.model,
            alternatives=tuple(
                Alternative(self._text(other), self._confidence(found, place))
                for place, other in enumerate(others[:alternatives], 1)
            ),
            tags=self._tags(found),
            novelty=UNSET if found.novelty is None else round(found.novelty, 4),
            elapsed_ms=round(elapsed_ms, 1),
            created=now(),
        )

    def _text(self, hypothesis: Hypothesis) -> str:
        return text_of(self._bundle.vocabulary.decode(hypothesis.ids))

    def _confidence(self, found: Found, place: int) -> float:
        return round(self._judge.confidence(found, place), 4)

    def _tags(self, found: Found) -> tuple[Tag, ...] | UnsetType:
        """Give the tags that reach the bundle's threshold, surest first."""
        told = self._bundle.manifest.tags
        if told is UNSET or found.tags is None:
            return UNSET
        seen = [
            (float(chance), name)
            for name, chance in zip(told.names, found.tags, strict=True)
            if chance >= told.threshold
        ]
        seen.sort(key=lambda each: (-each[0], each[1]))
        return tuple(Tag(name, round(chance, 4)) for chance, name in seen[:_MOST_TAGS])
