"""One captioner on its own threads: batches, order, faults, and an end to waiting."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from captioner.captioning import Lane
from captioner.errors import BundleMissing, CaptionerBusy, CaptionerTimeout, VisionThrottled
from captioner.images import Picture
from captioner.records import Caption
from tests.support.captioners import ScriptedCaptioner
from tests.support.pictures import picture_of, plain


def lane_of(captioner: ScriptedCaptioner, **options: float) -> Lane[ScriptedCaptioner]:
    defaults = {"batch_size": 1, "threads": 1, "timeout_s": 30}
    return Lane(captioner.source, lambda: captioner, **{**defaults, **options})


def pictures(count: int) -> list[Picture]:
    return [picture_of(plain(64 + number, 64)) for number in range(count)]


class WidthCaptioner(ScriptedCaptioner):
    """Says how wide a picture is; fails for one of a certain width."""

    def __init__(self, fails_at: int) -> None:
        super().__init__()
        self.fails_at = fails_at

    def caption(self, pictures: Sequence[Picture], **options: Any) -> list[Caption]:
        captions = []
        for picture in pictures:
            self.text = f"{picture.width} wide"
            self.fault = VisionThrottled("No.") if picture.width == self.fails_at else None
            captions += super().caption([picture], **options)
        return captions


def test_captions_come_in_order_whatever_the_batches() -> None:
    captioner = WidthCaptioner(fails_at=0)
    lane = lane_of(captioner, batch_size=2)

    results = lane.finish(lane.start(pictures(5)))

    assert [caption.text for caption in results] == [f"{64 + n} wide" for n in range(5)]


def test_pictures_are_given_in_batches() -> None:
    captioner = ScriptedCaptioner()
    lane = lane_of(captioner, batch_size=2)

    lane.finish(lane.start(pictures(5)))

    assert [len(batch) for batch in captioner.batches] == [2, 2, 1]


def test_no_pictures_ask_nothing() -> None:
    captioner = ScriptedCaptioner()
    lane = lane_of(captioner)

    assert lane.finish(lane.start([])) == []
    assert captioner.batches == []


def test_a_fault_costs_only_its_batch() -> None:
    lane = lane_of(WidthCaptioner(fails_at=65))

    first, second, third = lane.finish(lane.start(pictures(3)))

    assert isinstance(second, VisionThrottled)
    assert isinstance(first, Caption)
    assert isinstance(third, Caption)


def test_a_captioner_that_cannot_be_opened_may_open_later() -> None:
    captioner = ScriptedCaptioner()
    opened: list[ScriptedCaptioner] = []

    def open_captioner() -> ScriptedCaptioner:
        if not opened:
            raise BundleMissing("There is no bundle.")
        return opened[0]

    lane = Lane("onnx", open_captioner, batch_size=8, threads=1, timeout_s=30)
    assert [type(each) for each in lane.finish(lane.start(pictures(2)))] == [BundleMissing] * 2

    opened.append(captioner)
    assert isinstance(lane.finish(lane.start(pictures(1)))[0], Caption)


def test_an_unexpected_fault_is_logged_and_tells_no_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    captioner = ScriptedCaptioner()
    captioner.fault = RuntimeError("key=secret")
    lane = lane_of(captioner)

    with caplog.at_level(logging.ERROR):
        (fault,) = lane.finish(lane.start(pictures(1)))

    assert fault.code == "internal_error"
    assert "secret" not in fault.message
    assert caplog.records[0].exc_info


def test_waiting_has_an_end() -> None:
    gate = threading.Event()
    captioner = ScriptedCaptioner(gate=gate)
    lane = lane_of(captioner, timeout_s=0.05)

    results = lane.finish(lane.start(pictures(3)))
    gate.set()
    ((_, last),) = lane.start(pictures(1))
    last.result(30)

    assert [type(each) for each in results] == [CaptionerTimeout, CaptionerBusy, CaptionerBusy]
    assert all(each.retry_after for each in results)
    assert len(captioner.batches) == 2  # the first and the last: those in line were taken out of it
