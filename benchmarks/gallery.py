"""How fast the gallery's page is over a large collection, as headless Chromium finds it.

`python -m benchmarks.gallery --records 5000` puts so many made-up records, and photographs for
them, into a storage emulator and opens the page several times, each time as somebody who was never
there; `--json FILE` stores what it finds. The app runs under the development host.
"""

import hashlib
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from io import BytesIO
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import requests
import typer
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.host import Host, RunFailed, wait_until
from benchmarks.machine import this_machine
from benchmarks.pictures import photographs
from benchmarks.results import GALLERY_ROWS, GalleryRun, GalleryVisit, save
from benchmarks.search import made_up
from captioner.records import AltText, Caption, CaptionRecord, ImageFacts, ModelName, now
from captioner.settings import Settings, StorageConnection
from captioner.store import ImageStore
from scripts import azurite
from scripts.errors import SetupError
from scripts.system import chromium

app = typer.Typer(help=__doc__)

WINDOW = (1280, 900)

_LONGEST_SIDE = 800
_AT_ONCE = 16
_REVIEWED = 5  # one of so many texts is approved
_LISTED_S = 300.0
_PATIENCE_MS = 60_000.0
# What the page does not tell by itself: paints, long tasks, and when pictures were drawn.
_WATCH = """
window.watched = { largest: 0, blocked: 0, long: 0, drawn: [] };
const watch = (type, hear) => new PerformanceObserver((list) => list.getEntries().forEach(hear))
  .observe({ type, buffered: true });
watch("largest-contentful-paint", (each) => { watched.largest = each.startTime; });
watch("longtask", (each) => { watched.long += 1; watched.blocked += each.duration - 50; });
document.addEventListener("load", ({ target }) => {
  if (target instanceof HTMLImageElement) {
    requestAnimationFrame(() => watched.drawn.push(performance.now()));
  }
}, true);
"""
_DRAWN = """
() => {
  const seen = [...document.querySelectorAll("main li img")].filter((image) => {
    const { top, bottom } = image.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  });
  return seen.length > 0 && seen.every((image) => image.complete && image.naturalWidth > 0);
}
"""


@app.command()
def gallery(
    *,
    records: Annotated[int, typer.Option(min=121, help="Records in the collection.")] = 5_000,
    visits: Annotated[int, typer.Option(min=2, help="Times that the page is opened.")] = 5,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
) -> None:
    """Open the page over so many records; tell what it fetches, and how long it takes."""
    try:
        run = measure(records, visits)
    except (RunFailed, SetupError) as fault:
        sys.exit(str(fault))
    table = Table("the gallery", f"{records:,} records")
    for label, told in GALLERY_ROWS:
        table.add_row(label, told(run.visit))
    Console().print(table)
    if json is not None:
        save(run, json)


def measure(records: int, visits: int) -> GalleryRun:
    """Fill a collection, open the page so often, and give the medians."""
    with ExitStack() as open_ones:
        folder = Path(open_ones.enter_context(tempfile.TemporaryDirectory()))
        storage = open_ones.enter_context(azurite.running(folder / "storage"))
        _fill(storage.connection_string, records)
        url = open_ones.enter_context(_serving(folder, storage.connection_string, records))
        browser = open_ones.enter_context(_chromium())
        _visit(browser, url)  # thumbnails are made once, and that is not the page's time
        seen = [_visit(browser, url) for _ in range(visits)]
        return GalleryRun(
            command=f"python -m benchmarks.gallery --records {records}",
            machine=this_machine(),
            browser=f"Chromium {browser.version}",
            window=WINDOW,
            records=records,
            visits=visits,
            visit=_median(seen),
        )


