"""He, she and theirs -> they, with the verb that follows."""

from collections.abc import Sequence
from dataclasses import replace

from captioner.wording.english import (
    ADVERBS,
    AUXILIARIES,
    CONJUNCTIONS,
    DETERMINERS,
    FUNCTION_WORDS,
    ING_NOUNS,
    OWNERS,
    PRONOUNS,
    VERBS,
    WATCHING,
)
from captioner.wording.sentence import NOTHING, Token, at, like, starts_sentence
from captioner.wording.verbs import plural_form

SUBJECTS = frozenset({"he", "she"})
_PLAIN = {
    "he": "they",
    "she": "they",
    "he'll": "they'll",
    "she'll": "they'll",
    "he'd": "they'd",
    "she'd": "they'd",
    "him": "them",
    "hers": "theirs",
    "himself": "themselves",
    "herself": "themselves",
    "hisself": "themselves",
}
GENDERED = frozenset({*_PLAIN, "his", "her"})
_PAIRS = frozenset(
    {
        *(("he", "she"), ("she", "he"), ("s", "he"), ("him", "her"), ("her", "him")),
        *(("his", "her"), ("his", "hers"), ("himself", "herself"), ("herself", "himself")),
    }
)
# Words after which the coming verb has another subject.
_NEW_CLAUSES = (CONJUNCTIONS - {"and", "or", "but", "then"}) | {".", ";", ":", "!", "?"}
# Prepositions that are adjectives before these: her down jacket.
_COATS = frozenset({"coat", "comforter", "jacket", "vest"})
_BESIDE = frozenset({"above", "around", "behind", "below", "beneath", "beside", "facing", "near"})
# Adverbs and the like after which no noun comes.
_LONE = (ADVERBS - {"all", "both", "either", "first", "once"}) | {"close", "tightly"}
_ALONE = (FUNCTION_WORDS | _LONE) - {"all", "both", "each", "every"}


def with_neutral_pronouns(tokens: Sequence[Token]) -> list[Token]:
    """Replace each pronoun that tells a person's sex, and let the verbs agree."""
    result = _without_pairs(tokens)
    for place, token in enumerate(result):
        if token.lower in GENDERED and not _is_prefix(result, place):
            if token.lower in SUBJECTS:
                _agree(result, place)
            text = _PLAIN.get(token.lower) or _neutral_owner(result, place)
            shouting = token.text.isupper() and len(token.text) > 1
            result[place] = replace(
                token, text=text.upper() if shouting else like(Token("", token.text[:1]), text)
            )
    return result


def _is_prefix(tokens: Sequence[Token], place: int) -> bool:
    """Tell the sex of an animal: a she-wolf."""
    hyphen, animal = at(tokens, place + 1), at(tokens, place + 2)
    joined = hyphen.text == "-" and not hyphen.gap and not animal.gap and animal.is_word
    return joined and tokens[place].lower in SUBJECTS


def _without_pairs(tokens: Sequence[Token]) -> list[Token]:
    """He or she -> he, which then becomes they."""
    result = list(tokens)
    place = 0
    while place < len(result) - 2:
        first, between, second = result[place : place + 3]
        joined = between.lower in {"or", "and", "/", "&"}
        if joined and (first.lower, second.lower) in _PAIRS:
            wanted = first.lower if first.lower in GENDERED else second.lower
            result[place : place + 3] = [replace(first, text=like(first, wanted))]
        place += 1
    return result


def _neutral_owner(tokens: Sequence[Token], place: int) -> str:
    """Tell `her dog` from `watches her`, `his dog` from `a friend of his`."""
    if tokens[place].lower == "his":
        alone = at(tokens, place - 1).lower in {"of", "is", "are", "was", "were"}
        return "theirs" if alone and _stands_alone(tokens, place) else "their"
    return "them" if _stands_alone(tokens, place) else "their"


