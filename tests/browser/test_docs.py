"""The page about the API: everyone can use it, and it asks nobody else for anything."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.accessibility import (
    assert_accessible,
    assert_operable_by_keyboard,
    assert_reflows,
)
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.browser import PHONE, WIDE, Visit, watched_page


@pytest.fixture(scope="module")
def app(azurite: Azurite) -> Iterator[App]:
    with running_app(azurite, {}) as app:
        yield app


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def visit(request: pytest.FixtureRequest, app: App, browser: Browser) -> Iterator[Visit]:
    with watched_page(browser, app.host.url, size=request.param) as visit:
        visit.page.goto("/api/docs")
        yield visit


def test_everyone_can_read_it(visit: Visit) -> None:
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
    assert_accessible(visit.page)
    assert_reflows(visit.page)


def test_the_keyboard_reaches_everything(visit: Visit) -> None:
    assert_operable_by_keyboard(visit.page)


def test_a_link_to_a_type_leads_there(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="CaptionRecord").first.click()
    expect(page).to_have_url(f"{page.url.partition('#')[0]}#type-CaptionRecord")
    heading = page.get_by_role("heading", name="CaptionRecord", exact=True)
    expect(heading).to_be_in_viewport()
