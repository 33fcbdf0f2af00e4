"""Hundreds of pictures, a page at a time; the address bar says what is shown."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Route, expect

from tests.support.browser import Visit
from tests.support.gallery import Gallery, GalleryApp
from tests.support.pictures import image_bytes, plain

PICTURES = 205
PER_PAGE = 60


@pytest.fixture(scope="module", autouse=True)
def many(running: GalleryApp) -> None:
    """205 pictures, `many/000.jpg` and on."""
    names = [f"many/{number:03}.jpg" for number in range(PICTURES)]
    data = image_bytes(plain(40, 30))
    with ThreadPoolExecutor(8) as pool:
        etags = list(pool.map(lambda name: running.app.drop(name, data), names))
    for name, etag in zip(names, etags, strict=True):
        running.app.record(name, etag)


def test_pages_are_turned_forth_and_back(visit: Visit, gallery: Gallery) -> None:
    page = visit.page
    pages = page.get_by_role("navigation", name="Pages")
    page.goto("/?sort=name")
    expect(page.get_by_role("heading", name="205 pictures")).to_be_visible()
    cards = gallery.wall.get_by_role("listitem")
    expect(cards).to_have_count(PER_PAGE)
    pages.get_by_role("link", name="Next page").click()
    expect(gallery.card("many/060.jpg")).to_be_visible()
    expect(gallery.card("many/059.jpg")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]page=2\b"))
    expect(pages.get_by_role("link", name="Page 2")).to_have_attribute("aria-current", "page")
    pages.get_by_role("link", name="Page 4").click()
    expect(cards).to_have_count(PICTURES - 3 * PER_PAGE)
    page.reload()
    expect(gallery.card("many/204.jpg")).to_be_visible()
    page.go_back()
    expect(gallery.card("many/060.jpg")).to_be_visible()
    page.go_back()
    expect(gallery.card("many/000.jpg")).to_be_visible()
    page.go_forward()
    expect(gallery.card("many/060.jpg")).to_be_visible()


def test_a_picture_that_is_open_is_in_the_address(visit: Visit, gallery: Gallery) -> None:
    page = visit.page
    page.goto("/?sort=name")
    detail = gallery.open("many/001.jpg")
    expect(detail).to_be_visible()
    expect(page).to_have_url(re.compile("image=many"))
    page.keyboard.press("ArrowRight")
    expect(gallery.detail("002.jpg")).to_be_visible()
    page.reload()
    expect(gallery.detail("002.jpg")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_forward()
    expect(gallery.detail("002.jpg")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_filters_order_and_search_are_in_the_address(visit: Visit, gallery: Gallery) -> None:
    page = visit.page
    page.get_by_role("combobox", name="Order").select_option("By name")
    expect(page).to_have_url(re.compile("sort=name"))
    to_review = page.get_by_role("navigation", name="Filters").get_by_role("link", name="To review")
    to_review.click()
    expect(page).to_have_url(re.compile("review=pending"))
    expect(gallery.card("many/000.jpg")).to_be_visible()
    page.reload()
    expect(page.get_by_role("combobox", name="Order")).to_have_value("name")
    expect(to_review).to_have_attribute("aria-current", "true")
    gallery.search("no such thing anywhere")
    expect(page.get_by_role("heading", name="No picture says")).to_be_visible()
    expect(page).to_have_url(re.compile("q=no"))
    page.go_back()
    expect(gallery.search_box).to_have_value("")
    expect(gallery.card("many/000.jpg")).to_be_visible()
    page.get_by_role("combobox", name="Folder").fill("nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No picture is like that")).to_be_visible()
    expect(page).to_have_url(re.compile("prefix=nowhere"))


def test_what_is_chosen_before_an_answer_stays_chosen(visit: Visit, gallery: Gallery) -> None:
    page = visit.page
    expect(gallery.card("many/204.jpg")).to_be_visible()

    def leave_unanswered(_: Route) -> None:
        pass

    page.route("**/api/images?*", leave_unanswered)
    page.get_by_role("combobox", name="Order").select_option("By name")
    filters = page.get_by_role("navigation", name="Filters")
    filters.get_by_role("link", name="To review").click()
    expect(page).to_have_url(re.compile("sort=name.*review=pending|review=pending.*sort=name"))
    page.unroute("**/api/images?*")
    page.reload()
    expect(gallery.card("many/000.jpg")).to_be_visible()


def test_the_arrow_keys_go_from_picture_to_picture(visit: Visit, gallery: Gallery) -> None:
    page = visit.page
    page.goto("/?sort=name")
    gallery.link_to("many/000.jpg").focus()
    page.keyboard.press("ArrowRight")
    expect(gallery.link_to("many/001.jpg")).to_be_focused()
    page.keyboard.press("End")
    expect(gallery.link_to("many/059.jpg")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name="Select many/059.jpg")).to_be_checked()
    page.keyboard.press("Home")
    expect(gallery.link_to("many/000.jpg")).to_be_focused()
    page.keyboard.press("Enter")
    expect(gallery.detail("000.jpg")).to_be_visible()


def test_pictures_that_nobody_sees_are_not_fetched(visit: Visit, gallery: Gallery) -> None:
    fetched: list[str] = []
    visit.page.on(
        "request", lambda asked: "/api/thumbnails/" in asked.url and fetched.append(asked.url)
    )
    visit.page.goto("/?sort=name")
    expect(gallery.card("many/000.jpg").locator("img")).to_have_attribute("data-state", "ready")
    visit.page.wait_for_load_state("networkidle")
    assert 0 < len(fetched) < PER_PAGE
    last = gallery.card("many/059.jpg")
    last.scroll_into_view_if_needed()
    expect(last.locator("img")).to_have_attribute("data-state", "ready")
    assert any("059.jpg" in url for url in fetched)


def test_what_a_search_finds_begins_with_the_best(visit: Visit, gallery: Gallery) -> None:
    visit.page.goto("/?sort=name")
    gallery.card("many/059.jpg").scroll_into_view_if_needed()
    gallery.search("many")
    expect(visit.page.get_by_role("heading", name="pictures for “many”")).to_be_in_viewport()


@pytest.mark.parametrize("found", ["sort=name", "q=many"])
def test_steps_lead_on_to_the_next_page_and_back(
    visit: Visit, gallery: Gallery, found: str
) -> None:
    page = visit.page
    page.goto(f"/?{found}")
    expect(gallery.wall.get_by_role("listitem")).to_have_count(PER_PAGE)
    gallery.wall.get_by_role("link").last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("60 of 205")
    last = page.url
    dialog.get_by_role("button", name="Next picture").click()
    expect(dialog).to_contain_text("61 of 205")
    expect(page).to_have_url(re.compile(r"[?&]page=2\b"))
    expect(gallery.alt_text).not_to_have_value("")
    page.keyboard.press("k")
    expect(dialog).to_contain_text("60 of 205")
    expect(page).to_have_url(last)
    dialog.get_by_role("button", name="Close").click()
    expect(gallery.wall.get_by_role("link").last).to_be_focused()


def test_a_search_without_a_word_says_so_and_leaves_nothing_behind(
    visit: Visit, gallery: Gallery
) -> None:
    visit.allow("GET .*/api/search.* answered 422")
    page = visit.page
    expect(gallery.card("many/204.jpg")).to_be_visible()
    gallery.search('"')
    told = page.get_by_role("region", name="Notices").get_by_text("holds no word to look for")
    expect(told).to_be_visible()
    expect(page.get_by_role("heading", name='0 pictures for “"”')).to_be_visible()
    expect(gallery.wall.get_by_role("listitem")).to_have_count(0)
    gallery.search("")
    expect(gallery.card("many/204.jpg")).to_be_visible()
    expect(told).to_have_count(0)
