"""Search by SQLite: what is found, in which order, and how the index follows the records."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from captioner.catalogue import Catalogue, Mirror, Position, Upkeep
from captioner.errors import InvalidQuery, SearchUnavailable
from captioner.records import CaptionRecord, now
from captioner.search import SearchAnswer, parse
from captioner.search.embedded import EmbeddedSearch
from captioner.search.index import FORMAT
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore
from tests.support.azurite import Azurite
from tests.support.records import change_of, gone, record_of


class Collection:
    """A catalogue in storage, and a search over it that always looks."""

    def __init__(self, azurite: Azurite, container: str, folder: Path) -> None:
        connection = StorageConnection(connection_string=azurite.connection_string)
        settings = Settings(captions_container=container)
        self.store = ImageStore.connect(connection, settings)
        self.blobs = CatalogueBlobs.connect(connection, settings)
        self.search = self.another(folder)
        self._version = 0

    def another(self, folder: Path, max_age: timedelta = timedelta(0)) -> EmbeddedSearch:
        return EmbeddedSearch(Catalogue(self.blobs), folder, max_age=max_age)

    def tell(self, *records: CaptionRecord) -> None:
        """Have the log say that these were written."""
        self._version += 1
        self.blobs.append([change_of(record, self._version) for record in records])

    def delete(self, name: str) -> None:
        self._version += 1
        self.blobs.append([gone(name, self._version)])

    def ask(self, text: str, **options: object) -> SearchAnswer:
        return self.search.search(parse(text), **{"limit": 10, **options})

    def names(self, text: str, **options: object) -> list[str]:
        return [hit.image.name for hit in self.ask(text, **options).results]


@pytest.fixture
def collection(
    azurite: Azurite, unique_name: Callable[[str], str], tmp_path: Path
) -> Iterator[Collection]:
    collection = Collection(azurite, unique_name("captions"), tmp_path)
    with collection.store, collection.blobs:
        yield collection


@pytest.fixture
def museum(collection: Collection) -> Collection:
    collection.tell(
        record_of(
            "prints/mezzetin.jpg",
            {"onnx": "a man sits on a bench playing a guitar", "azure-vision": "a man with a hat"},
            tags=["guitar"],
        ),
        record_of("street.jpg", {"onnx": "a red car parked on a street"}, status="approved"),
        record_of("car.jpg", {"onnx": "a car that is red"}),
        record_of("dogs.jpg", {"azure-vision": "two dogs running through snow"}),
        record_of("guitars.jpg", {"onnx": "several guitars on a wall"}, status="edited"),
        record_of("bench.jpg", {"onnx": "an empty bench in a park"}),
        record_of("foto.jpg", {"azure-vision": "木の下の古い写真"}),
        record_of("broken.jpg"),
    )
    return collection


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("man sitting on a bench with an instrument", "prints/mezzetin.jpg"),
        ("dog runs", "dogs.jpg"),
        ("2 dogs", "dogs.jpg"),
        ("mezzetin", "prints/mezzetin.jpg"),
        ("broken", "broken.jpg"),
        ("写真", "foto.jpg"),
        ("café park", "bench.jpg"),
        ("puppy", "dogs.jpg"),
    ],
)
def test_the_right_image_comes_first(museum: Collection, text: str, first: str) -> None:
    assert museum.names(text)[0] == first


def test_a_phrase_is_found_as_it_stands_only(museum: Collection) -> None:
    assert museum.names('"red car"') == ["street.jpg"]
    assert set(museum.names("red car")) == {"street.jpg", "car.jpg"}
    assert museum.names('"red car" guitar bench') == ["street.jpg"]
    assert museum.names('"guitar a man"') == [], "a phrase does not reach from text to text"


@pytest.mark.parametrize("text", ["guit*", "GUITA*", "sever* play*"])
def test_beginnings_of_words(museum: Collection, text: str) -> None:
    assert set(museum.names(text)) == {"prints/mezzetin.jpg", "guitars.jpg"}


def test_a_beginning_is_that_of_the_word_and_not_of_its_stem(museum: Collection) -> None:
    assert museum.names("runnin*") == ["dogs.jpg"]


@pytest.mark.parametrize(
    ("typed", "instead"),
    [("guitr", "guitar"), ("benhc", "bench"), ("snoww", "snow"), ("severla", "several")],
)
def test_misspelt_words_are_read_as_the_nearest(
    museum: Collection, typed: str, instead: str
) -> None:
    answer = museum.ask(typed)

    assert [(each.word, each.instead) for each in answer.corrections] == [(typed, instead)]
    assert answer.results
    assert any(segment.match for match in answer.results[0].matches for segment in match.segments)


def test_words_that_are_known_are_left_alone(museum: Collection) -> None:
    assert museum.ask("mezzetin car 12345678").corrections == ()


def test_what_is_nowhere_is_no_error(museum: Collection) -> None:
    answer = museum.ask("xylophonist")

    assert (answer.total, answer.results) == (0, ())


def test_words_near_in_meaning_stand_in_but_no_other_colour(collection: Collection) -> None:
    collection.tell(
        record_of("1.jpg", {"onnx": "a cyclist in blue"}), record_of("2.jpg", {"onnx": "a cat"})
    )

    assert collection.names("biker") == ["1.jpg"]
    assert collection.names("green") == []


def test_matches_are_segments_of_plain_text(collection: Collection) -> None:
    collection.tell(record_of("x.jpg", {"onnx": "<b>Guitars</b> & a red car; guitar"}))

    (hit,) = collection.ask('guitar "red car"').results

    alt_text, caption = hit.matches
    assert (alt_text.field, caption.field, caption.source) == ("alt_text", "caption", "onnx")
    assert [(each.text, each.match) for each in caption.segments] == [
        ("<b>", False),
        ("Guitars", True),
        ("</b> & a ", False),
        ("red car", True),
        ("; ", False),
        ("guitar", True),
    ]


def test_filters_and_facets(museum: Collection) -> None:
    answer = museum.ask("car guitar dogs", source="onnx", status="machine")

    assert {hit.image.name for hit in answer.results} == {"prints/mezzetin.jpg", "car.jpg"}
    assert answer.total == 2
    # Each facet tells what choosing another of its values would give.
    assert {each.value: each.count for each in answer.facets.status} == {
        "machine": 2,
        "approved": 1,
        "edited": 1,
    }
    assert {each.value: each.count for each in answer.facets.source} == {
        "onnx": 2,
        "azure-vision": 2,
    }
    assert museum.names("car", source="on") == []
    assert museum.names("broken", status="none") == ["broken.jpg"]


def test_filters_take_sources_as_they_are_called(collection: Collection) -> None:
    collection.tell(
        record_of("1.jpg", {"a": "a dog", "b": "a dog"}),
        record_of("2.jpg", {"a\nb": "a dog"}),
        record_of("3.jpg", {'"a"': "a dog"}),
    )

    for source, found in (
        ("a\nb", ["2.jpg"]),
        ("a", ["1.jpg"]),
        ('"a"', ["3.jpg"]),
        ("\ud800", []),
        ("\x00", []),
    ):
        answer = collection.ask("dog", source=source)
        assert [hit.image.name for hit in answer.results] == found
        assert answer.total == len(found)
    assert {each.value: each.count for each in collection.ask("dog").facets.source} == {
        "a": 1,
        "b": 1,
        "a\nb": 1,
        '"a"': 1,
    }


def test_names_that_differ_by_case_or_marks_are_different_images(collection: Collection) -> None:
    names = ["a.jpg", "A.jpg", "\u00fc.jpg", "u\u0308.jpg", "a.jpg "]
    collection.tell(*(record_of(name, {"onnx": "a dog"}) for name in names))
    collection.delete("A.jpg")

    assert set(collection.names("dog")) == set(names) - {"A.jpg"}


def test_a_clock_that_was_ahead_does_not_keep_the_index_old(
    collection: Collection, tmp_path: Path
) -> None:
    search = collection.another(tmp_path / "other", max_age=timedelta(hours=1))
    collection.tell(record_of("a.jpg", {"onnx": "a dog"}))
    search.follow()
    with closing(sqlite3.connect(search.path)) as connection:
        mirror = Mirror(connection)
        position = mirror.position
        assert position is not None
        mirror.position = Position(position.offsets, now() + timedelta(hours=3))
        connection.commit()
    collection.tell(record_of("b.jpg", {"onnx": "a dog"}))

    assert search.search(parse("dog"), limit=10).total == 2


def test_search_goes_on_while_the_log_is_folded(collection: Collection, tmp_path: Path) -> None:
    """Readers that follow, and readers that start anew, while the catalogue is rewritten."""
    upkeep = Upkeep(collection.blobs, collection.store)
    written = threading.Event()

    def fold() -> None:
        while not written.is_set():
            upkeep.compact(force=True)

    def ask() -> None:
        known = 0
        while known < 12:
            for search in (collection.search, collection.another(tmp_path / uuid4().hex)):
                total = search.search(parse("dog"), limit=1).total
                assert total >= known, "what was found once is found"
                known = total

    with ThreadPoolExecutor(2) as pool:
        folding, asking = pool.submit(fold), pool.submit(ask)
        for each in range(12):
            collection.tell(record_of(f"{each}.jpg", {"onnx": "a dog"}))
        try:
            asking.result(timeout=60)
        finally:
            written.set()
        folding.result(timeout=60)


def test_pages_have_each_image_once(collection: Collection) -> None:
    collection.tell(*(record_of(f"{each}.jpg", {"onnx": "a dog"}) for each in range(230)))

    pages = [collection.names("dog", limit=50, offset=start) for start in range(0, 250, 50)]

    assert [len(page) for page in pages] == [50, 50, 50, 50, 30]
    assert len({name for page in pages for name in page}) == 230
    assert collection.ask("dog", offset=400).total == 230


def test_what_people_wrote_weighs_more_than_a_file_name(collection: Collection) -> None:
    collection.tell(
        record_of("guitar.jpg", {"onnx": "a cup on a table"}),
        record_of("1.jpg", {"onnx": "a guitar on a table"}),
        record_of("2.jpg", {"onnx": "a cat on a table"}),
        record_of("3.jpg", {"onnx": "a dog on a table"}),
    )

    assert collection.names("guitar") == ["1.jpg", "guitar.jpg"]


def test_the_index_follows_every_change(collection: Collection) -> None:
    collection.tell(record_of("a.jpg", {"onnx": "a dog"}), record_of("b.jpg", {"onnx": "a horse"}))
    assert collection.names("dog") == ["a.jpg"]

    collection.tell(record_of("a.jpg", {"onnx": "a dog"}, alt_text="An accordion"))
    collection.delete("b.jpg")

    assert collection.names("accordion") == ["a.jpg"]
    assert collection.ask("horse").total == 0
    collection.tell(record_of("b.jpg", {"onnx": "a horse"}))
    assert collection.names("horse") == ["b.jpg"]


def test_words_that_are_gone_are_suggested_no_more(collection: Collection) -> None:
    collection.tell(record_of("a.jpg", {"onnx": "an accordion"}))
    assert collection.ask("acordion").corrections
    collection.tell(record_of("a.jpg", {"onnx": "a violin"}))

    assert collection.ask("acordion").corrections == ()


def test_between_looks_the_answer_says_how_old_it_is(
    collection: Collection, tmp_path: Path
) -> None:
    search = collection.another(tmp_path / "other", max_age=timedelta(hours=1))
    collection.tell(record_of("a.jpg", {"onnx": "a dog"}))
    first = search.search(parse("dog"), limit=10)
    collection.tell(record_of("b.jpg", {"onnx": "a dog"}))

    second = search.search(parse("dog"), limit=10)
    search.follow()
    third = search.search(parse("dog"), limit=10)

    assert (first.total, second.total, third.total) == (1, 1, 2)
    assert first.as_of == second.as_of < third.as_of


def test_a_snapshot_and_a_log_give_the_same_index(museum: Collection, tmp_path: Path) -> None:
    before = museum.ask("guitar car bench")
    assert Upkeep(museum.blobs, museum.store).compact(force=True)

    fresh = museum.another(tmp_path / "fresh").search(parse("guitar car bench"), limit=10)

    assert {hit.image for hit in fresh.results} == {hit.image for hit in before.results}
    assert museum.ask("guitar car bench").results == before.results


@pytest.mark.parametrize("damage", [b"", b"no database" * 500])
def test_a_damaged_index_is_built_anew(museum: Collection, damage: bytes) -> None:
    museum.names("guitar")
    for suffix in ("-wal", "-shm"):
        museum.search.path.with_name(museum.search.path.name + suffix).unlink(missing_ok=True)
    museum.search.path.write_bytes(damage)

    assert museum.names("guitar")


def test_pages_of_the_file_that_are_damaged_are_noticed(museum: Collection) -> None:
    museum.names("guitar")
    with museum.search.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)

    assert museum.names("guitar")


@pytest.mark.parametrize(
    "damage", ["DELETE FROM image", "UPDATE image SET change = x'00'", "DELETE FROM said"]
)
def test_contents_that_are_damaged_are_noticed(museum: Collection, damage: str) -> None:
    names = museum.names("guitar")
    with closing(sqlite3.connect(museum.search.path)) as connection, connection:
        connection.execute(damage)

    assert museum.names("guitar") == names


def test_files_of_other_formats_are_deleted(museum: Collection) -> None:
    path = museum.search.path
    old = path.with_name(path.name.replace(f"-{FORMAT}.", "-0."))
    others = path.with_name("search-0123456789abcdef-0.sqlite")
    for each in (old, others):
        each.touch()
    museum.names("guitar")

    assert (old.exists(), others.exists(), path.exists()) == (False, True, True)


def test_a_folder_that_cannot_be_written_is_told(museum: Collection, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SearchUnavailable, match="SEARCH_DIR"):
        museum.another(tmp_path / "file" / "folder").search(parse("guitar"), limit=1)


def test_many_at_once_get_the_same(museum: Collection) -> None:
    together = threading.Barrier(6)

    def ask(_: int) -> list[str]:
        together.wait(timeout=30)
        return museum.names("guitar bench")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))

    assert answers == [answers[0]] * 6
    assert answers[0]


HOSTILE = [
    '" OR 1=1 --',
    "alt_text: guitar",
    "NEAR(a b)",
    "NOT guitar",
    "guitar AND",
    "-guitar",
    "^guitar",
    "{alt_text}: x",
    "guitar\x00dog",
    "'; DROP TABLE image; --",
    '"""" guitar """"',
    "a*b*c*",
    "* guitar *",
    "🎸 guitar",
    "gu\u0301itar",
    "\u202eguitar",
    "x" * 1_000,
    "()" * 400 + "a",
    "%_[]",
    "0",
    "ʭ",
    "½ ² Ⅷ",
    "אבג ދިވެހި ไทย 한국어",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:24])
def test_any_text_gives_an_answer_or_is_refused(museum: Collection, text: str) -> None:
    try:
        query = parse(text)
    except InvalidQuery:
        return
    answer = museum.search.search(query, limit=10)
    assert answer.total >= len(answer.results)


def test_any_text_may_be_in_a_record(collection: Collection) -> None:
    for place, text in enumerate(HOSTILE):
        collection.tell(record_of(f"{place}.jpg", {"onnx": text}, tags=[text]))

    assert len(collection.names("guitar", limit=50)) >= 10
    with closing(sqlite3.connect(collection.search.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
