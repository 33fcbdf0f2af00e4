"""Reviewing by keyboard alone, two people over one text, and what comes of it all as figures."""

from playwright.sync_api import Browser, Locator, expect

from tests.support.browser import PHONE, Visit, watched_page
from tests.support.gallery import Gallery, GalleryApp
from tests.support.pictures import image_bytes, plain

_MOST_STEPS = 60
_LINES = """
(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getClientRects().length;
}
"""


def go_by_tab(visit: Visit, target: Locator) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(_MOST_STEPS):
        visit.page.keyboard.press("Tab")
        if target.evaluate("control => control === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {target}")


def test_the_queue_is_worked_off_by_keyboard(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    page, keyboard = visit.page, visit.page.keyboard
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        running.caption(f"queue/{name}", image_bytes(plain(80, 60, "green")))
    page.goto("/?prefix=queue/")
    expect(gallery.card("queue/c.jpg")).to_contain_text("Machine")

    go_by_tab(visit, page.get_by_role("link", name="Review queue"))
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 of 3 to review")).to_be_visible()
    expect(gallery.alt_text).not_to_have_value("")
    keyboard.press("a")
    expect(page.get_by_role("heading", name="2 of 3 to review")).to_be_visible()
    keyboard.press("k")
    expect(page.get_by_role("heading", name="1 of 3 to review")).to_be_visible()
    keyboard.press("j")
    expect(page.get_by_role("heading", name="2 of 3 to review")).to_be_visible()
    expect(gallery.alt_text).not_to_have_value("")
    keyboard.press("e")
    expect(gallery.alt_text).to_be_focused()
    keyboard.press("Control+a")
    keyboard.type("A lawn, and nothing but a lawn")
    keyboard.press("Control+Shift+Enter")
    expect(page.get_by_role("heading", name="3 of 3 to review")).to_be_visible()
    expect(gallery.alt_text).not_to_have_value("")
    keyboard.press("j")
    end = page.get_by_role("heading", name="You have come to the end of the queue.")
    expect(end).to_be_focused()
    end_said = page.get_by_role("main").get_by_text("1 picture that you skipped still waits.")
    expect(end_said).to_be_visible()

    go_by_tab(visit, page.get_by_role("link", name="To the wall"))
    keyboard.press("Enter")
    cards = gallery.wall.get_by_role("listitem")
    expect(cards.filter(has_text="Approved")).to_have_count(1)
    expect(cards.filter(has_text="A lawn, and nothing but a lawn")).to_contain_text("Edited")
    expect(cards.filter(has_text="Machine")).to_have_count(1)


def test_two_people_who_write_at_once_see_each_others_texts(
    running: GalleryApp, visit: Visit, browser: Browser
) -> None:
    name = "both.jpg"
    running.caption(name, image_bytes(plain(80, 60, "red")))
    with watched_page(browser, running.url) as other:
        for each in (visit, other):
            each.allow("PUT .*/both.jpg answered 412")
            each.page.goto("/?image=both.jpg")
        mine, theirs = Gallery(visit.page), Gallery(other.page)
        expect(mine.alt_text).not_to_have_value("")
        expect(theirs.alt_text).not_to_have_value("")
        mine.alt_text.fill("A red field")
        theirs.alt_text.fill("A red wall")
        theirs.button("Publish").click()
        expect(theirs.detail(name).get_by_text("Published.").first).to_be_visible()
        mine.button("Publish").click()

        merge = mine.detail(name).get_by_role("region", name="Somebody published another text")
        expect(merge.get_by_text("A red wall", exact=True)).to_be_visible()
        expect(merge.get_by_text("A red field", exact=True)).to_be_visible()
        expect(mine.alt_text).to_have_value("A red field")
        merge.get_by_role("button", name="Edit a combination").click()
        expect(mine.alt_text).to_be_focused()
        mine.alt_text.fill("A red wall in a red field")
        mine.button("Publish").click()
        expect(mine.detail(name).get_by_text("Published.").first).to_be_visible()
        expect(merge).to_be_hidden()
        expect(theirs.alt_text).to_have_value("A red wall in a red field")

        mine.detail(name).get_by_text("Earlier texts").click()
        versions = mine.page.get_by_role("list", name="Earlier texts, newest first")
        expect(versions.get_by_role("listitem").first).to_contain_text("A red wall")
        versions.get_by_role("button", name="Restore this text: A red wall", exact=True).click()
        expect(mine.alt_text).to_have_value("A red wall")


def test_a_text_that_is_not_published_is_not_lost(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    running.caption("draft.jpg", image_bytes(plain(80, 60, "blue")))
    visit.page.goto("/?image=draft.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    gallery.alt_text.fill("Half a sen")
    visit.page.keyboard.press("Escape")
    question = gallery.dialog("Your text is not published")
    question.get_by_role("button", name="Stay here").click()
    expect(gallery.alt_text).to_be_focused()
    visit.page.keyboard.press("Escape")
    question.get_by_role("button", name="Leave and keep the draft").click()
    expect(gallery.detail("draft.jpg")).to_be_hidden()
    gallery.open("draft.jpg")
    expect(gallery.alt_text).to_have_value("Half a sen")
    gallery.button("Undo my changes").click()
    expect(gallery.alt_text).not_to_have_value("Half a sen")


def test_how_long_a_text_is_is_told_and_more_than_250_characters_are_not_published(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    running.caption("long.jpg", image_bytes(plain(80, 60, "black")))
    visit.page.goto("/?image=long.jpg")
    expect(gallery.alt_text).not_to_have_value("")
    detail = gallery.detail("long.jpg")
    gallery.alt_text.fill("x" * 125)
    expect(detail.get_by_text("A good length")).to_be_visible()
    gallery.alt_text.fill("x" * 126)
    expect(detail.get_by_text("Longer than most people")).to_be_visible()
    gallery.alt_text.fill("x" * 251)
    expect(detail.get_by_text("Too long by 1 character")).to_be_visible()
    expect(gallery.button("Publish")).to_have_attribute("aria-disabled", "true")
    gallery.alt_text.fill("x" * 250)
    gallery.button("Publish").click()
    expect(detail.get_by_text("Published.").first).to_be_visible()


def test_where_the_model_looked_is_shown_word_by_word(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    record = running.caption("looked.jpg", image_bytes(plain(80, 60, "white")))
    own = next(each for each in record.captions if each.source == "onnx")
    visit.page.goto("/?image=looked.jpg")
    gallery.button("Show where it looked").click()
    words = visit.page.get_by_role("group", name="Words of the caption").get_by_role("button")
    expect(words).to_have_count(len(own.text.split()))
    expect(words.first).to_be_focused()
    expect(words.first).to_have_attribute("aria-pressed", "true")
    words.last.click()
    expect(words.last).to_have_attribute("aria-pressed", "true")
    expect(words.first).to_have_attribute("aria-pressed", "false")
    said = visit.page.get_by_text("mostly").filter(visible=True)
    expect(said).to_contain_text(own.text.split()[-1])


def lines_of(heading: Locator) -> int:
    return int(heading.evaluate(_LINES))


def test_figures_follow_what_people_reviewed(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    page = visit.page
    for name, text in (("asis.jpg", None), ("other.jpg", "Something else entirely")):
        record = running.caption(f"figures/{name}", image_bytes(plain(80, 60, "orange")))
        assert record.alt_text
        published = {"text": text or record.alt_text.text}
        path = f"/api/alt-text/figures/{name}"
        answer = page.request.put(path, data=published, headers={"If-Match": "*"})
        assert answer.ok
    page.goto("/?view=quality")
    expect(page.get_by_role("heading", name="Quality", level=1)).to_be_visible()
    expect(page.get_by_text("People have reviewed")).to_be_visible()
    for captioner in ("Our model", "Azure AI Vision"):
        expect(page.get_by_role("region", name=captioner)).to_be_visible()
    expect(page.get_by_role("region", name="Our model")).to_contain_text("tiny")
    region = page.get_by_role("region", name="Our model").first
    region.get_by_text("Show as a table").first.click()
    headings = region.get_by_role("columnheader").filter(visible=True)
    expect(headings).to_have_text(["Confidence", "Mean", "Reviewed", "Approved untouched", "Share"])
    assert [lines_of(headings.nth(at)) for at in (0, 1, 2, 4)] == [1, 1, 1, 1]  # no word is cut


def test_what_happens_is_said_to_screen_readers(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    said = visit.page.locator("#announcements[role=status]")
    running.caption("said/first.jpg", image_bytes(plain(80, 60)))
    visit.page.goto("/?prefix=said/")
    expect(gallery.card("said/first.jpg")).to_contain_text("Machine")
    running.caption("said/second.jpg", image_bytes(plain(80, 60, "red")))
    expect(said).to_have_text("1 new caption.")
    gallery.open("said/first.jpg")
    gallery.alt_text.fill("A turquoise xylophone")
    gallery.button("Publish").click()
    expect(visit.page.get_by_role("dialog").locator(said)).to_have_text("Published.")
    visit.page.keyboard.press("j")
    expect(said).to_have_text("This is the last one.")
    visit.page.keyboard.press("Escape")
    gallery.search("xylophone")
    expect(said).to_have_text("1 picture found.")


def test_a_picture_that_the_model_doubts_is_marked(
    running: GalleryApp, visit: Visit, gallery: Gallery
) -> None:
    record = running.caption("doubt/strange.jpg", image_bytes(plain(80, 60, "white")))
    assert record.needs_review
    visit.page.goto("/?prefix=doubt/")
    expect(gallery.card("doubt/strange.jpg")).to_contain_text("Look closely")
    detail = gallery.open("doubt/strange.jpg")
    doubt = detail.get_by_text("Our model is unsure of this picture.")
    expect(doubt).to_be_visible()
    gallery.button("Approve as it is").click()
    expect(detail.get_by_text("Approved.").first).to_be_visible()
    expect(doubt).to_be_hidden()


def test_every_key_is_told(visit: Visit, gallery: Gallery) -> None:
    gallery.button("Keys").click()
    told = gallery.dialog("Keys").get_by_role("definition")
    for meaning in ("Next picture", "Approve the text", "Edit the text", "Publish what you typed"):
        expect(told.filter(has_text=meaning)).to_be_visible()


def test_on_a_phone_the_text_is_beside_the_button_that_approves_it(
    running: GalleryApp, browser: Browser
) -> None:
    record = running.caption("phone/tall.jpg", image_bytes(plain(300, 900, "green")))
    assert record.alt_text
    with watched_page(browser, running.url, size=PHONE) as visit:
        gallery = Gallery(visit.page)
        visit.page.goto("/?view=review&prefix=phone/")
        bar = visit.page.get_by_role("group", name="This picture")
        expect(bar.get_by_text(record.alt_text.text)).to_be_in_viewport(ratio=1)
        expect(bar.get_by_role("button", name="Approve")).to_be_in_viewport(ratio=1)
        expect(gallery.alt_text).not_to_be_in_viewport()
