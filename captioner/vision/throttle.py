"""How often this process may call Azure AI Vision, whoever calls."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from math import ceil

from captioner.errors import VisionThrottled

_WINDOW_S = 60.0


class Throttle:
    """Lets no more than `requests_per_minute` requests begin within any 60 seconds.

    The moments of the latest requests are kept, rather than a bucket of tokens: a full bucket
    that refills while it is emptied lets nearly twice its size through in one minute, and the
    service's free tier counts. Waiting callers are served in the order they came. Thread-safe.
    """

    def __init__(
        self,
        requests_per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._turns: deque[float] = deque(maxlen=requests_per_minute)
        self._held_until = float("-inf")
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def acquire(self, patience_s: float) -> None:
        """Return when the caller may send one request.

        Raises `VisionThrottled` at once, with `retry_after`, if that takes more than `patience_s`
        seconds; the request then counts as not sent.
        """
        with self._lock:
            now = self._clock()
            turn = max(now, self._held_until)
            if len(self._turns) == self._turns.maxlen:
                turn = max(turn, self._turns[0] + _WINDOW_S)
            wait_s = turn - now
            if wait_s > max(patience_s, 0):
                raise VisionThrottled(
                    f"Azure AI Vision may be asked again in {ceil(wait_s)} s; the requests that "
                    "VISION_REQUESTS_PER_MINUTE or the service itself allows are used up.",
                    retry_after=timedelta(seconds=wait_s),
                )
            self._turns.append(turn)
        if wait_s:
            self._sleep(wait_s)

    def hold(self, seconds: float) -> None:
        """Let no further request begin for some seconds, because the service asked for it."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)
