"""Captions as people wrote them -> the words a decoder learns.

The words are those that the Penn Treebank tokenizer of the COCO caption metrics would make of the
same sentence, without its punctuation, so that nothing learnt is lost when it is scored:

    A man's T-shirt , snow-covered .    a man 's t-shirt snow-covered
    It doesn't move; the boys' dog      it does n't move the boys dog
    2 girls & 13 boys in " IBM " caps   two girls and 13 boys in ibm caps
    a tub/shower in the U.S. -- ok ?    a tub shower in the u.s. ok
"""

import html
import re
from collections.abc import Iterable, Iterator

# Counts are nearly always spelt in captions: their few digits join the word rather than be rare.
_SPELT = {
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "10": "ten",
    "&": "and",
}
# Typographic marks, by code point: single quotation marks, backtick, en and em dash.
_STRAIGHT = {0x2018: "'", 0x2019: "'", 0x60: "'", 0x2013: " ", 0x2014: " "}
_CLITICS = ("'s", "n't", "'re", "'ll", "'ve", "'m", "'d")
# Letters and digits, joined by single hyphens, apostrophes or ampersands; or initials; or "&".
_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|'?[^\W_]+(?:['&-][^\W_]+)*|&")


def words_of(caption: str) -> list[str]:
    """Split a caption into lower-case words, clitics apart, without punctuation."""
    text = html.unescape(caption).translate(_STRAIGHT).lower()
    return [_SPELT.get(word, word) for found in _WORD.findall(text) for word in _parts(found)]


def _parts(word: str) -> Iterator[str]:
    """Part a word from its clitic, and from a quotation mark that it starts with."""
    clitic = next((each for each in _CLITICS if word.endswith(each)), "")
    stem = word.removesuffix(clitic).lstrip("'")
    yield from filter(None, (stem, clitic))


def sentences_of(captions: Iterable[str], *, longest: int = 30) -> list[list[str]]:
    """Give the words of each caption worth learning: at least two, at most `longest`.

    A caption that is too long is left out rather than cut, as a cut one would teach the decoder to
    stop in the middle. Of Flickr8k's 40,460 captions, twelve go.
    """
    sentences = (words_of(caption) for caption in captions)
    return [words for words in sentences if 2 <= len(words) <= longest]
