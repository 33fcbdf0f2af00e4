import logging
from pathlib import Path

import pytest

from tests.support import tiny_dataset
from training.data.datasets import CaptionDataset, DataError, load_dataset


@pytest.fixture
def flickr8k(tmp_path: Path) -> Path:
    return tiny_dataset.write_flickr8k(tmp_path / "shapes")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tiny_dataset.write_table(tmp_path / "shapes")


def names(dataset: CaptionDataset, split: str) -> set[str]:
    return {image.name for image in getattr(dataset, split)}


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("layout", ["flickr8k", "table"])
def test_both_layouts_hold_the_same(layout: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(layout)
    dataset = load_dataset(folder)
    drawn = tiny_dataset.drawings()
    for split in ("train", "dev", "test"):
        assert names(dataset, split) == {each.name for each in drawn if each.split == split}
    first = dataset.train[0]
    assert first.name == drawn[0].name
    assert first.captions == drawn[0].captions
    assert first.path.is_file()


def test_names_of_data_sets(flickr8k: Path, tmp_path: Path) -> None:
    assert load_dataset(flickr8k).name == "flickr8k"
    assert load_dataset(tiny_dataset.write_table(tmp_path / "attic")).name == "attic"


def test_without_a_column_images_are_split_by_their_names(tmp_path: Path) -> None:
    folder = tiny_dataset.write_table(tmp_path / "shapes", splits=False)
    dataset = load_dataset(folder)
    shares = [names(dataset, split) for split in ("train", "dev", "test")]
    assert sum(map(len, shares)) == len(set.union(*shares)) == 60
    header, *rows = (folder / "captions.csv").read_text().splitlines()
    (folder / "captions.csv").write_text("\n".join([header, *reversed(rows)]))
    again = load_dataset(folder)
    assert [names(again, split) for split in ("train", "dev", "test")] == shares


def test_an_image_folder_of_any_name_and_images_in_folders(table: Path) -> None:
    (table / "images").rename(table / "attic")
    (table / "attic" / "red").mkdir()
    first = tiny_dataset.drawings()[0].name
    (table / "attic" / first).rename(table / "attic" / "red" / first)
    text = (table / "captions.csv").read_text()
    (table / "captions.csv").write_text(text.replace(first, f"red/{first}"))
    assert load_dataset(table).train[0].name == f"red/{first}"


def test_tables_as_spreadsheets_write_them(table: Path) -> None:
    text = (table / "captions.csv").read_text().replace("caption,split", "caption,split,note")
    rows = text.replace("\n", ",\n").replace("note,", "note").replace("\n", "\r\n")
    (table / "captions.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    assert len(load_dataset(table).train) == 40


def test_what_cannot_be_used_is_counted_and_told(
    flickr8k: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = flickr8k / "Flickr8k_text" / "Flickr8k.token.txt"
    first = tiny_dataset.drawings()[0].name
    extra = f"{first}.1#0\tA ghost .\n{first}.1#1\tNo image .\n{first}#5\t .\n"
    tokens.write_text(tokens.read_text() + extra)
    (flickr8k / "Flicker8k_Dataset" / tiny_dataset.drawings()[1].name).unlink()
    with caplog.at_level(logging.WARNING):
        dataset = load_dataset(flickr8k)
    assert len(dataset.train) == 39
    assert len(dataset.train[0].captions) == 5
    told = [record.getMessage() for record in caplog.records]
    assert any("not in" in line and line.endswith(": 7") for line in told)
    assert any("without a word: 1" in line for line in told)
    assert any("images left out, without a caption or a file: 1" in line for line in told)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        load_dataset(tmp_path / "nowhere")


def test_unknown_layout(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"captions\.csv nor Flickr8k_text"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    "missing",
    [
        "Flicker8k_Dataset",
        "Flickr8k_text/Flickr8k.token.txt",
        "Flickr8k_text/Flickr_8k.devImages.txt",
    ],
)
def test_missing_parts_of_flickr8k_are_named(flickr8k: Path, missing: str) -> None:
    (flickr8k / missing).rename(flickr8k / "elsewhere")
    with pytest.raises(DataError, match=f"{Path(missing).name} is missing"):
        load_dataset(flickr8k)


def test_a_line_that_is_no_caption_is_named(flickr8k: Path) -> None:
    tokens = flickr8k / "Flickr8k_text" / "Flickr8k.token.txt"
    rewrite(tokens, "#1\t", "\t")
    with pytest.raises(DataError, match="line 2: expected"):
        load_dataset(flickr8k)


def test_an_image_in_two_official_splits(flickr8k: Path) -> None:
    text = flickr8k / "Flickr8k_text"
    name = tiny_dataset.drawings()[0].name
    rewrite(text / "Flickr_8k.testImages.txt", "\n", f"\n{name}\n")
    with pytest.raises(DataError, match=f"line 2: {name} is in test and in train"):
        load_dataset(flickr8k)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image,caption", "file,caption", "needs a first line"),
        (",train", ",exam", r"line 2: 'exam' is not train, dev or test"),
        (",train", ",test", r"line 3: .* is in train and in test"),
        (" on a", ", on a", "line 2: more columns"),
    ],
)
def test_faults_of_a_table_are_named(table: Path, old: str, new: str, message: str) -> None:
    rewrite(table / "captions.csv", old, new)
    with pytest.raises(DataError, match=message):
        load_dataset(table)


def test_a_table_that_is_not_utf_8(table: Path) -> None:
    text = (table / "captions.csv").read_text().replace("circle", "c\u00edrculo")
    (table / "captions.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        load_dataset(table)


def test_two_folders_beside_the_table(table: Path) -> None:
    (table / "images").rename(table / "attic")
    (table / "cellar").mkdir()
    with pytest.raises(DataError, match="Put the images"):
        load_dataset(table)


def test_a_split_without_an_image(table: Path) -> None:
    text = (table / "captions.csv").read_text()
    (table / "captions.csv").write_text(text.replace(",dev", ",train"))
    with pytest.raises(DataError, match="no captioned image in its dev split"):
        load_dataset(table)


def test_images_to_measure_on_are_all_in_test(tmp_path: Path) -> None:
    dataset = load_dataset(tiny_dataset.write_to_measure_on(tmp_path / "elsewhere"))
    drawings = tiny_dataset.drawings()
    assert (dataset.name, dataset.train, dataset.dev) == ("elsewhere", (), ())
    assert [image.name for image in dataset.test] == [drawing.name for drawing in drawings]
    assert dataset.test[0].captions == drawings[0].captions
    assert dataset.test[0].path.is_file()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"file": "a.jpg"}]', "missing required field `captions`"),
        ('{"images": []}', "Expected `array`, got `object`"),
        ('[{"file": "nowhere.jpg", "captions": ["a dog"]}]', "names no image that is there"),
    ],
)
def test_faults_of_what_is_measured_on_are_named(
    tmp_path: Path, content: str, message: str
) -> None:
    folder = tiny_dataset.write_to_measure_on(tmp_path / "elsewhere")
    (folder / "captions.json").write_text(content)
    with pytest.raises(DataError, match=message):
        load_dataset(folder)
