"""The text that a person sends -> one line that is fit to be published.

What cannot be seen comes along with much that is copied from other programs, and whoever pasted it
cannot find it: it is left out without a word. What shapes a line that can be seen stays: the
joiners of emoji and of Persian, and the marks of direction, which end with the word that they are
in. Overrides and isolates of direction go, as they would turn whatever is written after the text.
"""

import re
import unicodedata

from captioner.errors import InvalidRequest

LONGEST_TEXT = 250
"""Characters of an alt text, as Unicode counts them: some of those that people see have several."""

_BLANKS = re.compile(r"\s+")
# What ends a line or is a blank otherwise is one by the time that the rest goes.
_UNWANTED = (
    r"\x00-\x1f\x7f-\x9f"  # controls
    r"\xad\ufeff"  # hyphens that show at the end of a line only, and marks of byte order
    r"\u202a-\u202e\u2066-\u206f"  # overrides and isolates of direction, shapes long given up
    r"\ufff9-\ufffb"  # annotations between the lines
    r"\ufdd0-\ufdef\ufffe\uffff"  # no characters
)
_DROPPED = re.compile(rf"[{_UNWANTED}\ud800-\udfff]")
SEEN = rf"[^\s{_UNWANTED}\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f]"
"""A regular expression that finds something which can be seen, as JSON Schema has it too."""

_SEEN = re.compile(SEEN)


def cleaned(text: str) -> str:
    """Give a text as one line in NFC, single blanks between words; "" where nothing can be seen."""
    line = _DROPPED.sub("", _BLANKS.sub(" ", text))
    line = unicodedata.normalize("NFC", " ".join(line.split()))
    return line if _SEEN.search(line) else ""


def publishable(text: str) -> str:
    """Give a text as it is published.

    Raises `InvalidRequest` where nothing or too much is left of it.
    """
    line = cleaned(text)
    if not line:
        raise InvalidRequest("The text is empty; to give it back to the captioners, delete it.")
    if len(line) > LONGEST_TEXT:
        raise InvalidRequest(
            f"The text has {len(line)} characters; an alt text has {LONGEST_TEXT} at most."
        )
    return line
