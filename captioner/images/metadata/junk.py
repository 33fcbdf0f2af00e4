"""Telling what a person wrote from what a camera or a program put in its place."""

import re
from pathlib import PurePosixPath

_WORD = re.compile(r"[^\W\d_]+")
# A text of nothing but these is no description: names of makers, of what they make, of the files
# and folders that it makes, and the codes in which some telephones write down their shooting mode.
_HOLLOW = {
    *("canon", "casio", "dji", "fujifilm", "gopro", "hp", "htc", "huawei", "kodak", "konica"),
    *("leica", "minolta", "motorola", "nikon", "nokia", "olympus", "panasonic", "pentax", "ricoh"),
    *("samsung", "sanyo", "sony", "vivitar", "xiaomi"),
    *("cam", "camera", "digital", "exif", "jfif", "phone", "scanner", "still"),
    *("dcim", "dsc", "dscf", "dscn", "gopr", "img", "jpeg", "jpg", "media", "mvi", "pict", "png"),
    *("pxl", "screenshot", "tif", "tiff"),
    *("default", "image", "photo", "picture", "pictures", "scan", "screen", "shot", "untitled"),
    *("am", "at", "pm"),
    *("cof", "dav", "edf", "hdr", "mde", "nor", "oznor", "ptr", "rbtr", "sdr"),
}
_PROGRAMS = re.compile(
    r"(created|edited|made|processed) (with|by|in|using) (the )?"
    r"(gimp|adobe|photoshop|lightroom|paint|picasa|snapseed)\b.{0,40}"
)
_EMPTY_COMMENTS = {"ascii", "charset ascii", "comment", "comments", "user comment", "user comments"}


def is_junk(text: str, file_name: str = "") -> bool:
    """Tell whether a text says nothing of the picture, or no more than the file's own name does.

    Numbers and signs alone say nothing.
    """
    said = text.casefold()
    path = PurePosixPath(file_name.casefold())
    words = _WORD.findall(said)
    return (
        said in {path.name, path.stem}
        or _HOLLOW.issuperset(words)
        or " ".join(words) in _EMPTY_COMMENTS
        or _PROGRAMS.fullmatch(said) is not None
    )