def _stands_alone(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether no noun follows that the pronoun could own."""
    before, following, second = (at(tokens, place + step) for step in (-1, 1, 2))
    word = following.lower
    if second.text == "-" and second.gap == "":  # her off-white dress
        return False
    if not following.is_word:
        return following.text[:1] not in {'"', "“", "'"} and not following.text[:1].isdigit()
    if _base(before.lower) in WATCHING and word in VERBS:  # watches her play
        return True
    if _tells_place(tokens, place - 1) and _is_verb(word):  # the boy in front of her watches
        return True
    return _cannot_be_owned(word, second)


def _cannot_be_owned(word: str, second: Token) -> bool:
    """Tell a word that neither is a noun nor stands before one, by what follows it."""
    if word in _ALONE:
        return not (word == "down" and second.lower in _COATS)
    if word == "next":
        return second.lower == "to"
    if word.endswith(("ing", "ly")):
        return word not in ING_NOUNS and _ends_phrase(second)
    return False


def _tells_place(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a person's neighbour is told of here: beside her, in front of her."""
    word, before = at(tokens, place).lower, at(tokens, place - 1).lower
    return word in _BESIDE or (before, word) in {("next", "to"), ("close", "to"), ("front", "of")}


def _ends_phrase(token: Token) -> bool:
    return not token.is_word or token.lower in FUNCTION_WORDS | ADVERBS


def _agree(tokens: list[Token], subject: int) -> None:
    """Give the verbs of this subject the form that goes with they."""
    place = subject + 1
    if at(tokens, place).is_possessive:
        perfect = at(tokens, _past_adverbs(tokens, place + 1)).lower in {"got", "been"}
        tokens[place] = replace(
            tokens[place], text=f"{tokens[place].text[:1]}{'ve' if perfect else 're'}"
        )
        return
    if _asks(tokens, subject):
        tokens[subject - 1] = _plural(tokens[subject - 1])
        return
    place = _past_adverbs(tokens, place)
    verb = at(tokens, place)
    if not verb.is_word or plural_form(verb.lower) == verb.lower:
        return
    tokens[place] = _plural(verb)
    leads = starts_sentence(tokens, subject) or at(tokens, subject - 1).lower in {"and", "but", ","}
    if leads or verb.lower not in AUXILIARIES:
        _agree_further(tokens, place + 1)


def _agree_further(tokens: list[Token], place: int) -> None:
    """He jumps high and then spins -> … and then spin, up to the next subject."""
    while at(tokens, place) is not NOTHING and tokens[place].lower not in _NEW_CLAUSES:
        if tokens[place].lower in {"and", "or", "but", "then"}:
            place = _past_adverbs(tokens, place + 1)
            if at(tokens, place).lower in DETERMINERS | PRONOUNS:
                return
            if _acts(tokens, place):
                tokens[place] = _plural(tokens[place])
        elif tokens[place].text == "," and _is_verb(at(tokens, place + 1).lower):
            tokens[place + 1] = _plural(tokens[place + 1])
        place += 1


def _acts(tokens: Sequence[Token], place: int) -> bool:
    """Tell a verb of the third person from a plural: and waves, but and skis."""
    word, following = at(tokens, place).lower, at(tokens, place + 1).lower
    if word in AUXILIARIES or _is_verb(word):
        return True
    return word.endswith("s") and following in DETERMINERS | OWNERS | {"him", "them"}


def _asks(tokens: Sequence[Token], subject: int) -> bool:
    """Tell `what is he doing` from `he is`."""
    turned = at(tokens, subject - 1).lower in {"is", "was", "has", "does"}
    before = at(tokens, subject - 2).lower
    return turned and before in {"", "what", "where", "how", "why", "who", "when"}


def _past_adverbs(tokens: Sequence[Token], place: int) -> int:
    while at(tokens, place).lower in ADVERBS or (
        at(tokens, place).lower.endswith("ly") and at(tokens, place).lower not in {"fly", "rely"}
    ):
        place += 1
    return place


def _plural(verb: Token) -> Token:
    return replace(verb, text=like(verb, plural_form(verb.lower)))


def _base(verb: str) -> str:
    """Give the plain form of a verb in a caption: watching, watches, watched -> watch."""
    for ending in ("ing", "ed"):
        if verb.endswith(ending):
            stem = verb.removesuffix(ending)
            return stem if stem in VERBS | WATCHING else f"{stem}e"
    return plural_form(verb)


def _is_verb(word: str) -> bool:
    return word != plural_form(word) and plural_form(word) in VERBS
