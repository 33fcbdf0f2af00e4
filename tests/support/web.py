"""A web of the test's own: names, public addresses, and sites that listen on this machine.

Nothing outside is reached: a public address leads to the site that is told to be there. Any other
address is connected to for real, so that what should not be reached would be.
"""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Self

import trustme

from captioner.sources.addresses import Address

type Answer = bytes | Callable[[socket.socket], None]


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Give an HTTP answer; `content_type="…"` is the header Content-Type."""
    lines = [f"HTTP/1.1 {status}"]
    headers = {"content_length": str(len(body)), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(status=status, location=location)


class Site:
    """A server on a free port of 127.0.0.1, with TLS where it has a certificate.

    It answers by the target that is asked for, else by `"*"`; an answer that is called gets the
    connection and may do with it what it wants. `connections` counts all that were made, `asked`
    holds the heads of all requests.
    """

    def __init__(
        self, answers: Mapping[str, Answer], *, certificate: trustme.LeafCert | None = None
    ) -> None:
        self.connections = 0
        self.asked: list[str] = []
        self.names_asked_for: list[str | None] = []
        self._answers = answers
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self._tls)
            self._tls.sni_callback = lambda _, name, __: self.names_asked_for.append(name)
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the client may go at any time
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                head = _head(connection)
                if head.startswith("GET "):
                    self.asked.append(head)
                    self._answer(head.split(" ")[1], connection)
                elif head:
                    connection.sendall(answer(status="400 Bad Request"))

    def _answer(self, target: str, connection: socket.socket) -> None:
        found = self._answers.get(target) or self._answers["*"]
        if callable(found):
            found(connection)
        else:
            connection.sendall(found)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Web:
    """Who has which name and which address.

    A name's answers are given one after the other, the last one for ever.
    """

    def __init__(self) -> None:
        self.lookups: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self._names: dict[str, list[Sequence[Address]]] = {}
        self._ports: dict[str, int] = {}

    def name(self, host: str, *answers: Sequence[str]) -> None:
        self._names[host] = [[ip_address(each) for each in answer] for answer in answers]

    def place(self, site: Site | int, address: str, *hosts: str) -> None:
        """Put a site, or what listens on a port here, at an address and give it names.

        It answers there on every port; one that has ended refuses connections.
        """
        self._ports[address] = site if isinstance(site, int) else site.port
        for host in hosts:
            self.name(host, [address])

    def resolve(self, host: str) -> Sequence[Address]:
        self.lookups.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self._names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: tuple[str, int], timeout_s: float) -> socket.socket:
        self.connected.append(address)
        port = self._ports.get(address[0])
        return socket.create_connection(address if port is None else ("127.0.0.1", port), timeout_s)


def _head(connection: socket.socket) -> str:
    """Read the head of a request, or the beginning of what is none."""
    head = b""
    while b"\r\n\r\n" not in head and (part := connection.recv(4096)):
        head += part
        if not head.startswith(b"GET "):
            break
    return head.decode("latin-1")


class _Server(ThreadingTCPServer):
    request_queue_size = 64

    def __init__(self, site: Site) -> None:
        self._site = site
        super().__init__(("127.0.0.1", 0), BaseRequestHandler)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        self._site.connections += 1
        return super().get_request()

    def finish_request(self, request: socket.socket, _: object) -> None:
        self._site.serve(request)
