"""Nouns and adjectives for people that tell their sex -> those that do not."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from captioner.wording.english import (
    ADVERBS,
    ANIMALS,
    ARTICLES,
    DETERMINERS,
    FIELDS,
    FUNCTION_WORDS,
    ING_NOUNS,
    MEANT_FOR,
    MODIFIERS,
    NUMBERS,
    OWNERS,
    PARTICIPLES,
    PRONOUNS,
    QUANTIFIERS,
    ROLES,
    ROLES_IN_FIELDS,
    SIZED,
    SPORTS,
)
from captioner.wording.gendered import GENITIVES, KEPT, PHRASES, SEXES, Noun, nouns, plural_of
from captioner.wording.sentence import Person, Token, at, like, starts_sentence, without
from captioner.wording.verbs import plural_form

_LONGEST = 5  # words in a phrase of the tables
_CHILDREN = frozenset({"boy", "boys", "girl", "girls"})
_KIN_OF_ANIMALS = frozenset({"mother", "father", "mama", "papa", "mom", "dad", "mommy", "daddy"})
# Of boys and girls this is said without an apostrophe too; the rest could be what they do.
_PLAYED_OR_SUNG = {each for each in SPORTS if not each.endswith("ing")} - {"golf", "track"} | {
    *("choir", "team", "teams")
}

type Rule = Callable[[list[Token], int], tuple[list[Token], int] | None]


def with_neutral_nouns(tokens: Sequence[Token]) -> list[Token]:
    """Replace or leave out each noun and adjective that tells a person's sex."""
    result, place = list(tokens), 0
    while place < len(result):
        for rule in _RULES:
            if done := rule(result, place):
                result, place = done
                break
        else:
            place += 1
    return result


