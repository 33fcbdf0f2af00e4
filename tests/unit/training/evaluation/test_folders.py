"""Two bundles on a folder of images that nobody has captioned."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from training.cli import app
from training.evaluation.captioned import Captioned
from training.evaluation.folders import ImagesMissing, images_in
from training.evaluation.pages import pictures_page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "attic"
    (folder / "inner").mkdir(parents=True)
    for name, colour in (("a.png", "red"), ("inner/b.png", "blue"), ("c.jpg", "white")):
        kind = "PNG" if name.endswith("png") else "JPEG"
        (folder / name).write_bytes(image_bytes(plain(80, 60, colour), kind))
    (folder / "notes.txt").write_text("no image")
    return folder


def test_images_are_found_and_damaged_ones_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = (folder / "a.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert [image.name for image in images_in(folder)] == ["a.png", "c.jpg", "inner/b.png"]
    assert "cut.png is left out" in caplog.text


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImagesMissing, match="no image in"):
        images_in(tmp_path)


def test_the_most_different_come_first(folder: Path) -> None:
    images = images_in(folder)
    one = Captioned("one", dict.fromkeys(("a.png", "c.jpg", "inner/b.png"), "a <b>dog</b> runs"))
    other = Captioned("other", {**one.captions, "inner/b.png": "two cats", "c.jpg": "a cat runs"})
    page = pictures_page(images, one, other, "Both", most=2)
    assert page.index("inner/b.png") < page.index("c.jpg")
    assert "a.png" not in page
    assert "3 pictures, of which 1 have the same caption by both; the 2 most different" in page
    assert "<mark>two cats</mark>" in page
    assert "a <mark>cat</mark> runs" in page
    assert "<b>dog" not in page


def test_bundles_and_files_of_captions_are_compared(folder: Path, tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "first")
    second = make_bundle(tmp_path / "second", seed=5)
    report = tmp_path / "report.html"
    result = CliRunner().invoke(
        app,
        ["compare", str(first), str(second), "--images", str(folder), "--report", str(report)],
    )
    assert result.exit_code == 0, result.output
    assert "of 3 captions are the same" in result.output
    page = report.read_text()
    assert page.count("<article") == 3
    assert "<mark>" in page
    assert "CIDEr" not in page

    lines = "".join(f'{{"image": "{name}", "caption": "a dog"}}\n' for name in ("a.png", "c.jpg"))
    (tmp_path / "azure.jsonl").write_text(lines)
    result = CliRunner().invoke(
        app, ["compare", str(first), str(tmp_path / "azure.jsonl"), "--images", str(folder)]
    )
    assert result.exit_code == 1
    assert "azure has no caption for 1 of 3 images" in str(result.exception)


@pytest.mark.parametrize("options", [[], ["--data", "a", "--images", "b"]])
def test_one_kind_of_images_is_named(options: list[str]) -> None:
    result = CliRunner().invoke(app, ["compare", "a", "b", *options])
    assert result.exit_code == 2
