"""WordNet 3.0's own files, as `wordnet-base` of Debian installs them: senses, hypernyms, counts.

The formats are those of WordNet's manual pages wndb(5WN), cntlist(5WN) and morphy(7WN). A synset
is named as ImageNet names it: n and eight digits, its place in `data.noun`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.words import WordsError

_PARTS = ("noun", "verb", "adj", "adv")
# Plural endings and what they stand for, morphy(7WN); the rest is in noun.exc.
_ENDINGS = (
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
# The digit that a sense key starts its second half with, by part of speech; 5 is adj's satellite.
_PART_OF_DIGIT = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}


@dataclass(frozen=True, slots=True)
class Synset:
    """A meaning: its nouns, the number of its lexicographer file, the meanings it is a kind of."""

    id: str
    lemmas: tuple[str, ...]
    file: int
    hypernyms: tuple[str, ...]


class WordNet:
    """The nouns of the database in `folder`, and how often each part of speech was tagged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def synsets(self) -> Mapping[str, Synset]:
        return {synset.id: synset for synset in map(_synset, self._lines("data.noun"))}

    @cached_property
    def senses(self) -> Mapping[str, tuple[Synset, ...]]:
        """Every noun's meanings, the usual one first."""
        return {
            fields[0]: tuple(self.synsets[f"n{offset}"] for offset in fields[-int(fields[2]) :])
            for fields in map(str.split, self._lines("index.noun"))
        }

    @cached_property
    def plurals(self) -> Mapping[str, str]:
        """Irregular plural -> its noun."""
        return dict(line.split()[:2] for line in self._lines("noun.exc"))

    @cached_property
    def tagged(self) -> Mapping[str, Mapping[str, int]]:
        """Word -> part of speech -> how often it was tagged so in WordNet's corpora."""
        tagged: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_PARTS, 0))
        for line in self._lines("cntlist.rev"):
            key, _, count = line.split()
            word, _, rest = key.partition("%")
            tagged[word][_PART_OF_DIGIT[rest[0]]] += int(count)
        return tagged

    def nouns_of(self, form: str) -> tuple[str, ...]:
        """The nouns that `form` may be the singular or plural of, `form` itself first."""
        guesses = [form, self.plurals.get(form, form)]
        if not form.endswith("ss") and len(form) > 3:
            guesses += [
                form.removesuffix(end) + stem for end, stem in _ENDINGS if form.endswith(end)
            ]
        return tuple(dict.fromkeys(noun for noun in guesses if noun in self.senses))

    def _lines(self, name: str) -> Iterator[str]:
        try:
            with (self._folder / name).open(encoding="utf-8") as file:
                yield from (line for line in file if not line.startswith("  "))
        except OSError as fault:
            raise WordsError(
                f"WordNet's {name} cannot be read in {self._folder} ({fault.strerror}): "
                "Debian's package wordnet-base installs it."
            ) from None


def _synset(line: str) -> Synset:
    fields = line.partition(" | ")[0].split()
    words = 2 * int(fields[3], 16)
    pointers = fields[5 + words :]
    return Synset(
        id=f"n{fields[0]}",
        lemmas=tuple(fields[4 : 4 + words : 2]),
        file=int(fields[1]),
        hypernyms=tuple(
            f"n{offset}"
            for kind, offset in zip(pointers[::4], pointers[1::4], strict=False)
            if kind in {"@", "@i"}
        ),
    )
