"""The files that a person named: themselves, or what lies in the folders."""

import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.errors import FileUnreadable, ImageTooLarge, InvalidRequest
from captioner.images import HEAD_BYTES, content_type_of


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file, and the name that its record or blob gets."""

    path: Path
    name: str

    def read(self, limit: int) -> bytes:
        """Read the file, of at most `limit` bytes.

        Raises `FileUnreadable` or `ImageTooLarge`.
        """
        try:
            with self.path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as fault:
            raise FileUnreadable(
                f"The file cannot be read ({fault.strerror or fault}); check its path and access."
            ) from fault
        if len(data) > limit:
            raise ImageTooLarge(
                f"The file has more than the {limit:,} bytes that are taken; make a smaller copy."
            )
        return data


def files_to_caption(arguments: Sequence[str]) -> list[NamedFile]:
    """Give the files as named, and for a folder the images anywhere in it, sorted by path.

    An image is what begins like one or is called like one: a broken photograph is worth a word,
    a text beside it is not. Raises `FileUnreadable` for a folder that cannot be listed, and
    `InvalidRequest` where there is no image at all.
    """
    from captioner.sources import name_without_credentials  # noqa: PLC0415 - loads the cloud's SDK

    found = []
    for argument in arguments:
        path = _path(argument)
        if path.is_dir():
            inside = filter(_is_image, _files_in(path))
            # Not str(path): a name is kept as given, "./" and all.
            prefix = argument.rstrip("/") + "/"
            found += [NamedFile(each, prefix + _relative(each, path)) for each in inside]
        else:
            found.append(NamedFile(path, argument))
    _require(found, "image", arguments)
    return [NamedFile(each.path, name_without_credentials(_encodable(each.name))) for each in found]


def files_to_upload(arguments: Sequence[str], prefix: str) -> list[NamedFile]:
    """Give the files as named, and for a folder every file in it that is not hidden.

    A file gets its own name, one from a folder its path inside that folder; `prefix` goes before
    both. Raises `FileUnreadable` for a folder that cannot be listed, and `InvalidRequest` where two
    files would get the same name or there is none at all.
    """
    found = []
    for argument in arguments:
        path = _path(argument)
        if path.is_dir():
            found += [NamedFile(each, prefix + _relative(each, path)) for each in _files_in(path)]
        else:
            found.append(NamedFile(path, prefix + path.name))
    _require(found, "file", arguments)
    taken: dict[str, NamedFile] = {}
    for file in found:
        other = taken.setdefault(file.name, file)
        if other is not file:
            raise InvalidRequest(
                f"'{other.path}' and '{file.path}' would both be called '{file.name}'; "
                "upload them one after the other, each with a --prefix of its own."
            )
    return found


def _path(argument: str) -> Path:
    """Give the path; that of nothing would be this folder with all that is in it."""
    if not argument:
        raise InvalidRequest("A file's name is empty; name a file or a folder.")
    return Path(argument)


def _require(found: Sequence[NamedFile], what: str, arguments: Sequence[str]) -> None:
    if not found:
        raise InvalidRequest(f"There is no {what} in {', '.join(arguments)}.")


def _files_in(folder: Path) -> Iterator[Path]:
    for parent, folders, names in folder.walk(on_error=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = parent / name
            if not name.startswith(".") and path.is_file():  # a pipe would be waited for
                yield path


def _refuse(fault: OSError) -> None:
    raise FileUnreadable(
        f"The folder '{fault.filename}' cannot be read ({fault.strerror}); check its access."
    ) from fault


def _is_image(path: Path) -> bool:
    if (mimetypes.guess_file_type(path)[0] or "").startswith("image/"):
        return True
    try:
        with path.open("rb") as file:
            return content_type_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _encodable(name: str) -> str:
    """Replace what is not text in a file's name, as JSON cannot hold it."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
