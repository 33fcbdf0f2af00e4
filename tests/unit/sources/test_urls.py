"""URLs as they are read; what is none is in the suite of hostile ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.errors import InvalidUrl, UrlError
from captioner.sources.urls import LONGEST_URL, Url, public_form


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("https://images.example", "images.example", 443, "/"),
        ("HTTPS://Images.Example./a.JPG", "images.example", 443, "/a.JPG"),
        ("http://images.example/a?b=c&d", "images.example", 80, "/a?b=c&d"),
        ("https://images.example:8443/a#top", "images.example", 8443, "/a"),
        ("https://images.example?a", "images.example", 443, "/?a"),
        ("https://images.example:/a", "images.example", 443, "/a"),
        ("https://bücher.example/é ?ü", "xn--bcher-kva.example", 443, "/%C3%A9%20?%C3%BC"),
        ("https://a_b.example/", "a_b.example", 443, "/"),
        ("https://93.184.215.14/a", "93.184.215.14", 443, "/a"),
        ("https://[2606:4700::0:1111]:444/a", "2606:4700::1111", 444, "/a"),
        ("https://images.example/a%20b%2fc/./d/../e", "images.example", 443, "/a%20b%2Fc/e"),
        (
            "https://images.example/?sig=a%2Bb%3D&x=1+2",
            "images.example",
            443,
            "/?sig=a%2Bb%3D&x=1+2",
        ),
    ],
)
def test_parts(text: str, host: str, port: int, target: str) -> None:
    url = Url.parse(text)

    assert (url.host, url.port, url.target) == (host, port, target)


@pytest.mark.parametrize(
    ("text", "netloc"),
    [
        ("https://images.example:443/", "images.example"),
        ("http://images.example:443/", "images.example:443"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]"),
        ("https://[2606:4700::1111]:80/", "[2606:4700::1111]:80"),
        ("https://0x5db8d70e/", "93.184.215.14"),
    ],
)
def test_hosts_as_http_names_them(text: str, netloc: str) -> None:
    assert Url.parse(text).netloc == netloc


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://images.example/attic/a%20b.jpg?x=/c.png", "a b.jpg"),
        ("https://images.example/photos/", "photos"),
        ("https://images.example/", "images.example"),
        ("https://images.example/%E5%86%99%E7%9C%9F.jpg", "写真.jpg"),
    ],
)
def test_names_are_those_that_people_read(text: str, name: str) -> None:
    assert Url.parse(text).name == name


def test_what_is_shown_holds_no_credentials() -> None:
    url = Url.parse("https://images.example/a.jpg?size=l&token=s3cret")

    for shown in (str(url), repr(url), f"{url}", url.public):
        assert "https://images.example/a.jpg?size=l" in shown
        assert "s3cret" not in shown


def test_the_length_has_a_limit() -> None:
    with pytest.raises(InvalidUrl, match="8,192"):
        Url.parse("https://images.example/".ljust(LONGEST_URL + 1, "x"))
    assert Url.parse("https://images.example/".ljust(LONGEST_URL, "x"))


@pytest.mark.parametrize(
    ("location", "result"),
    [
        ("b.jpg", "https://images.example/attic/b.jpg"),
        ("/b.jpg?x#y", "https://images.example/b.jpg?x"),
        ("//other.example/b.jpg", "https://other.example/b.jpg"),
        ("http://other.example", "http://other.example/"),
        ("?b", "https://images.example/attic/a.jpg?b"),
        ("", "https://images.example/attic/a.jpg"),
    ],
)
def test_redirects(location: str, result: str) -> None:
    assert Url.parse("https://images.example/attic/a.jpg").joined(location).public == result


@given(st.text())
def test_any_text_is_a_url_or_none(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://images.example/{text}"):
        try:
            url = Url.parse(candidate)
        except UrlError:
            continue
        assert Url.parse(url.origin + url.target) == url
        assert f"{url.host}{url.target}".isascii()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://a.example/b.jpg?w=1&sig=secret", "https://a.example/b.jpg?w=1"),
        ("htp://a.example/b.jpg?sig=secret", "htp://a.example/b.jpg"),
        ("https://user:secret@a.example/b.jpg", "a.example/b.jpg"),
        ("\\\\user:secret@a.example#secret", "a.example"),
        ("b.jpg", "b.jpg"),
        ("", ""),
        ("x" * (LONGEST_URL + 5), "x" * LONGEST_URL),
    ],
    ids=["signed", "no scheme of ours", "password", "no URL", "a name", "nothing", "too long"],
)
def test_whatever_was_meant_is_told_without_credentials(text: str, told: str) -> None:
    assert public_form(text) == told
