"""From a URL to the addresses that may be connected to: looked up once, all of them checked."""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address
from threading import Thread

from captioner.errors import DownloadTooSlow, HostNotFound, UrlError
from captioner.sources.addresses import Address
from captioner.sources.policy import Policy
from captioner.sources.urls import Url

CONNECT_S = 5.0  # for connecting to each of a host's addresses

type Resolve = Callable[[str], Sequence[Address]]
"""From a host's name to its addresses; raises `OSError` where there are none."""

_log = logging.getLogger(__name__)


class Deadline:
    """The end of the time that one image may take, in seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Give the seconds that are left; raises `DownloadTooSlow` where none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DownloadTooSlow(
                f"The image was not there within {self._seconds:g} s; try again later, or send it."
            )
        return left


def resolve(host: str) -> list[Address]:
    """Ask the system for the addresses of a host, in the order in which to try them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


class Guard:
    """Lets a URL through to the addresses that it may be fetched from, or raises why not."""

    def __init__(self, policy: Policy, resolve: Resolve = resolve) -> None:
        self.policy = policy
        self._resolve = resolve

    def admit(self, url: Url, deadline: Deadline) -> Sequence[Address]:
        """Give the addresses to connect to, checked.

        The caller connects to these and looks nothing up again: the answer could be another one.
        Raises `UrlError`, `HostNotFound` or `DownloadTooSlow`.
        """
        try:
            self.policy.check_url(url)
            addresses = self._addresses(url, deadline)
            self.policy.check_addresses(url, addresses)
        except UrlError as fault:
            _log.warning("No image is fetched from %s (%s)", url.host, fault.code)
            raise
        return addresses

    def _addresses(self, url: Url, deadline: Deadline) -> Sequence[Address]:
        if url.address is not None:
            return [url.address]
        answer: Future[Sequence[Address]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._resolve(url.host))
            except Exception as fault:  # noqa: BLE001 - whoever waits gets it
                answer.set_exception(fault)

        # A lookup cannot be told how long it may take.
        Thread(target=ask, name="resolve", daemon=True).start()
        try:
            found = answer.result(deadline.left())
        except OSError:  # a TimeoutError is one too
            deadline.left()
            found = []
        if not found:
            raise HostNotFound(f"There is no host '{url.host}', or none that is known now.")
        return found
