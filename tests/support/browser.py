"""Pages in headless Chromium, watched: what goes wrong unseen fails the test.

    with watched_page(browser, host.url) as visit:
        visit.page.goto("/")
        expect(visit.page.get_by_role("heading", name="Gallery")).to_be_visible()

Errors in the console, uncaught exceptions, breaches of the content security policy, dialogs,
answers of 400 and more, requests that fail and requests to anywhere else are faults. A test
that asks for one says so first, by `visit.allow(...)`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
)

TIMEOUT_MS = 10_000
WIDE = (1280, 900)
PHONE = (320, 640)

# A page's own AbortController, or a page that is left, ends a request so.
_ABORTED = "net::ERR_ABORTED"
_TELL_BREACHES = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy breached: ${event.effectiveDirective} by ${event.blockedURI}`));
"""


class Visit:
    """One page and what went wrong on it so far."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.faults: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        self._origin = _origin(url)
        context.add_init_script(_TELL_BREACHES)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfailed", self._on_failed)
        context.on("weberror", lambda told: self.faults.append(f"uncaught: {told.error}"))
        context.on("console", self._on_console)
        context.on("dialog", self._on_dialog)
        self.page: Page = context.new_page()

    def allow(self, *patterns: str) -> None:
        """Take faults that match one of these regular expressions for what is wanted."""
        self._allowed += map(re.compile, patterns)

    def assert_no_faults(self) -> None:
        left = [
            fault for fault in self.faults if not any(each.search(fault) for each in self._allowed)
        ]
        assert not left, "the page had faults:\n" + "\n".join(left)

    def _on_request(self, request: Request) -> None:
        scheme = urlsplit(request.url).scheme
        if scheme not in {"blob", "data"} and _origin(request.url) != self._origin:
            self.faults.append(f"asked elsewhere: {request.method} {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            request = response.request
            self.faults.append(f"{request.method} {request.url} answered {response.status}")

    def _on_failed(self, request: Request) -> None:
        if request.failure != _ABORTED:
            self.faults.append(f"{request.method} {request.url} failed: {request.failure}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium repeats every answer of 400 and more here, without its URL in the text.
        repeated = message.text.startswith("Failed to load resource: the server responded")
        if message.type in {"error", "warning"} and not repeated:
            self.faults.append(f"console {message.type}: {message.text}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.type} {dialog.message}")
        dialog.dismiss()


@contextmanager
def watched_page(
    browser: Browser, url: str, *, size: tuple[int, int] = WIDE, **options: Any
) -> Iterator[Visit]:
    """Open a page of a context of its own; fail in the end if anything went wrong on it.

    `options` are those of Playwright's `Browser.new_context`.
    """
    width, height = size
    everything: dict[str, Any] = {
        "base_url": url,
        "viewport": {"width": width, "height": height},
        "reduced_motion": "reduce",
        **options,
    }
    context = browser.new_context(**everything)
    context.set_default_timeout(TIMEOUT_MS)
    try:
        visit = Visit(context, url)
        yield visit
        visit.assert_no_faults()
    finally:
        context.close()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
