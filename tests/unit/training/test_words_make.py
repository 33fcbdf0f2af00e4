from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.tiny_wordnet import write_wordnet
from training.words import WordsError
from training.words.__main__ import app
from training.words.make import Exceptions, counted, imagenet, kinds, objects
from training.words.wordnet import WordNet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_wordnet(tmp_path / "wordnet")


@pytest.fixture
def wordnet(folder: Path) -> WordNet:
    return WordNet(folder)


@pytest.mark.parametrize(
    ("form", "nouns"),
    [
        ("dog", ("dog",)),
        ("dogs", ("dog",)),
        ("men", ("man",)),
        ("glasses", ("glass",)),
        ("glass", ("glass",)),
        ("as", ()),
        ("quickly", ()),
    ],
)
def test_nouns_of_a_form(wordnet: WordNet, form: str, nouns: tuple[str, ...]) -> None:
    assert wordnet.nouns_of(form) == nouns


def test_meanings_come_with_the_usual_one_first(wordnet: WordNet) -> None:
    assert [each.id for each in wordnet.senses["kite"]] == ["n00000006", "n00000007"]
    assert wordnet.synsets["n00000004"].lemmas == ("dog", "domestic_dog")
    assert wordnet.synsets["n00000004"].hypernyms == ("n00000002",)


def test_words_and_pairs_are_counted_as_captions_are_split() -> None:
    counts = counted(["A hot dog .", "The dog's hot dog"])
    assert (counts["dog"], counts["hot dog"], counts["dog 's"]) == (3, 2, 1)


def test_objects_are_common_nouns_of_physical_things(wordnet: WordNet) -> None:
    common = ("dog", "dogs", "men", "running", "back", "glass", "quickly")
    counts = Counter(dict.fromkeys(common, 10) | {"kite": 9})
    assert objects(counts, wordnet, {}) == {
        "dog": "dog",
        "dogs": "dog",
        "glass": "glass",
        "man": "man",  # people wrote "men" only
        "men": "man",
    }


def test_an_exception_holds_for_a_form_and_for_a_nouns_forms(wordnet: WordNet) -> None:
    counts = Counter(dict.fromkeys(("dog", "dogs", "glass", "glasses", "hot dog", "back"), 10))
    exceptions = {"dog": "", "glasses": "glasses", "hot dog": "hotdog", "back": "back"}
    assert objects(counts, wordnet, exceptions) == {
        "back": "back",
        "glass": "glass",
        "glasses": "glasses",
        "hot dog": "hotdog",
        "hotdog": "hotdog",
    }


def words(wordnet: WordNet, synsets: list[str], exceptions: dict[str, str]) -> dict[str, str]:
    counts = Counter(dict.fromkeys(("dog", "kite", "birds", "animal", "espresso", "coffee"), 10))
    rows = imagenet(synsets, wordnet, objects(counts, wordnet, {}), counts, exceptions)
    return {synset: word for _, synset, _, word in rows}


def test_a_label_has_the_nearest_word_above_it_that_means_the_thing(wordnet: WordNet) -> None:
    synsets = ["n00000005", "n00000006", "n00000007", "n00000008", "n00000011"]
    assert words(wordnet, synsets, {}) == {
        "n00000005": "dog",  # golden retriever
        "n00000006": "kite",
        "n00000007": "bird",  # the bird that is called kite
        "n00000008": "",  # a man: no caption has him
        "n00000011": "espresso",
    }


def test_an_exception_holds_for_a_synset_and_for_a_word(wordnet: WordNet) -> None:
    exceptions = {"n00000005": "animal", "espresso": "coffee", "kite": ""}
    assert words(wordnet, ["n00000005", "n00000006", "n00000011"], exceptions) == {
        "n00000005": "animal",
        "n00000006": "",
        "n00000011": "coffee",
    }


def exceptions(**tables: dict[str, str]) -> Exceptions:
    return Exceptions(**{"objects": {}, "imagenet": {}, "kinds": {}, "also": {}, **tables})


def test_a_kind_is_below_another_object_or_means_the_same(wordnet: WordNet) -> None:
    names = ["animal", "bird", "coffee", "dog", "java", "kite"]
    assert list(kinds(names, wordnet, exceptions())) == [
        ("bird", "animal"),
        ("coffee", "java"),
        ("dog", "animal"),
        ("java", "coffee"),
    ]  # a kite is a toy first, and no bird


def test_an_exception_stands_in_the_place_of_the_meaning_or_beside_it(wordnet: WordNet) -> None:
    names = ["animal", "bird", "dog", "kite", "puppy"]
    also = {"bird": "kite", "puppy": "dog kite"}
    found = kinds(names, wordnet, exceptions(kinds={"dog": "", "kite": "bird"}, also=also))
    assert list(found) == [
        ("bird", "animal"),
        ("bird", "kite"),
        ("kite", "animal"),
        ("kite", "bird"),
        ("puppy", "dog"),  # but no animal: the dog's meaning is put aside
        ("puppy", "kite"),
    ]


def test_a_word_that_is_no_object_is_refused(wordnet: WordNet) -> None:
    with pytest.raises(WordsError, match="'unicorn'"):
        words(wordnet, ["n00000005"], {"n00000005": "unicorn"})


def test_a_class_that_wordnet_lacks_is_refused(wordnet: WordNet) -> None:
    with pytest.raises(WordsError, match="n09999999"):
        words(wordnet, ["n09999999"], {})


def test_missing_files_are_told_with_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match="wordnet-base"):
        WordNet(tmp_path).nouns_of("dog")


def test_the_command_makes_all_tables_anew(folder: Path, tmp_path: Path) -> None:
    texts, tables = tmp_path / "captions.tsv", tmp_path / "tables"
    lines = [f"{number}\tTwo dogs watch a man drink coffee .\n" for number in range(10)]
    texts.write_text("".join(lines), encoding="utf-8")
    tables.mkdir()
    classes = "index,synset,label,word\n0,n00000005,,\n1,n00000011,,\n"
    (tables / "imagenet.csv").write_text(classes, encoding="utf-8")
    exceptions = "table,key,label,word,reason\nobjects,man,,,none here\n"
    exceptions += "kinds,dog,,coffee,for this test\n"
    (tables / "exceptions.csv").write_text(exceptions, encoding="utf-8")
    arguments = [str(texts), "--wordnet", str(folder), "--tables", str(tables)]

    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    assert "3 forms of 2 objects" in result.output
    assert (tables / "objects.csv").read_text(encoding="utf-8") == (
        "form,object\ncoffee,coffee\ndog,dog\ndogs,dog\n"
    )
    assert (tables / "kinds.csv").read_text(encoding="utf-8") == "object,kind_of\ndog,coffee\n"
    assert (tables / "imagenet.csv").read_text(encoding="utf-8") == (
        "index,synset,label,word\n0,n00000005,golden retriever,dog\n1,n00000011,espresso,coffee\n"
    )
