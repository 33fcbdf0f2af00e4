import pytest

from captioner.model.vocabulary import text_of
from training.data.captions import sentences_of, words_of


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        # The examples of the module's own docstring.
        ("A man's T-shirt , snow-covered .", "a man 's t-shirt snow-covered"),
        ("It doesn't move; the boys' dog", "it does n't move the boys dog"),
        ('2 girls & 13 boys in " IBM " caps', "two girls and 13 boys in ibm caps"),
        ("a tub/shower in the U.S. -- ok ?", "a tub shower in the u.s. ok"),
        # Flickr8k's token file parts clitics and punctuation already.
        ("The dog 's tail does n't move .", "the dog 's tail does n't move"),
        ('a sign that says " Where are you ? "', "a sign that says where are you"),
        ("a jersey ( # 7 ) at a merry-go-round", "a jersey seven at a merry-go-round"),
        # What other collections hold.
        ("toilet,wash basin.A mirror", "toilet wash basin a mirror"),
        ("Tom &amp; Jerry", "tom and jerry"),
        ("a child\u2019s toy \u2014 broken", "a child 's toy broken"),
        ("the 'slide' rock 'n' roll", "the slide rock n roll"),
        ("-ependent mid-  air well--known", "ependent mid air well known"),
        ("a Café at AT&T", "a café at at&t"),
        ("4-wheeler, 3rd, mp3", "4-wheeler 3rd mp3"),
        (" . ! '' -- ", ""),
    ],
)
def test_words(caption: str, words: str) -> None:
    assert words_of(caption) == words.split()


def test_words_split_to_themselves() -> None:
    words = words_of("A man's T-shirt isn't in the U.S. & 2 boys'll go off-road at AT&T .")
    assert words_of(" ".join(words)) == words


def test_sentences_leave_out_what_is_too_short_or_too_long() -> None:
    captions = ["Dog .", "A dog runs .", "a very big brown dog"]
    assert sentences_of(captions, longest=4) == [["a", "dog", "runs"]]


def test_words_are_written_as_people_do() -> None:
    caption = "the man's dogs don't see the boys 'round the t-shirt they'll wear"
    assert text_of(words_of(caption)) == caption.replace("'round", "round")
