"""Which images are listed, in which order, how they are counted, and how lists follow."""

import sqlite3
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from captioner.catalogue import Upkeep, local
from captioner.collection import CollectionCounts, Filters
from captioner.entries import Facet, read_change, to_line
from captioner.errors import CollectionUnavailable
from captioner.records import CaptionRecord, Problem
from captioner.store import ImageStore, Stock
from tests.support.museum import Museum
from tests.support.records import BEGAN, change_of, record_of

replace = msgspec.structs.replace


def with_problems(record: CaptionRecord, *codes: str) -> CaptionRecord:
    return replace(record, problems=tuple(Problem("image", code, "Mend it.") for code in codes))


def sure(record: CaptionRecord, confidence: float | None, **fields: Any) -> CaptionRecord:
    """Let all captions have this confidence."""
    captions = tuple(replace(each, confidence=confidence) for each in record.captions)
    return replace(record, captions=captions, **fields)


def stale(record: CaptionRecord) -> CaptionRecord:
    assert record.alt_text is not None
    return replace(record, alt_text=replace(record.alt_text, stale=True))


@pytest.fixture
def attic(museum: Museum) -> Museum:
    """One image of each kind, in two folders."""
    museum.tell(
        record_of("attic/machine.jpg", {"onnx": "a dog", "azure-vision": "a brown dog"}),
        record_of("attic/approved.jpg", {"onnx": "a cat"}, status="approved"),
        stale(record_of("attic/stale.jpg", {"onnx": "a cow"}, status="edited")),
        with_problems(record_of("attic/corrupt.jpg"), "corrupt_image"),
        with_problems(
            record_of("cellar/half.jpg", {"azure-vision": "a hat"}),
            "bundle_missing",
            "caption_blocked",
        ),
        record_of("cellar/nothing.jpg"),
    )
    return museum


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"status": "machine"}, ["attic/machine.jpg", "cellar/half.jpg"]),
        ({"status": "approved"}, ["attic/approved.jpg"]),
        ({"status": "edited"}, ["attic/stale.jpg"]),
        ({"status": "none"}, ["attic/corrupt.jpg", "cellar/nothing.jpg"]),
        ({"problem": "any"}, ["attic/corrupt.jpg", "cellar/half.jpg"]),
        ({"problem": "caption_blocked"}, ["cellar/half.jpg"]),
        ({"problem": "caption"}, []),
        ({"source": "azure-vision"}, ["attic/machine.jpg", "cellar/half.jpg"]),
        ({"source": "azure"}, []),
        ({"prefix": "cellar/"}, ["cellar/half.jpg", "cellar/nothing.jpg"]),
        ({"prefix": "Cellar/"}, []),
        ({"prefix": "cellar/", "status": "none"}, ["cellar/nothing.jpg"]),
        ({"review": "pending", "status": "edited"}, ["attic/stale.jpg"]),
        ({"problem": "any", "source": "onnx"}, []),
    ],
    ids=str,
)
def test_filters_keep_to_what_fits_all_of_them(
    attic: Museum, filters: Mapping[str, str], names: list[str]
) -> None:
    page = attic.page(**filters)

    assert [each.name for each in page.images] == names
    assert page.total == len(names)


def test_everything_is_pending_but_what_people_have_decided_on(attic: Museum) -> None:
    assert set(attic.names()) - set(attic.names(review="pending")) == {"attic/approved.jpg"}


def test_counts_are_of_all_whatever_is_filtered(attic: Museum) -> None:
    expected = CollectionCounts(
        all=6,
        pending=5,
        stale=1,
        status=(Facet("machine", 2), Facet("none", 2), Facet("approved", 1), Facet("edited", 1)),
        problems=(
            Facet("bundle_missing", 1),
            Facet("caption_blocked", 1),
            Facet("corrupt_image", 1),
        ),
    )

    assert attic.page().counts == expected
    assert attic.page(status="approved", problem="any").counts == expected


def test_counts_are_of_what_lies_under_the_prefix(attic: Museum) -> None:
    counts = attic.page(prefix="cellar/", status="none").counts

    assert (counts.all, counts.pending, counts.stale) == (2, 2, 0)
    assert counts.status == (Facet("machine", 1), Facet("none", 1))
    assert attic.page(prefix="roof/").counts == CollectionCounts(0, 0, 0, (), ())


