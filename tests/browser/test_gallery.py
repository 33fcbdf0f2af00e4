"""A person's way through the gallery: drop, see, correct, overwrite, find, publish, delete."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import Visit
from tests.support.gallery import Gallery, GalleryApp, is_drawn
from tests.support.pictures import image_bytes, left_and_right, plain
from tests.support.waiting import wait_for


def photograph(folder: Path, name: str, image: Image.Image) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image_bytes(image))
    return path


def downloaded(gallery: Gallery, label: str) -> tuple[str, bytes]:
    saved = gallery.export(label)
    return saved.suggested_filename, Path(saved.path()).read_bytes()


TEXT = "A garage with a red door and a blue one"


def test_a_person_drops_corrects_overwrites_finds_and_exports(
    visit: Visit, gallery: Gallery, tmp_path: Path
) -> None:
    expect(
        visit.page.get_by_role("heading", name="Drop photographs or folders here")
    ).to_be_visible()
    drop_three_of_which_one_is_damaged(visit, gallery, tmp_path)
    correct(gallery)
    overwrite(visit, gallery, tmp_path)
    find_and_approve_again(gallery)
    export_in_every_form(gallery)


def drop_three_of_which_one_is_damaged(visit: Visit, gallery: Gallery, folder: Path) -> None:
    red = photograph(folder, "red.jpg", left_and_right(640, 480))
    blue = photograph(folder, "blue.jpg", plain(640, 480, "blue"))
    broken = folder / "broken.jpg"
    broken.write_bytes(blue.read_bytes()[:300])
    visit.allow("PUT .*/broken.jpg answered 422")
    gallery.drop(red, blue, broken)
    heading = gallery.uploads.get_by_role("heading")
    expect(heading).to_have_text("2 of 3 pictures uploaded, 1 failed")
    expect(gallery.uploads.get_by_role("listitem")).to_contain_text(["broken.jpg"])
    expect(gallery.uploads).to_contain_text("damaged")
    for name in ("red.jpg", "blue.jpg"):
        expect(gallery.card(name)).to_contain_text("Machine")
        picture = gallery.card(name).locator("img")
        wait_for(lambda picture=picture: is_drawn(picture), f"the picture of {name}")
    gallery.uploads.get_by_role("button", name="Close").click()


def correct(gallery: Gallery) -> None:
    detail = gallery.open("red.jpg")
    for captioner in ("Our model", "Azure AI Vision"):
        expect(detail.get_by_role("article", name=captioner)).to_be_visible()
    gallery.alt_text.fill(TEXT)
    gallery.button("Publish").click()
    expect(detail.get_by_text("Published.").first).to_be_visible()
    gallery.page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(gallery.link_to("red.jpg")).to_be_focused()
    expect(gallery.card("red.jpg")).to_contain_text(TEXT)
    expect(gallery.card("red.jpg")).to_contain_text("Edited")


def overwrite(visit: Visit, gallery: Gallery, folder: Path) -> None:
    visit.allow("PUT .*/red.jpg answered 412")
    gallery.drop(photograph(folder, "red.jpg", plain(640, 480, "green")))
    gallery.dialog("There is a picture of that name").get_by_role("button", name="Replace").click()
    expect(gallery.card("red.jpg")).to_contain_text("Stale")
    expect(gallery.card("red.jpg")).to_contain_text(TEXT)
    gallery.uploads.get_by_role("button", name="Close").click()


def find_and_approve_again(gallery: Gallery) -> None:
    gallery.search("garage doors")
    heading = gallery.page.get_by_role("heading", name="1 picture for “garage doors”")
    expect(heading).to_be_visible()
    expect(gallery.card("red.jpg").get_by_role("mark").first).to_be_visible()
    detail = gallery.open("red.jpg")
    expect(detail.get_by_text("The image was replaced after this text was written")).to_be_visible()
    gallery.button("Approve again").click()
    expect(detail.get_by_text("Approved.").first).to_be_visible()


def export_in_every_form(gallery: Gallery) -> None:
    gallery.detail("red.jpg").get_by_role("button", name="Export").click()
    name, content = downloaded(gallery, "Table (CSV)")
    assert name.endswith(".csv")
    assert TEXT in content.decode("utf-8-sig")
    name, content = downloaded(gallery, "Records (JSON Lines)")
    assert name.endswith(".jsonl")
    assert json.loads(content)["alt_text"]["text"] == TEXT
    name, content = downloaded(gallery, "XMP sidecars")
    assert name == "red.jpg.xmp"
    assert TEXT in content.decode()
    _, content = downloaded(gallery, "Web annotations (IIIF)")
    assert json.loads(content)["type"] == "AnnotationPage"
    assert TEXT in content.decode()
    name, content = downloaded(gallery, "HTML")
    assert name.endswith(".html")
    assert f'alt="{TEXT}"' in content.decode()


def test_a_selection_and_the_whole_collection_are_exported(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    for name in ("one.jpg", "two.jpg", "three.jpg"):
        running.caption(f"export/{name}", image_bytes(plain(60, 40, "orange")))
    visit.page.goto("/?prefix=export/")
    for name in ("one.jpg", "two.jpg"):
        visit.page.get_by_role("checkbox", name=f"Select export/{name}").check()
    selection = visit.page.get_by_role("region", name="Selection")
    expect(selection).to_contain_text("2 pictures selected")
    selection.get_by_role("button", name="Export").click()
    _, content = downloaded(gallery, "XMP sidecars")
    with zipfile.ZipFile(BytesIO(content)) as sidecars:
        assert set(sidecars.namelist()) == {"export/one.jpg.xmp", "export/two.jpg.xmp"}
    scope = gallery.dialog("Export").get_by_role("radio", name="All pictures under the present")
    scope.check()
    _, content = downloaded(gallery, "Records (JSON Lines)")
    exported = {json.loads(line)["image"]["name"] for line in content.splitlines()}
    assert exported == {f"export/{name}.jpg" for name in ("one", "two", "three")}


def test_what_a_search_finds_is_exported(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    for name in ("zither one.jpg", "zither two.jpg", "other.jpg"):
        running.caption(f"found/{name}", image_bytes(plain(60, 40, "orange")))
    gallery.search("zither")
    expect(gallery.wall.get_by_role("listitem")).to_have_count(2)
    gallery.button("Export all").click()
    expect(gallery.dialog("Export").get_by_role("radio", name="found for “zither”")).to_be_checked()
    _, content = downloaded(gallery, "Records (JSON Lines)")
    exported = {json.loads(line)["image"]["name"] for line in content.splitlines()}
    assert exported == {"found/zither one.jpg", "found/zither two.jpg"}


def test_a_folder_is_dropped_or_chosen_with_the_folders_in_it(
    visit: Visit, gallery: Gallery, tmp_path: Path
) -> None:
    for name in ("attic/lamp.jpg", "attic/box/hat.jpg", "cellar/jar.jpg"):
        photograph(tmp_path, name, plain(200, 100, "yellow"))
    (tmp_path / "attic" / "notes.txt").write_text("not a picture")
    gallery.drop(tmp_path / "attic")
    expect(gallery.uploads.get_by_role("heading")).to_have_text("2 of 2 pictures uploaded")
    expect(gallery.uploads).to_contain_text("1 file is no picture: attic/notes.txt")
    for name in ("attic/lamp.jpg", "attic/box/hat.jpg"):
        expect(gallery.card(name)).to_contain_text("Machine")
    gallery.uploads.get_by_role("button", name="Close").click()
    gallery.choose("Choose a folder", tmp_path / "cellar")
    expect(gallery.card("cellar/jar.jpg")).to_contain_text("Machine")


def test_what_people_wrote_outlives_the_picture(
    visit: Visit, gallery: Gallery, tmp_path: Path
) -> None:
    page = visit.page
    name = "kept/vase.jpg"
    file = photograph(tmp_path, "vase.jpg", plain(300, 200, "pink"))
    page.goto("/?prefix=kept/")
    gallery.choose("Choose files", [file])
    expect(gallery.card(name)).to_contain_text("Machine")
    detail = gallery.open(name)
    gallery.alt_text.fill("Somebody wrote this")
    gallery.button("Publish").click()
    expect(detail.get_by_text("Published.").first).to_be_visible()
    detail.get_by_role("button", name="Close").click()
    expect(page.get_by_role("link", name="Edited 1")).to_be_visible()

    detail = gallery.open(name)
    detail.get_by_role("button", name="Delete").click()
    question = gallery.dialog("Delete this picture?")
    expect(question).to_contain_text("What people wrote is kept")
    question.get_by_role("button", name="Delete").click()
    expect(detail).to_be_hidden()
    expect(page.get_by_role("heading", name="No picture is like that")).to_be_visible()
    answer = page.request.get(f"/api/history/{name}").json()
    assert answer["deleted"] is True
    assert answer["versions"][0]["text"] == "Somebody wrote this"

    gallery.choose("Choose files", [file])
    expect(gallery.card(name)).to_contain_text("Somebody wrote this")
    expect(gallery.card(name)).to_contain_text("Edited")


def test_a_selection_is_approved_and_deleted(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    page = visit.page
    for name in ("bulk/a.jpg", "bulk/b.jpg"):
        running.caption(name, image_bytes(plain(60, 40, "white")))
    page.goto("/?prefix=bulk/")
    expect(gallery.card("bulk/b.jpg")).to_contain_text("Machine")
    page.get_by_role("checkbox", name="Select all shown").check()
    selection = page.get_by_role("region", name="Selection")
    selection.get_by_role("button", name="Approve").click()
    gallery.dialog("Approve 2 texts?").get_by_role("button", name="Approve").click()
    expect(gallery.card("bulk/a.jpg")).to_contain_text("Approved")
    expect(gallery.card("bulk/b.jpg")).to_contain_text("Approved")
    expect(selection).to_be_hidden()
    page.get_by_role("checkbox", name="Select all shown").check()
    selection.get_by_role("button", name="Delete").click()
    gallery.dialog("Delete 2 pictures?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No picture is like that")).to_be_visible()
