"""The README's picture: a photograph beside its sidecar, `python -m scripts.showcase`.

The record is the real one that a bundle gives; only fields that nobody looks for are left out.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image, ImageDraw, ImageFont, ImageOps

from captioner.captioning import Image as ImageToCaption
from captioner.composition import build_captioning
from captioner.errors import CaptionerError
from captioner.records import CaptionRecord, ImageFacts
from captioner.settings import Settings
from scripts.errors import SetupError
from training.samples import free_photographs

ROOT = Path(__file__).resolve().parent.parent

# Pixels; twice as many as are shown, for sharp screens.
_TEXT, _LINE, _BAR, _MARGIN, _GAP, _CORNER = 25, 37, 64, 34, 36, 20
_PHOTOGRAPH = 720
_COLUMNS = 62

# Dark on light pages and on dark ones: the windows bring their own background.
_WINDOW, _TITLE, _BORDER = "#161b22", "#9da7b3", "#3d444d"
_KEY, _STRING, _OTHER, _PLAIN = "#79c0ff", "#a5d6ff", "#ffa657", "#8b949e"
_TOKEN = re.compile(r'(?P<key>"[^"]*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<other>[\w.+-]+)|.')
_COLOURS = {"key": _KEY, "string": _STRING, "other": _OTHER, None: _PLAIN}


def main() -> None:
    names = {photograph.path.name: photograph.path for photograph in free_photographs()}
    parser = argparse.ArgumentParser(description="Draw a photograph beside its sidecar.")
    parser.add_argument("--bundle", type=Path, default=ROOT / "models", help="the model's folder")
    parser.add_argument("--photograph", choices=names, default="camera.png", help="which one")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "showcase.png", help="a PNG")
    options = parser.parse_args()
    photograph = names[options.photograph]
    try:
        record = record_of(photograph, options.bundle)
        draw(photograph, record).save(options.out, optimize=True)
    except (CaptionerError, SetupError) as fault:
        sys.exit(str(fault))
    print(f"{options.out}: {record.captions[0].text}")


def record_of(photograph: Path, bundle: Path) -> CaptionRecord:
    """Give the record that the app makes of a photograph; raises `CaptionerError`."""
    service = build_captioning(Settings(model_dir=bundle))
    facts = ImageFacts(name=photograph.name, container="images")
    (captioned,) = service.caption([ImageToCaption(facts, photograph.read_bytes())])
    for fault in captioned.faults.values():
        raise fault
    return captioned.record


def draw(photograph: Path, record: CaptionRecord) -> Image.Image:
    """Draw both as windows side by side, on nothing."""
    lines = list(_lines(_essentials(record)))
    font = _font(_TEXT)
    height = max(_BAR + 2 * _MARGIN + _LINE * len(lines), _BAR + _PHOTOGRAPH)
    width = round(max(map(len, lines)) * font.getlength("0")) + 2 * _MARGIN
    canvas = Image.new("RGBA", (_PHOTOGRAPH + _GAP + width, height))
    with Image.open(photograph) as opened:
        shown = ImageOps.contain(opened.convert("RGB"), (_PHOTOGRAPH, height - _BAR))
    name = record.image.name
    _paste_window(canvas, (0, 0), f"images/{name}", shown)
    sidecar = Image.new("RGB", (width, height - _BAR), _WINDOW)
    _write(sidecar, lines, font)
    _paste_window(canvas, (_PHOTOGRAPH + _GAP, 0), f"captions/{name}.json", sidecar)
    return canvas


def _paste_window(
    canvas: Image.Image, at: tuple[int, int], title: str, content: Image.Image
) -> None:
    window = Image.new("RGB", (content.width, content.height + _BAR), _WINDOW)
    window.paste(content, (0, _BAR))
    ImageDraw.Draw(window).text((_MARGIN, _BAR // 2), title, _TITLE, _font(_TEXT), anchor="lm")
    mask = Image.new("L", window.size)
    corners = (0, 0, window.width - 1, window.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(corners, _CORNER, fill=255)
    canvas.paste(window, at, mask)
    outline = tuple(a + b for a, b in zip(corners, (*at, *at), strict=True))
    ImageDraw.Draw(canvas).rounded_rectangle(outline, _CORNER, outline=_BORDER, width=2)


def _write(image: Image.Image, lines: list[str], font: ImageFont.FreeTypeFont) -> None:
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        x = float(_MARGIN)
        for token in _TOKEN.finditer(line):
            y = _MARGIN + number * _LINE
            pen.text((x, y), token[0], _COLOURS[token.lastgroup], font)
            x += font.getlength(token[0])


def _lines(value: Any, *, before: str = "", after: str = "", depth: int = 0) -> Iterator[str]:
    """Write JSON by lines of at most `_COLUMNS` characters, what fits on one line on one."""
    line = f"{'  ' * depth}{before}{json.dumps(value, ensure_ascii=False)}{after}"
    if len(line) <= _COLUMNS or not isinstance(value, dict | list):
        yield line
        return
    parts = (
        [(f'"{key}": ', each) for key, each in value.items()]
        if isinstance(value, dict)
        else [("", each) for each in value]
    )
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield f"{'  ' * depth}{before}{opening}"
    for number, (name, each) in enumerate(parts):
        comma = "," * (number < len(parts) - 1)
        yield from _lines(each, before=name, after=comma, depth=depth + 1)
    yield f"{'  ' * depth}{closing}{after}"


def _essentials(record: CaptionRecord) -> dict[str, Any]:
    """Give what a person looks for in a record; the README tells the other fields."""
    whole = msgspec.to_builtins(record)

    def only(part: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: part[name] for name in names if name in part}

    return {
        "image": only(whole["image"], "name", "width", "height"),
        "captions": [
            only(caption, "source", "text", "confidence", "language", "model", "elapsed_ms")
            for caption in whole["captions"]
        ],
        "alt_text": only(whole["alt_text"], "text", "source", "status"),
        "problems": whole["problems"],
    }


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Give the typeface that comes with matplotlib, the same on every machine."""
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        raise SetupError("The picture's typeface comes with matplotlib: run `make lint` once.")
    fonts = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(fonts / "DejaVuSansMono.ttf", size)


if __name__ == "__main__":
    main()
