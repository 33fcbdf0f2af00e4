"""Making the tables of `training.words` from WordNet and people's captions.

An **object** is a form whose usual noun is a physical thing: more often tagged as a noun than as
anything else in WordNet's corpora, and with a first meaning from one of `_PHYSICAL`'s
lexicographer files. The **word** of an ImageNet label is the first object on the way up from the
label's own lemmas through its hypernyms, nearest first, that captions name often enough; a lemma
stands for its first physical meaning only, so that no bird is called a machine. A **kind** of an
object is one whose usual physical meaning is below that object's, or the same. What these rules get
wrong is in exceptions.csv, each row with its reason.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from training.data.captions import words_of
from training.words import WordsError
from training.words.wordnet import Synset, WordNet

# lexnames(5WN): the topmost nouns, animal, artifact, body, food, object, person, plant, substance.
_PHYSICAL = frozenset({3, 5, 6, 8, 13, 17, 18, 20, 27})
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What the rules get wrong; "" is none.

    Form or noun -> object, ImageNet synset -> word; object -> what it is a kind of, in the place of
    what its meaning says or besides, by spaces.
    """

    objects: Mapping[str, str]
    imagenet: Mapping[str, str]
    kinds: Mapping[str, str]
    also: Mapping[str, str]


def read_exceptions(path: Path) -> Exceptions:
    tables: dict[str, dict[str, str]] = {"objects": {}, "imagenet": {}, "kinds": {}, "also": {}}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tables[row["table"]][row["key"]] = row["word"]
    return Exceptions(**tables)


def counted(captions: Iterable[str]) -> Counter[str]:
    """How often each word and each pair of neighbours ("hot dog") occurs in `captions`."""
    counts = Counter[str]()
    for caption in captions:
        words = words_of(caption)
        counts.update(words)
        counts.update(map(" ".join, pairwise(words)))
    return counts


def objects(
    counts: Counter[str], wordnet: WordNet, exceptions: Mapping[str, str]
) -> dict[str, str]:
    """Form -> object, of all forms that captions have `FEWEST` times, the commonest first."""
    forms = (form for form, count in counts.most_common() if count >= FEWEST)
    named = {form: _object_of(form, wordnet, exceptions) for form in forms}
    kept = {form: name for form, name in named.items() if name}
    # A plural may be common where its singular is not.
    return kept | {name: name for name in kept.values() if name not in kept}


def _object_of(form: str, wordnet: WordNet, exceptions: Mapping[str, str]) -> str:
    if form in exceptions:
        return exceptions[form]
    nouns = wordnet.nouns_of(form)
    if not nouns:
        return ""
    tagged = {noun: wordnet.tagged.get(noun, {}) for noun in (*nouns, form)}
    noun = max(nouns, key=lambda noun: tagged[noun].get("noun", 0))
    if noun in exceptions:
        return exceptions[noun]
    uses = Counter[str]()
    for each in tagged.values():
        uses.update(each)
    usual = uses["noun"] >= max(uses["verb"], uses["adj"], uses["adv"])
    return noun if usual and wordnet.senses[noun][0].file in _PHYSICAL else ""


def word_of(
    synset: Synset, wordnet: WordNet, objects: Mapping[str, str], counts: Mapping[str, int]
) -> str:
    """The nearest object, upward from `synset`, that captions name often; "" where none is."""
    for level in _upward(synset, wordnet):
        words = [
            lemma.lower()
            for each in level
            for lemma in each.lemmas
            if counts.get(lemma.lower(), 0) >= FEWEST
            and objects.get(lemma.lower()) == lemma.lower()
            and _usual(lemma.lower(), wordnet) == each.id
        ]
        if words:
            return max(words, key=lambda word: counts[word])
    return ""


def kinds(
    names: Iterable[str], wordnet: WordNet, exceptions: Exceptions
) -> Iterator[tuple[str, str]]:
    """Object and object that it is a kind of, or means the same as; `names` are all objects."""
    meaning = {name: _usual(name, wordnet) for name in names}
    named = defaultdict[str | None, list[str]](list)
    for name, synset in meaning.items():
        named[synset].append(name)

    def above(name: str) -> Iterator[str]:
        synset = None if name in exceptions.kinds else meaning[name]
        levels = _upward(wordnet.synsets[synset], wordnet) if synset else ()
        return (name for level in levels for each in level for name in named[each.id])

    for name in meaning:
        told = (exceptions.kinds.get(name, "") + " " + exceptions.also.get(name, "")).split()
        found = {*told, *above(name), *(general for word in told for general in above(word))}
        yield from ((name, general) for general in sorted(found - {name}))


def _upward(synset: Synset, wordnet: WordNet) -> Iterator[list[Synset]]:
    level = [synset]
    while level:
        yield level
        level = [wordnet.synsets[name] for each in level for name in each.hypernyms]


def _usual(noun: str, wordnet: WordNet) -> str | None:
    """The first meaning of `noun` that is a physical thing."""
    return next((each.id for each in wordnet.senses.get(noun, ()) if each.file in _PHYSICAL), None)


def imagenet(
    synsets: Iterable[str],
    wordnet: WordNet,
    objects: Mapping[str, str],
    counts: Mapping[str, int],
    exceptions: Mapping[str, str],
) -> Iterator[tuple[int, str, str, str]]:
    """Index, synset, label and word of each class.

    An exception for the synset overrules the rule; one for a word replaces it wherever it came out.
    """
    named = Counter[str]()
    for form, name in objects.items():
        named[name] += counts[form]
    for index, name in enumerate(synsets):
        synset = wordnet.synsets.get(name)
        if synset is None:
            raise WordsError(
                f"This WordNet has no {name}: the classes are named as in WordNet 3.0."
            )
        word = exceptions.get(synset.id)
        if word is None:
            word = word_of(synset, wordnet, objects, named)
            word = exceptions.get(word, word)
        if word and objects.get(word) != word:
            raise WordsError(
                f"exceptions.csv gives {synset.id} the word {word!r}, which is no object."
            )
        yield index, synset.id, synset.lemmas[0].replace("_", " "), word
