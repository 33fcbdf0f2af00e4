"""Azure's SDK on connections that are pinned, against servers that stand in for storage."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
import trustme
from azure.core.pipeline.transport import RequestsTransport

from captioner.errors import (
    BlockedAddress,
    DownloadFailed,
    DownloadTooSlow,
    HostDenied,
    HostNotFound,
    NotAStorageHost,
    SasRefused,
    TlsFailed,
    UrlError,
)
from captioner.sources.directories import RETRIES, Directory, Place
from captioner.sources.guard import Deadline, Guard
from captioner.sources.pinning import pinned_transport
from captioner.sources.policy import Hosts, Policy
from captioner.sources.urls import Url
from tests.support.web import Site, Web, answer, redirect

HOST = "account.blob.core.windows.net"
STAND_IN = "storage.example"
SAS = "sv=2025-01-05&sr=c&sp=rl&sig=s3cret"
EMPTY = answer(
    b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs /></EnumerationResults>',
    content_type="application/xml",
)

type Open = Callable[..., Directory]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries nobody waits."""
    monkeypatch.setattr(RequestsTransport, "sleep", lambda *_: None)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def opened(web: Web, trusted: str) -> Iterator[Open]:
    """Open a directory at a host; `policy` has what differs from the settings' defaults."""
    transports = []

    def make(uri: str, *, timeout_s: float = 20.0, **policy: object) -> Directory:
        guard = Guard(Policy(**policy), web.resolve)
        transports.append(pinned_transport(guard, read_timeout_s=timeout_s, trust=trusted))
        place = Place.of(uri, guard.policy)
        return Directory(place, transports[-1], max_bytes=2**20, timeout_s=timeout_s)

    yield make
    for transport in transports:
        transport.session.close()


def stand_in(site: Site) -> tuple[str, dict[str, object]]:
    """Give the URL of a site that stands in for storage, and the policy that lets it.

    It takes the place of the emulator, the one storage that may be on this machine.
    """
    endpoint = f"https://{STAND_IN}:{site.port}/account"
    return f"{endpoint}/pictures?{SAS}", {"emulator": Url.parse(endpoint)}


def test_the_connection_is_to_the_address_and_all_else_about_the_name(
    web: Web, opened: Open, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    web.name(STAND_IN, ["127.0.0.1"])
    with Site({"*": EMPTY}, certificate=authority.issue_cert(STAND_IN)) as site:
        uri, policy = stand_in(site)
        assert opened(uri, **policy).page().images == ()

    assert site.names_asked_for == [STAND_IN]
    assert f"\r\nHost: {STAND_IN}:{site.port}\r\n" in site.asked[0]
    assert "\r\nAccept-Encoding: identity\r\n" in site.asked[0]
    assert "s3cret" in site.asked[0].splitlines()[0]


def test_connections_are_kept_and_cookies_are_not(
    web: Web, opened: Open, authority: trustme.CA
) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    with Site(
        {"*": EMPTY.replace(b"\r\n\r\n", b"\r\nSet-Cookie: id=1\r\n\r\n", 1)},
        certificate=authority.issue_cert(STAND_IN),
    ) as site:
        uri, policy = stand_in(site)
        directory = opened(uri, **policy)
        directory.page()
        directory.page()

    assert not [head for head in site.asked if "Cookie" in head]


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1", "other.blob.core.windows.net"])
def test_a_certificate_for_another_name_is_refused(
    web: Web, opened: Open, authority: trustme.CA, name: str
) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    with Site({"*": EMPTY}, certificate=authority.issue_cert(name)) as site:
        uri, policy = stand_in(site)
        directory = opened(uri, **policy)
        with pytest.raises(TlsFailed):
            directory.page()

    assert not site.asked


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.4"],
        ["fd12:3456::1"],
        ["169.254.169.254"],
        ["168.63.129.16"],
        ["::ffff:127.0.0.1"],
        ["20.60.0.1", "10.0.0.4"],
    ],
)
def test_an_account_that_is_not_on_the_public_internet_is_not_reached(
    web: Web, opened: Open, addresses: list[str]
) -> None:
    web.name(HOST, addresses)
    directory = opened(f"https://{HOST}/pictures?{SAS}")
    for use in (directory.page, lambda: directory.fetch("a.jpg")):
        with pytest.raises(BlockedAddress):
            use()


def test_behind_a_private_endpoint_it_may_be_on_a_virtual_network_and_nowhere_else(
    web: Web,
) -> None:
    private = Hosts.of(["*.blob.core.windows.net", "images.example"])
    guard = Guard(Policy(private=private), web.resolve)
    url = Url.parse(f"https://{HOST}/")
    for address in ("10.0.0.4", "172.16.3.4", "192.168.3.4", "100.64.3.4", "fd12:3456::1"):
        web.name(HOST, [address])
        assert [str(each) for each in guard.admit(url, Deadline(20))] == [address]
    for address in ("127.0.0.1", "169.254.169.254", "100.100.100.200", "::1", "fd00:ec2::254"):
        web.name(HOST, [address])
        with pytest.raises(BlockedAddress):
            guard.admit(url, Deadline(20))
    web.name("images.example", ["10.0.0.4"])  # on the list, but not storage
    with pytest.raises(BlockedAddress):
        guard.admit(Url.parse("https://images.example/"), Deadline(20))