def _kept(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """Pass over names, and over animals with their young."""
    for end in _ends(tokens, place):
        if _words(tokens, place, end) in KEPT:
            return tokens, end
    is_kin = tokens[place].lower in _KIN_OF_ANIMALS
    return (tokens, place + 1) if is_kin and _animal_after(tokens, place) else None


def _all_of_one_sex(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """An all-male band -> a band."""
    after = place + (2 if at(tokens, place + 1).text == "-" else 1)
    if tokens[place].lower == "all" and at(tokens, after).lower in SEXES:
        return without(tokens, place, after + 1), place
    return None


def _phrase(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """Replace nouns of several words, and nouns that are usually written as one: fire man."""
    for end in _ends(tokens, place):
        words = _words(tokens, place, end)
        if words in PHRASES:
            whole = like(tokens[place], PHRASES[words])
            token = replace(tokens[place], text=whole, fresh=True)
            return [*tokens[:place], token, *tokens[end:]], place + 1
        noun = nouns().get(words) if " " in words else None
        if noun is None and words.count(" ") == 1:
            noun = nouns().get(words.replace(" ", ""))
        # In a teenage boy scout the boy goes with the scout.
        goes_on = end < len(tokens) and _words(tokens, end - 1, end + 1) in nouns()
        if noun is not None and not goes_on:
            return _replaced(tokens, place, end, noun)
    return None


def _sex(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """Leave out `male` and `female` before a person; where they stand alone, they are one."""
    if tokens[place].lower not in SEXES:
        return None
    if _animal_after(tokens, place):
        return tokens, place + 1
    other = _other_sex(tokens, place)
    last = place if other is None else other
    if other is not None and at(tokens, place - 1).lower in ARTICLES and _role_after(tokens, last):
        return _pair_of_roles(tokens, place - 1, last + 1, _role_after(tokens, last))
    if _is_noun(tokens, last):
        before = at(tokens, place - 1).lower
        noun = Noun("a person" if before in {"is", "was"} else "person", before in {"are", "were"})
        return _replaced(tokens, place, place + 1, noun)
    listed = at(tokens, place - 1).text == "," and at(tokens, place - 2).lower in MODIFIERS
    return without(tokens, place - listed, last + 1), place - listed


def _meant_for(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """A women's soccer team -> a soccer team."""
    word = GENITIVES.get(tokens[place].lower, tokens[place].lower)
    noun = nouns().get(word)
    if noun is None or not noun.plural or noun.neutral not in {"person", "child"}:
        return None
    owns = word != tokens[place].lower
    end = place + 1
    if at(tokens, end).is_possessive:
        owns, end = True, end + 1
    if at(tokens, end).lower in (MEANT_FOR if owns else _PLAYED_OR_SUNG):
        return without(tokens, place, end), place
    return None


def _doing(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """A woman singer -> a singer; a girl gymnast -> a young gymnast."""
    word = tokens[place].lower
    noun = nouns().get(word)
    if noun is None or noun.neutral not in {"person", "child"}:
        return None
    first, second = at(tokens, place + 1), at(tokens, place + 2)
    in_field = first.lower in FIELDS and _is_one_of(second, ROLES_IN_FIELDS)
    if not (_is_one_of(first, ROLES) or in_field):
        is_group = first.lower in {"group", "groups"} and word in _CHILDREN and not noun.plural
        return (without(tokens, place, place + 1), place) if is_group else None
    is_young = word in _CHILDREN and first.lower not in {"band", "bands"}
    if is_young and at(tokens, place - 1).lower not in MODIFIERS:
        young = replace(tokens[place], text=like(tokens[place], "young"), fresh=True)
        return [*tokens[:place], young, *tokens[place + 1 :]], place + 1
    return without(tokens, place, place + 1), place


def _noun(tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """Replace a noun of one word, and `man` where it is a verb."""
    token = tokens[place]
    if token.lower in GENITIVES | {"man": "man"} and _is_manning(tokens, place):
        verb = "staffs" if token.lower == "mans" else "staff"
        return [
            *tokens[:place],
            replace(token, text=like(token, verb)),
            *tokens[place + 1 :],
        ], place + 1
    if token.lower in GENITIVES:
        result, end = _replaced(tokens, place, place + 1, nouns()[GENITIVES[token.lower]])
        return [*result[:end], Token("", "'s"), *result[end:]], end + 1
    noun = nouns().get(token.lower)
    if noun is None or (token.lower == "groom" and not _is_bridegroom(tokens, place)):
        return None
    return _replaced(
        tokens, place, place + 1, noun._replace(plural=_is_plural(tokens, place, noun))
    )


_RULES: tuple[Rule, ...] = (_kept, _all_of_one_sex, _phrase, _sex, _meant_for, _doing, _noun)


def _replaced(tokens: list[Token], start: int, end: int, noun: Noun) -> tuple[list[Token], int]:
    """Put a neutral noun in the place of these tokens, and go on behind it."""
    text = plural_of(noun.neutral) if noun.plural else noun.neutral
    person = Person(noun.neutral, noun.plural, _words(tokens, start, end))
    token = Token(tokens[start].gap, like(tokens[start], text), person, fresh=True)
    return [*tokens[:start], token, *tokens[end:]], start + 1


def _ends(tokens: Sequence[Token], start: int) -> list[int]:
    """Give where phrases that start here may end, longest first; hyphens join words too."""
    ends: list[int] = []
    place = start
    while place < len(tokens) and len(ends) < _LONGEST and tokens[place].is_word:
        place += 1
        ends.append(place)
        if at(tokens, place).is_possessive and at(tokens, place).text:
            place += 1
            ends.append(place)
        joined = at(tokens, place).text == "-" and at(tokens, place + 1).gap == ""
        place += joined
    return ends[::-1]


def _words(tokens: Sequence[Token], start: int, end: int) -> str:
    """Give tokens as the tables write them: lower case, blanks for hyphens."""
    words = [token.lower for token in tokens[start:end] if token.text != "-"]
    return " ".join(words).replace(" '", "'")


def _other_sex(tokens: Sequence[Token], place: int) -> int | None:
    """Give where `female` stands in `male and female`, `male or a female`; None elsewhere."""
    if at(tokens, place + 1).lower not in {"and", "or", "/"}:
        return None
    other = place + (3 if at(tokens, place + 2).lower in ARTICLES else 2)
    return other if at(tokens, other).lower in SEXES else None


def _role_after(tokens: Sequence[Token], place: int) -> int:
    """Give where a word for what somebody does follows, or 0."""
    return next((each for each in (place + 1, place + 2) if _is_one_of(at(tokens, each), ROLES)), 0)


def _pair_of_roles(tokens: list[Token], start: int, end: int, role: int) -> tuple[list[Token], int]:
    """A male and a female tennis player -> two tennis players."""
    two = replace(tokens[start], text=like(tokens[start], "two"))
    roles = replace(tokens[role], text=plural_of(tokens[role].text))
    return [*tokens[:start], two, *tokens[end:role], roles, *tokens[role + 1 :]], start + 1


def _is_noun(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether `male` or `female` stands for a person by itself."""
    following = at(tokens, place + 1)
    word = following.lower
    if not following.is_word or word in FUNCTION_WORDS | ADVERBS | PARTICIPLES:
        return True
    if _is_one_of(at(tokens, place + 2), ROLES_IN_FIELDS):  # a female welding instructor
        return False
    if word.endswith("ing"):
        return word not in ING_NOUNS
    if word.endswith("ed"):
        return at(tokens, place + 2).lower in FUNCTION_WORDS
    is_second = at(tokens, place - 1).lower in {"and", "or"} and at(tokens, place - 2).person
    if is_second and not _is_one_of(following, ROLES):  # an adult and female balance on a rope
        return True
    is_verb = plural_form(word) != word and word not in FIELDS
    return is_verb and _determiner_before(tokens, place) in ARTICLES | {"the", "one", "another"}


def _determiner_before(tokens: Sequence[Token], place: int) -> str:
    place -= 1
    while at(tokens, place).lower in MODIFIERS:
        place -= 1
    return at(tokens, place).lower


def _is_plural(tokens: Sequence[Token], place: int, noun: Noun) -> bool:
    """Tell how many are meant, where `a women` or `two woman` slipped in."""
    if noun.neutral not in {"person", "child"} or at(tokens, place + 1).is_possessive:
        return noun.plural
    before = _determiner_before(tokens, place)
    if noun.plural:
        return before not in ARTICLES
    several = before in QUANTIFIERS - {"all"} or before in NUMBERS[2:]
    return several and at(tokens, place + 1).lower not in SIZED | {"-"}


def _is_manning(tokens: Sequence[Token], place: int) -> bool:
    """Tell `people man a booth` from `hands the man a cup`."""
    if at(tokens, place + 1).lower not in DETERMINERS - {"that", "both"}:
        return False
    before = _determiner_before(tokens, place)
    return not starts_sentence(tokens, place) and before not in DETERMINERS | set(NUMBERS)


def _is_bridegroom(tokens: Sequence[Token], place: int) -> bool:
    """Tell `the groom` from `they groom a horse`."""
    before, after = at(tokens, place - 1), at(tokens, place + 1).lower
    several = before.is_word and before.lower.endswith("s") and before.lower not in OWNERS
    is_verb = several or before.lower in PRONOUNS | {"to", "who", "that"}
    return not is_verb and after not in DETERMINERS


def _animal_after(tokens: Sequence[Token], place: int) -> bool:
    """Tell `a male (young) lion` from `a male horse rider`."""
    first, second = at(tokens, place + 1), at(tokens, place + 2)
    if _is_one_of(first, ANIMALS):
        return not _is_one_of(second, ROLES)
    return first.is_word and first.lower not in FUNCTION_WORDS and _is_one_of(second, ANIMALS)


def _is_one_of(token: Token, words: frozenset[str]) -> bool:
    return token.lower in words or token.lower.removesuffix("s") in words
