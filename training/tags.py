"""Which things a model can be told of: the words of its tags.

A tag is a word for a thing (`training.words`) that ImageNet has a class for, or that captions name
often enough to learn it from. A picture is held to show what at least two of its captions name.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from captioner.model.vocabulary import Vocabulary
from training.data.captions import words_of
from training.words import imagenet_words, objects_in

NAMED_BY = 2  # captions that must name a thing before the picture is held to show it
LEAST_PICTURES = 40  # that show a thing, before it is learnt from them
LEAST_CHANCE = 0.05  # below, a tag is not worth telling


def things_named(captions: Sequence[str]) -> dict[str, int]:
    """Give the things that captions of one picture name, each with how many name it."""
    return dict(Counter(name for caption in captions for name in objects_in(words_of(caption))))


def tag_words(named: Iterable[Mapping[str, int]], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Choose the tags: words that can be said, of ImageNet's or learnt from the training pictures.

    `named` is what is named of each training picture.
    """
    known = {*imagenet_words(), *learnt_things(named)}
    return tuple(sorted(word for word in known if word in vocabulary))


def learnt_things(named: Iterable[Mapping[str, int]]) -> list[str]:
    """Give the things that enough of the pictures show."""
    pictures = Counter(name for each in named for name, count in each.items() if count >= NAMED_BY)
    return [name for name, count in pictures.items() if count >= LEAST_PICTURES]
