"""URLs made to reach what only this machine may reach: none of them has a way through.

Each is tried as the settings have it, and again with any scheme and port allowed, so that the
check of addresses alone must stop it. A server on this machine counts who comes; nobody may. With
the check of addresses taken out, they do come, which shows that these tests can fail.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import trustme

from captioner.errors import BlockedAddress, InvalidUrl, SourceError, UrlError, UrlNotAllowed
from captioner.sources import policy
from captioner.sources.downloads import Downloader
from tests.support.web import Site, Web, answer, redirect

PUBLIC = "93.184.215.14"
ANY = {"schemes": frozenset({"http", "https"}), "ports": range(65536)}

type Make = Callable[..., Downloader]


class Host:
    """A host as a URL names it, and what the resolver says of it where it is a name."""

    def __init__(self, text: str, *addresses: str) -> None:
        self.text = text
        self.addresses = addresses

    def tell(self, web: Web) -> None:
        if self.addresses:
            name = self.text.replace("%6c%6f", "lo").lower().removesuffix(".")
            web.name(name, self.addresses)

    def __str__(self) -> str:
        return ascii(" ".join([self.text, *self.addresses]))


# Hosts that are addresses, in every way that some program understands.
LITERALS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "2130706433.",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.0.0.1",
    "127.0.0.0x1",
    "127.0x1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "0.0.0.0",
    "0",
    "0x0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "0xc0a80101",
    "3232235777",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.170.2",
    "168.63.129.16",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "198.18.0.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0.0.0.1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:93.184.215.14]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:807f:fffe]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:2::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[3ffe::1]",
    "[100::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%25lo]",
    "[2606:4700::1111%25lo]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[2606:4700::5efe:127.0.0.1]",
    "[2606:4700::200:5efe:10.0.0.1]",
]

# Names, and what the resolver says of them.
NAMES = [
    Host("localhost", "127.0.0.1"),
    Host("LOCALHOST", "127.0.0.1"),
    Host("localhost.", "127.0.0.1"),
    Host("%6c%6fcalhost", "127.0.0.1"),
    Host("localhost.localdomain", "127.0.0.1"),
    Host("ip6-localhost", "::1"),
    Host("127.0.0.1.nip.example", "127.0.0.1"),
    Host("7f000001.rebind.example", "127.0.0.1"),
    Host("metadata.google.internal", "169.254.169.254"),
    Host("metadata", "169.254.169.254"),
    Host("intranet", "10.0.0.7"),
    Host("private.example", "192.168.0.5"),
    Host("mixed.example", PUBLIC, "127.0.0.1"),
    Host("mixed-first.example", "127.0.0.1", PUBLIC),
    Host("mixed-six.example", PUBLIC, "::1"),
    Host("mapped.example", "::ffff:127.0.0.1"),
    Host("compatible.example", "::7f00:1"),
    Host("translated.example", "64:ff9b::7f00:1"),
    Host("locally-translated.example", "64:ff9b:1::7f00:1"),
    Host("tunnelled.example", "2002:7f00:1::1"),
    Host("unspecified.example", "0.0.0.0"),
    Host("unspecified-six.example", "::"),
    Host("link-local.example", "fe80::1%eth0"),
    Host("localhost\u3002", "127.0.0.1"),
    Host("xn--localhost-.example", "127.0.0.1"),
    Host("\uff4cocalhost.example", "127.0.0.1"),
    # A storage account's name opens nothing by itself.
    Host("account.blob.core.windows.net", "10.0.0.4"),
    Host("account.blob.core.windows.net", "127.0.0.1"),
]

# What programs read differently from each other, or not as a URL at all.
MALFORMED = [
    "{scheme}://user@127.0.0.1:{port}/",
    "{scheme}://user:password@127.0.0.1:{port}/",
    "{scheme}://@127.0.0.1:{port}/",
    "{scheme}://images.example@127.0.0.1:{port}/",
    "{scheme}://images.example:80@127.0.0.1:{port}/",
    "{scheme}://images.example%2f@127.0.0.1:{port}/",
    "{scheme}://127.0.0.1:{port}@images.example/",
    "{scheme}://[::1]@127.0.0.1:{port}/",
    "{scheme}://images.example\\@127.0.0.1:{port}/",
    "{scheme}:\\\\127.0.0.1:{port}\\",
    "{scheme}://127.0.0.1\\.images.example:{port}/",
    "{scheme}://images.example /@127.0.0.1:{port}/",
    "{scheme}://images.example\t@127.0.0.1:{port}/",
    "{scheme}://127.0.0.1\n:{port}/",
    "{scheme}://127.0.0.1:{port}\r\nHost: images.example/",
    " {scheme}://127.0.0.1:{port}/",
    "{scheme}://127.0.0.1%00.images.example:{port}/",
    "{scheme}://127.0.0.1%0d%0a:{port}/",
    "{scheme}://127.0.0.1%20:{port}/",
    "{scheme}://127。0。0。1:{port}/",
    "{scheme}://①②⑦.⓪.⓪.①:{port}/",
    "{scheme}://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",
    "{scheme}://127.0.0.1\u200b:{port}/",
    "{scheme}://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "{scheme}://127.0.0.1..:{port}/",
    "{scheme}://127..1:{port}/",
    "{scheme}://.127.0.0.1:{port}/",
    "{scheme}://256.256.256.256:{port}/",
    "{scheme}://4294967296:{port}/",
    "{scheme}://0x1ffffffff:{port}/",
    "{scheme}://08.0.0.1:{port}/",
    "{scheme}://1.2.3.4.5:{port}/",
    "{scheme}://images.example.1:{port}/",
    "{scheme}://[127.0.0.1]:{port}/",
    "{scheme}://[::1:{port}/",
    "{scheme}://::1:{port}/",
    "{scheme}://[::1]images.example:{port}/",
    "{scheme}://[v1.fe80]:{port}/",
    "{scheme}://[::ffff:0177.0.0.1]:{port}/",
    "{scheme}://127.0.0.1:{port}x/",
    "{scheme}://127.0.0.1:-{port}/",
    "{scheme}://127.0.0.1:99999/",
    "{scheme}:///127.0.0.1:{port}/",
    "{scheme}:/127.0.0.1:{port}/",
    "{scheme}:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}/",
    "/127.0.0.1:{port}/",
    "",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET%20/",
    "dict://127.0.0.1:{port}/",
    "data:image/png;base64,iVBORw0KGgo=",
    "jar:{scheme}://127.0.0.1:{port}!/",
    "url:{scheme}://127.0.0.1:{port}/",
    "unix:///var/run/docker.sock",
    "javascript:0",
]

HOSTS = [Host(each) for each in LITERALS] + NAMES


@pytest.fixture(scope="module")
def inside() -> Iterator[Site]:
    """What must not be reached, by any test."""
    with Site({"*": answer(b"secret")}) as site:
        yield site


@pytest.fixture(scope="module")
def inside_by_tls(authority: trustme.CA) -> Iterator[Site]:
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    with Site({"*": answer(b"secret")}, certificate=certificate) as site:
        yield site


@pytest.fixture
def ports(inside: Site, inside_by_tls: Site) -> Iterator[dict[str, int]]:
    """Give the port of what must not be reached by scheme, and see that nobody has been there."""
    yield {"http": inside.port, "https": inside_by_tls.port}
    assert (inside.connections, inside_by_tls.connections) == (0, 0)


def test_the_suite_is_as_large_as_it_should_be() -> None:
    assert len({*LITERALS}) == len(LITERALS) >= 60
    assert len({*MALFORMED}) == len(MALFORMED)


@pytest.mark.parametrize("host", HOSTS, ids=str)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_address_of_ours_is_reached_on_any_port_by_any_scheme(
    host: Host, scheme: str, web: Web, downloader: Make, ports: dict[str, int]
) -> None:
    host.tell(web)
    # Full-width letters and the like are in no host's name, so that nothing is looked up.
    expected = BlockedAddress if host.text.isascii() else InvalidUrl
    with pytest.raises(expected):
        downloader(**ANY).fetch(f"{scheme}://{host.text}:{ports[scheme]}/")

    assert web.connected == []


@pytest.mark.parametrize("host", HOSTS, ids=str)
@pytest.mark.parametrize("url", ["https://{host}/", "http://{host}/", "https://{host}:{port}/"])
def test_nor_as_the_settings_have_it(
    url: str, host: Host, web: Web, downloader: Make, ports: dict[str, int]
) -> None:
    host.tell(web)
    with pytest.raises(UrlError):
        downloader().fetch(url.format(host=host.text, port=ports["https"]))

    assert web.connected == []


@pytest.mark.parametrize("url", MALFORMED, ids=ascii)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_no_url_is_looked_up_nowhere(
    url: str, scheme: str, web: Web, downloader: Make, ports: dict[str, int]
) -> None:
    web.name("images.example", ["127.0.0.1"])
    for one in (downloader(), downloader(**ANY)):
        with pytest.raises((InvalidUrl, UrlNotAllowed)):
            one.fetch(url.format(scheme=scheme, port=ports[scheme]))

    assert (web.lookups, web.connected) == ([], [])


@pytest.mark.parametrize("host", HOSTS, ids=str)
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_no_redirect_leads_there(
    host: Host, status: str, web: Web, downloader: Make, ports: dict[str, int]
) -> None:
    host.tell(web)
    with Site({"*": redirect(f"http://{host.text}:{ports['http']}/", status)}) as outside:
        web.place(outside, PUBLIC, "images.example")
        with pytest.raises((BlockedAddress, InvalidUrl)):
            downloader(**ANY).fetch("http://images.example/a.jpg")

    assert web.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize("url", MALFORMED, ids=ascii)
def test_no_redirect_leads_to_what_is_no_url(
    url: str, web: Web, downloader: Make, ports: dict[str, int]
) -> None:
    """A location may be relative; what is left of it then is asked of the same site."""
    location = url.format(scheme="http", port=ports["http"]).replace("\r", "").replace("\n", "")
    with Site({"/": redirect(location), "*": answer(b"pixels")}) as outside:
        web.place(outside, PUBLIC, "images.example")
        with suppress(SourceError):
            downloader(**ANY).fetch("http://images.example/")

    assert {address for address, _ in web.connected} == {PUBLIC}


class TestAnswersThatChange:
    """A resolver that answers the check with one address and the connection with another."""

    @pytest.mark.parametrize("other", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
    def test_the_first_answer_is_the_one_connected_to(
        self, other: str, web: Web, downloader: Make, inside: Site
    ) -> None:
        with Site({"*": answer(b"pixels")}) as outside:
            web.place(outside, PUBLIC)
            web.name("rebind.example", [PUBLIC], [other])
            url = f"http://rebind.example:{inside.port}/a.jpg"
            fetched = downloader(**ANY).fetch(url)

        assert fetched.data == b"pixels"
        assert web.lookups == ["rebind.example"]
        assert web.connected == [(PUBLIC, inside.port)]
        assert inside.connections == 0

    @pytest.mark.parametrize("other", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
    def test_a_redirect_to_the_same_host_is_checked_again(
        self, other: str, web: Web, downloader: Make, inside: Site
    ) -> None:
        with Site({"*": redirect(f"http://rebind.example:{inside.port}/b.jpg")}) as outside:
            web.place(outside, PUBLIC)
            web.name("rebind.example", [PUBLIC], [other])
            with pytest.raises(BlockedAddress):
                downloader(**ANY).fetch("http://rebind.example/a.jpg")

        assert web.connected == [(PUBLIC, 80)]
        assert inside.connections == 0

    def test_an_address_that_does_not_answer_is_not_looked_up_again(
        self, web: Web, downloader: Make, inside: Site
    ) -> None:
        with Site({}) as ended:
            web.place(ended, PUBLIC)
        web.name("rebind.example", [PUBLIC], ["127.0.0.1"])
        with pytest.raises(SourceError):
            downloader(**ANY).fetch(f"http://rebind.example:{inside.port}/a.jpg")

        assert web.connected == [(PUBLIC, inside.port)]
        assert inside.connections == 0

    def test_a_server_that_closes_is_not_connected_to_again(
        self, web: Web, downloader: Make, inside: Site
    ) -> None:
        with Site({"*": lambda _: None}) as outside:
            web.place(outside, PUBLIC)
            web.name("rebind.example", [PUBLIC], ["127.0.0.1"])
            with pytest.raises(SourceError):
                downloader(**ANY).fetch(f"http://rebind.example:{inside.port}/a.jpg")

        assert web.lookups == ["rebind.example"]
        assert inside.connections == 0


REACHING = [
    *(Host(each) for each in ("127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "0X7F000001")),
    *(Host(each) for each in ("0x7f.1", "0177.0.0.1", "%31%32%37.0.0.1", "127%2e0%2e0%2e1")),
    *(each for each in NAMES if each.text.isascii() and each.addresses[0] == "127.0.0.1"),
]


@pytest.mark.parametrize("host", REACHING, ids=str)
def test_without_the_check_of_addresses_they_would_come_through(
    host: Host, web: Web, downloader: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "is_public", lambda _: True)
    host.tell(web)
    with Site({"*": answer(b"secret")}) as reached:
        fetched = downloader(**ANY).fetch(f"http://{host.text}:{reached.port}/")

    assert fetched.data == b"secret"
    assert reached.connections == 1
