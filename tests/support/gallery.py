"""The gallery as people use it: by what controls are called, in a watched page of a real app."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import requests
from playwright.sync_api import Download, FilePayload, Locator, Page

from captioner.collection import ImagePage
from captioner.entries import entry_of
from captioner.records import CaptionRecord
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.vision_server import KEY, VisionServer
from tests.support.waiting import DEADLINE_S, wait_for


@dataclass(frozen=True, slots=True)
class GalleryApp:
    """The app with both captioners; `vision` may be told what to say."""

    app: App
    vision: VisionServer
    key: str = ""

    @property
    def url(self) -> str:
        return self.app.host.url

    def caption(self, name: str, data: bytes) -> CaptionRecord:
        """Put an image into the container, and wait until the lists tell of its record.

        Lists follow records by seconds, and a page that opens in between shows the one before.
        """
        record = self.app.record(name, self.app.drop(name, data))
        wait_for(lambda: self._is_listed(record), f"{name} in the lists")
        return record

    def _is_listed(self, record: CaptionRecord) -> bool:
        answer = requests.get(
            f"{self.url}/api/images",
            params={"prefix": record.image.name},
            headers={"x-functions-key": self.key},
            timeout=DEADLINE_S,
        )
        answer.raise_for_status()
        page = msgspec.json.decode(answer.content, type=ImagePage)
        return entry_of(record) in page.images


@contextmanager
def running_gallery(
    azurite: Azurite, folder: Path, *, with_keys: bool = False
) -> Iterator[GalleryApp]:
    """Run the app with a tiny model and a Vision of its own for a block of code."""
    keys = folder / "keys.json"
    arguments = ["--enforce-keys", "--keys", str(keys)] if with_keys else []
    with VisionServer() as vision:
        settings = {
            "MODEL_DIR": str(make_bundle(folder / "bundle", telling=True)),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
            "SEARCH_DIR": str(folder / "search"),
        }
        with running_app(azurite, settings, arguments=arguments) as app:
            key = json.loads(keys.read_text())["functionKeys"]["default"] if with_keys else ""
            yield GalleryApp(app, vision, key)


class Gallery:
    """The page at `/`: its parts by role and name."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wall = page.get_by_role("list", name="Pictures")
        self.uploads = page.get_by_role("region", name="Uploads")
        self.search_box = page.get_by_role("searchbox", name="Search")
        self.alt_text = page.get_by_role("textbox", name="Alt text")

    def card(self, name: str) -> Locator:
        box = self.page.get_by_role("checkbox", name=f"Select {name}", exact=True)
        return self.wall.get_by_role("listitem").filter(has=box)

    def link_to(self, name: str) -> Locator:
        return self.card(name).get_by_role("link")

    def detail(self, name: str) -> Locator:
        return self.page.get_by_role("dialog", name=name, exact=True)

    def dialog(self, name: str) -> Locator:
        return self.page.get_by_role("dialog", name=name)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def open(self, name: str) -> Locator:
        """Open a picture from the wall, and give its view."""
        self.link_to(name).click()
        return self.detail(name.rpartition("/")[2])

    def choose(self, button: str, files: Sequence[Path] | Sequence[FilePayload] | Path) -> None:
        """Upload by the dialog: `Choose files`, or `Choose a folder` with a folder's path."""
        self.button("Upload").click()
        dialog = self.dialog("Upload photographs")
        with self.page.expect_file_chooser() as chooser:
            dialog.get_by_role("button", name=button).click()
        chooser.value.set_files(files)

    def drop(self, *files: Path) -> None:
        """Let go of files or folders over the page, as from a file manager."""
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 400, "y": 300, "data": data}
            session.send("Input.dispatchDragEvent", event)
        session.detach()

    def search(self, text: str) -> None:
        self.search_box.fill(text)
        self.search_box.press("Enter")

    def export(self, label: str) -> Download:
        """Save in the form of this label, where the export dialog is open."""
        dialog = self.dialog("Export")
        dialog.get_by_role("radio", name=label).check()
        with self.page.expect_download() as saved:
            dialog.get_by_role("button", name="Save").click()
        return saved.value


def is_drawn(picture: Locator) -> bool:
    """Tell whether a picture has arrived and can be seen."""
    return bool(picture.evaluate("image => image.complete && image.naturalWidth > 0"))