def test_counts_follow_every_change(attic: Museum) -> None:
    attic.page()
    attic.tell(record_of("attic/machine.jpg", {"onnx": "a dog"}, status="approved"))
    attic.delete("attic/corrupt.jpg")
    attic.delete("never.jpg")

    counts = attic.page().counts

    assert (counts.all, counts.pending) == (5, 3)
    assert Facet("approved", 2) in counts.status
    assert "corrupt_image" not in {each.value for each in counts.problems}
    assert attic.page(prefix="a").counts.all + attic.page(prefix="c").counts.all == 5


def test_orders_by_time_and_name(museum: Museum) -> None:
    def at(name: str, created: int, updated: int) -> CaptionRecord:
        record = record_of(name, {"onnx": "a dog"}, updated=BEGAN + timedelta(minutes=updated))
        return replace(record, created=BEGAN + timedelta(minutes=created))

    museum.tell(at("b.jpg", 1, 9), at("a.jpg", 1, 5), at("c.jpg", 3, 7), at("D.jpg", 2, 8))

    assert museum.names("newest") == ["c.jpg", "D.jpg", "a.jpg", "b.jpg"]
    assert museum.names("updated") == ["b.jpg", "D.jpg", "c.jpg", "a.jpg"]
    assert museum.names("name") == ["D.jpg", "a.jpg", "b.jpg", "c.jpg"]


def test_the_order_of_review(museum: Museum) -> None:
    def one(name: str, **options: Any) -> CaptionRecord:
        return record_of(name, {"onnx": "a dog"}, **options)

    expected = [
        stale(sure(one("stale, doubted", status="approved"), 0.2)),
        stale(sure(one("stale, sure", status="approved"), 0.8)),
        sure(one("to be looked at", needs_review=True), 0.6),
        sure(one("to be looked at, surer", needs_review=True), 0.7),
        sure(one("captioners disagree", agreement=0.1, needs_review=False), 0.9),
        sure(one("little confidence"), 0.3),
        sure(one("a tie, named first"), None),
        sure(one("a tie, named second"), 0.5),
        sure(one("both are sure", agreement=0.9), 0.8),
        sure(one("decided", status="edited"), 0.1),
        with_problems(record_of("unreadable"), "corrupt_image"),
    ]
    museum.tell(*sorted(expected, key=lambda each: each.image.name))

    assert museum.names("review") == [each.image.name for each in expected]
    assert "decided" not in museum.names("review", review="pending")


@pytest.mark.parametrize("sort", ["newest", "updated", "name", "review"])
@pytest.mark.parametrize("filters", [{}, {"prefix": "x/"}, {"status": "machine"}], ids=str)
def test_pages_have_each_image_once(museum: Museum, sort: Any, filters: Mapping[str, str]) -> None:
    names = [f"x/{each}.jpg" for each in range(47)]
    museum.tell(*(record_of(name, {"onnx": "a dog"}) for name in names))

    pages = [museum.names(sort, 10, start, **filters) for start in range(0, 60, 10)]

    assert [len(page) for page in pages] == [10, 10, 10, 10, 7, 0]
    assert [name for page in pages for name in page] == sorted(names)


HOSTILE = [
    "<img src=x onerror=alert(1)>.jpg",
    "'; DROP TABLE listed; --",
    "%_[]*?.jpg",
    "\u202egpj.exe",
    "a b/c#d?e&f=g.jpg",
    "\u00fc.jpg",
    "u\u0308.jpg",
    "A.JPG",
    "a.jpg",
    "a.jpg ",
    "🎸/写真.jpg",
    "x" * 255,
]


def test_names_are_names_whatever_they_hold(museum: Museum) -> None:
    museum.tell(*(record_of(name, {"onnx": name}) for name in HOSTILE))

    assert museum.names() == sorted(HOSTILE)
    for name in HOSTILE:
        others = [each for each in sorted(HOSTILE) if each.startswith(name)]
        assert museum.names(prefix=name) == others
        assert museum.page(prefix=name).counts.all == len(others)
        assert museum.names(source=name) == museum.names(problem=name) == []


def test_entries_from_before_fields_were_added_are_listed(museum: Museum) -> None:
    """As a snapshot may have them: the sidecar is the same, so nothing writes them anew."""
    old = (
        b'{"name":"old.jpg","etag":"\\"1\\"","modified":"2026-11-23T10:00:01Z","entry":{"name":'
        b'"old.jpg","alt_text":{"text":"a dog","source":"onnx","status":"approved"},"captions":'
        b'[{"source":"onnx","text":"a dog","confidence":0.5,"language":"en"}],'
        b'"updated":"2026-11-23T10:05:00Z"}}'
    )
    change = read_change(old)
    assert to_line(change) == old, "what is absent stays absent"
    museum.append([change])
    museum.tell(
        replace(record_of("older.jpg"), created=BEGAN + timedelta(minutes=4)),
        replace(record_of("newer.jpg"), created=BEGAN + timedelta(minutes=6)),
    )

    assert museum.names("newest") == ["newer.jpg", "old.jpg", "older.jpg"]
    assert museum.page(status="approved").images == (change.entry,)
    assert museum.collection.quality().reviewed == 1


