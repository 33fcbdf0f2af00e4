"""What neutral nouns have made the same is counted or told apart: two people, another person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from captioner.wording.english import (
    ARTICLES,
    DEFINITE,
    FUNCTION_WORDS,
    MODIFIERS,
    NUMBERS,
    OWNERS,
    QUANTIFIERS,
)
from captioner.wording.gendered import plural_of
from captioner.wording.sentence import Person, Token, at, like

_AND = frozenset({"and", "&"})
_OR = frozenset({"or", "/"})
_EACH = frozenset({"each", "every", "no"})
_DETERMINERS = ARTICLES | DEFINITE | OWNERS | QUANTIFIERS | _EACH | {"some"}
_PLURAL_OF = {"this": "these two", "that": "those two", "the": "the two", "both": "both"}
# Words that keep their capital inside a sentence are not made small.
_PEOPLES = frozenset(
    {"asian", "african", "american", "indian", "chinese", "japanese", "korean", "mexican"}
    | {"hispanic", "latino", "caucasian", "european", "arab", "muslim", "amish"}
)
# A man, woman and dog: the article is said once, and needed again once it has gone into "two".
_WITHOUT_ARTICLE = frozenset({"baby", "cat", "child", "dog", "horse", "infant", "kid", "toddler"})
_PEOPLE = frozenset(
    {"adults", "children", "friends", "kids", "people", "teenagers", "teens", "toddlers"}
)
# Of a woman as a picture shows her; but in front of another woman.
_PLACES = frozenset({"front", "side", "back", "top", "ahead", "behind", "instead", "middle", "out"})
_DISGUISED = frozenset({"disguised", "dressed", "posing", "seen", "up"})


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Some of a sentence that ends with a neutral noun: `the`, `a young`, `two`, or no more."""

    start: int
    head: int
    determiner: str
    modifiers: tuple[str, ...]
    person: Person

    @property
    def count(self) -> int | None:
        """How many people this is, if it tells."""
        if self.determiner in ARTICLES or (not self.determiner and not self.person.plural):
            return 1
        return _number(self.determiner)


def without_repetition(tokens: Sequence[Token]) -> list[Token]:
    """Count people who are now called the same side by side; call a later one `another`."""
    result, place = list(tokens), 0
    while place < len(result):
        merged = _merged(result, place)
        result = merged or result
        place += merged is None
    return _told_apart(result)


def _merged(tokens: list[Token], head: int) -> list[Token] | None:
    """Give the sentence with the phrase that ends here and the next made one, if they can be."""
    first = _phrase_ending(tokens, head)
    joint = _joint(tokens, head + 1)
    if first is None or not joint:
        return None
    second = _phrase_starting(tokens, head + 1 + joint)
    if second is None or second.person.noun != first.person.noun:
        return None
    rest = tokens[second.head + 1 :]
    one_by_one = first.determiner == second.determiner == "one"
    if tokens[head + 1].text == "," and joint == 1 and not one_by_one:
        rest = _rest_of_list(rest, first)
        if not rest:
            return None
    one_of_them = tokens[head + joint].lower in _OR or first.determiner in _EACH
    determiner = (_either if one_of_them else _together)(first, second)
    if determiner is None:
        return None
    plural = first.person.plural or not one_of_them
    said = tokens[: first.start]
    if _is_said_again(said, determiner):
        return [*said[:-1], *(rest[1:] if at(rest, 0).text == "," else rest)]
    return [*said, *_counted(tokens, first, second, determiner, plural=plural), *rest]


def _is_said_again(tokens: Sequence[Token], number: str) -> bool:
    """Tell `two people, two people`, as `a man and a woman` may explain who the two are."""
    place = len(tokens) - 2
    if at(tokens, place + 1).text != "," or at(tokens, place).lower not in _PEOPLE:
        return False
    while at(tokens, place - 1).lower in MODIFIERS:
        place -= 1
    said = _number(at(tokens, place - 1).lower)
    return said is not None and said == _number(number)


def _number(word: str) -> int | None:
    if word in NUMBERS:
        return NUMBERS.index(word)
    return int(word) if word.isdecimal() else None


def _joint(tokens: Sequence[Token], place: int) -> int:
    """Give how many tokens join two phrases here: `and`, `or`, a comma, or both; else 0."""
    if at(tokens, place).text == ",":
        return 2 if at(tokens, place + 1).lower in _AND else 1
    return int(at(tokens, place).lower in _AND | _OR)


def _rest_of_list(rest: list[Token], first: _Phrase) -> list[Token]:
    """Give what follows two members of a list, if it goes on: `, and a child` -> `and a child`."""
    rest = rest[1:] if at(rest, 0).text == "," else rest
    if at(rest, 0).lower not in _AND:
        return []
    last = at(rest, 1)
    single = last.person is not None and not last.person.plural
    if first.determiner in ARTICLES and (single or last.lower in _WITHOUT_ARTICLE):
        article = Token(last.gap, "a")
        return [rest[0], article, replace(last, gap=" ", fresh=True), *rest[2:]]
    return rest


