import pytest

from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from training import tags
from training.tags import Named, learnt_things, shown_things, tag_words


def test_a_thing_counts_once_for_each_caption_that_names_it() -> None:
    captions = ("A dog chases dogs .", "Two dogs on the grass .", "A hot dog .", "It runs .")
    assert Named.of(captions) == Named({"dog": 2, "grass": 1, "hotdog": 1}, captions=4)


def test_what_enough_pictures_show_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "LEAST_PICTURES", 2)
    counts = [{"man": 2, "grass": 1}, {"man": 5, "grass": 2}, {"grass": 1}, {"dog": 1}]
    named = [Named(each, captions=5) for each in counts]
    assert learnt_things(named) == ["man"]


def test_a_picture_shows_what_two_of_its_captions_name() -> None:
    captions = [
        ("A dog and its ball .", "Two dogs .", "It runs ."),
        ("A ball .", "The ball .", "A dog .", "A dog and a dog ."),
        ("A man .", "A man ."),
    ]
    expected = [[False, True], [True, True], [False, False]]
    assert shown_things(map(Named.of, captions), ("ball", "dog")).tolist() == expected


def test_a_picture_with_one_caption_shows_what_that_names() -> None:
    assert Named.of(["A dog and its ball ."]).shown == {"dog", "ball"}


def test_tags_are_what_imagenet_knows_or_captions_teach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "LEAST_PICTURES", 1)
    vocabulary = Vocabulary((*SPECIAL_WORDS, "the", "dog", "man", "grass", "cat", "runs"))
    named = [Named({"man": 2, "dog": 2, "grass": 1, "child": 3}, captions=5)]
    assert tag_words(named, vocabulary) == ("cat", "dog", "man")
