"""Published bundles kept on local disk: a mere cache, shared by the processes of a machine.

FOLDER/SHA256/           a bundle, named by its model.json's checksum; whole from its first moment
FOLDER/used.json         the release that was used last, to start with where storage is down
FOLDER/.UUID/            a bundle on its way in or out

Nothing here is trusted: checksums are verified whenever a bundle is opened.
"""

import hashlib
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time

import msgspec

from captioner.errors import BundleError, BundleInvalid, BundleNotKept
from captioner.model.manifest import MANIFEST, GraphFile, Manifest
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.release import Release
from captioner.serving.published import Published, copied

_USED = "used.json"
_KEPT = 2  # bundles: the one in use, and the one to roll back to
_ROOM = 16 * 2**20  # bytes left free for everybody else on the disk
_BROKEN_OFF_S = 3600.0

_log = logging.getLogger(__name__)


class Shelf:
    """One model's bundles; `open` opens one that lies in a folder."""

    def __init__(
        self,
        folder: Path,
        published: Published,
        open: Callable[[Path], OnnxCaptioner],  # noqa: A002
    ) -> None:
        self._folder = folder
        self._published = published
        self._open = open

    def take(self, release: Release) -> OnnxCaptioner:
        """Open a release, fetched where it is not kept or damaged; then forget what is old.

        Raises as `Published` and `open_bundle` do, and `BundleNotKept`.
        """
        captioner = self._kept(release) or self._fetched(release)
        with _on_disk():
            self._note(release)
            self._tidy()
        return captioner

    def last(self) -> Release | None:
        """Give the release that was used last, if it is known."""
        try:
            return msgspec.json.decode((self._folder / _USED).read_bytes(), type=Release)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _kept(self, release: Release) -> OnnxCaptioner | None:
        folder = self._folder / release.sha256
        if not folder.exists():
            return None
        try:
            return self._opened(release)
        except BundleError as fault:
            _log.warning("Version %s is fetched anew: %s", release.version, fault.message)
            self._put_away(folder)
            return None

    def _fetched(self, release: Release) -> OnnxCaptioner:
        self._fetch(release)
        try:
            return self._opened(release)
        except BundleError:
            self._put_away(self._folder / release.sha256)
            raise

    def _opened(self, release: Release) -> OnnxCaptioner:
        folder = self._folder / release.sha256
        with suppress(OSError):  # `open` says better what is wrong
            if hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() != release.sha256:
                raise BundleInvalid(f"{MANIFEST} in {folder} is damaged.")
        captioner = self._open(folder)
        if captioner.model.version != release.version:
            raise BundleInvalid(
                f"What is registered as version {release.version} is {captioner.model.version}: "
                "register the bundle again."
            )
        return captioner

    def _fetch(self, release: Release) -> None:
        content = self._published.manifest(release)
        try:
            manifest = msgspec.json.decode(content, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise BundleInvalid(
                f"{MANIFEST} of version {release.version} cannot be read, register the bundle "
                f"again: {fault}."
            ) from None
        with _on_disk(), self._new_folder() as folder:
            (folder / MANIFEST).write_bytes(content)
            for graph in {
                each.file: each for each in (manifest.encoder, manifest.decoder)
            }.values():
                self._fetch_graph(release, graph, folder)
            # Another process may have been as quick; one whole bundle is as good as another.
            with suppress(FileExistsError):
                _move(folder, self._folder / release.sha256)

    def _fetch_graph(self, release: Release, graph: GraphFile, folder: Path) -> None:
        with self._published.graph(release, graph) as download:
            free = shutil.disk_usage(folder).free
            if download.size > free - _ROOM:
                raise BundleNotKept(
                    f"{graph.file} of version {release.version} has {download.size:,} bytes, and "
                    f"the disk of MODEL_CACHE_DIR has {free:,} free: make room, or name another."
                )
            with (folder / graph.file).open("wb") as file:
                checksum = copied(download, file)
        if checksum != graph.sha256:
            raise BundleInvalid(
                f"{graph.file} of version {release.version} is not the file that {MANIFEST} "
                "describes: register the bundle again."
            )

    @contextmanager
    def _new_folder(self) -> Iterator[Path]:
        folder = self._folder / f".{uuid.uuid4().hex}"
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _put_away(self, folder: Path) -> None:
        """Take a bundle off the shelf at once, then delete it."""
        away = self._folder / f".{uuid.uuid4().hex}"
        with suppress(OSError):  # another process did it
            folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)

    def _note(self, release: Release) -> None:
        """Remember what is used, and when it last was."""
        with suppress(FileNotFoundError):
            os.utime(self._folder / release.sha256)
        draft = self._folder / f".{uuid.uuid4().hex}.json"
        draft.write_bytes(msgspec.json.encode(Release(release.version, release.sha256)))
        draft.replace(self._folder / _USED)

    def _tidy(self) -> None:
        """Delete all bundles but those used last, and what was broken off."""
        bundles: list[tuple[float, Path]] = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process tidies too
                changed = path.stat().st_mtime
                if not path.name.startswith("."):
                    bundles += [(changed, path)] if path.is_dir() else []
                elif changed < time() - _BROKEN_OFF_S:
                    shutil.rmtree(path, ignore_errors=True)
        for _, path in sorted(bundles, reverse=True)[_KEPT:]:
            self._put_away(path)


def _move(folder: Path, to: Path) -> None:
    """Give a folder its name; raises `FileExistsError` where there is one of that name."""
    try:
        folder.rename(to)
    except OSError:
        if to.is_dir():
            raise FileExistsError(to) from None
        raise


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise BundleNotKept(
            f"A version of the model cannot be kept in MODEL_CACHE_DIR ({fault.strerror}): see to "
            "its disk, or name another."
        ) from fault
