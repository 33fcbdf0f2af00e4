import pytest

from training.evaluation.kinds import KINDS, kinds_of
from training.words import object_of


@pytest.mark.parametrize(
    ("references", "kinds"),
    [
        (["Two men play chess.", "A woman watches them"], {"people"}),
        (["A dog runs in snow", "Puppies in the snow"], {"animals", "snow and water"}),
        (["A boy swims in a pool", "The child is swimming"], {"people", "snow and water"}),
        (["A man cooks in his kitchen", "He stands at the stove"], {"indoors"}),
        (["Many people at a concert", "A large crowd of spectators"], {"people", "crowds"}),
        (["Several trees", "Many large rocks"], set()),
        (["A cat"], {"animals"}),
        (["A cat", "Something grey", "Something furry"], set()),
    ],
)
def test_pictures_by_what_people_said(references: list[str], kinds: set[str]) -> None:
    assert kinds_of(references) == kinds


@pytest.mark.parametrize("kind", ["people", "animals"])
def test_most_words_of_living_things_are_known_as_things(kind: str) -> None:
    """A word that captions never use would sit in the list without a use."""
    known = [word for word in KINDS[kind] if object_of(word)]
    assert len(known) > 0.85 * len(KINDS[kind])
