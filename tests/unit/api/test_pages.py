"""The gallery's files over HTTP: headers that a browser keeps to, and nothing but these files."""

import gzip
import re
from collections.abc import Mapping
from html.parser import HTMLParser

import azure.functions as func
import msgspec
import pytest

from captioner.api import PageApi
from captioner.api.pages import POLICY
from captioner.web import INDEX
from tests.support.host import REPOSITORY

WEB = REPOSITORY / "captioner" / "web"
FILES = sorted(each.name for each in WEB.iterdir() if each.suffix in {".css", ".js", ".svg"})
STATIC = re.compile(r"""\bfrom\s+"([^"]+)";""")
IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*"([^"]+)"\)?""")


def asked(name: str, headers: Mapping[str, str] | None = None) -> func.HttpRequest:
    return func.HttpRequest(
        "GET",
        "http://localhost/web/",
        headers=headers or {},
        params={},
        route_params={"file": name},
        body=b"",
    )


class Markup(HTMLParser):
    """What the page's markup is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.attributes: set[str] = set()
        self.inline = ""
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.attributes |= {name for name, _ in attrs}
        self.targets += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"}:
            self.inline += data.strip()


def test_the_page_keeps_a_browser_to_its_own_scripts_and_pictures() -> None:
    answer = PageApi().index(asked(""))
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert dict(answer.headers) == {
        "ETag": answer.headers["ETag"],
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    rules = dict(each.split(maxsplit=1) for each in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["img-src"] == "'self' blob:"


def test_the_page_is_what_its_policy_lets_it_be() -> None:
    page = Markup((WEB / INDEX).read_text())
    assert page.inline == ""
    assert not {each for each in page.attributes if each == "style" or each.startswith("on")}


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_given_with_its_type(name: str) -> None:
    answer = PageApi().file(asked(name))
    assert answer.status_code == 200
    assert answer.get_body() == (WEB / name).read_bytes()
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.mimetype == kinds[name.rpartition(".")[2]]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_the_client_has_is_not_sent_again() -> None:
    etag = PageApi().file(asked("base.css")).headers["ETag"]
    answer = PageApi().file(asked("base.css", {"if-none-match": f'"other", {etag}'}))
    assert (answer.status_code, answer.get_body()) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert PageApi().file(asked("base.css", {"if-none-match": '"other"'})).status_code == 200
    assert PageApi().file(asked("wall.css")).headers["ETag"] != etag


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5"])
def test_a_client_that_unpacks_gets_less_to_read(accepted: str) -> None:
    answer = PageApi().file(asked("base.css", {"accept-encoding": accepted}))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.get_body()) == (WEB / "base.css").read_bytes()
    assert len(answer.get_body()) < (WEB / "base.css").stat().st_size / 2


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0"])
def test_any_other_client_gets_the_file_as_it_is(accepted: str) -> None:
    answer = PageApi().file(asked("base.css", {"accept-encoding": accepted}))
    assert "Content-Encoding" not in answer.headers
    assert answer.get_body() == (WEB / "base.css").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "nothing.js",
        "__init__.py",
        "__pycache__",
        "../settings.py",
        "..%2fsettings.py",
        "%2e%2e/settings.py",
        "..\\settings.py",
        "/etc/passwd",
        "base.css\0",
        "BASE.CSS",
    ],
)
def test_nothing_else_is_given(name: str) -> None:
    answer = PageApi().file(asked(name))
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert msgspec.json.decode(answer.get_body())["code"] == "page_file_not_found"


def test_the_page_asks_for_files_that_there_are() -> None:
    page = Markup((WEB / INDEX).read_text())
    asked_for = {each.removeprefix("/web/") for each in page.targets if each.startswith("/web/")}
    for script in WEB.glob("*.js"):
        asked_for |= {each.removeprefix("./") for each in IMPORT.findall(script.read_text())}
    assert asked_for <= set(FILES)
    styles = {each for each in FILES if each.endswith(".css")}
    assert styles <= asked_for


def test_the_browser_is_told_at_once_of_all_scripts_that_the_wall_needs() -> None:
    page = Markup((WEB / INDEX).read_text())
    told = {each.removeprefix("/web/") for each in page.targets if each.endswith(".js")}
    needed, found = set[str](), {"main.js", "wall.js"}
    while found - needed:
        needed |= found
        texts = [(WEB / each).read_text() for each in needed]
        found = {each.removeprefix("./") for text in texts for each in STATIC.findall(text)}
    assert told == needed


@pytest.mark.parametrize("name", [each for each in FILES if each.endswith(".js")])
def test_no_script_makes_markup_of_text(name: str) -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function"
    assert re.findall(ways, (WEB / name).read_text()) == []
