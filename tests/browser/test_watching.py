"""What watches the pages sees what goes wrong on them: pages with one fault each."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.support.accessibility import (
    assert_accessible,
    assert_operable_by_keyboard,
    assert_reflows,
)
from tests.support.browser import PHONE, watched_page

URL = "http://page.test"
GOOD = "<h1>A page</h1><p>Some words.</p><button>Go</button>"
STYLE = "button { padding: 1rem; } :focus-visible { outline: 3px solid; }"


def page_of(body: str, style: str = "", script: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
        f"<title>A page</title><style>{STYLE} {style}</style>"
        f"<main>{body}</main><script>{script}</script>"
    )


def serve(page: Page, html: str, policy: str = "default-src 'self' 'unsafe-inline'") -> None:
    def answer(route: Route) -> None:
        if route.request.url == f"{URL}/":
            headers = {"Content-Security-Policy": policy}
            route.fulfill(body=html, content_type="text/html", headers=headers)
        else:
            route.fulfill(status=404)

    page.context.route("**/*", answer)
    page.goto("/")


def open_and_check(
    browser: Browser, html: str, check: Callable[[Page], None], **options: str
) -> None:
    with watched_page(browser, URL, size=PHONE) as visit:
        serve(visit.page, html, **options)
        check(visit.page)


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("check", [assert_accessible, assert_operable_by_keyboard, assert_reflows])
def test_a_good_page_passes(browser: Browser, check: Callable[[Page], None]) -> None:
    open_and_check(browser, page_of(GOOD), check)


@pytest.mark.parametrize(
    ("body", "style", "rule"),
    [
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "", "image-alt in light"),
        ("", "p { color: #bbb; background: #fff; }", "color-contrast in light"),
        (
            "",
            "@media (prefers-color-scheme: dark) { p { color: #333; background: #000; } }",
            "color-contrast in dark",
        ),
        (
            "<button>a</button><button>b</button>",
            "main button { padding: 0; width: 12px; height: 12px; }",
            "target-size",
        ),
        ("<h3>Too deep</h3>", "", "heading-order"),
    ],
)
def test_what_hinders_people_is_told(browser: Browser, body: str, style: str, rule: str) -> None:
    html = page_of(f"{GOOD}{body}", style)
    with pytest.raises(AssertionError, match=rule):
        open_and_check(browser, html, assert_accessible, policy="img-src data:")


@pytest.mark.parametrize(
    ("body", "style", "told"),
    [
        ("", "button:focus-visible { outline: none; }", "no outline of 2 px"),
        (
            '<div class="over">Over</div>',
            ".over { position: fixed; inset: 0; background: #fff; }",
            "obscured",
        ),
        (
            '<button onkeydown="event.preventDefault()">Trap</button><button>Behind</button>',
            "",
            "does not reach",
        ),
    ],
)
def test_what_hinders_the_keyboard_is_told(
    browser: Browser, body: str, style: str, told: str
) -> None:
    html = page_of(f"{GOOD}{body}", style)
    with pytest.raises(AssertionError, match=told):
        open_and_check(browser, html, assert_operable_by_keyboard)


def test_what_does_not_reflow_is_told(browser: Browser) -> None:
    wide = '<p class="wide">Wide</p>'
    html = page_of(f"{GOOD}{wide}", ".wide { width: 40rem; }")
    with pytest.raises(AssertionError, match="does not reflow"):
        open_and_check(browser, html, assert_reflows)
    scrolls = f'<div class="scrolls">{wide}</div>'
    html = page_of(f"{GOOD}{scrolls}", ".wide { width: 40rem; } .scrolls { overflow-x: auto; }")
    open_and_check(browser, html, assert_reflows)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("console.error('a fault of the page')", "a fault of the page"),
        ("throw new Error('never caught')", "never caught"),
        ("Promise.reject(new Error('never awaited'))", "never awaited"),
        ("alert('injected')", "dialog: alert injected"),
        ("fetch('/nowhere')", "/nowhere answered 404"),
        ("fetch('http://elsewhere.test/').catch(() => null)", "asked elsewhere: GET http://else"),
        ("new Image().src = 'http://elsewhere.test/a.png'", "policy breached: img-src"),
    ],
)
def test_what_goes_wrong_unseen_is_told(browser: Browser, script: str, told: str) -> None:
    policy = "default-src 'self' 'unsafe-inline'; connect-src *"
    with pytest.raises(AssertionError, match=told):
        open_and_check(browser, page_of(GOOD, script=script), settle, policy=policy)


def test_what_a_test_asks_for_is_no_fault(browser: Browser) -> None:
    with watched_page(browser, URL) as visit:
        visit.allow(r"/nowhere answered 404")
        serve(visit.page, page_of(GOOD, script="fetch('/nowhere')"))
        settle(visit.page)
