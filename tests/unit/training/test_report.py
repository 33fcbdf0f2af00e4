from pathlib import Path

import pytest
from PIL import Image

from training.report import contact_sheet, plot_history
from training.samples import free_photographs

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
HISTORY = "epoch,loss,learning_rate,val_loss,dev_cider\n1,5.0,0.1,5.1,21.5\n2,4.0,0.1,4.4,35.2\n"


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    found = image.convert("RGB").getcolors(image.width * image.height)
    assert found is not None
    return {colour for _, colour in found}


def test_a_history_is_plotted(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HISTORY)
    plot_history(tmp_path / "history.csv", tmp_path / "history.png")
    with Image.open(tmp_path / "history.png") as both:
        assert len(colours(both)) > 20
        both.load()
    # Without its metric the right half has no curve, so fewer colours.
    (tmp_path / "history.csv").write_text(HISTORY.replace("dev_cider", "else"))
    plot_history(tmp_path / "history.csv", tmp_path / "losses.png")
    with Image.open(tmp_path / "losses.png") as losses:
        half = (losses.width // 2, 0, losses.width, losses.height)
        assert len(colours(losses.crop(half))) < len(colours(both.crop(half)))


def test_a_sheet_shows_every_photograph_whole_and_upright(tmp_path: Path) -> None:
    sideways = Image.new("RGB", (300, 100), RED)
    sideways.paste(BLUE, (0, 0, 150, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned: its left is the top
    sideways.save(tmp_path / "sideways.png", exif=exif)
    out = tmp_path / "sheet.png"
    contact_sheet([(tmp_path / "sideways.png", ["a flag"]), (sideways, [])], out)
    with Image.open(out) as sheet:
        first, second = sheet.crop((24, 24, 344, 264)), sheet.crop((368, 24, 688, 264))
        assert first.getpixel((160, 20)) == BLUE
        assert first.getpixel((160, 220)) == RED
        assert second.getpixel((20, 120)) == BLUE
        assert second.getpixel((300, 120)) == RED


def test_long_lines_are_broken_and_rows_are_as_high_as_their_longest(tmp_path: Path) -> None:
    photograph = Image.new("RGB", (320, 240), RED)
    heights = []
    for words in (5, 50):
        out = tmp_path / f"{words}.png"
        contact_sheet([(photograph, ["word " * words])] + [(photograph, ["a word"])] * 4, out)
        with Image.open(out) as sheet:
            heights.append(sheet.height)
            assert sheet.width == 4 * (320 + 24) + 24
            margin = sheet.crop((345, 0, 367, sheet.height))
            assert colours(margin) == {WHITE}  # no line runs into its neighbour
    assert heights[1] > heights[0] + 100


def test_a_sheet_as_jpeg_with_other_columns(tmp_path: Path) -> None:
    entries = [(each.path, ["a photograph", each.terms]) for each in free_photographs()]
    contact_sheet(entries, tmp_path / "sheet.jpg", columns=2)
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width == 2 * (320 + 24) + 24
        assert sheet.height > 4 * 240


def test_an_empty_sheet(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([], tmp_path / "sheet.png")
