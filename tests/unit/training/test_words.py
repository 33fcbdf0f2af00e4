import csv
import re

import pytest

from training.data.captions import words_of
from training.words import FOLDER, imagenet_words, object_of, objects_in, true_of

# Synsets, as their order could not be told from labels: there are two maillots and two cranes.
KNOWN = {
    "n01440764": "fish",  # tench, the first
    "n01608432": "bird",  # kite
    "n02012849": "bird",  # crane
    "n03126707": "crane",
    "n02099601": "dog",  # golden retriever
    "n02124075": "cat",  # Egyptian cat
    "n02389026": "horse",  # sorrel
    "n02708093": "clock",  # analog clock
    "n03793489": "mouse",  # of a computer
    "n04344873": "couch",  # studio couch
    "n04487081": "bus",  # trolleybus
    "n04525305": "machine",  # vending machine
    "n04557648": "bottle",  # water bottle
    "n06874185": "lights",  # traffic light
    "n07697537": "hotdog",
    "n07747607": "oranges",
    "n07920052": "coffee",  # espresso
    "n02676566": "guitar",
    "n02776631": "bakery",
    "n02727426": "",  # apiary
    "n15075141": "paper",  # toilet tissue, the last
}
GENERAL = {
    "area", "artifact", "container", "device", "entity", "equipment", "event", "group",
    "instrument", "item", "material", "object", "piece", "product", "structure", "substance",
    "system", "thing", "unit",
}  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_is_a_row_for_each_class_in_the_order_of_the_encoders_layer() -> None:
    classes = rows("imagenet.csv")
    synsets = [row["synset"] for row in classes]
    assert [row["index"] for row in classes] == [str(number) for number in range(1000)]
    assert synsets == sorted(set(synsets))
    assert all(re.fullmatch(r"n\d{8}", synset) for synset in synsets)
    assert imagenet_words() == tuple(row["word"] for row in classes)


def test_labels_have_the_words_that_people_use() -> None:
    words = {row["synset"]: row["word"] for row in rows("imagenet.csv")}
    assert {synset: words[synset] for synset in KNOWN} == KNOWN


def test_most_classes_have_a_word_and_every_word_is_an_object() -> None:
    words = [word for word in imagenet_words() if word]
    assert len(words) > 900
    assert {word for word in words if object_of(word) != word} == set()


def test_no_word_is_too_general_to_say_what_is_there() -> None:
    assert GENERAL & set(imagenet_words()) == set()
    assert {word for word in GENERAL - {"instrument", "container"} if object_of(word)} == set()


def test_each_form_is_told_once_as_captions_are_split() -> None:
    forms = [row["form"] for row in rows("objects.csv")]
    assert forms == sorted(set(forms))
    assert [form for form in forms if words_of(form) != form.split()] == []
    assert max(len(form.split()) for form in forms) == 2


def test_an_object_is_one_word_and_stands_for_itself() -> None:
    objects = {row["object"] for row in rows("objects.csv")}
    assert {name for name in objects if object_of(name) != name or " " in name} == set()


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("dogs", "dog"),
        ("men", "man"),
        ("women", "woman"),
        ("children", "child"),
        ("kids", "kid"),
        ("people", "person"),
        ("feet", "foot"),
        ("buses", "bus"),
        ("knives", "knife"),
        ("ladies", "lady"),
        ("leaves", "leaf"),
        ("glasses", "glasses"),
        ("jeans", "jeans"),
        ("snow", "snow"),
        ("water", "water"),
        ("grass", "grass"),
        ("street", "street"),
        ("sky", "sky"),
        ("surfer", "surfer"),
        ("train", "train"),
        ("table", "table"),
    ],
)
def test_forms_of_things(form: str, name: str) -> None:
    assert object_of(form) == name


def test_words_that_name_no_thing() -> None:
    words = words_of("He's looking at a running group: young, white, top, front, area, side, looks")
    words += words_of("orange light in the air, I took an Asian picture, stands back and watches")
    assert {word: object_of(word) for word in words if object_of(word)} == {}


def test_a_caption_names_each_thing_once() -> None:
    words = words_of("Two brown dogs and a dog run through the snow behind a man's bikes.")
    assert objects_in(words) == {"dog", "snow", "man", "bike"}
    assert objects_in([]) == set()


@pytest.mark.parametrize(
    ("caption", "things"),
    [
        ("a girl eats ice cream near a fire hydrant", {"girl", "cream", "hydrant"}),
        ("a hot dog and a dog", {"hotdog", "dog"}),
        ("a teddy bear", {"teddy"}),
        ("a man in a cowboy hat", {"man", "hat"}),
        ("fire", {"fire"}),
    ],
)
def test_two_words_for_one_thing_go_before_each_of_them(caption: str, things: set[str]) -> None:
    assert objects_in(iter(words_of(caption))) == things


@pytest.mark.parametrize(
    ("thing", "also", "never"),
    [
        ("man", {"person", "male", "adult"}, {"woman", "boy", "dog", "animal"}),
        ("boy", {"child", "person"}, {"man", "girl", "animal"}),
        ("puppy", {"dog", "animal"}, {"cat"}),
        ("couch", {"sofa", "furniture"}, {"bed", "bench"}),
        ("motorcycle", {"bike", "vehicle"}, {"bicycle"}),
        ("ocean", {"water", "sea"}, {"river"}),
        ("unheard-of", set(), {"person"}),
    ],
)
def test_what_else_a_thing_may_be_called(thing: str, also: set[str], never: set[str]) -> None:
    called = true_of([thing])
    assert called >= {thing} | also
    assert not called & never


def test_the_general_word_is_not_called_by_the_particular_one() -> None:
    assert not true_of(["person", "dog", "water"]) & {"man", "puppy", "ocean"}


def test_kinds_are_of_objects_and_objects() -> None:
    names = {row["object"] for row in rows("objects.csv")}
    assert {word for row in rows("kinds.csv") for word in row.values()} <= names


def test_every_exception_tells_its_reason_and_is_kept() -> None:
    exceptions = rows("exceptions.csv")
    keys = [(row["table"], row["key"]) for row in exceptions]
    assert len(keys) == len(set(keys))
    assert [row for row in exceptions if not row["reason"]] == []
    words = {row["synset"]: row for row in rows("imagenet.csv")}
    for row in exceptions:
        if row["table"] == "objects":
            assert (object_of(row["key"]) or "") == row["word"], row
        elif row["table"] in {"kinds", "also"}:
            assert true_of([row["key"]]) >= {*row["word"].split()}, row
        elif row["key"] in words:
            assert words[row["key"]]["word"] == row["word"], row
            assert words[row["key"]]["label"] == row["label"], row
