"""Hosts are looked up once, in time, and who is refused is logged."""

import logging
import socket
from ipaddress import ip_address
from threading import Event

import pytest

from captioner.errors import BlockedAddress, DownloadTooSlow, HostNotFound, UrlNotAllowed
from captioner.sources.guard import Deadline, Guard, resolve
from captioner.sources.policy import Policy
from captioner.sources.urls import Url
from tests.support.web import Web

URL = Url.parse("https://images.example/a.jpg?sig=s3cret")


def test_the_addresses_come_in_the_resolvers_order(web: Web) -> None:
    web.name("images.example", ["2606:4700::1111", "1.1.1.1", "8.8.8.8"])
    found = Guard(Policy(), web.resolve).admit(URL, Deadline(20))

    assert [str(each) for each in found] == ["2606:4700::1111", "1.1.1.1", "8.8.8.8"]
    assert web.lookups == ["images.example"]


def test_what_the_rules_refuse_is_not_looked_up(web: Web) -> None:
    with pytest.raises(UrlNotAllowed):
        Guard(Policy(), web.resolve).admit(Url.parse("http://images.example/"), Deadline(20))

    assert web.lookups == []


@pytest.mark.parametrize("answer", [[], socket.gaierror(socket.EAI_NONAME, "unknown")])
def test_a_host_without_addresses_is_told(answer: list[str] | OSError) -> None:
    def ask(_: str) -> list[object]:
        if isinstance(answer, OSError):
            raise answer
        return []

    with pytest.raises(HostNotFound, match=r"images\.example"):
        Guard(Policy(), ask).admit(URL, Deadline(20))


def test_a_lookup_that_does_not_end_is_left() -> None:
    ended = Event()
    with pytest.raises(DownloadTooSlow):
        Guard(Policy(), lambda _: ended.wait(60) and []).admit(URL, Deadline(0.05))
    ended.set()


def test_who_is_refused_is_logged_without_the_query(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    web.name("images.example", ["10.0.0.1"])
    with caplog.at_level(logging.WARNING), pytest.raises(BlockedAddress):
        Guard(Policy(), web.resolve).admit(URL, Deadline(20))

    (line,) = caplog.messages
    assert line == "No image is fetched from images.example (blocked_address)"


def test_the_systems_resolver_is_asked() -> None:
    assert ip_address("127.0.0.1") in resolve("localhost")
    assert resolve("93.184.215.14") == [ip_address("93.184.215.14")]


def test_this_machine_is_refused_with_the_systems_resolver() -> None:
    with pytest.raises(BlockedAddress):
        Guard(Policy()).admit(Url.parse("https://localhost/"), Deadline(20))
