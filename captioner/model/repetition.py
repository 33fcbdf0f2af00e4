"""What a caption may not say again: "a bathroom with a sink and a sink" tells nothing new.

A search that looks for likely sentences falls into such loops where a model knows little to say
(Paulus et al. 2018, section 2.5, bars every repeated trigram). People do repeat themselves, but of
things that differ: "a black dog and a brown dog".
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from captioner.lexicon import FUNCTION_WORDS, MODIFIERS, stem_of
from captioner.model.vocabulary import START, Vocabulary

_ANOTHER = frozenset({"another", "other"})


@dataclass(frozen=True, slots=True)
class Repetition:
    """Bars a word of meaning from being said again, but behind a word that tells it apart.

    Words are ids: `functional` ones hold a sentence together and tell nothing apart; they and
    `modifying` ones (colours, numbers, sizes, "another") may be said as often as they fit.
    """

    functional: Collection[int]
    modifying: Collection[int]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Self:
        functional, modifying = set[int](), set[int]()
        for number, word in enumerate(vocabulary.words):
            if word in _ANOTHER or stem_of(word) in MODIFIERS:
                modifying.add(number)
            elif word in FUNCTION_WORDS or not word[0].isalnum():
                functional.add(number)
        return cls(frozenset(functional), frozenset(modifying))

    def barred(self, ids: Sequence[int]) -> set[int]:
        """Give what a caption with these words may not go on with."""
        if not ids:
            return set()
        last = ids[-1]
        return {
            word
            for before, word in zip((START, *ids), ids, strict=False)
            if word not in self.functional
            and word not in self.modifying
            and (last in self.functional or last in {before, word})
        }
