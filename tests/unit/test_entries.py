"""What the catalogue keeps, and which of several words of one image is the last."""

from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from captioner.entries import Change, entry_of, latest, read_change, to_line
from captioner.records import Problem
from tests.support.records import BEGAN, change_of, gone, record_of

RECORD = record_of(
    "attic/red.jpg",
    {"onnx": "a red car", "azure-vision": "a car"},
    alt_text="The red one",
    status="edited",
    tags=["car", "street"],
    agreement=0.5,
    needs_review=True,
)


def test_an_entry_has_what_lists_and_filters_need() -> None:
    record = msgspec.structs.replace(
        RECORD, problems=(Problem("image", "x", "…"), Problem("onnx", "x", "…"))
    )

    entry = entry_of(record)

    assert (entry.name, entry.updated) == ("attic/red.jpg", BEGAN)
    assert entry.alt_text is not None
    assert (entry.alt_text.text, entry.status, entry.alt_text.stale) == (
        "The red one",
        "edited",
        False,
    )
    assert [(each.source, each.text, each.confidence) for each in entry.captions] == [
        ("onnx", "a red car", 0.5),
        ("azure-vision", "a car", 0.5),
    ]
    assert entry.sources == ("onnx", "azure-vision")
    assert (entry.tags, entry.problems) == (("car", "street"), ("x",))
    assert (entry.agreement, entry.needs_review) == (0.5, True)
    assert (entry.content_type, entry.width, entry.height) == ("image/jpeg", 40, 30)


def test_an_image_without_captions_has_an_entry() -> None:
    entry = entry_of(record_of("broken.jpg"))

    assert (entry.status, entry.sources, entry.alt_text) == ("none", (), None)


def test_a_change_is_one_line_and_comes_back() -> None:
    change = change_of(RECORD, 2, replaces=1)

    assert b"\n" not in to_line(change)
    assert read_change(to_line(change)) == change


@pytest.mark.parametrize("order", list(permutations([1, 2, 3, 4])))
def test_the_last_of_a_chain_is_found_in_any_order(order: tuple[int, ...]) -> None:
    changes = [change_of(RECORD, number, replaces=number - 1) for number in order]

    assert latest(changes)["attic/red.jpg"].etag == '"4"'


def test_of_neighbours_the_one_written_over_the_other_is_later_whatever_the_times_say() -> None:
    first = change_of(RECORD, 9)
    second = Change(
        name=first.name, etag='"x"', modified=BEGAN, replaces=first.etag, entry=first.entry
    )

    assert second.supersedes(first)
    assert not first.supersedes(second)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_is_deleted_stays_so_until_it_is_written_again(order: tuple[int, ...]) -> None:
    changes = [change_of(RECORD, 1), change_of(RECORD, 2, replaces=1), gone("attic/red.jpg", 2)]
    told = [changes[place] for place in order]

    assert latest(told)["attic/red.jpg"].entry is None
    assert latest([*told, change_of(RECORD, 3)])["attic/red.jpg"].entry is not None


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize(("again_s", "is_there"), [(0.2, True), (-0.2, False)])
def test_within_a_second_of_storage_s_the_app_s_time_decides(
    order: tuple[int, ...], again_s: float, is_there: bool
) -> None:
    """A picture may be deleted and dropped again in one; the new one follows no other."""
    written = change_of(RECORD)
    deleted_at = RECORD.updated + timedelta(seconds=0.5)
    deleted = msgspec.structs.replace(written, entry=None, deleted=deleted_at)
    entry = msgspec.structs.replace(
        entry_of(RECORD), updated=deleted_at + timedelta(seconds=again_s)
    )
    again = msgspec.structs.replace(written, etag='"again"', entry=entry)
    changes = [written, deleted, again]

    last = latest(changes[place] for place in order)["attic/red.jpg"]

    assert (last == again) == is_there


def test_what_was_deleted_at_a_time_unknown_stays_so_within_the_second() -> None:
    written = change_of(RECORD)
    deleted = msgspec.structs.replace(written, entry=None)
    again = msgspec.structs.replace(written, etag='"again"')

    assert latest([deleted, again])["attic/red.jpg"] == deleted


def test_the_same_change_twice_changes_nothing() -> None:
    change = change_of(RECORD)

    assert not change.supersedes(change)
