import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from captioner.records import AltText, CaptionRecord, ImageFacts, now, to_json
from tests.support import tiny_dataset
from training.data.datasets import DataError, load_dataset, load_pairs
from training.data.pairs import Pair, read_pairs


def read(source: Path) -> list[tuple[str, str]]:
    return [(pair.image, pair.caption) for pair in read_pairs(source)]


def write(path: Path, *lines: object) -> Path:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def write_sidecar(folder: Path, image: str, text: AltText | None) -> None:
    path = folder / f"{image}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = CaptionRecord(
        image=ImageFacts(name=image),
        captions=(),
        alt_text=text,
        problems=(),
        created=now(),
        updated=now(),
    )
    path.write_bytes(to_json(record, indent=1))


def alt_text(status: Any, **more: Any) -> AltText:
    return AltText(f"text that is {status}", "person", status, "ann", now(), **more)


def test_a_table_and_lines_of_json_say_the_same(tmp_path: Path) -> None:
    pairs = [("attic/a.jpg", "A man, sitting ."), ("b.jpg", "Zwei H\u00fcte .")]
    quoted = (f'{image},"{caption}"' for image, caption in pairs)
    table = write(tmp_path / "my.csv", "image,caption", *quoted)
    objects = ({"image": image, "caption": caption} for image, caption in pairs)
    lines = write(tmp_path / "my.jsonl", *objects, "")
    assert read(table) == read(lines) == pairs


def test_splits_are_told_or_follow_from_the_name(tmp_path: Path) -> None:
    line = {"image": "a.jpg", "caption": "A man ."}
    source = write(tmp_path / "my.jsonl", line, line | {"split": "validation"})
    by_name, told = read_pairs(source)
    assert by_name == Pair("a.jpg", "A man .", "my.jsonl, line 1")
    assert by_name.split == "train"
    assert told.split == "dev"


def test_an_empty_cell_tells_no_split(tmp_path: Path) -> None:
    rows = ("a.jpg,A man .,test", "a.jpg,A man .,", "a.jpg,A man .,  ", "a.jpg,A man .")
    source = write(tmp_path / "my.csv", "image,caption,split", *rows)
    assert [pair.split for pair in read_pairs(source)] == ["test", "train", "train", "train"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("image,caption", r"my\.jsonl, line 2: expected"),
        ({"image": "a.jpg"}, "line 2: expected .* `caption`"),
        ({"image": "a.jpg", "caption": None}, "line 2: expected .* `null`"),
    ],
)
def test_lines_that_are_no_captions_are_named(tmp_path: Path, line: object, message: str) -> None:
    source = write(tmp_path / "my.jsonl", {"image": "a.jpg", "caption": "A man ."}, line)
    with pytest.raises(DataError, match=message):
        read(source)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There are no captions at"):
        read(tmp_path / "my.csv")
    with pytest.raises(DataError, match=r"my\.txt is neither \.csv, \.jsonl nor a folder"):
        read(write(tmp_path / "my.txt", "A man ."))
    (tmp_path / "my.jsonl").write_bytes('{"image": "h\u00fcte"}'.encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        read(tmp_path / "my.jsonl")


def test_only_what_people_stand_behind_teaches(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = {
        "attic/approved.jpg": alt_text("approved"),
        "edited.jpg": alt_text("edited", stale=False),
        "machine.jpg": alt_text("machine"),
        "stale.jpg": alt_text("approved", stale=True),
        "none.jpg": None,
    }
    for image, text in texts.items():
        write_sidecar(tmp_path, image, text)
    (tmp_path / "settings.json").write_text(json.dumps(asdict(Pair("a", "b", "c"))))
    with caplog.at_level(logging.WARNING):
        found = read(tmp_path)
    assert found == [
        ("attic/approved.jpg", "text that is approved"),
        ("edited.jpg", "text that is edited"),
    ]
    told = " ".join(record.getMessage() for record in caplog.records)
    assert "3 of 6 files hold no alt text that a person has approved" in told
    assert "1 of 6 files are no records" in told


def test_pairs_become_a_data_set_with_images_from_anywhere(tmp_path: Path) -> None:
    folder = tiny_dataset.write_table(tmp_path / "shapes")
    moved = (folder / "captions.csv").rename(tmp_path / "house style.csv")
    dataset = load_pairs(moved, folder / "images", name="house")
    assert (dataset.name, len(dataset.train)) == ("house", 40)
    with pytest.raises(DataError, match="attic is missing"):
        load_pairs(moved, tmp_path / "attic", name="house")


def test_lines_of_json_beside_their_images(tmp_path: Path) -> None:
    folder = tiny_dataset.write_table(tmp_path / "shapes")
    expected = load_dataset(folder)
    lines = [
        {"image": pair.image, "caption": pair.caption, "split": pair.said_split}
        for pair in read_pairs(folder / "captions.csv")
    ]
    (folder / "captions.csv").unlink()
    write(folder / "captions.jsonl", *lines)
    assert load_dataset(folder) == expected
