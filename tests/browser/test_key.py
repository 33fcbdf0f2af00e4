"""An app with function keys: the page asks for one, once, and keeps it for its tab alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.azurite import Azurite
from tests.support.browser import watched_page
from tests.support.gallery import Gallery, GalleryApp, is_drawn, running_gallery
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def locked(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GalleryApp]:
    with running_gallery(azurite, tmp_path_factory.mktemp("gallery"), with_keys=True) as running:
        running.caption("safe.jpg", image_bytes(plain(80, 60)))
        yield running


def ask_for_key(page: Page) -> None:
    expect(page.get_by_role("dialog", name="This gallery asks for a key")).to_be_visible()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()


def test_a_key_is_asked_for_once_and_kept_in_the_tab(locked: GalleryApp, browser: Browser) -> None:
    with watched_page(browser, locked.url) as visit:
        visit.allow("answered 401")
        page, gallery = visit.page, Gallery(visit.page)
        page.goto("/")
        ask_for_key(page)
        page.keyboard.type("not the key")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="A key has only letters")).to_be_visible()
        page.get_by_label("Key", exact=True).fill("a-wrong-key")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="refused that key")).to_be_visible()
        page.get_by_label("Key", exact=True).fill(locked.key)
        page.keyboard.press("Enter")
        picture = gallery.card("safe.jpg").locator("img")
        wait_for(lambda: is_drawn(picture), "the picture behind the key")
        asked = len(visit.faults)

        page.reload()
        expect(gallery.card("safe.jpg")).to_contain_text("Machine")
        expect(page.get_by_role("dialog")).to_have_count(0)
        gallery.open("safe.jpg")
        expect(gallery.alt_text).not_to_have_value("")
        assert len(visit.faults) == asked  # nothing was refused any more
        assert locked.key not in page.url
        kept = page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage)]")
        assert locked.key in kept[0]
        assert locked.key not in kept[1]
        assert page.context.cookies() == []

        another = page.context.new_page()
        another.goto("/")
        ask_for_key(another)
