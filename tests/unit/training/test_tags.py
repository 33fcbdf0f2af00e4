import pytest

from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from training import tags
from training.tags import learnt_things, tag_words, things_named


def test_a_thing_counts_once_for_each_caption_that_names_it() -> None:
    captions = ("A dog chases dogs .", "Two dogs on the grass .", "A hot dog .", "It runs .")
    assert things_named(captions) == {"dog": 2, "grass": 1, "hotdog": 1}


def test_what_enough_pictures_show_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture shows what two of its captions name."""
    monkeypatch.setattr(tags, "LEAST_PICTURES", 2)
    named = [{"man": 2, "grass": 1}, {"man": 5, "grass": 2}, {"grass": 1}, {"dog": 1}]
    assert learnt_things(named) == ["man"]


def test_tags_are_what_imagenet_knows_or_captions_teach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "LEAST_PICTURES", 1)
    vocabulary = Vocabulary((*SPECIAL_WORDS, "the", "dog", "man", "grass", "cat", "runs"))
    named = [{"man": 2, "dog": 2, "grass": 1, "child": 3}]
    assert tag_words(named, vocabulary) == ("cat", "dog", "man")
