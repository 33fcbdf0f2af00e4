"""Captioners for tests of what surrounds them: they say what they are told to."""

import threading
from collections.abc import Sequence
from functools import partial

from msgspec import UNSET, UnsetType

from captioner.captioning import CaptioningService, Lane
from captioner.errors import LanguageUnsupported
from captioner.images import Picture, decode
from captioner.records import Alternative, Caption, ModelName, now

MODEL = ModelName("scripted", "1")


class ScriptedCaptioner:
    """Says `text` of every picture, or raises `fault`; remembers what it was given.

    Where `gate` is given, it waits for it before it answers.
    """

    def __init__(
        self,
        source: str = "onnx",
        text: str = "a red square",
        *,
        confidence: float | None = 0.8,
        model: ModelName = MODEL,
        alt_text_threshold: float = 0.5,
        review_threshold: float | None = None,
        novelty_threshold: float | None = None,
        gate: threading.Event | None = None,
    ) -> None:
        self.source = source
        self.text = text
        self.confidence = confidence
        self.model = model
        self.alt_text_threshold = alt_text_threshold
        self.review_threshold = review_threshold
        self.novelty_threshold = novelty_threshold
        self.novelty: float | UnsetType = UNSET
        self.language = "en"
        self.languages = {"en"}
        self.alternatives: tuple[Alternative, ...] = ()
        self.gate = gate
        self.fault: Exception | None = None
        self.batches: list[list[Picture]] = []

    def caption(
        self,
        pictures: Sequence[Picture],
        *,
        language: str | None = None,
        alternatives: int | None = None,
    ) -> list[Caption]:
        self.batches.append(list(pictures))
        if self.gate is not None:
            self.gate.wait()
        if self.fault is not None:
            raise self.fault
        if language not in {None, *self.languages}:
            raise LanguageUnsupported(f"'{self.source}' does not write '{language}'.")
        return [
            Caption(
                source=self.source,
                text=self.text,
                confidence=self.confidence,
                language=language or self.language,
                model=self.model,
                alternatives=self.alternatives,
                novelty=self.novelty,
                elapsed_ms=0.0,
                created=now(),
            )
            for _ in pictures
        ]


def service_of(
    own: ScriptedCaptioner, vision: ScriptedCaptioner | None = None, *, timeout_s: float = 30
) -> CaptioningService:
    """Put scripted captioners together as the app puts real ones together."""
    return CaptioningService(
        partial(decode, max_bytes=2**20, max_pixels=2**20),
        Lane("onnx", lambda: own, batch_size=8, threads=1, timeout_s=timeout_s),
        vision
        and Lane("azure-vision", lambda: vision, batch_size=1, threads=4, timeout_s=timeout_s),
    )
