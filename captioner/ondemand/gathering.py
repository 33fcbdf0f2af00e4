"""Many images to their records: fetched side by side, captioned in batches, within bounds."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from traceback import format_tb
from typing import Any

from captioner.captioning import (
    AS_SET,
    IMAGE,
    Captioned,
    CaptioningService,
    Image,
    Options,
    failed,
    log_record,
)
from captioner.errors import CaptionerError, DownloadTooSlow
from captioner.ondemand.wanted import Wanted
from captioner.telemetry import UP_TO_DATE, ImageTrace, Origin, Stage, at_work, stage

MOST_INLINE = 32  # images of which an answer is waited for

_REQUESTS = 8  # at once, as host.json has it
_FETCHES = 8  # of one request at once, so that none waits for the hosts of another
_CAPTIONINGS = 8  # at once, of each request one
_BATCH = 8  # pictures that are decoded at once, and as many as the model takes at once
_LARGEST = 4  # images of the largest size that a request may hold at once
# The platform cuts an HTTP answer off after 230 s; what is begun until then has time to end.
_TIME_S = 120.0

_log = logging.getLogger(__name__)


class OnDemand:
    """Captions what is asked for, within one bound on threads; safe to share between threads."""

    def __init__(self, captioning: CaptioningService, *, max_bytes: int) -> None:
        self._captioning = captioning
        self._max_bytes = max_bytes
        # Apart, so that servers which keep us waiting hold up nobody who sends images.
        self._fetchers = ThreadPoolExecutor(_REQUESTS * _FETCHES, thread_name_prefix="fetch")
        self._captioners = ThreadPoolExecutor(_CAPTIONINGS, thread_name_prefix="caption")

    def caption(
        self,
        wanted: Sequence[Wanted],
        options: Options = AS_SET,
        *,
        made_since: datetime | None = None,
    ) -> list[Captioned]:
        """Give each image's record, in order; what is wrong with one is told in its own.

        Captions that are older than `made_since`, if that is given, are made again. Fetched images
        are held until they are captioned, and no more of them than four of the largest size. After
        two minutes no other image is begun.
        """

        def caption(images: Sequence[Image]) -> list[Captioned]:
            return self._captioning.caption(images, options, made_since=made_since)

        run = _Run(wanted, self._fetchers, self._captioners, caption, max_bytes=self._max_bytes)
        captioned = run.results()
        for each in captioned:
            log_record(each.record)
        return captioned


class _Run:
    """One request at work. Only the thread that asks for its results changes its state."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        fetchers: ThreadPoolExecutor,
        captioners: ThreadPoolExecutor,
        caption: Callable[[Sequence[Image]], list[Captioned]],
        *,
        max_bytes: int,
    ) -> None:
        self._wanted = wanted
        self._fetchers = fetchers
        self._captioners = captioners
        self._caption = caption
        self._max_bytes = max_bytes
        self._end = time.monotonic() + _TIME_S
        # Images are named by their places in the request.
        self._waiting = deque(range(len(wanted)))
        self._held: dict[int, int] = {}  # bytes, or how many they may become
        self._fetching: dict[Future[Image | Captioned], int] = {}
        self._fetched: dict[int, Image] = {}
        self._captioning: dict[Future[list[Captioned]], list[int]] = {}
        self._done: dict[int, Captioned] = {}
        self._traces: dict[int, ImageTrace] = {}

    def results(self) -> list[Captioned]:
        while len(self._done) < len(self._wanted):
            self._begin_fetching()
            self._begin_captioning()
            at_work: list[Future[Any]] = [*self._fetching, *self._captioning]
            wait(at_work, return_when=FIRST_COMPLETED)
            self._end_fetching()
            self._end_captioning()
        return [self._done[place] for place in range(len(self._wanted))]

    def _begin_fetching(self) -> None:
        while self._waiting and len(self._fetching) < _FETCHES:
            place = self._waiting[0]
            wanted = self._wanted[place]
            most = self._max_bytes if wanted.size is None else min(wanted.size, self._max_bytes)
            if sum(self._held.values()) + most > _LARGEST * self._max_bytes:
                return
            self._waiting.popleft()
            if time.monotonic() > self._end:
                fault = DownloadTooSlow("No time was left for this image; ask for it again.")
                self._done[place] = failed(wanted.facts, IMAGE, fault)
                continue
            self._held[place] = most
            trace = ImageTrace(wanted.facts.name, Origin.REQUEST)
            self._traces[place] = trace
            self._fetching[self._fetch(wanted, trace)] = place

    def _fetch(self, wanted: Wanted, trace: ImageTrace) -> Future[Image | Captioned]:
        if not wanted.is_here:
            return self._fetchers.submit(_fetch, wanted, trace)
        at_once: Future[Image | Captioned] = Future()
        at_once.set_result(_fetch(wanted, trace))
        return at_once

    def _end_fetching(self) -> None:
        for future in [each for each in self._fetching if each.done()]:
            place = self._fetching.pop(future)
            fetched = future.result()
            if isinstance(fetched, Image):
                self._fetched[place] = fetched
                self._held[place] = len(fetched.data)
            else:
                self._finish(place, fetched)

    def _begin_captioning(self) -> None:
        """Caption one full batch at a time, or what there is where no more comes without that."""
        is_crowded = bool(self._waiting) and len(self._fetching) < _FETCHES
        is_enough = len(self._fetched) >= _BATCH or not self._fetching or is_crowded
        if self._fetched and is_enough and not self._captioning:
            places = sorted(self._fetched)[:_BATCH]
            images = [self._fetched.pop(place) for place in places]
            wanted = [self._wanted[place] for place in places]
            captioning = self._captioners.submit(self._caption_and_settle, wanted, images)
            self._captioning[captioning] = places

    def _end_captioning(self) -> None:
        for future in [each for each in self._captioning if each.done()]:
            for place, captioned in zip(self._captioning.pop(future), future.result(), strict=True):
                self._finish(place, captioned)

    def _caption_and_settle(
        self, wanted: Sequence[Wanted], images: Sequence[Image]
    ) -> list[Captioned]:
        # A list of pictures would fill the memory until its last one is captioned.
        captioned = [replace(each, picture=None) for each in self._caption(images)]
        return [
            _settle(each, one, image.trace)
            for each, one, image in zip(wanted, captioned, images, strict=True)
        ]

    def _finish(self, place: int, captioned: Captioned) -> None:
        del self._held[place]
        self._done[place] = captioned
        trace = self._traces.pop(place)
        trace.outcome = UP_TO_DATE if trace.outcome == UP_TO_DATE else captioned.outcome
        trace.end()


def _settle(wanted: Wanted, captioned: Captioned, trace: ImageTrace | None) -> Captioned:
    with at_work([trace]):
        return wanted.settle(captioned)


def _fetch(wanted: Wanted, trace: ImageTrace) -> Image | Captioned:
    try:
        with at_work([trace]), stage(Stage.FETCH):
            fetched = wanted.fetch()
        if isinstance(fetched, Image):
            return replace(fetched, trace=trace)
        trace.outcome = UP_TO_DATE
        return fetched
    except CaptionerError as fault:
        return failed(wanted.facts, IMAGE, fault)
    except Exception as fault:  # noqa: BLE001 - whatever an image does, it costs itself only
        # Its own words are not logged: they may quote a URL with its signature.
        _log.error(
            "An image could not be had (%s)",
            type(fault).__name__,
            extra={"traceback": format_tb(fault.__traceback__)},
        )
        unforeseen = CaptionerError("The image could not be had; the log tells why.")
        return failed(wanted.facts, IMAGE, unforeseen)
