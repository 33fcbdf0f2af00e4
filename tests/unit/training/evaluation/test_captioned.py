from pathlib import Path

import pytest

from training.evaluation.captioned import (
    Captioned,
    CaptionsInvalid,
    read_captions,
    write_captions,
)

LINES = """
{"image": "attic/a.jpg", "caption": "a dog runs", "confidence": 0.5}

{"image": "b.jpg", "caption": "two café chairs", "confidence": null, "tags": ["chair"]}
"""


def test_a_file_of_captions(tmp_path: Path) -> None:
    (tmp_path / "azure.jsonl").write_text(LINES, encoding="utf-8")
    read = read_captions(tmp_path / "azure.jsonl")
    assert read.name == "azure"
    assert read.captions == {"attic/a.jpg": "a dog runs", "b.jpg": "two café chairs"}
    assert read.confidences == {"attic/a.jpg": 0.5}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    captioned = Captioned("out", {"a": "a dog", "b": "zwei Hühner"}, {"a": 0.25, "b": 1.0})
    write_captions(captioned, tmp_path / "out.jsonl")
    assert read_captions(tmp_path / "out.jsonl") == captioned
    write_captions(Captioned("out", {"a": "a dog"}), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == '{"image":"a","caption":"a dog"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"image": "a"}', r"line 1: .*missing required field `caption`"),
        ('{"image": "a", "caption": "b", "confidence": 1.5}', r"line 1: .*<= 1"),
        ('{"image": "a", "caption": "b"}\n{"image": "a", "caption": "c"}', "line 2: a has a"),
        ("a dog", "line 1: JSON is malformed"),
        ("\n", "holds no caption"),
    ],
)
def test_faults_of_a_file_are_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "captions.jsonl").write_text(content)
    with pytest.raises(CaptionsInvalid, match=message):
        read_captions(tmp_path / "captions.jsonl")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CaptionsInvalid, match="No such file"):
        read_captions(tmp_path / "captions.jsonl")


def test_captions_of_the_images_asked_for_in_their_order() -> None:
    captioned = Captioned("azure", {"a": "one", "b": "two", "c": "three"}, {"a": 0.1, "c": 0.3})
    assert list(captioned.of(["c", "a"]).captions.items()) == [("c", "three"), ("a", "one")]
    assert captioned.of(["c", "a"]).sureness() == pytest.approx([0.3, 0.1])


def test_confidences_are_of_every_image_or_of_none() -> None:
    captioned = Captioned("azure", {"a": "one", "b": "two"}, {"a": 0.1})
    assert captioned.of(["a", "b"]).sureness() is None
    with pytest.raises(CaptionsInvalid, match=r"azure has no caption for 2 of 3 images, .* d, e"):
        captioned.of(["a", "d", "e"])
