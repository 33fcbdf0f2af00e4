"""The own model as a captioner."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from captioner.images import Picture
from captioner.model.bundle import Bundle
from captioner.model.decoding import Hypothesis, beam_search
from captioner.model.preprocessing import encoder_input
from captioner.model.vocabulary import text_of
from captioner.records import Alternative, Caption, ModelName, now

# Bounds the memory that one call takes, however many pictures it is asked for.
_BATCH = 8


class OnnxCaptioner:
    """Captions pictures with a bundle on onnxruntime; may be called from several threads at once.

    A caption's confidence is the geometric mean of its tokens' probabilities, not yet calibrated:
    higher is surer, but 0.5 does not mean right every other time.
    """

    source = "onnx"

    def __init__(
        self, bundle: Bundle, *, beam_size: int | None = None, alternatives: int = 2
    ) -> None:
        self._bundle = bundle
        self._alternatives = alternatives
        settings = bundle.beam_settings
        self._settings = replace(settings, beam_size=beam_size or settings.beam_size)
        self.model = ModelName(bundle.manifest.name, bundle.manifest.version)
        self.alt_text_threshold = bundle.manifest.alt_text_threshold

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption pictures, in order. `elapsed_ms` is each picture's share of its batch's time."""
        captions: list[Caption] = []
        for start in range(0, len(pictures), _BATCH):
            captions += self._caption_batch(pictures[start : start + _BATCH])
        return captions

    def _caption_batch(self, pictures: Sequence[Picture]) -> list[Caption]:
        began = perf_counter()
        images = [picture.image for picture in pictures]
        step = self._bundle.start(encoder_input(images, self._bundle.manifest.resize))
        found = beam_search(step, len(pictures), self._settings)
        share = (perf_counter() - began) * 1000 / len(pictures)
        return [self._caption(ranked, share) for ranked in found]

    def _caption(self, ranked: Sequence[Hypothesis], elapsed_ms: float) -> Caption:
        best, *others = ranked
        return Caption(
            source=self.source,
            text=self._text(best),
            confidence=_rounded(best),
            language=self._bundle.manifest.language,
            model=self.model,
            alternatives=tuple(
                Alternative(self._text(other), _rounded(other))
                for other in others[: self._alternatives]
            ),
            elapsed_ms=round(elapsed_ms, 1),
            created=now(),
        )

    def _text(self, hypothesis: Hypothesis) -> str:
        return text_of(self._bundle.vocabulary.decode(hypothesis.ids))


def _rounded(hypothesis: Hypothesis) -> float:
    return round(hypothesis.mean_probability, 4)
