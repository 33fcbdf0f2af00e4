"""Time that passes only when somebody sleeps."""

import threading


class FakeClock:
    """Stands in for `time.monotonic` (by calling it) and `time.sleep`; remembers every sleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = 1000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            self.slept.append(seconds)
