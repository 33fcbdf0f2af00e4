"""What captions name: plain words for ImageNet's labels, and which words are physical objects.

Three tables, made by `python -m training.words` from WordNet and people's captions:

    imagenet.csv    index,synset,label,word   the 1,000 classes in the order of the encoder's layer
    objects.csv     form,object               every form that names a thing -> the thing; a form of
                                              two words ("hot dog") goes before its parts
    kinds.csv       object,kind_of            what may as well be called by the second word

Origins: the classes are those of ImageNet's ILSVRC2012, as sorted WordNet ids; labels, hypernyms
and meanings are WordNet 3.0's (Princeton University, see LICENSE-WordNet.txt); of the
captions only single words and how often they occur were used, none is repeated here.
"""

import csv
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captioner.errors import CaptionerError

FOLDER = Path(__file__).parent


class WordsError(CaptionerError):
    """The tables cannot be made from what was given."""

    code = "words_invalid"
    permanent = True


def imagenet_words() -> tuple[str, ...]:
    """The plain word for each of ImageNet's 1,000 classes, "" where there is none."""
    return _imagenet()


def object_of(word: str) -> str | None:
    """The thing that a lower-case word, or a pair of them, names; None where it names none."""
    return _objects().get(word)


def objects_in(words: Iterable[str]) -> set[str]:
    """The things that the words of a caption, in their order, name; "hot dog" is no dog."""
    found, rest = set[str](), deque(words)
    while rest:
        word = rest.popleft()
        name = object_of(f"{word} {rest[0]}") if rest else None
        if name is not None:
            rest.popleft()
        else:
            name = object_of(word)
        if name is not None:
            found.add(name)
    return found


def true_of(things: Iterable[str]) -> set[str]:
    """Things, what they are kinds of, and what means the same: "person" is true of a man."""
    return {word for thing in things for word in (thing, *_kinds().get(thing, ()))}


def class_words(tags: Sequence[str]) -> NDArray[np.float32]:
    """Tell which tag each of ImageNet's classes is: ones and zeros, [classes, tags]."""
    places = {tag: place for place, tag in enumerate(tags)}
    words = imagenet_words()
    matrix = np.zeros((len(words), len(tags)), np.float32)
    for number, word in enumerate(words):
        if word in places:
            matrix[number, places[word]] = 1
    return matrix


@cache
def _imagenet() -> tuple[str, ...]:
    return tuple(row["word"] for row in _rows("imagenet.csv"))


@cache
def _objects() -> Mapping[str, str]:
    return {row["form"]: row["object"] for row in _rows("objects.csv")}


@cache
def _kinds() -> Mapping[str, tuple[str, ...]]:
    generals = defaultdict[str, list[str]](list)
    for row in _rows("kinds.csv"):
        generals[row["object"]].append(row["kind_of"])
    return {thing: tuple(words) for thing, words in generals.items()}


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
