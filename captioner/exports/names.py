"""Names of images as names of files: none leaves its folder, or deceives who reads it."""

import re
import unicodedata
from typing import Final

_LONGEST: Final = 200  # bytes; file systems take 255, of which the ending needs some
# Windows takes none of these in a name, nor a dot or blank at its end.
_UNUSABLE = re.compile(r'[<>:"|?*\\]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)", re.IGNORECASE)
# Control characters, and those that turn the direction of writing: `gpj.exe` reads as `exe.jpg`.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def file_name(name: str) -> str:
    """Give the last part of an image's name as that of a file, for any system."""
    return _part(name.rpartition("/")[2], anywhere=True)


def file_path(name: str, *, anywhere: bool = True) -> str:
    """Give an image's name as a relative path below some folder, with slashes.

    It has neither `..` nor the name of a drive. What only Windows refuses is left where the path
    is not for `anywhere`: beside its picture, a sidecar must be called as the picture is.
    """
    parts = [_part(each, anywhere=anywhere) for each in name.split("/") if each]
    return "/".join(parts) or "_"


def _part(text: str, *, anywhere: bool) -> str:
    text = "".join("_" if unicodedata.category(each) in _UNSEEN else each for each in text)
    if anywhere:
        text = _UNUSABLE.sub("_", text).rstrip(". ")
        text = f"_{text}" if _RESERVED.match(text) else text
    if text.strip(".") == "":
        return "_" * max(1, len(text))
    return _shortened(text)


def _shortened(text: str) -> str:
    """Cut the middle out of what is too long, so that its ending stays."""
    data = text.encode()
    if len(data) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{data[:half].decode(errors='ignore')}~{data[-half:].decode(errors='ignore')}"
