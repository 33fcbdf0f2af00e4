"""Snippets of HTML, read by a strict parser of the standard's own algorithm."""

from xml.etree.ElementTree import Element

import html5lib
import msgspec
import pytest

from captioner.exports import export_of, export_one
from captioner.records import CaptionRecord
from tests.support.exported import CANVAS, HOSTILE, IMAGES_URL, human, machine, silent


def parsed(text: str) -> Element:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def image(record: CaptionRecord) -> dict[str, str]:
    """Give the attributes of the one element that a snippet is."""
    text = export_one("html", record, CANVAS).data.decode()
    (found,) = parsed(f"<!DOCTYPE html><title>x</title><body>{text}").findall("body/*")
    assert found.tag == "img"
    return dict(found.attrib)


def test_a_snippet_has_all_that_a_page_needs() -> None:
    assert image(machine()) == {
        "src": f"{IMAGES_URL}/attic/dog.jpg",
        "alt": "a dog in snow",
        "width": "40",
        "height": "30",
        "lang": "en",
        "loading": "lazy",
        "data-alt-text": "unreviewed",
    }


def test_a_persons_text_is_marked_only_where_it_is_stale() -> None:
    assert "data-alt-text" not in image(human())
    assert image(human(stale=True))["data-alt-text"] == "stale"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_comes_back_as_it_was(text: str) -> None:
    found = image(human(text, f"{text[:9]}.jpg"))

    assert found["alt"] == text
    assert found.keys() == {"src", "alt", "width", "height", "loading"}


def test_characters_that_html_cannot_hold_are_left_out() -> None:
    assert image(human("a\x00\x01\x1f\ufffeb"))["alt"] == "ab"


def test_an_address_cannot_end_its_attribute() -> None:
    record = machine()
    facts = msgspec.structs.replace(record.image, url='https://e.org/"onerror="alert(1)')
    assert image(msgspec.structs.replace(record, image=facts))["src"] == facts.url


def test_several_are_a_document_with_one_a_line() -> None:
    export = export_of("html", [machine("a.jpg"), silent(), human(HOSTILE[0], "b.jpg")], CANVAS)

    lines = export.data.decode().splitlines()
    assert [line.startswith("<img ") for line in lines[-4:]] == [True, True, False, False]
    images = parsed(export.data.decode()).findall("body/img")
    assert [each.get("alt") for each in images] == ["a dog in snow", HOSTILE[0]]
    assert export.left_out == 1
