"""URLs from outside: read once and strictly, so that what is checked is what is connected to."""

import re
import socket
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Self
from urllib.parse import unquote, urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from captioner.errors import InvalidUrl, UrlNotAllowed
from captioner.sources.addresses import Address
from captioner.sources.redaction import path_without_credentials, without_credentials

LONGEST_URL = 8192  # characters; signed URLs have up to about 2,000

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# Programs differ in how they read control characters and backslashes, and blanks in a host's name.
_PLAIN = re.compile(
    r"[A-Za-z]+://(?P<authority>[^/?#\s\\\x00-\x1f\x7f-\x9f]+)[^\\\x00-\x1f\x7f-\x9f]*"
)
_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})*")
# A host whose last part is a number is one to every program that connects.
_NUMERIC = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True, repr=False)
class Url:
    """An http or https URL without user information.

    `host` is in lower-case ASCII, without brackets or a last dot; an address is in its usual form,
    however it was written. `path` and `query` are percent-encoded. Its text and `repr` hold no
    credentials.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None = None
    address: Address | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL; raises `InvalidUrl`, or `UrlNotAllowed` for schemes other than http(s)."""
        if len(text) > LONGEST_URL:
            raise InvalidUrl(f"The URL has more than {LONGEST_URL:,} characters; shorten it.")
        scheme = _SCHEME.match(text)
        if scheme is None:
            raise InvalidUrl("The URL does not begin with https://; give it in full.")
        if scheme[1].lower() not in _DEFAULT_PORTS:
            raise UrlNotAllowed("The URL does not begin with https://; images come from the web.")
        plain = _PLAIN.fullmatch(text)
        if plain is None:
            raise InvalidUrl("The URL has no host, or characters that no URL has; check it.")
        if "@" in plain["authority"]:
            raise InvalidUrl("The URL holds a user name or password; leave it out.")
        try:
            parts = parse_url(text)
        except LocationParseError:
            raise InvalidUrl("The URL cannot be read; check its host and port.") from None
        host, address = _host(parts.host or "")
        scheme_name = scheme[1].lower()
        return cls(
            scheme=scheme_name,
            host=host,
            port=_DEFAULT_PORTS[scheme_name] if parts.port is None else parts.port,
            path=parts.path or "/",
            query=parts.query,
            address=address,
        )

    def joined(self, location: str) -> Self:
        """Give the URL that a redirect from this one leads to; raises as `parse` does."""
        try:
            return self.parse(urljoin(f"{self.origin}{self.target}", location))
        except ValueError:
            raise InvalidUrl(f"'{self.host}' redirects to what is no URL; give another.") from None

    @property
    def netloc(self) -> str:
        """The host as HTTP names it: with brackets, and a port that is not the scheme's own."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def target(self) -> str:
        """What an HTTP request asks the host for; it may hold credentials."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def public(self) -> str:
        """The URL without credentials, as records tell it."""
        query = without_credentials(self.query or "")
        path = path_without_credentials(self.path)
        return f"{self.origin}{path}{'?' if query else ''}{query}"

    @property
    def name(self) -> str:
        """The last part of the path as people read it; the host where there is none."""
        path = path_without_credentials(self.path)
        return unquote(path.rstrip("/").rpartition("/")[2]) or self.host

    def __str__(self) -> str:
        return self.public

    def __repr__(self) -> str:
        return f"Url({self.public!r})"


def _host(text: str) -> tuple[str, Address | None]:
    """Give a host in its usual form, and the address that it is, if it is one."""
    address: Address
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except AddressValueError:
            raise InvalidUrl("The URL's host is no IPv6 address; name the host.") from None
        return str(address), address
    text = text.lower().removesuffix(".")
    if not _NAME.fullmatch(text):
        raise InvalidUrl("The URL has no host, or one that cannot be; check its spelling.")
    if _NUMERIC.fullmatch(text):
        try:
            # Reads one number, or octal and hexadecimal ones, as browsers and resolvers do.
            address = IPv4Address(socket.inet_aton(text))
        except OSError:
            raise InvalidUrl("The URL's host ends in a number and is no address.") from None
        return str(address), address
    return text, None
