"""One captioner at work: on threads of its own, and never waited for without an end."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from itertools import batched, zip_longest
from typing import Protocol

from captioner.captioning.options import AS_SET, Options
from captioner.errors import CaptionerBusy, CaptionerError, CaptionerTimeout
from captioner.images import Picture
from captioner.records import Caption
from captioner.telemetry import ImageTrace, at_work

_log = logging.getLogger(__name__)

_ASK_AGAIN = timedelta(seconds=5)  # a lane that is behind by a minute catches up on a few seconds


class Captioner(Protocol):
    """Anything that turns pictures into captions."""

    @property
    def source(self) -> str:
        """The name that its captions carry."""

    def caption(
        self,
        pictures: Sequence[Picture],
        *,
        language: str | None = None,
        alternatives: int | None = None,
    ) -> list[Caption]:
        """Give one caption per picture, in order; raises `CaptionerError`.

        `language` is the one to write, in which case no other is written, and `alternatives` how
        many further captions are wanted; None leaves it to the captioner.
        """


type Result = Caption | CaptionerError
type Pending = list[tuple[int, Future[list[Caption]]]]


class Lane[C: Captioner]:
    """Runs one captioner beside others, `batch_size` pictures at a time on `threads` threads.

    `open` gives the captioner and may raise `CaptionerError`, which costs its captions only; it is
    asked for each batch, so that a fault which passes is over without a restart. `timeout_s` bounds
    the wait for one batch, counted from the end of the batch before it: one that had no turn by
    then is given up as `CaptionerBusy`, one that was begun as `CaptionerTimeout`.
    """

    def __init__(
        self,
        source: str,
        open: Callable[[], C],  # noqa: A002 - opening is what it does
        *,
        batch_size: int,
        threads: int,
        timeout_s: float,
    ) -> None:
        self.source = source
        self.open = open
        self._batch_size = batch_size
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=source)

    def start(
        self,
        pictures: Sequence[Picture],
        options: Options = AS_SET,
        traces: Sequence[ImageTrace | None] = (),
    ) -> Pending:
        """Begin with the pictures and return at once; `traces` are those of their images."""
        size = self._batch_size
        return [
            (len(batch), self._pool.submit(self._caption, batch, options, followed))
            for batch, followed in zip_longest(
                batched(pictures, size, strict=False),
                batched(traces, size, strict=False),
                fillvalue=(),
            )
        ]

    def finish(self, pending: Pending) -> list[Result]:
        """Wait for what was started: for each picture, in order, its caption or what went wrong."""
        return [result for size, batch in pending for result in self._result_of(size, batch)]

    def _caption(
        self,
        pictures: Sequence[Picture],
        options: Options,
        traces: Sequence[ImageTrace | None],
    ) -> list[Caption]:
        with at_work(traces):
            return self.open().caption(
                pictures, language=options.language, alternatives=options.alternatives
            )

    def _result_of(self, size: int, batch: Future[list[Caption]]) -> Sequence[Result]:
        try:
            return batch.result(self._timeout_s)
        except CaptionerError as fault:
            return [fault] * size
        except TimeoutError:
            # A thread cannot be stopped, but a batch that is still in line need not start.
            return [self._fault_of_waiting(was_in_line=batch.cancel())] * size
        except Exception:  # noqa: BLE001 - whatever a captioner does, it costs its own captions only
            _log.exception("Captioner failed", extra={"captioner": self.source})
            return [CaptionerError("The captioner failed unexpectedly; the log tells why.")] * size

    def _fault_of_waiting(self, *, was_in_line: bool) -> CaptionerError:
        waited = f"{self._timeout_s:.0f} s"
        if was_in_line:
            return CaptionerBusy(
                f"Too many images wait for the captioner: this one had no turn within {waited}; "
                "ask again later.",
                retry_after=_ASK_AGAIN,
            )
        return CaptionerTimeout(
            f"The captioner gave no caption within {waited}.", retry_after=_ASK_AGAIN
        )
