"""Everyone can use every view and dialog: axe-core, reflow at 320 px, and the keyboard alone."""

from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, FilePayload, expect

from tests.support.accessibility import (
    assert_accessible,
    assert_operable_by_keyboard,
    assert_reflows,
)
from tests.support.browser import PHONE, WIDE, Visit, watched_page
from tests.support.gallery import Gallery, GalleryApp
from tests.support.pictures import image_bytes, left_and_right, plain

LONG = f"A long name of a folder with many words/and {'x' * 120}.jpg"
TEXT = "What a person wrote"

type Scene = Callable[[Visit, Gallery], None]


@pytest.fixture(scope="module", autouse=True)
def collection(running: GalleryApp) -> None:
    """Pictures of every standing: a machine's, edited, stale, damaged, and one with a long name."""
    for name in ("machine.jpg", "edited.jpg", "stale.jpg", "contested.jpg", LONG):
        running.caption(name, image_bytes(left_and_right(400, 300)))
    running.caption("damaged.jpg", image_bytes(plain(400, 300))[:300])
    for name in ("edited.jpg", "stale.jpg"):
        publish(running, name, TEXT)
    running.caption("stale.jpg", image_bytes(plain(400, 300, "green")))


def publish(running: GalleryApp, name: str, text: str) -> None:
    answer = requests.put(
        f"{running.url}/api/alt-text/{name}", json={"text": text}, headers={"If-Match": "*"}
    )
    assert answer.ok, answer.text


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def visit(request: pytest.FixtureRequest, running: GalleryApp, browser: Browser) -> Iterator[Visit]:
    with watched_page(browser, running.url, size=request.param) as visit:
        yield visit


