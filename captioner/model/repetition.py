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
        barred = set[int]()
        before = START
        for word in ids:  # several thousand times a second: no generators
            if (
                word not in self.functional
                and word not in self.modifying
                and not self._tell_apart(before, ids[-1], word)
            ):
                barred.add(word)
            before = word
        return barred

    def _tell_apart(self, before: int, last: int, word: int) -> bool:
        """Whether one word behind `before` and again behind `last` is two things."""
        return last in self.another or (
            before != last and self._tells(before, word) and self._tells(last, word)
        )

    def _tells(self, before: int, word: int) -> bool:
        """Whether a word before another says which one it is."""
        return before not in self.functional and before not in {START, word}
