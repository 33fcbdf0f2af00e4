"""What every format has to know of an alt text: how far to trust it, and its language."""

import re
from typing import Literal

from msgspec import UNSET

from captioner.records import AltText, Caption, CaptionRecord

type Doubt = Literal["unreviewed", "stale"]

# What XML 1.0 can hold; HTML can hold no more without being in error.
_UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGE = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def doubt_of(alt_text: AltText) -> Doubt | None:
    """Tell why a text should be read before it is published; None where a person stands behind it.

    A person's text is `"stale"` where the image has been replaced since by another.
    """
    if not alt_text.is_human:
        return "unreviewed"
    return "stale" if alt_text.stale is True else None


def maker_of(record: CaptionRecord) -> Caption | None:
    """Give the caption that became the alt text, word for word; None where a person wrote it."""
    alt_text = record.alt_text
    caption = record.caption_by(alt_text.source) if alt_text else None
    return caption if caption and alt_text and caption.text == alt_text.text else None


def language_of(record: CaptionRecord) -> str | None:
    """Give the BCP 47 tag of the alt text's language; None where nobody told it."""
    alt_text = record.alt_text
    if alt_text is None:
        return None
    if alt_text.language is not UNSET:
        return well_formed(alt_text.language)
    caption = record.caption_by(alt_text.source)
    # A captioner's other candidates are in the language of the one that it chose.
    return well_formed(caption.language) if caption else None


def well_formed(language: str) -> str | None:
    """Give a language's tag back if it is one that XML and HTML can hold."""
    return language if _LANGUAGE.fullmatch(language) else None


def writable(text: str) -> str:
    """Leave out what neither XML 1.0 nor HTML can hold, and end lines as both read them."""
    return _UNWRITABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
