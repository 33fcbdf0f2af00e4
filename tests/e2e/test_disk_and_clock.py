"""The machine itself fails: its disk is full, its clock jumps."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest
from azure.storage.queue import TextBase64DecodePolicy

from captioner.collection import Filters
from captioner.composition import build_services
from captioner.events import Retry
from captioner.settings import load_settings, load_storage_connection
from captioner.store import RETRY_QUEUE
from tests.support.audit import Text
from tests.support.bad_day import BadDay
from tests.support.bundles import make_bundle
from tests.support.host import REPOSITORY
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import throttled
from tests.support.waiting import wait_for

RED, BLUE = (image_bytes(plain(100, 80, each)) for each in ("red", "blue"))


@pytest.fixture
def day(tmp_path: Path) -> Iterator[BadDay]:
    with BadDay.of(make_bundle(tmp_path / "bundle"), tmp_path / "app") as day:
        yield day


def test_a_full_disk_costs_lists_and_search_and_no_caption(day: BadDay, tmp_path: Path) -> None:
    """Files of a process may grow to 4 KiB, so that no index can be written."""
    (tmp_path / "search").mkdir()
    program = dedent(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        import json
        from azure.functions import HttpRequest
        import function_app as app
        from captioner.composition import services

        services().events.landed(app.settings.images_container, "a.jpg")
        def status(answer):
            return [answer.status_code, json.loads(answer.get_body()).get("code")]
        ask = lambda url, **params: HttpRequest("GET", url, params=params, body=b"")
        found = {
            "images": status(app.collection_api.images(ask("/api/images"))),
            "search": status(app.api.search(ask("/api/search", q="red"))),
            "quality": status(app.collection_api.quality(ask("/api/quality"))),
        }
        services().upkeep.compact(force=True)
        print(json.dumps(found))
        """
    )
    day.drop("a.jpg", RED)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**os.environ, **day.settings, "SEARCH_DIR": str(tmp_path / "search")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    record = day.record("a.jpg")
    assert record is not None, done.stderr
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]
    assert json.loads(done.stdout) == {
        "images": [503, "collection_unavailable"],
        "search": [503, "search_unavailable"],
        "quality": [503, "collection_unavailable"],
    }


class JumpingClock(datetime):
    """The time that the app reads, so far off as a test has it."""

    off = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + cls.off


@pytest.mark.parametrize("days", [3, -3])
def test_a_clock_that_jumps_loses_nothing(
    day: BadDay, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what people wrote nor the caption that Vision owes; the clock jumps in between."""
    monkeypatch.setattr("captioner.records.datetime", JumpingClock)
    monkeypatch.setattr(JumpingClock, "off", timedelta(0))
    services = build_services(load_settings(day.settings), load_storage_connection(day.settings))
    images, curation = day.settings["IMAGES_CONTAINER"], services.curation
    day.vision.script(throttled(Retry_After="2"))
    day.drop("a.jpg", RED)
    services.events.landed(images, "a.jpg")
    curation.publish("a.jpg", "A door.", expected=bool, by=None)

    JumpingClock.off = timedelta(days=days)
    curation.publish("a.jpg", "A red door.", expected=bool, by=None)
    services.events.retry(owed(day))

    record = day.record("a.jpg")
    assert record is not None
    own, theirs = record.captions
    assert round((theirs.created - own.created) / timedelta(days=1)) == days
    assert record.problems == ()
    assert day.audit.faults({"a.jpg": [Text("A door."), Text("A red door.")]}) == []

    JumpingClock.off = timedelta(0)
    day.drop("a.jpg", BLUE)
    services.events.landed(images, "a.jpg")
    assert day.audit.faults({"a.jpg": [Text("A door."), Text("A red door.")]}) == []
    listed = services.collection.images(Filters(), limit=10).images
    assert [each.name for each in listed] == ["a.jpg"]


def owed(day: BadDay) -> Retry:
    """Wait for the message that asks for the missing caption."""
    with day.azurite.queues() as queues:
        queue = queues.get_queue_client(RETRY_QUEUE, message_decode_policy=TextBase64DecodePolicy())
        message = wait_for(queue.receive_message, "the retry to be due")
    return msgspec.json.decode(message.content, type=Retry)