def _fill(connection: str, records: int) -> None:
    """Write images and the records of them."""
    pictures = [_small(data) for data in photographs()]
    with (
        ImageStore.connect(StorageConnection(connection_string=connection), Settings()) as store,
        ThreadPoolExecutor(_AT_ONCE) as pool,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        store.ensure_containers()

        def put(number: int, name: str, text: str, data: bytes) -> None:
            etag = store.put_image(name, data)
            store.put_record(_record(number, name, text, data, etag), None)

        told = (
            (number, change.name, change.entry.alt_text.text, data)
            for number, (change, data) in enumerate(zip(made_up(records), cycle(pictures)))
            if change.entry and change.entry.alt_text
        )
        written = [pool.submit(put, *each) for each in told]
        for each in progress.track(written, description="Filling the collection"):
            each.result()


def _record(number: int, name: str, text: str, data: bytes, etag: str) -> CaptionRecord:
    with Image.open(BytesIO(data)) as image:
        width, height = image.size
    moment = now()
    facts = ImageFacts(
        name=name,
        etag=etag,
        sha256=hashlib.sha256(data).hexdigest(),
        content_type="image/jpeg",
        width=width,
        height=height,
        bytes=len(data),
    )
    caption = Caption(
        source="onnx",
        text=text,
        confidence=number % 100 / 100,
        language="en",
        model=ModelName("made-up", "1"),
        elapsed_ms=0.0,
        created=moment,
    )
    status: Any = "machine" if number % _REVIEWED else "approved"
    return CaptionRecord(
        image=facts,
        captions=(caption,),
        alt_text=AltText(text, "onnx", status, None, moment),
        problems=(),
        created=moment,
        updated=moment,
    )


def _small(data: bytes) -> bytes:
    with Image.open(BytesIO(data)) as photograph:
        photograph.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        file = BytesIO()
        photograph.convert("RGB").save(file, "JPEG", quality=85)
    return file.getvalue()


@contextmanager
def _serving(folder: Path, connection: str, records: int) -> Iterator[str]:
    """Run the app, and give its URL when it lists everything."""
    settings = {
        "SEARCH_DIR": str(folder / "search"),
        # The images have their records; nobody need look at each of them again.
        "AzureWebJobs.image_landed.Disabled": "true",
    }
    with Host.running(folder, connection, settings) as host:

        def all_are_listed() -> bool:
            answer = requests.get(f"{host.url}/api/images", params={"limit": 1}, timeout=60)
            return bool(answer.ok and answer.json()["total"] == records)

        wait_until(all_are_listed, _LISTED_S, f"The app does not list all {records:,} images")
        yield host.url


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        with closing(browser):
            yield browser


def _visit(browser: Browser, url: str) -> GalleryVisit:
    """Open the page as a newcomer, go to the last page, and come back."""
    width, height = WINDOW
    with closing(browser.new_context(viewport={"width": width, "height": height})) as context:
        context.set_default_timeout(_PATIENCE_MS)
        context.add_init_script(_WATCH)
        page = context.new_page()
        traffic = _Traffic(page)
        page.goto(url)
        page.wait_for_function(_DRAWN)
        page.wait_for_load_state("networkidle")
        first = page.evaluate("watched")
        fetched = dict(traffic.bytes)
        requested = traffic.requests
        cards = page.get_by_role("list", name="Pictures").get_by_role("listitem")
        shown = cards.first.inner_text()
        pages = page.get_by_role("navigation", name="Pages").get_by_role("listitem")
        to_last = _until_drawn(page, shown, pages.last.get_by_role("link").click)
        back = _until_drawn(page, cards.first.inner_text(), page.go_back)
        return GalleryVisit(
            script_kib=_kib(fetched.get("Script", 0)),
            style_kib=_kib(fetched.get("Stylesheet", 0)),
            total_kib=_kib(sum(fetched.values())),
            requests=requested,
            first_picture_ms=round(min(first["drawn"])),
            all_pictures_ms=round(max(first["drawn"])),
            largest_paint_ms=round(first["largest"]),
            long_tasks=first["long"],
            blocked_ms=round(first["blocked"]),
            heap_mib=_heap_mib(page),
            last_page_ms=to_last,
            back_ms=back,
        )


class _Traffic:
    """What a page fetches: bytes as they were transferred, by the kind of what was fetched."""

    def __init__(self, page: Page) -> None:
        self.bytes: Counter[str] = Counter()
        self.requests = 0
        self._kinds: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._begun)
        session.on("Network.loadingFinished", self._ended)
        session.send("Network.enable")

    def _begun(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event["type"]

    def _ended(self, event: dict[str, Any]) -> None:
        if size := round(event["encodedDataLength"]):  # a blob of the page's own has none
            self.requests += 1
            self.bytes[self._kinds.get(event["requestId"], "Other")] += size


def _until_drawn(page: Page, before: str, go: Callable[[], object]) -> int:
    """Give the milliseconds until other cards are there, and all that are seen are drawn."""
    began = page.evaluate("performance.now()")
    go()
    other = "before => document.querySelector('main li .text')?.closest('li').innerText !== before"
    page.wait_for_function(other, arg=before)
    page.wait_for_function(_DRAWN)
    ended = page.evaluate("performance.now()")
    return int(ended - began)


def _heap_mib(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"])
    return round(used / 2**20, 1)


def _median(visits: list[GalleryVisit]) -> GalleryVisit:
    return GalleryVisit(
        **{
            field: median(getattr(each, field) for each in visits)
            for field in GalleryVisit.__struct_fields__
        }
    )


def _kib(size: int) -> float:
    return round(size / 2**10, 1)


if __name__ == "__main__":
    app()
