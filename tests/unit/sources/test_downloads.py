"""Images by URL, from servers of every kind, over real connections."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import trustme

from captioner.errors import (
    BlockedAddress,
    DownloadFailed,
    DownloadRefused,
    DownloadTooLarge,
    DownloadTooSlow,
    HostNotFound,
    InvalidUrl,
    NothingThere,
    TlsFailed,
    TooManyRedirects,
    UrlNotAllowed,
)
from captioner.sources.downloads import MOST_REDIRECTS, Downloader
from captioner.sources.guard import Guard
from captioner.sources.policy import Policy
from tests.support.web import Site, Web, answer, redirect

HOST = "images.example"
ADDRESS = "93.184.215.14"
HTTP = frozenset({"http", "https"})

type Make = Callable[..., Downloader]


def fetch_over_http(
    web: Web, downloader: Make, *answers: bytes | Callable[[socket.socket], None], **options: object
) -> bytes:
    """Fetch what a site answers first, by plain http."""
    with Site({"*": answers[0]}) as site:
        web.place(site, ADDRESS, HOST)
        fetched = downloader(schemes=HTTP, **options).fetch(f"http://{HOST}/photo.jpg")
    return fetched.data


def test_an_image_comes_with_its_name_and_a_url_without_credentials(
    web: Web, downloader: Make, authority: trustme.CA
) -> None:
    with Site({"*": answer(b"pixels")}, certificate=authority.issue_cert(HOST)) as site:
        web.place(site, ADDRESS, HOST)
        fetched = downloader().fetch(f"https://{HOST}/attic/my%20photo.jpg?size=l&sig=s3cret#top")

    assert fetched.data == b"pixels"
    assert fetched.facts.name == "my photo.jpg"
    assert fetched.facts.url == f"https://{HOST}/attic/my%20photo.jpg?size=l"
    assert site.asked[0].startswith("GET /attic/my%20photo.jpg?size=l&sig=s3cret HTTP/1.1\r\n")


def test_the_connection_is_to_the_address_and_all_else_about_the_name(
    web: Web, downloader: Make, authority: trustme.CA
) -> None:
    with Site({"*": answer(b"pixels")}, certificate=authority.issue_cert(HOST)) as site:
        web.place(site, ADDRESS, HOST)
        downloader().fetch(f"https://{HOST}/a.jpg")

    assert web.lookups == [HOST]
    assert web.connected == [(ADDRESS, 443)]
    assert site.names_asked_for == [HOST]
    assert f"\r\nHost: {HOST}\r\n" in site.asked[0]


def test_nothing_is_sent_but_what_a_stranger_would_send(
    web: Web, downloader: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")
    first = answer(status="302 Found", location="/b.jpg", set_cookie="id=1")
    with Site({"/a.jpg": first, "*": answer(b"pixels")}) as site:
        web.place(site, ADDRESS, HOST)
        downloader(schemes=HTTP).fetch(f"http://{HOST}/a.jpg")

    for asked in site.asked:
        names = {line.partition(":")[0] for line in asked.splitlines()[1:] if line}
        assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
        assert "\r\nAccept-Encoding: identity\r\n" in asked
    assert [asked.split(" ")[1] for asked in site.asked] == ["/a.jpg", "/b.jpg"]


def test_an_address_may_stand_for_a_host(web: Web, downloader: Make, authority: trustme.CA) -> None:
    with Site({"*": answer(b"pixels")}, certificate=authority.issue_cert(ADDRESS)) as site:
        web.place(site, ADDRESS)
        assert downloader().fetch(f"https://{ADDRESS}/a.jpg").data == b"pixels"

    assert not web.lookups


def test_the_next_address_is_tried_where_one_does_not_answer(web: Web, downloader: Make) -> None:
    with Site({}) as ended:
        web.place(ended, "203.0.114.7")
    with Site({"*": answer(b"pixels")}) as site:
        web.place(site, ADDRESS)
        web.name(HOST, ["203.0.114.7", ADDRESS])
        assert downloader(schemes=HTTP).fetch(f"http://{HOST}/a.jpg").data == b"pixels"

    assert [address for address, _ in web.connected] == ["203.0.114.7", ADDRESS]


def test_many_are_fetched_at_once(web: Web, downloader: Make) -> None:
    """Each waits for the other: one after the other they would take for ever."""
    together = Barrier(8, timeout=20)

    def wait(connection: socket.socket) -> None:
        together.wait()
        connection.sendall(answer(b"pixels"))

    with Site({"*": wait}) as site, ThreadPoolExecutor(8) as pool:
        web.place(site, ADDRESS, HOST)
        one = downloader(schemes=HTTP)
        fetched = list(pool.map(one.fetch, [f"http://{HOST}/{each}.jpg" for each in range(8)]))

    assert [each.facts.name for each in fetched] == [f"{each}.jpg" for each in range(8)]


class TestTls:
    @pytest.mark.parametrize("name", ["other.example", "*.images.example", ADDRESS])
    def test_a_certificate_for_another_name_is_refused(
        self, web: Web, downloader: Make, authority: trustme.CA, name: str
    ) -> None:
        with Site({"*": answer(b"pixels")}, certificate=authority.issue_cert(name)) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(TlsFailed, match=HOST):
                downloader().fetch(f"https://{HOST}/a.jpg")

        assert not site.asked

    def test_a_certificate_of_an_unknown_authority_is_refused(
        self, web: Web, downloader: Make
    ) -> None:
        with Site({"*": answer()}, certificate=trustme.CA().issue_cert(HOST)) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(TlsFailed, match="cannot be trusted"):
                downloader().fetch(f"https://{HOST}/a.jpg")

        assert not site.asked

    def test_a_server_without_tls_is_told(self, web: Web, downloader: Make) -> None:
        with Site({"*": answer()}) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(TlsFailed, match="No safe connection"):
                downloader().fetch(f"https://{HOST}/a.jpg")

    def test_by_default_the_public_authorities_are_trusted_and_not_ours(
        self, web: Web, authority: trustme.CA
    ) -> None:
        plain = Downloader(
            Guard(Policy(), web.resolve), max_bytes=9, timeout_s=20, connect=web.connect
        )
        with Site({"*": answer()}, certificate=authority.issue_cert(HOST)) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(TlsFailed, match="cannot be trusted"):
                plain.fetch(f"https://{HOST}/a.jpg")


class TestRedirects:
    @pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
    def test_they_are_followed(self, web: Web, downloader: Make, status: str) -> None:
        pages = {"/a.jpg": redirect("../b.jpg?x=1&token=t", status), "*": answer(b"pixels")}
        with Site(pages) as site:
            web.place(site, ADDRESS, HOST)
            fetched = downloader(schemes=HTTP).fetch(f"http://{HOST}/a.jpg")

        assert (fetched.data, fetched.facts.name) == (b"pixels", "a.jpg")
        assert fetched.facts.url == f"http://{HOST}/b.jpg?x=1"

    def test_to_another_host_it_is_looked_up_and_asked_anew(
        self, web: Web, downloader: Make
    ) -> None:
        with (
            Site({"*": redirect("http://other.example:80/b.jpg")}) as first,
            Site({"*": answer(b"pixels")}) as second,
        ):
            web.place(first, ADDRESS, HOST)
            web.place(second, "93.184.215.15", "other.example")
            assert downloader(schemes=HTTP).fetch(f"http://{HOST}/a.jpg").data == b"pixels"

        assert web.lookups == [HOST, "other.example"]
        assert "\r\nHost: other.example\r\n" in second.asked[0]

    def test_three_are_followed_and_no_more(self, web: Web, downloader: Make) -> None:
        pages = {f"/{each}": redirect(f"/{each - 1}") for each in range(1, 9)}
        with Site({**pages, "/0": answer(b"pixels")}) as site:
            web.place(site, ADDRESS, HOST)
            one = downloader(schemes=HTTP)
            assert one.fetch(f"http://{HOST}/{MOST_REDIRECTS}").data == b"pixels"
            asked = len(site.asked)
            with pytest.raises(TooManyRedirects):
                one.fetch(f"http://{HOST}/{MOST_REDIRECTS + 1}")

        assert len(site.asked) == asked + 1 + MOST_REDIRECTS

    def test_from_https_to_http_is_refused(
        self, web: Web, downloader: Make, authority: trustme.CA
    ) -> None:
        certificate = authority.issue_cert(HOST)
        with Site({"*": redirect(f"http://{HOST}/b.jpg")}, certificate=certificate) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(UrlNotAllowed, match="http"):
                downloader().fetch(f"https://{HOST}/a.jpg")

        assert site.connections == 1

    def test_a_location_in_utf8_is_read_as_such(self, web: Web, downloader: Make) -> None:
        pages = {"/a": redirect("/é.jpg"), "/%C3%A9.jpg": answer(b"pixels")}
        with Site(pages) as site:
            web.place(site, ADDRESS, HOST)
            assert downloader(schemes=HTTP).fetch(f"http://{HOST}/a").data == b"pixels"

    def test_a_location_that_is_no_url_is_told(self, web: Web, downloader: Make) -> None:
        with Site({"*": redirect("http://[x/")}) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(InvalidUrl):
                downloader(schemes=HTTP).fetch(f"http://{HOST}/a")


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "error"),
        [
            ("404 Not Found", NothingThere),
            ("410 Gone", NothingThere),
            ("401 Unauthorized", DownloadRefused),
            ("403 Forbidden", DownloadRefused),
            ("206 Partial Content", DownloadRefused),
            ("204 No Content", DownloadRefused),
            ("304 Not Modified", DownloadRefused),
            ("302 Found", DownloadRefused),  # without saying where
            ("429 Too Many Requests", DownloadFailed),
            ("500 Internal Server Error", DownloadFailed),
            ("503 Service Unavailable", DownloadFailed),
        ],
    )
    def test_the_status_is_told(
        self, web: Web, downloader: Make, status: str, error: type[Exception]
    ) -> None:
        with pytest.raises(error, match=status[:3]):
            fetch_over_http(web, downloader, answer(b"oops", status))

    @pytest.mark.parametrize(
        ("told", "understood"),
        [
            ("120", timedelta(minutes=2)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", timedelta(0)),
            ("soon", None),
            ("9" * 400, timedelta(hours=6)),
        ],
    )
    def test_when_to_come_back_is_told(
        self, web: Web, downloader: Make, told: str, understood: timedelta | None
    ) -> None:
        with pytest.raises(DownloadFailed) as fault:
            fetch_over_http(web, downloader, answer(b"", "503 Busy", retry_after=told))

        assert fault.value.retry_after == understood

    def test_the_content_type_is_not_looked_at(self, web: Web, downloader: Make) -> None:
        assert fetch_over_http(web, downloader, answer(b"<p>", content_type="text/html")) == b"<p>"

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, identity", "GZIP"])
    def test_what_is_compressed_is_refused(self, web: Web, downloader: Make, encoding: str) -> None:
        with pytest.raises(DownloadRefused, match="compressed"):
            fetch_over_http(web, downloader, answer(b"bomb", content_encoding=encoding))

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"garbage\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\npixels",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npix",
            b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000 + b"\r\n",
            b"HTTP/1.1 200 " + b"x" * 2**17 + b"\r\n\r\n",
        ],
    )
    def test_what_is_no_whole_answer_is_told(self, web: Web, downloader: Make, raw: bytes) -> None:
        with pytest.raises(DownloadFailed, match=HOST):
            fetch_over_http(web, downloader, lambda connection: connection.sendall(raw))

    def test_chunks_are_put_together(self, web: Web, downloader: Make) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw = b"3\r\npix\r\n3\r\nels\r\n0\r\n\r\n"
        assert fetch_over_http(web, downloader, head + raw) == b"pixels"

    def test_without_a_length_the_end_is_the_end(self, web: Web, downloader: Make) -> None:
        assert fetch_over_http(web, downloader, b"HTTP/1.0 200 OK\r\n\r\npixels") == b"pixels"

    def test_a_host_that_is_not_known_is_told(self, downloader: Make) -> None:
        with pytest.raises(HostNotFound, match=r"nowhere\.example"):
            downloader().fetch("https://nowhere.example/a.jpg")

    def test_a_host_that_does_not_answer_is_told(self, web: Web, downloader: Make) -> None:
        with Site({}) as site:
            web.place(site, ADDRESS, HOST)
        with pytest.raises(DownloadFailed, match="does not answer"):
            downloader().fetch(f"https://{HOST}/a.jpg")


class TestLimits:
    def test_an_image_of_just_the_limit_is_taken(self, web: Web, downloader: Make) -> None:
        body = b"x" * 1000
        assert fetch_over_http(web, downloader, answer(body), max_bytes=1000) == body

    def test_a_length_over_the_limit_is_refused_unread(self, web: Web, downloader: Make) -> None:
        with pytest.raises(DownloadTooLarge, match="1,000 bytes"):
            fetch_over_http(web, downloader, answer(b"", content_length="1001"), max_bytes=1000)

    @pytest.mark.parametrize(
        ("head", "part"),
        [
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"x" * 1000),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"x" * 1000),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"3e8\r\n" + b"x" * 1000 + b"\r\n",
            ),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 1000),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", b"x" * 1000),
        ],
    )
    def test_a_body_without_end_is_left_at_the_limit(
        self, web: Web, downloader: Make, head: bytes, part: bytes
    ) -> None:
        sent = []

        def endless(connection: socket.socket) -> None:
            connection.sendall(head)
            while True:
                connection.sendall(part)
                sent.append(len(part))

        with pytest.raises(DownloadTooLarge):
            fetch_over_http(web, downloader, endless, max_bytes=100_000)
        assert sum(sent) < 2**24  # what the system's buffers take, and no more

    @pytest.mark.parametrize(
        "head",
        [
            b"",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff;",
        ],
        ids=["status", "headers", "body", "length", "chunk"],
    )
    def test_a_server_that_drips_is_left_at_the_deadline(
        self, web: Web, downloader: Make, head: bytes
    ) -> None:
        """Each byte comes well before a limit on single reads would have passed."""

        def drip(connection: socket.socket) -> None:
            connection.sendall(head)
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

        began = time.monotonic()
        with pytest.raises(DownloadTooSlow, match=r"within 0\.3 s"):
            fetch_over_http(web, downloader, drip, timeout_s=0.3)
        assert time.monotonic() - began < 10

    def test_over_tls_too(self, web: Web, downloader: Make, authority: trustme.CA) -> None:
        def drip(connection: socket.socket) -> None:
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

        with Site({"*": drip}, certificate=authority.issue_cert(HOST)) as site:
            web.place(site, ADDRESS, HOST)
            with pytest.raises(DownloadTooSlow):
                downloader(timeout_s=0.5).fetch(f"https://{HOST}/a.jpg")

    def test_a_handshake_that_does_not_come_is_left_at_the_deadline(
        self, web: Web, downloader: Make
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            web.place(silent.getsockname()[1], ADDRESS, HOST)
            with pytest.raises(DownloadTooSlow):
                downloader(timeout_s=0.3).fetch(f"https://{HOST}/a.jpg")

    def test_redirects_do_not_begin_the_time_anew(self, web: Web, downloader: Make) -> None:
        def slowly(connection: socket.socket) -> None:
            time.sleep(0.3)
            connection.sendall(redirect("/again"))

        with pytest.raises(DownloadTooSlow):
            fetch_over_http(web, downloader, slowly, timeout_s=0.5)


def test_no_error_tells_what_the_query_or_the_network_held(web: Web, downloader: Make) -> None:
    web.name(HOST, ["10.1.2.3"])
    with pytest.raises(BlockedAddress) as fault:
        downloader().fetch(f"https://{HOST}/a.jpg?sig=s3cret")

    assert "s3cret" not in str(fault.value)
    assert "10.1.2.3" not in str(fault.value)
