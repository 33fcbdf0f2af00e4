"""`a` or `an`: which of them a word wants before it."""

import re

# Words that begin with a vowel's letter and a consonant's sound, and the other way round.
_CONSONANT_SOUND = re.compile(
    r"uni(?!n|m[aiop])|us[aeu]|ut[ei]n|ukulele|u-|eu|ew[ei]|one\b|once|one-"
)
_VOWEL_SOUND = re.compile(r"hour|honest|hono[u]?r|heir|8|11\b|18\b|1[18]-")
# Letters whose names begin with a vowel's sound: an SUV, an X-ray.
_SPELLED_OUT = re.compile(r"[AEFHILMNORSX](?:\b|[A-Z]{1,3}\b)")


def article_for(word: str) -> str:
    """Give `a` or `an` as the word wants it; a word in capitals of up to four is spelled out."""
    if re.match(r"[A-Z]{1,4}\b", word):
        return "an" if _SPELLED_OUT.match(word) else "a"
    word = word.lower()
    if word[:1] in "aeioué":
        return "a" if _CONSONANT_SOUND.match(word) else "an"
    return "an" if _VOWEL_SOUND.match(word) else "a"
