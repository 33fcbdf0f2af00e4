import numpy as np
import pytest

from captioner.model.decoding import BeamSettings, beam_search
from captioner.model.repetition import Repetition
from captioner.model.vocabulary import END, SPECIAL_WORDS, Vocabulary

FREE = ("a", "and", "with", "of", "in", "on", "another", "red", "two", "'s", "-")
THINGS = ("dog", "dogs", "sink", "rope", "playing")
VOCABULARY = Vocabulary((*SPECIAL_WORDS, *FREE, *THINGS))
REPETITION = Repetition.of(VOCABULARY)


def barred_after(text: str) -> set[str]:
    ids = [VOCABULARY.id_of(word) for word in text.split()]
    return {VOCABULARY.words[number] for number in REPETITION.barred(ids)}


@pytest.mark.parametrize(
    ("text", "barred"),
    [
        ("", set()),
        ("a sink", {"sink"}),  # "a sink sink"
        ("a sink and", {"sink"}),
        ("a sink and a", {"sink"}),
        ("a sink and a red", {"sink"}),
        ("a red sink and a red", {"sink"}),
        ("a red sink and two", set()),
        ("a dog and another", set()),
        ("two dogs with a", {"dogs"}),  # "dog" is another word
        ("a dog playing", {"dog", "playing"}),
        ("a rope dog playing", {"rope", "playing"}),  # what a rope dog plays may be a dog
        ("a dog playing with a", {"dog", "playing"}),
        ("a dog 's", {"dog"}),
    ],
)
def test_a_word_of_meaning_is_said_again_only_behind_what_tells_it_apart(
    text: str, barred: set[str]
) -> None:
    assert barred_after(text) == barred


def test_words_that_hold_together_are_said_as_often_as_they_fit() -> None:
    assert barred_after(" ".join((*FREE, *THINGS))) <= {*THINGS}


def test_the_search_finds_the_best_caption_that_does_not_repeat_itself() -> None:
    """The decoder likes "a sink and a sink" best; its second choice behind "a" is a rope."""
    sentence = [VOCABULARY.id_of(word) for word in ["a", "sink", "and", "a", "sink"]]
    rope = VOCABULARY.id_of("rope")
    depth = 0

    def step(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        nonlocal depth
        chances = np.full((len(tokens), len(VOCABULARY)), 1e-6)
        chances[:, (*sentence, END)[depth]] = 0.7
        chances[:, rope] = 0.2
        depth += 1
        return np.log(chances, dtype=np.float32)

    settings = BeamSettings(1, min_words=5, max_words=5)
    ((found, *_),) = beam_search(step, 1, settings)
    assert list(found.ids) == sentence
    depth = 0
    barring = BeamSettings(1, min_words=5, max_words=5, repetition=REPETITION)
    ((found, *_),) = beam_search(step, 1, barring)
    assert list(found.ids) == [*sentence[:-1], rope]
