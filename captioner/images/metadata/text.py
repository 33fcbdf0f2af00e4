"""A text that came inside an image, and what is done to any text before it is shown to people."""

import re
from dataclasses import dataclass
from typing import Literal
from unicodedata import category, normalize

type Origin = Literal[
    "xmp-alt-text", "xmp-extended", "dc-description", "iptc-caption", "exif-description"
]

LONGEST_TEXT = 5_000
"""Characters of one text that are kept; descriptions for the blind fill a page at most."""

# What is no part of a line, or not seen in it: controls that are no white space, soft hyphens, byte
# order marks, halves of characters and no characters; and what turns the direction of the text
# around it, which can make a text read as something it does not say.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SEEN = "LNPS"  # letters, numbers, punctuation, symbols


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wrote of a picture; `language` is a BCP 47 tag, None where it is not told."""

    origin: Origin
    text: str
    language: str | None = None


def cleaned(text: str) -> str:
    """Give a text as one line in NFC without control characters; empty where nothing is seen."""
    few = text[: 4 * LONGEST_TEXT]  # as much as white space and combining signs may take away
    line = normalize("NFC", " ".join(_UNWANTED.sub("", few).split()))
    seen = any(category(each)[0] in _SEEN for each in line)
    return line[:LONGEST_TEXT].rstrip() if seen else ""


def decoded(raw: bytes, *, is_utf8: bool = False) -> str:
    """Read text of unknown encoding: UTF-8 where it is that, as Western text hardly ever is.

    Where it `is_utf8` for sure, a character that was cut or broken is left out.
    """
    if is_utf8:
        return raw.decode(errors="ignore")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
