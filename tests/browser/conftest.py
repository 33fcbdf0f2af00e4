"""What the tests in a browser share: one headless Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from scripts.system import chromium
from tests.support.azurite import Azurite
from tests.support.browser import TIMEOUT_MS, Visit, watched_page
from tests.support.gallery import Gallery, GalleryApp, running_gallery


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium: where there is none, the tests fail and say how to install it.

    Playwright keeps an event loop in this thread, where other tests could run none of theirs.
    """
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium())
        yield running
        running.close()


@pytest.fixture(scope="module")
def running(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GalleryApp]:
    """The app with both captioners; the tests of a module share it, and its pictures."""
    with running_gallery(azurite, tmp_path_factory.mktemp("gallery")) as running:
        yield running


@pytest.fixture
def visit(running: GalleryApp, browser: Browser) -> Iterator[Visit]:
    """The page that the app gives at `/`, opened by somebody who was never there."""
    with watched_page(browser, running.url) as visit:
        visit.page.goto("/")
        yield visit


@pytest.fixture
def gallery(visit: Visit) -> Gallery:
    return Gallery(visit.page)
