"""Pictures for people: how training went, and what the model says of photographs."""

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw, ImageFont, ImageOps

# Pixels.
_PHOTOGRAPH = (320, 240)
_GAP = 24
_LARGE, _SMALL = 19, 15

_PAPER, _MAT, _INK, _FAINT = "#ffffff", "#f2f2f2", "#1a1a1a", "#666666"


def plot_history(history: Path, out: Path) -> None:
    """Plot a training history into a file; see `history_figure`."""
    history_figure(history).savefig(out, dpi=110)


def history_figure(history: Path) -> Figure:
    """Plot a training history by epoch: losses on the left, dev metrics on the right.

    `history` is a CSV file with a column `epoch`, losses in columns named `loss` or `…_loss`, and
    metrics on the dev split in columns named `dev_…`; each metric's best epoch is marked.
    """
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    epochs = [int(row["epoch"]) for row in rows]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in names:
        if name.endswith("loss"):
            _curve(left, epochs, [float(row[name]) for row in rows], name)
        elif name.startswith("dev_"):
            values = [float(row[name]) for row in rows]
            _curve(right, epochs, values, name)
            best = max(range(len(values)), key=values.__getitem__)
            right.annotate(
                f"{values[best]:.1f}",
                (epochs[best], values[best]),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
            )
    for axes, label in ((left, "loss"), (right, "dev metric, percent")):
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(y=0.15)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def _curve(axes: Axes, epochs: list[int], values: list[float], name: str) -> None:
    axes.plot(epochs, values, marker="o", markersize=4, label=name.replace("_", " "))


def contact_sheet(
    entries: Sequence[tuple[Path | Image.Image, Sequence[str]]], out: Path, columns: int = 4
) -> None:
    """Draw photographs in rows, each above its lines of text, the first of them in larger type.

    `out`'s ending chooses the format; JPEG keeps sheets small. Raises `ValueError` without entries.
    """
    if not entries:
        raise ValueError("a contact sheet needs at least one photograph")
    cells = [_cell(photograph, lines) for photograph, lines in entries]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.height for cell in row) for row in rows]
    width = max(map(len, rows)) * (_PHOTOGRAPH[0] + _GAP) + _GAP
    sheet = Image.new("RGB", (width, sum(heights) + _GAP * (len(rows) + 1)), _PAPER)
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            sheet.paste(cell, (_GAP + column * (_PHOTOGRAPH[0] + _GAP), top))
        top += height + _GAP
    sheet.save(out, quality=88, optimize=True)


def _cell(photograph: Path | Image.Image, lines: Sequence[str]) -> Image.Image:
    text = _text(lines)
    cell = Image.new("RGB", (_PHOTOGRAPH[0], _PHOTOGRAPH[1] + text.height), _PAPER)
    cell.paste(_fitted(photograph))
    cell.paste(text, (0, _PHOTOGRAPH[1]))
    return cell


def _fitted(photograph: Path | Image.Image) -> Image.Image:
    """Shrink a photograph, upright and whole, into the middle of its mat."""
    if isinstance(photograph, Path):
        with Image.open(photograph) as opened:
            return _fitted(ImageOps.exif_transpose(opened))
    return ImageOps.pad(photograph.convert("RGB"), _PHOTOGRAPH, color=_MAT)


def _text(lines: Sequence[str]) -> Image.Image:
    """Set lines under each other, broken where they are too wide; the first larger and darker."""
    block = Image.new("RGB", (_PHOTOGRAPH[0], 10_000), _PAPER)
    draw = ImageDraw.Draw(block)
    y = 8
    for number, line in enumerate(lines):
        size, colour = (_SMALL, _FAINT) if number else (_LARGE, _INK)
        font = ImageFont.load_default(size)
        for part in _broken(line, font):
            draw.text((0, y), part, colour, font)
            y += round(size * 1.3)
        y += 4
    return block.crop((0, 0, _PHOTOGRAPH[0], y))


def _broken(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Break a line between words so that each part fits under the photograph."""
    parts = [""]
    for word in line.split():
        longer = f"{parts[-1]} {word}".strip()
        if parts[-1] and font.getlength(longer) > _PHOTOGRAPH[0]:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts
