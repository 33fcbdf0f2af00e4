"""Words <-> ids."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Self

PAD, START, END, UNKNOWN = range(4)
SPECIAL_WORDS = ("<pad>", "<start>", "<end>", "<unk>")
_BEFORE_CLITIC = re.compile(r" (?='(?:s|re|ll|ve|m|d)\b|n't\b)")
_CLITIC = re.compile(r"(?<=\w)(?='(?:s|re|ll|ve|m|d)\b|n't\b)")


class Vocabulary:
    """The words that a model knows; a word's id is its place in `words`.

    The first four are special: padding, start and end of a caption, and the unknown word.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Raise `ValueError` where the special words do not come first or a word comes twice."""
        if tuple(words[: len(SPECIAL_WORDS)]) != SPECIAL_WORDS:
            raise ValueError(f"a vocabulary must begin with {' '.join(SPECIAL_WORDS)}")
        self.words = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            raise ValueError("a vocabulary must not hold a word twice")

    @classmethod
    def build(
        cls, captions: Iterable[Sequence[str]], *, min_count: int, known: Collection[str] = ()
    ) -> Self:
        """Take words that occur at least `min_count` times or are `known`, most frequent first."""
        counts = Counter(word for caption in captions for word in caption)
        kept = {word for word, count in counts.items() if count >= min_count} | set(known)
        return cls((*SPECIAL_WORDS, *sorted(kept, key=lambda word: (-counts[word], word))))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def id_of(self, word: str) -> int:
        """Give a word's id, the unknown word's where it is not known."""
        return self._ids.get(word, UNKNOWN)

    def encode(self, words: Iterable[str]) -> list[int]:
        """Give the words' ids between start and end; what is not known becomes the unknown id."""
        return [START, *map(self.id_of, words), END]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Give the words of `ids` up to the end, without special words."""
        words: list[str] = []
        for number in ids:
            if number == END:
                break
            if number >= len(SPECIAL_WORDS):
                words.append(self.words[number])
        return words


def words_of(text: str) -> list[str]:
    """Part a text into words as `text_of` joins them: "man's" is "man 's" again."""
    return _CLITIC.sub(" ", text).split()


def text_of(words: Iterable[str]) -> str:
    """Write words as people do: what was parted in learning, as in "man 's", is joined again."""
    return _BEFORE_CLITIC.sub("", " ".join(words))
