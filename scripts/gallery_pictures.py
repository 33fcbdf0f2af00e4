"""The README's pictures of the gallery, `python -m scripts.gallery_pictures`.

The app runs over free photographs with the model that ships, a person's text among its captions,
and headless Chromium takes the pictures, in light and in dark.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import requests
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.host import ROOT, Host, RunFailed, wait_until
from scripts import azurite
from scripts.errors import SetupError
from scripts.system import chromium
from training.samples import SamplesMissing, free_photographs

CORRECTED = "coffee.png"
TEXT = "A cup of black coffee on a saucer with a spoon, on a wooden table."
OPENED = "chelsea.png"

type Light = Literal["light", "dark"]

_LIGHTS: tuple[Light, ...] = ("light", "dark")
_WALL: ViewportSize = {"width": 1280, "height": 1000}
_PICTURE: ViewportSize = {"width": 1280, "height": 1060}
_SHARP = 1.5  # pixels of the picture for each of the page
_QUALITY = 88
_PATIENCE_S = 120.0
_DRAWN = """
() => [...document.querySelectorAll("img")].every((image) => image.complete && image.naturalWidth)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Take pictures of the gallery.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="the folder for them")
    out = parser.parse_args().out
    try:
        with gallery() as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium())
            for light in _LIGHTS:
                for name, picture in taken(browser, url, light):
                    path = out / f"{name}-{light}.webp"
                    picture.save(path, quality=_QUALITY, method=6)
                    print(path)
            browser.close()
    except (RunFailed, SamplesMissing, SetupError) as fault:
        sys.exit(str(fault))


@contextmanager
def gallery() -> Iterator[str]:
    """Run the app over captioned photographs for a block of code, and give its URL."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        azurite.running(Path(temporary) / "storage") as storage,
    ):
        folder = Path(temporary)
        settings = {"SEARCH_DIR": str(folder / "search")}
        with Host.running(folder, storage.connection_string, settings) as host:
            _fill(host.url)
            yield host.url


def _fill(url: str) -> None:
    paths = [photograph.path for photograph in free_photographs()]
    for path in paths:
        kind = f"image/{path.suffix.removeprefix('.').replace('jpg', 'jpeg')}"
        _put(
            f"{url}/api/images/{path.name}", data=path.read_bytes(), headers={"Content-Type": kind}
        )
    _wait_for(url, pending=len(paths))
    _put(f"{url}/api/alt-text/{CORRECTED}", json={"text": TEXT}, headers={"If-Match": "*"})
    _wait_for(url, pending=len(paths) - 1)


def _put(url: str, **what: Any) -> None:
    requests.put(url, timeout=_PATIENCE_S, **what).raise_for_status()


def _wait_for(url: str, *, pending: int) -> None:
    """Wait until so many images are listed that nobody has looked at."""

    def listed() -> bool:
        answer = requests.get(f"{url}/api/images", timeout=_PATIENCE_S)
        return bool(answer.ok and answer.json()["counts"]["pending"] == pending)

    wait_until(listed, _PATIENCE_S, f"{pending} captions were not listed")


def taken(browser: Browser, url: str, light: Light) -> Iterator[tuple[str, Image.Image]]:
    """Take the pictures of the wall, and of one photograph with where the model looked."""
    page = browser.new_page(color_scheme=light, device_scale_factor=_SHARP)
    page.set_viewport_size(_WALL)
    page.goto(url)
    page.get_by_role("list", name="Pictures").get_by_role("link").first.wait_for()
    page.wait_for_function(_DRAWN)
    yield "gallery", _shot(page)
    page.set_viewport_size(_PICTURE)
    page.get_by_role("listitem").filter(has_text=OPENED).get_by_role("link").click()
    page.get_by_role("button", name="Show where it looked").click()
    words = page.get_by_role("group", name="Words of the caption").get_by_role("button")
    words.nth(1).click()  # captions begin with an article and what it is about
    page.wait_for_function(_DRAWN)
    yield "picture", _shot(page)
    page.close()


def _shot(page: Page) -> Image.Image:
    return Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")


if __name__ == "__main__":
    main()
