"""Annotation pages, held against the models that IIIF publishes of Presentation API 3.

The models pass over what they do not know: that all of a page is known is seen by writing it anew.
"""

import json
from typing import Any

import msgspec
import pytest
from iiif_prezi3 import AnnotationPage
from pydantic import ValidationError

from captioner.exports import Canvas, export_of, export_one
from captioner.records import CaptionRecord
from tests.support.exported import CANVAS, HOSTILE, IMAGES_URL, human, machine, silent

TEMPLATE = "https://example.org/iiif/{stem}/canvas"


def page(*records: CaptionRecord, canvas: Canvas = CANVAS) -> dict[str, Any]:
    document = json.loads(export_of("annotations", records, canvas).data)
    model = AnnotationPage.model_validate(document, strict=False)
    assert model.model_dump(mode="json", by_alias=True, exclude_none=True) == document
    return document


def test_the_models_refuse_what_is_no_page() -> None:
    document = page(machine())
    del document["items"][0]["target"]
    with pytest.raises(ValidationError):
        AnnotationPage.model_validate(document, strict=False)


def test_machine_text_is_a_programs_and_tagged_as_unreviewed() -> None:
    document = page(machine())

    assert document["@context"] == [
        "http://www.w3.org/ns/anno.jsonld",
        "http://iiif.io/api/presentation/3/context.json",
    ]
    assert document["items"] == [
        {
            "id": f"{IMAGES_URL}/attic/dog.jpg#alt-text",
            "type": "Annotation",
            "motivation": "describing",
            "creator": {"type": "Software", "name": "scripted 1"},
            "modified": "2026-11-23T10:00:00Z",
            "body": [
                {
                    "type": "TextualBody",
                    "value": "a dog in snow",
                    "format": "text/plain",
                    "language": "en",
                    "purpose": "describing",
                },
                {
                    "type": "TextualBody",
                    "value": "unreviewed",
                    "format": "text/plain",
                    "language": "en",
                    "purpose": "tagging",
                },
            ],
            "target": f"{IMAGES_URL}/attic/dog.jpg",
        }
    ]


def tags(record: CaptionRecord) -> list[str]:
    (annotation,) = page(record)["items"]
    return [body["value"] for body in annotation["body"] if body["purpose"] == "tagging"]


def test_a_persons_text_is_the_persons_and_tagged_only_where_it_is_stale() -> None:
    (annotation,) = page(human())["items"]

    assert annotation["creator"] == {"type": "Person", "name": "A. Person"}
    assert "language" not in annotation["body"][0]
    assert (tags(human()), tags(human(stale=True))) == ([], ["stale"])
    assert page(human(by=None))["items"][0]["creator"] == {"type": "Person"}


def test_an_approved_caption_stays_its_captioners() -> None:
    record = machine()
    approved = msgspec.structs.replace(record.alt_text, status="approved", by="A. Person")
    record = msgspec.structs.replace(record, alt_text=approved)

    assert page(record)["items"][0]["creator"] == {"type": "Software", "name": "scripted 1"}
    assert tags(record) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_comes_back_as_it_was(text: str) -> None:
    assert page(human(text))["items"][0]["body"][0]["value"] == text


@pytest.mark.parametrize(
    ("template", "name", "uri"),
    [
        (TEMPLATE, "dog.jpg", "https://example.org/iiif/dog/canvas"),
        (TEMPLATE, "a b/ä?#.tar.gz", "https://example.org/iiif/a%20b%2F%C3%A4%3F%23.tar/canvas"),
        ("https://e.org/{name}", "{sha256}/..", "https://e.org/%7Bsha256%7D%2F.."),
        ("https://e.org/{sha256}/{name}", "a.jpg", "https://e.org/ab12/a.jpg"),
    ],
)
def test_canvases_are_where_the_template_says(template: str, name: str, uri: str) -> None:
    record = machine(name)
    record = msgspec.structs.replace(
        record, image=msgspec.structs.replace(record.image, sha256="ab12")
    )

    (annotation,) = page(record, canvas=Canvas(template, IMAGES_URL))["items"]

    assert (annotation["target"], annotation["id"]) == (uri, f"{uri}#alt-text")


def test_an_image_keeps_the_url_that_its_record_has() -> None:
    record = machine("ä?.jpg")
    assert page(record)["items"][0]["target"] == f"{IMAGES_URL}/%C3%A4%3F.jpg"
    facts = msgspec.structs.replace(record.image, url="https://example.org/dog.jpg")
    record = msgspec.structs.replace(record, image=facts)
    assert page(record)["items"][0]["target"] == "https://example.org/dog.jpg"


def test_ids_are_the_same_each_time_and_those_of_no_other_page() -> None:
    one, other = machine("a.jpg"), machine("b.jpg")
    ids = [page(one)["id"], page(one, other)["id"], page(other, one)["id"], page()["id"]]

    assert len(set(ids)) == 4
    assert ids[0] == page(one)["id"] == page(human("Another text", "a.jpg"))["id"]
    assert page(one, other)["items"][0]["id"] == page(one)["items"][0]["id"]


def test_images_without_text_are_left_out_and_counted() -> None:
    assert [each["target"] for each in page(silent(), machine("a.jpg"), silent())["items"]] == [
        f"{IMAGES_URL}/a.jpg"
    ]
    assert export_of("annotations", [silent(), machine()], CANVAS).left_out == 1


def test_one_image_has_a_page_of_its_own() -> None:
    export = export_one("annotations", machine(), CANVAS)

    assert export.name == "dog.jpg.annotations.json"
    assert json.loads(export.data) == page(machine())
