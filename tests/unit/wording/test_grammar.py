"""Articles, verbs and plurals in English."""

import pytest

from captioner.wording.articles import article_for
from captioner.wording.gendered import plural_of
from captioner.wording.verbs import plural_form


@pytest.mark.parametrize(
    ("word", "article"),
    [
        *(("actor", "an"), ("elder", "an"), ("umbrella", "an"), ("uncle", "an"), ("hour", "an")),
        *(("heir", "an"), ("honest", "an"), ("8", "an"), ("11", "an"), ("18-year", "an")),
        *(("SUV", "an"), ("X-ray", "an"), ("unimportant", "an"), ("uninvited", "an")),
        *(("person", "a"), ("house", "a"), ("unicycle", "a"), ("uniformed", "a"), ("used", "a")),
        *(("European", "a"), ("ewe", "a"), ("one-person", "a"), ("once", "a"), ("TV", "a")),
        *(("US", "a"), ("10", "a"), ("1", "a"), ("180", "a"), ("ukulele", "a"), ("utensil", "a")),
    ],
)
def test_an_article_fits_the_sound_of_its_word(word: str, article: str) -> None:
    assert article_for(word) == article


@pytest.mark.parametrize(
    ("verb", "after_they"),
    [
        *(("is", "are"), ("was", "were"), ("has", "have"), ("does", "do"), ("goes", "go")),
        *(("isn't", "aren't"), ("doesn't", "don't"), ("watches", "watch"), ("pushes", "push")),
        *(("kisses", "kiss"), ("fixes", "fix"), ("buzzes", "buzz"), ("carries", "carry")),
        *(("ties", "tie"), ("lies", "lie"), ("closes", "close"), ("dances", "dance")),
        *(("gazes", "gaze"), ("squeezes", "squeeze"), ("runs", "run"), ("plays", "play")),
        *(("waltzes", "waltz"), ("focuses", "focus"), ("aches", "ache"), ("lives", "live")),
        *(("can", "can"), ("ran", "ran"), ("passed", "passed"), ("always", "always")),
    ],
)
def test_a_verb_has_the_form_that_goes_with_they(verb: str, after_they: str) -> None:
    assert plural_form(verb) == after_they


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        *(("person", "people"), ("business person", "business people"), ("child", "children")),
        *(("schoolchild", "schoolchildren"), ("fireman", "firemen"), ("housewife", "housewives")),
        *(("lady", "ladies"), ("boy", "boys"), ("baby", "babies"), ("coach", "coaches")),
        *(("hero", "heroes"), ("actress", "actresses"), ("teen", "teens")),
    ],
)
def test_plurals(noun: str, plural: str) -> None:
    assert plural_of(noun) == plural
