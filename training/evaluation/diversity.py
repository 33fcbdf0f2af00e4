"""How varied captions are, and how much of them is learnt by heart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.data.captions import words_of

_PHRASE = 4  # words

type _Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diversity:
    """Counts of one model's captions; shares 0 to 1, None where no training captions are known.

    `copied` is the share of captions that are a training caption word for word, `new_phrases` the
    share of their runs of four words that no training caption has.
    """

    captions: int
    distinct_captions: int
    vocabulary: int
    average_words: float
    copied: float | None
    new_phrases: float | None


def diversity(captions: Sequence[str], learnt_from: Iterable[str] = ()) -> Diversity:
    """Measure captions, against the training captions where they are known."""
    said = [tuple(words_of(caption)) for caption in captions]
    learnt = {tuple(words_of(caption)) for caption in learnt_from}
    words = [word for sentence in said for word in sentence]
    copied = new_phrases = None
    if learnt:
        copied = sum(sentence in learnt for sentence in said) / len(said)
        known = {phrase for sentence in learnt for phrase in _phrases(sentence)}
        phrases = [phrase for sentence in said for phrase in _phrases(sentence)]
        if phrases:
            new_phrases = sum(phrase not in known for phrase in phrases) / len(phrases)
    return Diversity(
        captions=len(said),
        distinct_captions=len(set(said)),
        vocabulary=len(set(words)),
        average_words=len(words) / len(said),
        copied=copied,
        new_phrases=new_phrases,
    )


def _phrases(words: _Words) -> Iterable[_Words]:
    return (words[start : start + _PHRASE] for start in range(len(words) - _PHRASE + 1))
