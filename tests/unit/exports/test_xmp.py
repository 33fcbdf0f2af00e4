"""Sidecars of XMP, read by ExifTool."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from captioner.exports import sidecar
from captioner.records import CaptionRecord, Description
from tests.support import exiftool
from tests.support.exported import HOSTILE, captioned_in, described, human, machine, silent

ALT = "XMP-iptcCore:AltTextAccessibility"
EXTENDED = "XMP-iptcCore:ExtDescrAccessibility"
DESCRIPTION = "XMP-dc:Description"
INSTRUCTIONS = "XMP-photoshop:Instructions"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dog.jpg.xmp"


def read(record: CaptionRecord, path: Path) -> dict[str, Any]:
    data = sidecar(record)
    assert data is not None
    path.write_bytes(data)
    assert exiftool.complaints(path) == []
    tags = exiftool.tags_in(path)
    return {name: value for name, value in tags.items() if name.startswith("XMP-")}


def test_machine_text_is_the_alt_text_and_says_what_it_is(path: Path) -> None:
    tags = read(machine(), path)
    instructions = tags.pop(INSTRUCTIONS)

    assert "nobody has reviewed it" in instructions
    assert tags.pop("XMP-x:XMPToolkit").startswith("captioner ")
    assert tags == {
        ALT: "a dog in snow",
        f"{ALT}-en": "a dog in snow",
        "XMP-captioner:AltTextStatus": "machine",
        "XMP-captioner:AltTextSource": "onnx",
        "XMP-captioner:AltTextModel": "scripted 1",
        "XMP-captioner:AltTextConfidence": 0.5,
        "XMP-captioner:AltTextStale": False,
        "XMP-captioner:AltTextUpdated": "2026:11:23 10:00:00+00:00",
    }


def test_what_a_person_approved_needs_no_look(path: Path) -> None:
    record = machine()
    approved = msgspec.structs.replace(record.alt_text, status="approved")
    tags = read(msgspec.structs.replace(record, alt_text=approved), path)

    assert INSTRUCTIONS not in tags
    assert tags["XMP-captioner:AltTextStatus"] == "approved"


def test_stale_text_says_so(path: Path) -> None:
    tags = read(human(stale=True), path)

    assert tags[ALT] == "My dog Rex"
    assert "another picture" in tags[INSTRUCTIONS]
    assert tags["XMP-captioner:AltTextStale"] is True


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_comes_back_as_it_was(path: Path, text: str) -> None:
    record = described(
        human(text, language="he-IL"),
        Description("xmp-extended", text, "en-GB"),
        Description("dc-description", text),
    )
    tags = read(record, path)

    for name in (ALT, f"{ALT}-he-IL", EXTENDED, f"{EXTENDED}-en-GB", DESCRIPTION):
        assert tags[name] == text, name


def test_characters_that_xml_cannot_hold_are_left_out(path: Path) -> None:
    text = "".join(map(chr, range(32))) + "end\ufffe\uffff\x7f"

    # An end of line is \n to whatever reads XML.
    assert read(human(text), path)[ALT] == "\t\n\nend\x7f"


def test_machine_text_in_another_language_goes_with_machine_text_only(path: Path) -> None:
    assert read(captioned_in(machine(), "ja", "犬"), path)[f"{ALT}-ja"] == "犬"
    assert f"{ALT}-ja" not in read(captioned_in(human(), "ja", "犬"), path)


def test_descriptions_that_came_with_the_image_keep_their_place_and_languages(path: Path) -> None:
    record = described(
        machine(),
        Description("iptc-caption", "of IPTC"),
        Description("dc-description", "ein Hund", "de"),
        Description("dc-description", "a dog"),
        Description("dc-description", "noch ein Hund", "DE"),
        Description("dc-description", "no language", 'x" onload="'),
        Description("xmp-extended", "A dog in deep snow."),
    )
    tags = read(record, path)

    assert {name: text for name, text in tags.items() if name.startswith(DESCRIPTION)} == {
        DESCRIPTION: "a dog",
        f"{DESCRIPTION}-de": "ein Hund",
    }
    assert tags[EXTENDED] == "A dog in deep snow."


@pytest.mark.parametrize("origin", ["iptc-caption", "exif-description"])
def test_older_captions_of_photographs_are_their_description(path: Path, origin: Any) -> None:
    assert read(described(machine(), Description(origin, "Rex")), path)[DESCRIPTION] == "Rex"


def test_no_machine_text_stands_where_photographers_write(path: Path) -> None:
    assert DESCRIPTION not in read(machine(), path)


def test_without_alt_text_there_is_no_sidecar() -> None:
    assert sidecar(silent()) is None
