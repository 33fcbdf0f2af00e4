"""Many at once for the same thing: hosts, events, versions, poison."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.audit import Text
from tests.support.bad_day import BadDay
from tests.support.bundles import make_bundle
from tests.support.events import blob_notice, poison_notice, queue_of
from tests.support.fault_proxy import Hold
from tests.support.host import DevHost
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for

RED, BLUE = (image_bytes(plain(100, 80, each)) for each in ("red", "blue"))
DUPLICATES = 1000
STORM = 100


@pytest.fixture
def day(tmp_path: Path) -> Iterator[BadDay]:
    with BadDay.of(make_bundle(tmp_path / "bundle"), tmp_path / "app") as day:
        yield day


def captioned(host: DevHost, name: str) -> int:
    return host.log.count(f"Captioned '{name}'")


def test_a_thousand_duplicates_of_an_event_caption_once(day: BadDay) -> None:
    host = day.host()
    etag = day.drop("a.jpg", RED)
    day.audit.wait_until_true()
    before = day.store.get_record("a.jpg")

    for _ in range(DUPLICATES):
        blob_notice(day, host, "a.jpg", etag)

    day.audit.wait_until_true(deadline_s=300)
    host.wait_for_log("'a.jpg' needs no new captions", times=DUPLICATES)
    assert captioned(host, "a.jpg") == 1
    assert day.store.get_record("a.jpg") == before
    assert len(day.vision.requests) == 1


@pytest.mark.parametrize("instances", ["of one app", "of two apps"])
def test_two_hosts_on_one_container_leave_one_record_of_each_image(
    day: BadDay, instances: str
) -> None:
    """Two apps each hear of every image; two instances share the events."""
    first = day.host()
    second = day.host(like=first if instances == "of one app" else None)
    names = [f"{number}.jpg" for number in range(20)]

    for name in names:
        day.drop(name, RED)
    for name in names[::2]:
        day.drop(name, BLUE)

    day.audit.wait_until_true()
    texts = {name: day.store.get_record(name)[0].captions[1].text for name in names}
    assert Counter(texts.values()) == {"a blue picture": 10, "a red picture": 10}
    assert all(any(captioned(host, name) for name in names) for host in (first, second))


def test_an_image_that_is_overwritten_while_it_is_captioned(day: BadDay) -> None:
    hold = Hold()
    reached = day.vision_proxy.inject(hold)
    host = day.host()
    day.drop("a.jpg", RED)
    wait_for(reached.struck.is_set, "the first version to be at Vision's")

    etag = day.drop("a.jpg", BLUE)
    hold.released.set()

    day.audit.wait_until_true()
    record = day.record("a.jpg")
    assert record is not None
    assert record.image.etag == etag
    assert record.captions[1].text == "a blue picture"
    assert host.running


def test_a_text_that_is_published_while_the_image_is_captioned_anew(day: BadDay) -> None:
    host = day.host()
    day.drop("a.jpg", RED)
    day.audit.wait_until_true()
    hold = Hold()
    reached = day.vision_proxy.inject(hold)
    day.drop("a.jpg", BLUE)
    wait_for(reached.struck.is_set, "the second version to be at Vision's")

    assert day.publish(host, "a.jpg", "A red door.")
    hold.released.set()

    day.audit.wait_until_true({"a.jpg": [Text("A red door.")]})
    record = day.record("a.jpg")
    assert record is not None
    assert record.alt_text is not None
    assert record.alt_text.stale is True


def test_a_storm_of_poison_passes(day: BadDay) -> None:
    """What nobody can read is dropped; what names an image is written down once, and retried."""
    there, unknown = day.drop("there.jpg", RED), '"0x8D0000000000000"'
    blobs, retries = (
        queue_of(day, name) for name in ("webjobs-blobtrigger-poison", "captioner-retry-poison")
    )
    junk = ("", "{", "[]", "null", '{"BlobName": 1}', "\N{SKULL}" * 1000, '{"name":' * 500)
    for number in range(STORM):
        name, etag = (("there.jpg", there), ("gone.jpg", unknown))[number % 2]
        poison_notice(day, name, etag)
        retries.send_message(json.dumps({"name": name, "etag": etag, "attempt": 3}))
        for queue in (blobs, retries):
            queue.send_message(junk[number % len(junk)])

    host = day.host()

    day.audit.wait_until_true(deadline_s=300)
    record = wait_for(
        lambda: next((each for each in [day.record("there.jpg")] if each), None), "the record"
    )
    assert record.image.etag == there
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]
    assert day.record("gone.jpg") is None
    for kind in ("PoisonBlob", "Retry"):
        assert f"A message that is no {kind} is dropped" in host.log


def test_a_bundle_that_is_truncated_under_a_running_app(day: BadDay, tmp_path: Path) -> None:
    """What is opened stays in use; a fresh process says what is wrong, and loses no image."""
    host = day.host()
    first = day.drop("first.jpg", RED)
    day.audit.wait_until_true()
    encoder = tmp_path / "bundle" / "encoder.onnx"
    whole = encoder.read_bytes()
    encoder.write_bytes(whole[: len(whole) // 2])

    day.drop("second.jpg", RED)
    day.audit.wait_until_true()
    record = day.record("second.jpg")
    assert record is not None
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]

    host.stop()
    host.start()
    day.drop("third.jpg", RED)
    day.audit.wait_until_true()
    record = day.record("third.jpg")
    assert record is not None
    assert [caption.source for caption in record.captions] == ["azure-vision"]
    assert [problem.code for problem in record.problems] == ["bundle_invalid"]
    assert day.store.get_record("first.jpg")[0].image.etag == first

    encoder.write_bytes(whole)
    _retry_now(day, "third.jpg")
    complete = wait_for(
        lambda: next(
            (each for each in [day.record("third.jpg")] if each and len(each.captions) == 2), None
        ),
        "the model's caption",
    )
    assert complete.problems == ()


def _retry_now(day: BadDay, name: str) -> None:
    """Have the retry come that is due in a minute."""
    record = day.record(name)
    assert record is not None
    message = {"name": name, "etag": record.image.etag, "attempt": 1}
    queue_of(day, "captioner-retry").send_message(msgspec.json.encode(message).decode())
