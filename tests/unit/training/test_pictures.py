import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captioner.model.preprocessing import resize_picture
from tests.support import tiny_dataset
from training.data import pictures
from training.data.datasets import CaptionDataset, CaptionedImage, DataError, load_dataset
from training.data.pictures import prepare_pictures

RESIZE = (48, 56)


@pytest.fixture
def dataset(tmp_path: Path) -> CaptionDataset:
    return load_dataset(tiny_dataset.write_table(tmp_path / "shapes"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "prepared" / "56"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the images that are decoded, as they are."""
    names: list[str] = []
    really = pictures._pixels

    def noting(image: CaptionedImage, resize: tuple[int, ...]) -> object:
        names.append(image.name)
        return really(image, resize)

    monkeypatch.setattr(pictures, "_pixels", noting)
    return names


def test_each_row_is_its_image_squashed(dataset: CaptionDataset, folder: Path) -> None:
    prepared = prepare_pictures(dataset, folder, RESIZE)
    assert {split: len(each.images) for split, each in prepared.items()} == tiny_dataset.SPLIT_SIZES
    train = prepared["train"]
    assert train.images == dataset.train
    assert train.pixels.dtype == np.uint8
    assert train.pixels.shape == (40, 56, 56, 3)
    with Image.open(train.images[7].path) as image:
        assert np.array_equal(train.pixels[7], resize_picture(image, RESIZE))


def test_pixels_stay_on_disk(dataset: CaptionDataset, folder: Path) -> None:
    assert isinstance(prepare_pictures(dataset, folder, RESIZE)["train"].pixels, np.memmap)


def test_a_bad_picture_is_told_and_left_out(
    dataset: CaptionDataset, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset.train[3].path.write_bytes(dataset.train[3].path.read_bytes()[:200])
    dataset.train[5].path.write_text("no picture")
    with caplog.at_level(logging.WARNING):
        train = prepare_pictures(dataset, folder, RESIZE)["train"]
    left = tuple(image for row, image in enumerate(dataset.train) if row not in {3, 5})
    assert train.images == left
    assert len(train.pixels) == 38
    with Image.open(left[-1].path) as image:
        assert np.array_equal(train.pixels[-1], resize_picture(image, RESIZE))
    told = " ".join(record.getMessage() for record in caplog.records)
    assert dataset.train[3].name in told
    assert dataset.train[5].name in told


def test_nothing_is_done_twice(dataset: CaptionDataset, folder: Path, decoded: list[str]) -> None:
    first = prepare_pictures(dataset, folder, RESIZE)
    assert len(decoded) == 60
    again = prepare_pictures(dataset, folder, RESIZE)
    assert len(decoded) == 60
    assert np.array_equal(first["dev"].pixels, again["dev"].pixels)


def test_a_changed_image_renews_its_split_only(
    dataset: CaptionDataset, folder: Path, decoded: list[str]
) -> None:
    prepare_pictures(dataset, folder, RESIZE)
    decoded.clear()
    Image.new("RGB", (64, 64), "pink").save(dataset.dev[0].path)
    os.utime(dataset.dev[0].path, ns=(0, 0))
    dev = prepare_pictures(dataset, folder, RESIZE)["dev"]
    assert sorted(decoded) == sorted(image.name for image in dataset.dev)
    assert dev.pixels[0].mean(axis=(0, 1)) == pytest.approx((255, 192, 203), abs=2)


def test_other_sizes_and_a_lost_file_begin_anew(
    dataset: CaptionDataset, folder: Path, decoded: list[str]
) -> None:
    prepare_pictures(dataset, folder, (40,))
    assert prepare_pictures(dataset, folder, RESIZE)["test"].pixels.shape == (10, 56, 56, 3)
    assert len(decoded) == 120
    (folder / "test.npy").unlink()
    assert prepare_pictures(dataset, folder, RESIZE)["test"].pixels.any()
    assert len(decoded) == 130


def test_work_that_was_stopped_goes_on(
    dataset: CaptionDataset, folder: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prepare_pictures(dataset, folder.with_name("whole"), RESIZE)["train"]
    monkeypatch.setattr(pictures, "_BATCH", 8)
    noting = pictures._pixels

    def stopped(image: CaptionedImage, resize: tuple[int, ...]) -> object:
        if image == dataset.train[20]:
            raise KeyboardInterrupt
        return noting(image, resize)

    monkeypatch.setattr(pictures, "_pixels", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare_pictures(dataset, folder, RESIZE)
    monkeypatch.setattr(pictures, "_pixels", noting)
    decoded.clear()
    train = prepare_pictures(dataset, folder, RESIZE)["train"]
    assert dataset.train[15].name not in decoded  # of the second batch of eight, which was whole
    assert dataset.train[16].name in decoded
    assert train.images == whole.images
    assert np.array_equal(train.pixels, whole.pixels)


def test_a_state_that_cannot_be_read_begins_anew(dataset: CaptionDataset, folder: Path) -> None:
    before = prepare_pictures(dataset, folder, RESIZE)["dev"].pixels
    (folder / "dev.json").write_text('{"made_from": ')
    assert np.array_equal(prepare_pictures(dataset, folder, RESIZE)["dev"].pixels, before)


def test_a_split_without_a_picture(dataset: CaptionDataset, folder: Path) -> None:
    lonely = replace(dataset, test=dataset.test[:1])
    lonely.test[0].path.write_bytes(b"")
    with pytest.raises(DataError, match="picture of the test split"):
        prepare_pictures(lonely, folder, RESIZE)


def test_only_the_splits_asked_for(dataset: CaptionDataset, folder: Path) -> None:
    assert prepare_pictures(dataset, folder, RESIZE, ("test",)).keys() == {"test"}
    assert sorted(path.name for path in folder.iterdir()) == ["test.json", "test.npy"]


def test_data_for_measuring_cannot_be_learnt_from(tmp_path: Path, folder: Path) -> None:
    dataset = load_dataset(tiny_dataset.write_to_measure_on(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="no image in the train split: this data is for measuring"):
        prepare_pictures(dataset, folder)
