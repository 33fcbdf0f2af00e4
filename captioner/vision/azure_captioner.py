"""Captions from Azure AI Vision (Computer Vision API 3.2), within a time budget."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import UNSET

from captioner.errors import (
    LanguageUnsupported,
    VisionRejected,
    VisionThrottled,
    VisionUnavailable,
)
from captioner.images import Picture
from captioner.records import Alternative, Caption, ModelName, Tag, now
from captioner.settings import VISION_LANGUAGES
from captioner.telemetry import Stage, stage, vision_asked, vision_held_back
from captioner.vision.throttle import Throttle
from captioner.vision.upload import upload_of

if TYPE_CHECKING:
    from azure.cognitiveservices.vision.computervision.models import ImageDescription

_log = logging.getLogger(__name__)

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0
# A retry that has less time than this left would be paid for and then not waited for.
_SHORTEST_RETRY_S = 1.0


class AzureVisionCaptioner:
    """Asks the service for captions; safe to share between threads, made once per process.

    Each picture has `timeout_s` seconds, waiting for its turn and for retries included. Where the
    next try would not fit into them, the error is raised at once and says in `retry_after` when
    to come back. More than one candidate costs no more money, but the service rarely has more.
    """

    source = "azure-vision"

    def __init__(
        self,
        endpoint: str,
        key: str,
        *,
        timeout_s: float,
        language: str,
        throttle: Throttle,
        max_candidates: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # Only where Vision is configured: it brings the SDK.
        from captioner.vision.client import VisionClient  # noqa: PLC0415

        self._client = VisionClient(endpoint, key)
        self._timeout_s = timeout_s
        self._language = language
        self._throttle = throttle
        self._max_candidates = max_candidates
        self._clock = clock
        self._sleep = sleep

    def caption(
        self,
        pictures: Sequence[Picture],
        *,
        language: str | None = None,
        alternatives: int | None = None,
    ) -> list[Caption]:
        """Give one caption per picture, in order.

        There are more alternatives than wanted where the service is always asked for more. Raises
        `LanguageUnsupported`, or `VisionUnauthorized`, `VisionThrottled`, `VisionUnavailable`,
        `VisionRejected` or `VisionBadResponse` for the first picture that gets no caption.
        """
        if language not in {None, *VISION_LANGUAGES}:
            raise LanguageUnsupported(
                f"Azure AI Vision does not write '{language}'; ask for one of "
                f"{', '.join(VISION_LANGUAGES)}."
            )
        candidates = max(self._max_candidates, 1 + (alternatives or 0))
        captions: list[Caption] = []
        for picture in pictures:
            with stage(Stage.VISION):
                captions.append(self._caption(picture, language or self._language, candidates))
        return captions

    def _caption(self, picture: Picture, language: str, candidates: int) -> Caption:
        image = upload_of(picture)
        deadline = self._clock() + self._timeout_s
        attempt = 0
        while True:
            self._await_turn(deadline)
            began = self._clock()
            try:
                with vision_asked():
                    description = self._client.describe(
                        image,
                        language=language,
                        max_candidates=candidates,
                        timeout_s=deadline - began,
                    )
            except (VisionThrottled, VisionUnavailable) as fault:
                self._wait_after(fault, attempt, deadline)
                attempt += 1
            else:
                elapsed_ms = (self._clock() - began) * 1000
                return _caption_from(description, language, elapsed_ms)

    def _await_turn(self, deadline: float) -> None:
        try:
            self._throttle.acquire(self._patience_s(deadline))
        except VisionThrottled:
            vision_held_back()
            raise

    def _wait_after(
        self, fault: VisionThrottled | VisionUnavailable, attempt: int, deadline: float
    ) -> None:
        """Wait before the next attempt; raise the fault if there is no time for one."""
        delay_s = _backoff_s(attempt)
        if fault.retry_after is not None:
            asked_s = fault.retry_after.total_seconds()
            self._throttle.hold(asked_s)
            delay_s = max(delay_s, asked_s)
        if delay_s > self._patience_s(deadline):
            raise type(fault)(fault.message, retry_after=timedelta(seconds=delay_s))
        _log.warning(
            "Azure AI Vision gave no caption; trying again",
            extra={"code": fault.code, "attempt": attempt + 1, "delay_s": round(delay_s, 3)},
        )
        self._sleep(delay_s)

    def _patience_s(self, deadline: float) -> float:
        """Seconds that may be waited for a request which must still be answered in time."""
        return deadline - self._clock() - _SHORTEST_RETRY_S


def _backoff_s(attempt: int) -> float:
    """Double the delay with each attempt; half is chance, to part who failed at once."""
    longest = min(_FIRST_DELAY_S * 2.0**attempt, _LONGEST_DELAY_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret


def _caption_from(description: "ImageDescription", language: str, elapsed_ms: float) -> Caption:
    """Put the service's answer into our words; what it did not tell stays unknown."""
    candidates = [
        Alternative(caption.text, _confidence(caption.confidence))
        for caption in description.captions
        if caption and caption.text
    ]
    if not candidates:
        raise VisionRejected(
            "Azure AI Vision finds nothing to describe in this picture; describe it by hand."
        )
    best, *others = candidates
    return Caption(
        source=AzureVisionCaptioner.source,
        text=best.text,
        confidence=best.confidence,
        language=language,
        # The request asks for the latest model, whether or not the answer tells its version.
        model=ModelName("computer-vision-3.2", description.model_version or "latest"),
        alternatives=tuple(others),
        tags=UNSET
        if description.tags is None
        else tuple(Tag(name, None) for name in description.tags if name),
        request_id=description.request_id or UNSET,
        elapsed_ms=round(elapsed_ms, 1),
        created=now(),
    )


def _confidence(told: float | None) -> float | None:
    """Give the confidence as told, or None if that is no number from 0 to 1."""
    return told if told is not None and 0 <= told <= 1 else None
