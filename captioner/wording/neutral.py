"""English sentences without words that tell people's sex."""

from captioner.wording.gendered import gendered_words
from captioner.wording.nouns import with_neutral_nouns
from captioner.wording.pronouns import GENDERED, with_neutral_pronouns
from captioner.wording.repetition import without_repetition
from captioner.wording.sentence import (
    put_together,
    take_apart,
    with_articles,
    with_possessives,
)


def neutral(text: str) -> str:
    """Give an English text with neutral nouns and pronouns, its grammar kept.

    `"a man and his dog"` -> `"a person and their dog"`. A text without gendered words comes back
    as it is, so that doing it twice changes nothing.
    """
    tokens = take_apart(text)
    words = {token.lower for token in tokens}
    if words.isdisjoint(gendered_words()) and words.isdisjoint(GENDERED):
        return text
    tokens = with_neutral_pronouns(with_neutral_nouns(tokens))
    return put_together(with_articles(with_possessives(without_repetition(tokens))))
