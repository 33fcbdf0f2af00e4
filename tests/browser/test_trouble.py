"""What goes wrong while somebody works: the app out of reach, a picture deleted or replaced."""

from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.support.browser import Visit
from tests.support.gallery import Gallery, GalleryApp
from tests.support.pictures import image_bytes, left_and_right, plain


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Five photographs, more than are sent at once."""
    paths = [tmp_path / f"{number}.jpg" for number in range(5)]
    for path in paths:
        path.write_bytes(image_bytes(plain(60, 40)))
    return paths


def delete(running: GalleryApp, name: str) -> None:
    requests.delete(f"{running.url}/api/images/{name}").raise_for_status()


def publish(running: GalleryApp, name: str, text: str) -> None:
    requests.put(
        f"{running.url}/api/alt-text/{name}", json={"text": text}, headers={"If-Match": "*"}
    ).raise_for_status()


def test_uploads_wait_for_an_app_that_is_out_of_reach(
    visit: Visit, gallery: Gallery, files: list[Path]
) -> None:
    visit.allow("ERR_INTERNET_DISCONNECTED")
    visit.page.goto("/?prefix=offline/")
    expect(visit.page.get_by_role("heading", name="No picture is like that")).to_be_visible()
    visit.page.context.set_offline(True)
    gallery.drop(*files)
    expect(gallery.uploads.get_by_text("It is tried again by itself.").first).to_be_visible()
    expect(gallery.uploads.get_by_role("heading")).to_have_text("0 of 5 pictures uploaded")
    gallery.uploads.get_by_role("button", name="Cancel offline/0.jpg").click()
    visit.page.context.set_offline(False)
    heading = gallery.uploads.get_by_role("heading")
    expect(heading).to_have_text("4 of 5 pictures uploaded, 1 cancelled")
    expect(gallery.card("offline/4.jpg")).to_contain_text("Machine")


def test_an_app_that_goes_on_failing_is_not_asked_for_ever(
    visit: Visit, gallery: Gallery, files: list[Path]
) -> None:
    visit.allow("PUT .* answered 503")
    visit.page.clock.install()
    visit.page.route("**/api/images/**", lambda route: route.fulfill(status=503, body=""))
    visit.page.goto("/")
    gallery.drop(files[0])
    for pause_s in (2, 4, 8, 16):
        expect(gallery.uploads.get_by_text("It is tried again by itself.")).to_be_visible()
        with visit.page.expect_response("**/api/images/**"):
            visit.page.clock.run_for(pause_s * 1_000)
    visit.page.clock.run_for(1_000)
    expect(gallery.uploads.get_by_role("heading")).to_have_text("0 of 1 picture uploaded, 1 failed")
    visit.page.unroute("**/api/images/**")
    gallery.uploads.get_by_role("button", name="Try failed ones again").click()
    visit.page.clock.resume()
    expect(gallery.uploads.get_by_role("heading")).to_have_text("1 of 1 picture uploaded")


def test_a_picture_deleted_while_it_is_open_says_so_and_costs_no_typed_text(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    visit.allow("/deleted.jpg.* answered 404", "beforeunload")
    running.caption("deleted.jpg", image_bytes(plain(60, 40)))
    visit.page.goto("/?image=deleted.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    gallery.alt_text.fill("Typed in vain")
    delete(running, "deleted.jpg")
    detail = gallery.detail("deleted.jpg")
    expect(detail.get_by_text("This picture was deleted meanwhile.")).to_be_visible()
    expect(gallery.alt_text).to_have_value("Typed in vain")
    gallery.button("Publish").click()
    expect(detail.get_by_text("The picture was deleted. Your text stays here")).to_be_visible()


def test_what_people_wrote_of_a_deleted_picture_is_shown_where_it_was(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    visit.allow("/gone.jpg.* answered 404")
    running.caption("gone.jpg", image_bytes(plain(60, 40)))
    publish(running, "gone.jpg", "A text that is kept")
    delete(running, "gone.jpg")
    visit.page.goto("/?image=gone.jpg")
    detail = gallery.detail("gone.jpg")
    expect(detail.get_by_text("This picture was deleted. What people wrote")).to_be_visible()
    expect(detail.get_by_role("listitem").first).to_contain_text("A text that is kept")
    expect(detail.get_by_text("last changed")).to_be_hidden()
    running.caption("gone.jpg", image_bytes(plain(60, 40, "red")))
    expect(gallery.alt_text).to_have_value("A text that is kept")
    expect(detail.get_by_text("This picture was deleted.")).to_be_hidden()


def test_a_name_that_there_is_not_is_told(visit: Visit, gallery: Gallery) -> None:
    visit.allow("/never.jpg answered 404")
    visit.page.goto("/?image=never.jpg")
    told = gallery.detail("never.jpg").get_by_text("There is no picture of that name here")
    expect(told).to_be_visible()


def test_an_image_replaced_under_the_editor_is_shown_and_the_typed_text_waits(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    running.caption("changed.jpg", image_bytes(plain(60, 40)))
    visit.page.goto("/?image=changed.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    gallery.alt_text.fill("A text of the first picture")
    running.caption("changed.jpg", image_bytes(left_and_right(90, 60)))
    detail = gallery.detail("changed.jpg")
    merge = detail.get_by_role("region", name="The image was replaced while you wrote")
    expect(merge).to_be_visible()
    expect(detail.get_by_text("90 \N{MULTIPLICATION SIGN} 60 pixels")).to_be_visible()
    expect(gallery.alt_text).to_have_value("A text of the first picture")
    merge.get_by_role("button", name="Keep theirs").click()
    expect(merge).to_be_hidden()
    expect(detail.get_by_role("button", name="Bring my text back")).to_be_visible()
