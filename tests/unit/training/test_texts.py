from pathlib import Path

import pytest

from tests.support import tiny_dataset
from training.data.datasets import DataError
from training.data.texts import load_texts


def test_captions_of_one_picture_come_together(tmp_path: Path) -> None:
    path = tmp_path / "texts" / "captions.tsv"
    path.parent.mkdir()
    path.write_text(
        '\ufeffimage\tcaption\n7\tA "dog" runs .\n9\tA cat .\n\n7\tThe dog .\n9\t ...\n'
    )
    texts = load_texts(path)
    assert texts.name == "texts/captions.tsv"
    assert texts.captions == (('A "dog" runs .', "The dog ."), ("A cat .",))


def test_the_file_is_told_by_its_hash(tmp_path: Path) -> None:
    first = load_texts(tiny_dataset.write_texts(tmp_path / "a.tsv"))
    again = load_texts(tiny_dataset.write_texts(tmp_path / "b.tsv"))
    assert first.sha256 == again.sha256
    assert len(first.captions) == 20
    (tmp_path / "b.tsv").write_text("1\tA dog .\n")
    assert load_texts(tmp_path / "b.tsv").sha256 != first.sha256


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        (b"1\tA caf\xe9 .\n", "is not UTF-8"),
        (b"1\tA dog .\nA cat .\n", "line 2: expected image<TAB>caption"),
        (b"1\tA dog .\t1\n", "line 1: expected image<TAB>caption"),
        (b"image\tcaption\n1\t...\n", "holds no caption"),
        (b"", "holds no caption"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "texts.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_texts(path)
    assert told in caught.value.message
