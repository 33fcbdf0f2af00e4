"""How far a stage has got, kept so that any process can go on from its last whole epoch.

RUN/run.json                   which configuration and captions the checkpoints are of
RUN/recogniser.npz             where the run has tags: the recogniser as it was fitted
RUN/STAGE/latest.json          written last: what it names is whole, and the checkpoint
RUN/STAGE/epoch-0003/…         state.npz, history.csv, best.weights.h5

A run by itself keeps them in its own folder; several processes, and machines that may be taken
away, keep them in a place that outlives them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from training.arrays import packed, unpacked
from training.places import Place, PlaceError, sha256_of

_LATEST, _STATE = "latest.json", "state.npz"
_KEPT = ("history.csv", "best.weights.h5")


class _File(msgspec.Struct, frozen=True):
    """A file of a checkpoint: where it is, and its checksum."""

    name: str
    sha256: str


class _Latest(msgspec.Struct, frozen=True):
    """The checkpoint of a stage: `epochs` are learnt, and `done` tells whether that is all."""

    epochs: int
    done: bool
    files: dict[str, _File]


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that was found: epochs learnt, the state after them, whether that was all."""

    epochs: int
    state: dict[str, NDArray[Any]]
    done: bool


class StageCheckpoints:
    """The checkpoint of one stage, in its place; `folder` is the stage's own in the run."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place, self._folder = place, folder
        content = place.read(_LATEST)
        self._latest: _Latest | None = None
        if content is not None:
            try:
                self._latest = msgspec.json.decode(content, type=_Latest)
            except msgspec.DecodeError as fault:
                raise PlaceError(f"{_LATEST} in {place} cannot be read: {fault}.") from None

    def load(self) -> Saved | None:
        """Give the last checkpoint, if there is any, and put its history and best weights here.

        Raises `PlaceError` where a file is missing or is not what was written.
        """
        if self._latest is None:
            return None
        state = {}
        for name, file in self._latest.files.items():
            path = self._folder / name
            if not path.is_file() or sha256_of(path) != file.sha256:
                self._place.fetch(file.name, path)
                if sha256_of(path) != file.sha256:
                    path.unlink()
                    raise PlaceError(
                        f"{file.name} in {self._place} is damaged: delete {_LATEST} beside it to "
                        "begin the stage anew."
                    )
            if name == _STATE:
                state = unpacked(path.read_bytes())
                path.unlink()
        return Saved(self._latest.epochs, state, self._latest.done)

    def save(self, epochs: int, state: Mapping[str, NDArray[Any]]) -> None:
        """Keep what so many epochs have led to; the checkpoint before it goes when this is whole.

        What has not changed since then is not copied again.
        """
        path = self._folder / _STATE
        path.write_bytes(packed(state))
        before = self._latest.files if self._latest else {}
        files = {}
        for name in (_STATE, *_KEPT):
            checksum = sha256_of(self._folder / name)
            if name in before and before[name].sha256 == checksum:
                files[name] = before[name]
                continue
            files[name] = _File(f"epoch-{epochs:04}/{name}", checksum)
            self._place.put(files[name].name, self._folder / name)
        path.unlink()
        self._keep(_Latest(epochs, False, files))
        for old in {file.name for file in before.values()}.difference(
            file.name for file in files.values()
        ):
            self._place.delete(old)

    def finish(self) -> None:
        """Note that the stage is done: its best weights are all that is wanted of it."""
        assert self._latest is not None
        if not self._latest.done:
            kept = {name: file for name, file in self._latest.files.items() if name != _STATE}
            state = self._latest.files.get(_STATE)
            self._keep(_Latest(self._latest.epochs, True, kept))
            if state is not None:
                self._place.delete(state.name)

    def _keep(self, latest: _Latest) -> None:
        self._place.write(_LATEST, msgspec.json.encode(latest))
        self._latest = latest