def _either(first: _Phrase, second: _Phrase) -> str | None:
    """Give the determiner for one of both, or None: a man or a woman, each man and woman."""
    same = second.modifiers in {(), first.modifiers} and first.person.plural == second.person.plural
    return first.determiner if same and second.determiner in {"", first.determiner} else None


def _together(first: _Phrase, second: _Phrase) -> str | None:
    """Give the determiner for both, or None where the two have to stay two."""
    elided = not second.determiner and not second.modifiers
    if not elided and first.modifiers != second.modifiers:
        return None
    said_once = second.determiner in {"", first.determiner}
    if first.determiner in DEFINITE | OWNERS:
        one_each = not first.person.plural and not second.person.plural
        several = _PLURAL_OF.get(first.determiner, first.determiner)
        return (several if one_each else first.determiner) if said_once else None
    all_plural = first.person.plural and second.person.plural
    if all_plural and said_once and (not second.determiner or first.count is None):
        return first.determiner
    if not first.count or not second.count:
        return None
    total = first.count + second.count
    in_figures = first.determiner.isdecimal() or total >= len(NUMBERS)
    return str(total) if in_figures else NUMBERS[total]


def _counted(
    tokens: Sequence[Token], first: _Phrase, second: _Phrase, determiner: str, *, plural: bool
) -> list[Token]:
    """Write one phrase for two."""
    noun = first.person.noun
    person = Person(noun, plural, f"{first.person.origin} and {second.person.origin}")
    head = replace(
        tokens[first.head],
        text=like(tokens[first.head], plural_of(noun) if plural else noun),
        person=person,
        fresh=True,
    )
    written = [*tokens[first.start : first.head], head]
    if first.determiner:
        written[0] = replace(written[0], text=like(written[0], determiner))
    elif determiner:
        begin = written[0]
        small = begin.text if begin.lower in _PEOPLES else begin.text.lower()
        written[0] = replace(begin, gap=" ", text=begin.text if begin.text.isupper() else small)
        written.insert(0, Token(begin.gap, like(begin, determiner)))
    return written


def _phrase_ending(tokens: Sequence[Token], head: int) -> _Phrase | None:
    """Give the phrase that ends with this neutral noun; None where its start is not clear."""
    person = tokens[head].person
    if person is None:
        return None
    start = head
    while at(tokens, start - 1).lower in MODIFIERS:
        start -= 1
    modifiers = tuple(token.lower for token in tokens[start:head])
    before = at(tokens, start - 1)
    if before.lower in _DETERMINERS or before.lower in NUMBERS or before.text.isdecimal():
        return _Phrase(start - 1, head, before.lower, modifiers, person)
    clear = not before.is_word or before.lower in FUNCTION_WORDS
    if clear or before.lower.endswith(("ing", "s")):
        return _Phrase(start, head, "", modifiers, person)
    return None


def _phrase_starting(tokens: Sequence[Token], start: int) -> _Phrase | None:
    """Give the phrase that starts here, if it ends with a neutral noun."""
    head = start
    token = at(tokens, start)
    if token.lower in _DETERMINERS or token.lower in NUMBERS or token.text.isdecimal():
        head += 1
    while at(tokens, head).lower in MODIFIERS:
        head += 1
    if at(tokens, head).person is None:
        return None
    found = _phrase_ending(tokens, head)
    return found if found is not None and found.start == start else None


def _told_apart(tokens: list[Token]) -> list[Token]:
    """A person kisses a person -> a person kisses another person, if they were told apart."""
    result = list(tokens)
    seen: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for head, token in enumerate(tokens):
        if token.person is None:
            continue
        phrase = _phrase_ending(tokens, head)
        modifiers = phrase.modifiers if phrase else ("…",)
        known = seen.setdefault(token.person.noun, set())
        single = phrase is not None and not token.person.plural
        if (
            phrase
            and single
            and phrase.determiner in ARTICLES
            and _is_another(tokens, phrase, known)
        ):
            article = tokens[phrase.start]
            result[phrase.start] = replace(article, text=like(article, "another"))
        known.add((token.person.origin, modifiers))
    return result


def _is_another(
    tokens: Sequence[Token], phrase: _Phrase, known: set[tuple[str, tuple[str, ...]]]
) -> bool:
    before, earlier = at(tokens, phrase.start - 1).lower, at(tokens, phrase.start - 2).lower
    if before == "like" or (before == "as" and earlier in _DISGUISED):
        return False
    if before == "of" and earlier not in _PLACES:
        return False
    told_apart = any(origin != phrase.person.origin for origin, _ in known)
    same = any(not phrase.modifiers or modifiers == phrase.modifiers for _, modifiers in known)
    return told_apart and same
