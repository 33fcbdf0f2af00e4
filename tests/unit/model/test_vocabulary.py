import pytest

from captioner.model.vocabulary import (
    END,
    PAD,
    SPECIAL_WORDS,
    START,
    UNKNOWN,
    Vocabulary,
    text_of,
    words_of,
)

CAPTIONS = [["a", "dog"], ["a", "cat"], ["the", "dog"], ["a", "bird"]]


def test_words_come_most_frequent_first_then_by_spelling() -> None:
    vocabulary = Vocabulary.build(CAPTIONS, min_count=1)
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "dog", "bird", "cat", "the")


def test_rare_words_are_left_out() -> None:
    vocabulary = Vocabulary.build(CAPTIONS, min_count=2)
    assert vocabulary.words == (*SPECIAL_WORDS, "a", "dog")
    assert "dog" in vocabulary
    assert "cat" not in vocabulary
    assert len(vocabulary) == 6


def test_words_become_ids_and_come_back() -> None:
    vocabulary = Vocabulary.build(CAPTIONS, min_count=1)
    ids = vocabulary.encode(["the", "cat"])
    assert ids == [START, vocabulary.words.index("the"), vocabulary.words.index("cat"), END]
    assert vocabulary.decode(ids) == ["the", "cat"]


def test_what_is_not_known_is_the_unknown_word() -> None:
    vocabulary = Vocabulary.build(CAPTIONS, min_count=2)
    assert vocabulary.encode(["a", "zebra"]) == [START, 4, UNKNOWN, END]
    assert vocabulary.decode([START, 4, UNKNOWN, 5]) == ["a", "dog"]


def test_decoding_ends_at_the_end() -> None:
    vocabulary = Vocabulary.build(CAPTIONS, min_count=1)
    assert vocabulary.decode([4, END, 5, PAD]) == ["a"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("a", "dog"), "must begin with <pad> <start> <end> <unk>"),
        (("<start>", "<pad>", "<end>", "<unk>", "a"), "must begin with"),
        ((), "must begin with"),
        ((*SPECIAL_WORDS, "a", "dog", "a"), "must not hold a word twice"),
        ((*SPECIAL_WORDS, "<pad>"), "must not hold a word twice"),
    ],
)
def test_a_list_that_is_no_vocabulary_is_refused(words: tuple[str, ...], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Vocabulary(words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("a man 's dog", "a man's dog"),
        ("it does n't move", "it doesn't move"),
        ("they 'll see we 've won", "they'll see we've won"),
        ("the 'slide is red", "the 'slide is red"),  # no clitic, though it begins as one
        ("dogs n'tuple", "dogs n'tuple"),
        ("", ""),
    ],
)
def test_words_are_written_as_people_do(words: str, text: str) -> None:
    assert text_of(words.split()) == text
    assert words_of(text) == words.split()
