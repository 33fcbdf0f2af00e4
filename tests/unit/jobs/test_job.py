"""What is told of a job: its counts, its rate, the time that is left."""

from datetime import timedelta

import msgspec
import pytest

from captioner.captioning import Options
from captioner.jobs import JobStatus
from captioner.jobs.job import Job, is_id, new_id
from captioner.jobs.pages import ChunkTally, Page, Tally, outstanding, within
from captioner.records import now

BEGAN = now()
LISTED = [Tally(1000, done=190, skipped=9, failed=1, waiting=5), Tally(200, last=True)]


def status(tallies=LISTED, *, after_s: float = 100, **job: object) -> JobStatus:
    told = {"state": "running", **job}
    made = Job(
        id=new_id(BEGAN), source="backfill", options=Options(), created=BEGAN, since=BEGAN, **told
    )
    return JobStatus.of(made, tallies, BEGAN + timedelta(seconds=after_s))


def test_what_is_left_is_told_by_the_rate():
    told = status()
    assert msgspec.structs.asdict(told.counts) == {
        "found": 1200,
        "done": 190,
        "skipped": 9,
        "failed": 1,
        "waiting": 5,
    }
    assert (told.state, told.rate, told.seconds_left) == ("running", 2.0, 500.0)


def test_while_images_are_counted_nobody_knows_what_is_left():
    told = status(LISTED[:1])
    assert (told.state, told.rate, told.seconds_left) == ("listing", 2.0, None)
    assert status([]).state == "listing"


def test_the_rate_is_that_of_the_last_stretch():
    assert status(before=100).rate == 1.0
    assert status(before=200).rate is None


def test_one_that_rests_or_has_ended_has_no_time_left():
    paused = status(state="paused")
    assert (paused.rate, paused.seconds_left) == (None, None)
    done = status(state="done", ended=BEGAN + timedelta(seconds=50))
    assert (done.rate, done.seconds_left) == (4.0, None)


def test_an_instant_is_no_rate_beyond_measure():
    assert status(after_s=0.0).rate == 200.0


def test_a_status_is_read_as_it_was_written():
    told = status()
    assert msgspec.json.decode(msgspec.json.encode(told), type=JobStatus) == told


def test_newer_jobs_have_smaller_ids():
    ids = [new_id(BEGAN + timedelta(milliseconds=each)) for each in range(5)]
    assert ids == sorted(ids, reverse=True)
    assert all(map(is_id, ids))
    assert new_id(BEGAN) != new_id(BEGAN)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000])
def test_chunks_are_all_of_a_page(count):
    page = Page(images=tuple(("x", "y") for _ in range(count)))
    assert [place for chunk in page.chunks for place in within(chunk, count)] == list(range(count))


def test_a_page_is_counted_from_the_last_round_of_each_chunk():
    results = [
        ChunkTally(0, 0, done=10, failed=2, waiting=(3, 5, 9, 11)),
        ChunkTally(1, 0, done=3, waiting=(5,)),
        ChunkTally(0, 2, skipped=8),
    ]
    counted = Tally(40, last=True).counted(results)
    assert counted == Tally(40, done=13, skipped=8, failed=2, waiting=1, rounds=3, last=True)
    assert not counted.is_complete
    assert outstanding(range(3), results) == [(1, 0), (0, 2)]


def test_what_metadata_keep_is_read_as_it_was_written():
    for tally in (ChunkTally(1, 2, done=1, waiting=(3, 40)), ChunkTally(1, 2)):
        assert ChunkTally.of(1, 2, tally.metadata) == tally
        assert all(tally.metadata.values())
    for tally in (Tally(1), *LISTED):
        assert Tally.of(tally.metadata) == tally