def wall(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/")
    expect(gallery.card("stale.jpg")).to_contain_text("Stale")
    expect(gallery.card("damaged.jpg")).to_contain_text("Damaged file")
    expect(gallery.card(LONG)).to_contain_text("Machine")


def selection(visit: Visit, gallery: Gallery) -> None:
    wall(visit, gallery)
    visit.page.get_by_role("checkbox", name="Select all shown").check()
    expect(visit.page.get_by_role("region", name="Selection")).to_be_visible()


def problems(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?problem=any")
    expect(gallery.card("damaged.jpg")).to_be_visible()


def nothing_like_that(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?prefix=nowhere/")
    expect(visit.page.get_by_role("heading", name="No picture is like that")).to_be_visible()


def found(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?q=person+wrote")
    expect(gallery.card("edited.jpg").get_by_role("mark").first).to_be_visible()


def nothing_found(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?q=zyzzyva")
    expect(visit.page.get_by_role("heading", name="No picture says")).to_be_visible()


def detail(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?image=edited.jpg")
    expect(gallery.alt_text).to_have_value(TEXT)
    visit.page.get_by_text("Earlier texts").click()
    expect(visit.page.get_by_role("list", name="Earlier texts, newest first")).to_be_visible()


def detail_of_what_is_damaged(visit: Visit, gallery: Gallery) -> None:
    visit.allow("GET .*/api/thumbnails/damaged.jpg.* answered 422")
    visit.page.goto("/?image=damaged.jpg")
    expect(gallery.detail("damaged.jpg").get_by_text("damaged").first).to_be_visible()


def detail_of_what_is_stale(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?image=stale.jpg")
    expect(visit.page.get_by_text("The image was replaced after this text")).to_be_visible()


def detail_of_a_long_name(visit: Visit, gallery: Gallery) -> None:
    wall(visit, gallery)
    gallery.open(LONG)
    expect(gallery.alt_text).not_to_have_value("")
    gallery.alt_text.fill("too long " * 40)


def where_the_model_looked(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?image=machine.jpg")
    gallery.button("Show where it looked").click()
    expect(visit.page.get_by_role("group", name="Words of the caption")).to_be_visible()


def review(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?view=review")
    expect(gallery.alt_text).not_to_have_value("")


def end_of_review(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?view=review&prefix=nowhere/")
    expect(visit.page.get_by_role("heading", name="There is nothing to review")).to_be_visible()


def quality(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?view=quality")
    expect(visit.page.get_by_role("region", name="Our model")).to_be_visible()


def upload_dialog(visit: Visit, gallery: Gallery) -> None:
    wall(visit, gallery)
    gallery.button("Upload").click()
    expect(gallery.dialog("Upload photographs")).to_be_visible()


def keys_dialog(visit: Visit, gallery: Gallery) -> None:
    wall(visit, gallery)
    gallery.button("Keys").click()
    expect(gallery.dialog("Keys")).to_be_visible()


def export_dialog(visit: Visit, gallery: Gallery) -> None:
    selection(visit, gallery)
    region = visit.page.get_by_role("region", name="Selection")
    region.get_by_role("button", name="Export").click()
    expect(gallery.dialog("Export")).to_be_visible()


def delete_dialog(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?image=machine.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    gallery.detail("machine.jpg").get_by_role("button", name="Delete").click()
    expect(gallery.dialog("Delete this picture?")).to_be_visible()


def draft_dialog(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?image=machine.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    gallery.alt_text.fill("A draft")
    visit.page.keyboard.press("Escape")
    expect(gallery.dialog("Your text is not published")).to_be_visible()


def empty(visit: Visit, gallery: Gallery) -> None:
    counts = {"all": 0, "pending": 0, "stale": 0, "status": [], "problems": []}
    nothing = {"total": 0, "offset": 0, "limit": 60, "images": [], "counts": counts}
    visit.page.route("**/api/images?*", lambda route: route.fulfill(json=nothing))
    visit.page.goto("/")
    expect(visit.page.get_by_role("heading", name="Drop photographs or folders")).to_be_visible()


def out_of_reach(visit: Visit, gallery: Gallery) -> None:
    visit.allow("answered 503")
    wall(visit, gallery)
    visit.page.route("**/api/images?*", lambda route: route.fulfill(status=503, body=""))
    expect(visit.page.get_by_text("This page keeps trying.").first).to_be_visible()


def key_dialog(visit: Visit, gallery: Gallery) -> None:
    visit.allow("answered 401")
    visit.page.route("**/api/**", lambda route: route.fulfill(status=401, body=""))
    visit.page.goto("/")
    expect(gallery.dialog("This gallery asks for a key")).to_be_visible()


def uploads(visit: Visit, gallery: Gallery) -> None:
    visit.allow("PUT .*/broken.jpg answered 422")
    wall(visit, gallery)
    broken = FilePayload(name="broken.jpg", mimeType="image/jpeg", buffer=b"")
    other = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"No picture")
    gallery.choose("Choose files", [broken, other])
    expect(gallery.uploads.get_by_text("The file is empty")).to_be_visible()


def taken_name_dialog(visit: Visit, gallery: Gallery) -> None:
    visit.allow("PUT .*/machine.jpg answered 412")
    wall(visit, gallery)
    same = image_bytes(left_and_right(400, 300))
    again = FilePayload(name="machine.jpg", mimeType="image/jpeg", buffer=same)
    gallery.choose("Choose files", [again])
    expect(gallery.dialog("There is a picture of that name")).to_be_visible()


def detail_of_what_two_people_wrote(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?image=contested.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    gallery.alt_text.fill("What I write")
    theirs = {"text": f"What another wrote beside {visit.page.viewport_size}"}
    visit.page.request.put("/api/alt-text/contested.jpg", data=theirs, headers={"If-Match": "*"})
    expect(visit.page.get_by_role("region", name="Somebody published")).to_be_visible()


def detail_of_what_was_deleted(visit: Visit, gallery: Gallery) -> None:
    visit.allow("/deleted.jpg answered 404")
    version = {"text": TEXT, "source": "person", "status": "edited", "by": None}
    versions = [{**version, "updated": "2026-11-23T10:00:00Z"}]
    kept = {"name": "deleted.jpg", "deleted": True, "versions": versions}
    visit.page.route("**/api/history/deleted.jpg", lambda route: route.fulfill(json=kept))
    visit.page.goto("/?image=deleted.jpg")
    expect(visit.page.get_by_text("This picture was deleted.")).to_be_visible()


SCENES = (
    empty,
    out_of_reach,
    key_dialog,
    uploads,
    taken_name_dialog,
    detail_of_what_two_people_wrote,
    detail_of_what_was_deleted,
    wall,
    selection,
    problems,
    nothing_like_that,
    found,
    nothing_found,
    detail,
    detail_of_what_is_damaged,
    detail_of_what_is_stale,
    detail_of_a_long_name,
    where_the_model_looked,
    review,
    end_of_review,
    quality,
    upload_dialog,
    keys_dialog,
    export_dialog,
    delete_dialog,
    draft_dialog,
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_everyone_can_use_it(visit: Visit, scene: Scene) -> None:
    scene(visit, Gallery(visit.page))
    assert_accessible(visit.page)
    assert_reflows(visit.page)
    assert_operable_by_keyboard(visit.page)
