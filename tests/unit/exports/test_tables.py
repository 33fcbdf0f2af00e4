"""Records as a table and as lines of JSON."""

import csv
import io

import msgspec
import pytest

from captioner.exports import export_of
from captioner.records import CaptionRecord, Description, Problem, Tag, from_json
from tests.support.exported import CANVAS, HOSTILE, captioned_in, described, human, machine, silent

COLUMNS = [
    *("name", "url", "alt_text", "status", "source", "by", "updated", "stale", "language"),
    *("needs_review", "agreement", "onnx", "onnx_confidence"),
    *("azure_vision", "azure_vision_confidence", "tags", "descriptions", "problems"),
    *("width", "height", "content_type", "sha256"),
]


def rows(*records: CaptionRecord) -> list[dict[str, str]]:
    data = export_of("csv", records, CANVAS).data
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_table_is_what_excel_and_rfc_4180_ask_for() -> None:
    export = export_of("csv", [machine(), silent()], CANVAS)

    assert export.data.startswith(b"\xef\xbb\xbfname,url,alt_text,")
    assert export.data.count(b"\r\n") == export.data.count(b"\n") == 3
    assert (export.media_type, export.name, export.left_out) == ("text/csv", "alt-texts.csv", 0)
    assert next(csv.reader(io.StringIO(export.data.decode("utf-8-sig")))) == COLUMNS


def test_a_row_tells_everything_of_an_image() -> None:
    record = captioned_in(machine(), "ja", "犬")
    caption = msgspec.structs.replace(record.captions[0], tags=(Tag("dog", 0.9), Tag("snow", None)))
    record = msgspec.structs.replace(
        record,
        captions=(caption, record.captions[1]),
        agreement=0.64,
        needs_review=True,
        problems=(Problem("azure-vision", "vision_throttled", "Wait."),),
    )
    record = described(
        record, Description("dc-description", "Rex"), Description("iptc-caption", "A dog")
    )

    (row,) = rows(record)

    assert row == {
        "name": "attic/dog.jpg",
        "url": "",
        "alt_text": "a dog in snow",
        "status": "machine",
        "source": "onnx",
        "by": "",
        "updated": "2026-11-23T10:00:00+00:00",
        "stale": "false",
        "language": "en",
        "needs_review": "true",
        "agreement": "0.64",
        "onnx": "a dog in snow",
        "onnx_confidence": "0.5",
        "azure_vision": "犬",
        "azure_vision_confidence": "0.5",
        "tags": "dog; snow",
        "descriptions": "dc-description: Rex\niptc-caption: A dog",
        "problems": "vision_throttled",
        "width": "40",
        "height": "30",
        "content_type": "image/jpeg",
        "sha256": "",
    }


def test_human_and_stale_text_says_so_and_no_text_is_none() -> None:
    found = rows(human(), human(stale=True), silent())

    assert [row["status"] for row in found] == ["edited", "edited", "none"]
    assert [row["stale"] for row in found] == ["false", "true", ""]
    assert [row["by"] for row in found] == ["A. Person", "A. Person", ""]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_comes_back_as_it_was(text: str) -> None:
    assert rows(human(text))[0]["alt_text"] == text.replace("\r\n", "\n")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_is_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(1)"

    (row,) = rows(human(text, f"{start}a.jpg", caption=text, by=text))

    for column in ("name", "alt_text", "by", "onnx"):
        assert row[column].startswith(f"'{start}"), column


def test_later_parts_go_on_where_the_first_ended() -> None:
    first = export_of("csv", [machine("a.jpg")], CANVAS).data
    second = export_of("csv", [machine("b.jpg")], CANVAS, first=False).data

    assert first + second == export_of("csv", [machine("a.jpg"), machine("b.jpg")], CANVAS).data


def test_lines_are_the_records() -> None:
    records = [machine(), human(HOSTILE[5]), silent()]
    export = export_of("jsonl", records, CANVAS)

    assert [from_json(line) for line in export.data.splitlines()] == records
    assert (export.media_type, export.left_out) == ("application/x-ndjson", 0)
