"""Names and texts that would be markup, or that mirror and overflow, are shown as they are."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import Visit
from tests.support.gallery import Gallery, GalleryApp
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import description

IMAGE = "<img src=x onerror=alert(1)>"
NAMES = (
    f"{IMAGE}.jpg",
    '"><script>alert(1)<\u2215script>.jpg',
    "'); alert(1); \u2215\u2215.jpg",
    "\u202egpj.exe.jpg",
    "שלום עולם.jpg",
    "🦊 in the 🌿.jpg",
    "50%25 off #1?&a=b;c.jpg",
    f"{'W' * 251}.jpg",
    "__proto__.jpg",
    "javascript:alert(1).jpg",
)
TEXTS = (
    IMAGE,
    "<script>alert(1)</script>",
    "${alert(1)} {{alert(1)}}",
    "كلب يجري على العشب",
    "🦊" * 60,
    "W" * 250,
)
_INJECTED = """
() => [...document.querySelectorAll("img, script, iframe, object, svg, a")]
  .filter((each) => [...each.attributes].some(({ name }) => name.startsWith("on"))
    || (each.tagName === "SCRIPT" && !each.src)
    || /^(IFRAME|OBJECT)$/.test(each.tagName)
    || (each.tagName === "IMG" && !/^blob:|^$/.test(each.src))
    || (each.tagName === "A" && each.protocol === "javascript:"))
  .map((each) => each.outerHTML)
"""


def assert_nothing_injected(visit: Visit) -> None:
    assert visit.page.evaluate(_INJECTED) == []


@pytest.fixture(scope="module", autouse=True)
def named(running: GalleryApp) -> None:
    for name in NAMES:
        running.caption(f"names/{name}", image_bytes(plain(80, 60)))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_only_a_name(visit: Visit, gallery: Gallery, name: str) -> None:
    visit.page.goto("/?prefix=names/&sort=name")
    expect(gallery.card(f"names/{name}")).to_contain_text("Machine")
    assert_nothing_injected(visit)
    detail = gallery.open(f"names/{name}")
    expect(detail.get_by_role("img")).to_be_visible()
    expect(detail.get_by_role("heading", level=2)).to_have_text(name)
    detail.get_by_role("button", name="Export").click()
    expect(gallery.dialog("Export")).to_contain_text(name)
    assert name in Path(gallery.export("Table (CSV)").path()).read_text("utf-8-sig")
    assert_nothing_injected(visit)
    visit.page.keyboard.press("Escape")
    detail.get_by_role("button", name="Delete").click()
    expect(gallery.dialog("Delete this picture?")).to_contain_text(name)
    assert_nothing_injected(visit)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_is_only_a_text(
    running: GalleryApp, visit: Visit, gallery: Gallery, text: str
) -> None:
    page = visit.page
    number = TEXTS.index(text)
    name = f"text/{number}.jpg"
    running.vision.script(description((text, 0.9), tags=(text,)))
    running.caption(name, image_bytes(plain(80, 60)))
    page.goto(f"/?prefix=text/&image={name}")
    captioned = gallery.detail(f"{number}.jpg").get_by_role("article", name="Azure AI Vision")
    expect(captioned.get_by_role("button", name="Use this text")).to_have_count(1)
    expect(captioned).to_contain_text(text)
    assert_nothing_injected(visit)
    gallery.alt_text.fill(text)
    gallery.button("Publish").click()
    expect(gallery.detail(f"{number}.jpg").get_by_text("Published.").first).to_be_visible()
    gallery.alt_text.fill("Plain again")
    gallery.button("Publish").click()
    expect(gallery.button("Undo my changes")).to_be_hidden()  # it is published
    gallery.detail(f"{number}.jpg").get_by_text("Earlier texts").click()
    versions = page.get_by_role("list", name="Earlier texts, newest first")
    expect(versions.get_by_role("listitem").first).to_contain_text(text)
    versions.get_by_role("button", name="Restore this text").first.click()
    expect(gallery.alt_text).to_have_value(text)
    assert_nothing_injected(visit)
    page.keyboard.press("Escape")
    expect(gallery.card(name)).to_contain_text(text)
    assert_nothing_injected(visit)


def test_what_is_asked_for_is_only_text(visit: Visit, gallery: Gallery) -> None:
    gallery.search(IMAGE)
    expect(visit.page.get_by_role("heading", level=1)).to_contain_text(f"for “{IMAGE}”")
    expect(visit.page).to_have_title(f"{IMAGE} · Wall · captioner")
    assert_nothing_injected(visit)
    visit.page.goto(f"/?view={IMAGE}&page=-1e9&prefix={IMAGE}")
    expect(visit.page.get_by_role("heading", name="No picture is like that")).to_be_visible()
    assert_nothing_injected(visit)
