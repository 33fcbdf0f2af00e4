"""One image by its URL, from a server that may want to harm us.

The client is the standard library's: it sends what it is told to and nothing else. It follows no
redirects, keeps no cookies, knows no proxies, reads no environment and decompresses nothing.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Timer

import certifi
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from captioner import __version__
from captioner.errors import (
    DownloadError,
    DownloadFailed,
    DownloadRefused,
    DownloadTooLarge,
    NothingThere,
    TlsFailed,
    TooManyRedirects,
)
from captioner.records import ImageFacts
from captioner.sources.addresses import Address
from captioner.sources.guard import CONNECT_S, Deadline, Guard
from captioner.sources.urls import Url

MOST_REDIRECTS = 3
PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})

type Connect = Callable[[tuple[str, int], float], socket.socket]
"""From an address with its port, and a time limit in seconds, to a connection."""

_PART = 64 * 1024
_HEADERS = {
    "User-Agent": f"captioner/{__version__}",
    "Accept": "image/*, */*;q=0.1",
    "Accept-Encoding": "identity",  # a few bytes could unfold to gigabytes
    "Connection": "close",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Download:
    """An image's bytes and what is known of it from outside.

    `alt_text` is what the metadata of a blob gives as such.
    """

    facts: ImageFacts
    data: bytes
    alt_text: str | None = None


class Downloader:
    """Fetches images by URL; safe to share between threads.

    `tls` is by default the context that trusts the public authorities.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        max_bytes: int,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
        connect: Connect = socket.create_connection,
    ) -> None:
        self._guard = guard
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._tls = tls
        self._connect = connect

    def fetch(self, url: str) -> Download:
        """Fetch one image, with all redirects within the time limit; never more than its bytes.

        The facts have the name in the URL that was asked for, and the URL that was answered, both
        without credentials. What the server says of the content's type is not looked at. Raises
        `UrlError` or `DownloadError`.
        """
        deadline = Deadline(self._timeout_s)
        asked = at = Url.parse(url)
        for _ in range(1 + MOST_REDIRECTS):
            with self._answer(at, deadline) as answer:
                location = _location(answer)
                if location is None:
                    data = self._body(answer, at, deadline)
                    return Download(ImageFacts(name=asked.name, url=at.public), data)
            at = at.joined(location)
        raise TooManyRedirects(
            f"'{asked.host}' redirects more than {MOST_REDIRECTS} times; give the last URL."
        )

    @contextmanager
    def _answer(self, url: Url, deadline: Deadline) -> Iterator[HTTPResponse]:
        addresses = self._guard.admit(url, deadline)
        with (
            _faults_told(url, deadline),
            closing(self._open(url, addresses, deadline)) as connected,
            _cut_off(connected, deadline),
            closing(_Connected(url, connected)) as http,
        ):
            http.request("GET", url.target, headers={"Host": url.netloc, **_HEADERS})
            with http.getresponse() as answer:
                yield answer

    def _open(self, url: Url, addresses: Sequence[Address], deadline: Deadline) -> socket.socket:
        """Connect to the first of the addresses that answers; TLS is for the host's name."""
        connected = None
        for address in addresses:
            patience_s = min(CONNECT_S, deadline.left())
            with suppress(OSError):
                connected = self._connect((str(address), url.port), patience_s)
                break
        if connected is None:
            deadline.left()
            raise DownloadFailed(f"'{url.host}' does not answer; try again later.")
        with _closed_by_faults(connected):
            connected.settimeout(deadline.left())
            if url.scheme == "http":
                return connected
            return (self._tls or _public_tls()).wrap_socket(connected, server_hostname=url.host)

    def _body(self, answer: HTTPResponse, url: Url, deadline: Deadline) -> bytes:
        _require_success(answer, url)
        data = bytearray()
        if (answer.length or 0) <= self._max_bytes:
            while part := answer.read1(_PART):
                data += part
                if len(data) > self._max_bytes:
                    break
            else:
                deadline.left()
                if answer.length:
                    raise DownloadFailed(f"'{url.host}' broke off; try again later.")
                return bytes(data)
        raise DownloadTooLarge(
            f"'{url.host}' sends more than the {self._max_bytes:,} bytes that are taken; "
            "give a smaller copy."
        )


class _Connected(HTTPConnection):
    """HTTP over a connection that is there already; it never makes another by itself."""

    auto_open = 0

    def __init__(self, url: Url, connected: socket.socket) -> None:
        super().__init__(url.host, url.port)
        self.sock = connected


@cache
def _public_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _location(answer: HTTPResponse) -> str | None:
    """Give where an answer redirects to, None where it does not."""
    location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
    if location is None:
        return None
    # Servers write UTF-8, which HTTP's library reads as Latin-1.
    return location.encode("latin-1", "replace").decode("utf-8", "replace").strip()


def _require_success(answer: HTTPResponse, url: Url) -> None:
    """Raise a `DownloadError` unless the body is the image as it is."""
    if answer.status in {404, 410}:
        raise NothingThere(f"'{url.host}' has nothing at this URL ({answer.status}); check it.")
    if answer.status in PASSING_STATUS:
        raise DownloadFailed(
            f"'{url.host}' is not working at the moment ({answer.status}); try again later.",
            retry_after=_retry_after(answer),
        )
    if answer.status != 200:
        raise DownloadRefused(
            f"'{url.host}' does not give this image to us ({answer.status}); send the image itself."
        )
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise DownloadRefused(
            f"'{url.host}' sends the image compressed, which was not asked for; "
            "send the image itself."
        )


def _retry_after(answer: HTTPResponse) -> timedelta | None:
    told = answer.headers.get("Retry-After")
    if told is None:
        return None
    try:
        return timedelta(seconds=Retry().parse_retry_after(told))
    except (InvalidHeader, ValueError, OverflowError):
        return None


@contextmanager
def _faults_told(url: Url, deadline: Deadline) -> Iterator[None]:
    """Turn what the network and the client raise into a `DownloadError`.

    Not chained: what they say may hold the URL with its credentials.
    """
    try:
        yield
    except (OSError, HTTPException) as fault:
        deadline.left()
        raise _told(fault, url) from None


def _told(fault: Exception, url: Url) -> DownloadError:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return TlsFailed(
            f"The certificate of '{url.host}' cannot be trusted "
            f"({fault.verify_message.rstrip('.')}); send the image itself."
        )
    if isinstance(fault, ssl.SSLError):
        return TlsFailed(f"No safe connection to '{url.host}' comes about; send the image itself.")
    return DownloadFailed(f"'{url.host}' broke off; try again later.")


@contextmanager
def _closed_by_faults(connected: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connected.close()
        raise


@contextmanager
def _cut_off(connected: socket.socket, deadline: Deadline) -> Iterator[None]:
    """End a connection with the deadline, however slowly a server may keep it going.

    A limit on each read would start anew with every byte.
    """

    def end() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    # A handle of its own, as the connection's may be closed, and its number be another's, by then.
    with closing(socket.fromfd(connected.fileno(), connected.family, connected.type)) as handle:
        timer = Timer(deadline.left(), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
