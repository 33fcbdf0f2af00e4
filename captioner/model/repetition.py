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
    """Bars a word of meaning from being said again, but where both times are told apart.

    They are by two different words of meaning before them, or by "another" before the second.
    Words are ids: `functional` ones hold a sentence together; they and `modifying` ones (colours,
    numbers, sizes, "another") may be said as often as they fit.
    """

    functional: Collection[int]
    modifying: Collection[int]
    another: Collection[int]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Self:
        functional, modifying, another = set[int](), set[int](), set[int]()
        for number, word in enumerate(vocabulary.words):
            if word in _ANOTHER:
                another.add(number)
            elif stem_of(word) in MODIFIERS:
                modifying.add(number)
            elif word in FUNCTION_WORDS or not word[0].isalnum():
                functional.add(number)
        return cls(frozenset(functional), frozenset(modifying | another), frozenset(another))

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
            and not self._tell_apart(before, last, word)
        }

    def _tell_apart(self, before: int, last: int, word: int) -> bool:
        """Whether one word behind `before` and again behind `last` is two things."""
        if last in self.another:
            return True
        tells = all(
            each not in self.functional and each not in {START, word} for each in (before, last)
        )
        return tells and before != last