def test_old_entries_are_no_reason_to_read_sidecars_again(museum: Museum) -> None:
    with ImageStore.connect(museum.connection, museum.settings) as store:
        store.ensure_containers()
        store.put_record(record_of("a.jpg", {"onnx": "a dog"}), None)
        (known,) = museum.catalogue.read().changes
        assert known.entry is not None
        old = replace(known.entry, version=msgspec.UNSET, created=msgspec.UNSET)
        museum.append([replace(known, entry=old, replaces=known.etag, etag=known.etag)])

        mended = Upkeep(museum.blobs, store).reconcile()

    assert mended is not None
    assert (mended.sidecars, mended.told) == (1, 0)


def test_lists_are_as_old_as_they_may_be(museum: Museum, tmp_path: Path) -> None:
    patient = museum.another(tmp_path / "other", max_age=timedelta(hours=1))
    patient.follow()
    museum.tell(record_of("a.jpg"))

    assert patient.images(Filters(), limit=1).total == 0
    patient.follow()
    assert patient.images(Filters(), limit=1).total == 1


def test_following_takes_one_look_while_nothing_changes(
    attic: Museum, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, blobs, look = attic.page(), attic.blobs, attic.blobs.look
    looks: list[Stock] = []

    def counted() -> Stock:
        looks.append(look())
        return looks[-1]

    def unwanted(*_: object) -> None:
        raise AssertionError("nothing is to be read")

    monkeypatch.setattr(blobs, "look", counted)
    for read in ("read_segment", "read_snapshot", "read_snapshot_start"):
        monkeypatch.setattr(blobs, read, unwanted)

    assert attic.page() == before
    assert len(looks) == 1


def test_a_snapshot_and_a_log_give_the_same_list(attic: Museum, tmp_path: Path) -> None:
    before = attic.page("review")
    with ImageStore.connect(attic.connection, attic.settings) as store:
        assert Upkeep(attic.blobs, store).compact(force=True)
    attic.collection = attic.another(tmp_path / "fresh")

    assert attic.page("review") == before


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM image",
        "UPDATE image SET change = x'00'",
        "DELETE FROM listed",
        "UPDATE kind SET kind = x'00' || id",
        "DROP TABLE figure",
        "DROP INDEX by_name",
    ],
)
def test_contents_that_are_damaged_are_noticed(attic: Museum, damage: str) -> None:
    names = attic.names()
    with closing(sqlite3.connect(attic.collection.path)) as connection, connection:
        connection.execute(damage)

    attic.tell(record_of("z.jpg"))
    assert attic.names() == [*names, "z.jpg"]


def test_a_file_that_is_damaged_is_built_anew(attic: Museum) -> None:
    names = attic.names()
    for suffix in ("-wal", "-shm"):
        path = attic.collection.path
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    attic.collection.path.write_bytes(b"no database" * 500)

    assert attic.names() == names


def test_a_folder_that_cannot_be_written_is_told(museum: Museum, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    museum.collection = museum.another(tmp_path / "file" / "folder")

    with pytest.raises(CollectionUnavailable, match="SEARCH_DIR"):
        museum.page()


def test_many_at_once_get_the_same(attic: Museum) -> None:
    together = threading.Barrier(6)

    def ask(_: int) -> list[str]:
        together.wait(timeout=30)
        return attic.names("review")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))

    assert answers == [answers[0]] * 6
    assert len(answers[0]) == 6


def test_a_new_file_that_another_begins_is_waited_for(
    museum: Museum, monkeypatch: pytest.MonkeyPatch
) -> None:
    museum.collection.path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(museum.collection.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(local, "sleep", lambda _: other.execute("ROLLBACK"))

        assert museum.names() == []
        assert not other.in_transaction


def test_an_image_that_comes_back_is_listed_again(museum: Museum) -> None:
    museum.tell(record_of("a.jpg", {"onnx": "a dog"}))
    assert museum.names() == ["a.jpg"]
    museum.delete("a.jpg")
    assert museum.names() == []
    museum.tell(record_of("a.jpg", {"onnx": "a dog"}))

    assert museum.names() == ["a.jpg"]
    museum.append([change_of(record_of("a.jpg", {"azure-vision": "a cat"}), 1)])
    assert museum.names(source="azure-vision") == [], "late words do no harm"
