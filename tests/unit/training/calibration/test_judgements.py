from pathlib import Path

import numpy as np
import pytest

from training.calibration.judgements import half_of, load_judgements
from training.data.datasets import CaptionedImage
from training.data.pairs import DataError

NAMES = [f"{number}.jpg" for number in range(20)]
IMAGES = [CaptionedImage(name, Path(name), (f"first {name}", f"second {name}")) for name in NAMES]


def write(folder: Path, *lines: str) -> Path:
    (folder / "Flickr8k_text").mkdir()
    (folder / "Flickr8k_text" / "ExpertAnnotations.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_images_fall_into_two_halves_by_name() -> None:
    halves = [half_of(name) for name in NAMES]
    assert halves == [half_of(name) for name in NAMES]
    assert 5 <= halves.count("choosing") <= 15


def test_no_image_is_in_both_halves_and_none_is_lost(tmp_path: Path) -> None:
    lines = [f"{name}\t{NAMES[place - 1]}#1\t1\t2\t3" for place, name in enumerate(NAMES)]
    folder = write(tmp_path, *lines)
    halves = [load_judgements(folder, IMAGES, half) for half in ("choosing", "reporting")]
    images = [each.image for found in halves for each in found.every]
    assert sorted(images) == sorted(NAMES)


def test_a_judgement_is_a_caption_its_references_and_the_mean(tmp_path: Path) -> None:
    image = next(name for name in NAMES if half_of(name) == "reporting")
    other = next(name for name in NAMES if name != image)
    folder = write(tmp_path, f"{image}\t{other}#1\t2\t4\t3", f"{image}\t{other}#0\t3\t3\t2")
    found = load_judgements(folder, IMAGES, "reporting")
    one, two = found.every
    assert (one.caption, two.caption) == (f"second {other}", f"first {other}")
    assert one.references == (f"first {image}", f"second {image}")
    assert found.means == pytest.approx(np.array([3, 8 / 3]))
    assert found.accepted.tolist() == [True, False]


def test_a_caption_is_not_compared_with_itself(tmp_path: Path) -> None:
    image, other, *_ = NAMES
    lines = [f"{image}\t{image}#0\t4\t4\t4", f"{image}\t{other}#0\t1\t1\t1"]
    found = load_judgements(write(tmp_path, *lines), IMAGES, half_of(image))
    assert [each.caption for each in found.every] == [f"first {other}"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("0.jpg 1.jpg#0 1 x 2", "line 1: expected image, caption and scores"),
        ("0.jpg 1.jpg#7 1 1 2", "line 1: expected image, caption and scores"),
        ("0.jpg 1.jpg#0", "line 1: expected image, caption and scores"),
        ("0.jpg", "line 1: expected image, caption and scores"),
        ("0.jpg other.jpg#0 1 1 2", "line 1: 'other.jpg' has no captions"),
        ("other.jpg 0.jpg#0 1 1 2", "line 1: 'other.jpg' has no captions"),
    ],
)
def test_lines_that_are_no_judgements(tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        load_judgements(write(tmp_path, line), IMAGES, "choosing")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ExpertAnnotations\.txt cannot be read"):
        load_judgements(tmp_path, IMAGES, "choosing")


def test_a_half_without_judgements(tmp_path: Path) -> None:
    image = NAMES[0]
    folder = write(tmp_path, f"{image} {NAMES[1]}#0 1 1 1")
    empty = "choosing" if half_of(image) == "reporting" else "reporting"
    with pytest.raises(DataError, match="judges no caption"):
        load_judgements(folder, IMAGES, empty)