def test_answers_that_change_are_checked_each_time(
    web: Web, opened: Open, authority: trustme.CA
) -> None:
    web.name(HOST, ["10.0.0.4"], ["127.0.0.1"])
    with Site({"*": EMPTY}, certificate=authority.issue_cert(STAND_IN)) as inside:
        directory = opened(f"https://{HOST}/pictures?{SAS}")
        for _ in range(2):
            with pytest.raises(BlockedAddress):
                directory.page()

    assert inside.connections == 0


@pytest.mark.parametrize("status", ["301 M", "302 F", "307 T", "308 P"])
def test_no_redirect_is_followed(
    web: Web, opened: Open, authority: trustme.CA, status: str
) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    certificate = authority.issue_cert(STAND_IN)
    with Site({"*": EMPTY}) as inside:
        location = f"http://127.0.0.1:{inside.port}/account/pictures"
        with Site({"*": redirect(location, status)}, certificate=certificate) as site:
            uri, policy = stand_in(site)
            directory = opened(uri, **policy)
            for use in (directory.page, lambda: directory.fetch("a.jpg")):
                with pytest.raises(SasRefused, match=status[:3]):
                    use()

    assert inside.connections == 0


def test_the_transport_itself_asks_no_other_host(web: Web, trusted: str) -> None:
    """Whatever the SDK may make of an answer, this is the last gate."""
    with Site({"*": EMPTY}) as inside:
        transport = pinned_transport(Guard(Policy(), web.resolve), read_timeout_s=5, trust=trusted)
        web.name("images.example", ["93.184.215.14"])
        for url in (
            f"http://127.0.0.1:{inside.port}/",
            "https://images.example/",
            f"https://{HOST}:444/",
            f"http://{HOST}/",
        ):
            with transport.session as session, pytest.raises(UrlError):
                session.get(url)

    assert inside.connections == 0


def test_the_lists_in_the_settings_hold_here_too(web: Web, opened: Open) -> None:
    with pytest.raises(HostDenied):
        opened(f"https://{HOST}/pictures?{SAS}", denied=Hosts.of([HOST]))
    with pytest.raises(HostDenied):
        opened(f"https://{HOST}/pictures?{SAS}", allowed=Hosts.of(["other.example"]))
    web.name(HOST, ["20.60.0.1"])
    with pytest.raises(HostDenied):
        opened(f"https://{HOST}/pictures?{SAS}", denied=Hosts.of(["20.60.0.0/16"])).page()


def test_an_account_without_a_name_in_the_network_is_told(web: Web, opened: Open) -> None:
    with pytest.raises(HostNotFound, match=HOST):
        opened(f"https://{HOST}/pictures?{SAS}").page()


def test_a_busy_account_is_asked_again_and_then_told(
    web: Web, opened: Open, authority: trustme.CA
) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    busy = answer(status="503 Server Busy")
    with Site({"*": busy}, certificate=authority.issue_cert(STAND_IN)) as site:
        uri, policy = stand_in(site)
        with pytest.raises(DownloadFailed, match="busy"):
            opened(uri, **policy).page()

    assert len(site.asked) == 1 + RETRIES


def test_an_image_that_breaks_off_is_told(web: Web, opened: Open, authority: trustme.CA) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    broken = answer(
        b"pix",
        status="206 Partial Content",
        content_length="6",
        content_range="bytes 0-5/6",
        etag='"0x1"',
        x_ms_blob_type="BlockBlob",
    )
    with Site({"*": broken}, certificate=authority.issue_cert(STAND_IN)) as site:
        uri, policy = stand_in(site)
        with pytest.raises(DownloadFailed):
            opened(uri, **policy).fetch("a.jpg")


def test_an_account_that_does_not_answer_is_told(web: Web, opened: Open) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    with Site({}) as site:
        uri, policy = stand_in(site)
    with pytest.raises(DownloadFailed, match="does not answer"):
        opened(uri, **policy).page()


def test_an_account_that_keeps_silent_is_told(
    web: Web, opened: Open, authority: trustme.CA
) -> None:
    web.name(STAND_IN, ["127.0.0.1"])
    told = Event()
    certificate = authority.issue_cert(STAND_IN)
    with Site({"*": lambda _: told.wait(60)}, certificate=certificate) as site:
        uri, policy = stand_in(site)
        with pytest.raises(DownloadTooSlow, match="silent"):
            opened(uri, timeout_s=0.2, **policy).page()
        told.set()


def test_a_name_that_is_like_one_of_azures_is_none(opened: Open) -> None:
    with pytest.raises(NotAStorageHost):
        opened(f"https://{HOST}.images.example/pictures?{SAS}")
