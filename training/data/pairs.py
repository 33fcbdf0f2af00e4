"""Captions as people keep them: which image, which sentence and perhaps which split.

captions.csv      image,caption or image,caption,split, whose cells may be empty
captions.jsonl    {"image": "attic/mezzetin.jpg", "caption": "A man …"}, perhaps "split"
captions/**.json  the app's sidecars; those whose alt text a person approved or wrote
"""

import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from captioner.errors import CaptionerError
from captioner.records import from_json
from training.data.splits import Split, split_named, split_of

logger = logging.getLogger(__name__)


class DataError(CaptionerError):
    """The folder does not hold captioned images that can be learnt from."""

    code = "data_invalid"
    permanent = True


@dataclass(frozen=True, slots=True)
class Pair:
    """One caption of one image; `place` is where it was read."""

    image: str
    caption: str
    place: str
    said_split: str | None = None

    @property
    def split(self) -> Split:
        """The split that the pair names, else that of the image's name."""
        said = (self.said_split or "").strip()
        if not said:
            return split_of(self.image)
        split = split_named(said)
        if split is None:
            raise DataError(f"{self.place}: {said!r} is not train, dev or test.")
        return split


def read_pairs(source: Path) -> Iterator[Pair]:
    """Read a table, lines of JSON or a folder of sidecars, as the source's name tells.

    Raises `DataError` where it is none of them, or a line of it cannot be read.
    """
    if source.is_dir():
        return _sidecars(source)
    if not source.is_file():
        raise DataError(f"There are no captions at {source}.")
    readers = {".csv": _table, ".jsonl": _json_lines}
    if source.suffix not in readers:
        raise DataError(f"{source.name} is neither .csv, .jsonl nor a folder of sidecars.")
    try:
        return iter(list(readers[source.suffix](source)))
    except UnicodeDecodeError:
        raise DataError(f"{source.name} is not UTF-8: save it as such.") from None


def _table(source: Path) -> Iterator[Pair]:
    """Read the rows of a table; each is placed by the line that it ends on."""
    # A spreadsheet's export may begin with a byte order mark.
    with source.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        try:
            if not {"image", "caption"} <= set(reader.fieldnames or ()):
                raise DataError(f"{source.name} needs a first line `image,caption`.")
            for row in reader:
                place = f"{source.name}, line {reader.line_num}"
                if None in row:  # where the caption's own commas were not quoted
                    raise DataError(
                        f"{place}: more columns than the first line has; put captions with commas "
                        "in double quotes."
                    )
                yield Pair(row["image"].strip(), row["caption"], place, row.get("split"))
        except csv.Error as fault:
            raise DataError(f"{source.name}, line {reader.line_num}: {fault}.") from None


class _Line(msgspec.Struct, frozen=True):
    image: str
    caption: str
    split: str | None = None


def _json_lines(source: Path) -> Iterator[Pair]:
    for number, line in enumerate(source.read_text(encoding="utf-8-sig").splitlines(), 1):
        place = f"{source.name}, line {number}"
        if not line.strip():
            continue
        try:
            found = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError as fault:
            raise DataError(f'{place}: expected {{"image": …, "caption": …}}: {fault}.') from None
        yield Pair(found.image, found.caption, place, found.split)


def _sidecars(folder: Path) -> Iterator[Pair]:
    """Read what people stand behind: a machine's text would only teach a model its own faults."""
    paths = sorted(folder.rglob("*.json"))
    unreadable = unapproved = 0
    for path in paths:
        try:
            record = from_json(path.read_bytes())
        except msgspec.DecodeError:
            unreadable += 1
            continue
        text = record.alt_text
        if text is None or not text.is_human or text.stale is True:
            unapproved += 1
        else:
            yield Pair(record.image.name, text.text, str(path.relative_to(folder)))
    for count, reason in (
        (unreadable, "are no records"),
        (unapproved, "hold no alt text that a person has approved for the present image"),
    ):
        if count:
            logger.warning("%s: %d of %d files %s", folder, count, len(paths), reason)
