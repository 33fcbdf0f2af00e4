"""A data set in a container, copied here: what has been copied is not copied again."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from training.console import counting
from training.data.datasets import DataError
from training.places import Place

_NOTE = ".downloaded.json"
_WORKERS = 8
_BATCH = 200  # files between two notes of how far the work has got


def download(place: Place, folder: Path) -> None:
    """Copy all files of a place into a folder; those that have changed are copied again.

    Files that are no longer there are deleted here as well. Raises `DataError` where there are
    none, or one has a name that leads out of the folder.
    """
    wanted = {name: mark for name, _, mark in place.files() if not name.endswith("/")}
    if not wanted:
        raise DataError(f"{place} holds nothing.")
    for name in wanted:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name:
            raise DataError(f"{name!r} in {place} cannot be a file's name: rename it.")
    note = folder / _NOTE
    here: dict[str, str] = json.loads(note.read_text()) if note.is_file() else {}
    for name in here.keys() - wanted.keys():
        (folder / name).unlink(missing_ok=True)
    here = {name: mark for name, mark in here.items() if wanted.get(name) == mark}
    missing = [name for name in wanted if name not in here or not (folder / name).is_file()]
    folder.mkdir(parents=True, exist_ok=True)
    with counting(f"copying {place}", len(missing)) as advance:
        for batch in _batches(missing):
            with ThreadPoolExecutor(_WORKERS) as workers:
                for name in workers.map(lambda name: _fetch(place, name, folder), batch):
                    here[name] = wanted[name]
                    advance()
            note.write_text(json.dumps(here))


def _fetch(place: Place, name: str, folder: Path) -> str:
    place.fetch(name, folder / name)
    return name


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _BATCH):
        yield names[start : start + _BATCH]
