"""Storage and Vision misbehave on the way: every image has its record in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.bad_day import TIMEOUT_S, BadDay
from tests.support.bundles import make_bundle
from tests.support.fault_proxy import (
    Delay,
    Fault,
    Refusal,
    Reset,
    Silence,
    Truncation,
)
from tests.support.host import DevHost
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for

COLOURS = ("red", "green", "blue", "yellow", "white", "grey")
# More often than the SDK tries again by itself, so that the platform has to.
STUBBORN = 4
STORAGE_FAULTS: dict[str, tuple[Fault, str, str, int]] = {
    "image-reset": (Reset(), "GET", r"/images-\w+/{}", 1),
    "image-reset-stubborn": (Reset(), "GET", r"/images-\w+/{}", STUBBORN),
    "image-cut": (Truncation(), "GET", r"/images-\w+/{}", 1),
    "image-cut-stubborn": (Truncation(), "GET", r"/images-\w+/{}", STUBBORN),
    "image-500": (Refusal(500, "InternalError"), "GET", r"/images-\w+/{}", STUBBORN),
    "image-503": (Refusal(503), "HEAD", r"/images-\w+/{}", STUBBORN),
    "image-429": (Refusal(429, "TooManyRequests"), "GET", r"/images-\w+/{}", 1),
    "image-late": (Delay(2), "GET", r"/images-\w+/{}", 1),
    "image-silent": (Silence(), "GET", r"/images-\w+/{}", 1),
    "sidecar-read-503": (Refusal(503), "GET", r"/captions-\w+/{}", STUBBORN),
    "sidecar-412": (Refusal(412, "ConditionNotMet"), "PUT", r"/captions-\w+/{}", 1),
    "sidecar-reset": (Reset(), "PUT", r"/captions-\w+/{}", STUBBORN),
    "sidecar-answer-lost": (Reset(after=True), "PUT", r"/captions-\w+/{}", 1),
    "sidecar-answer-lost-twice": (Reset(after=True), "PUT", r"/captions-\w+/{}", 2),
    "sidecar-answer-500": (Refusal(500, after=True), "PUT", r"/captions-\w+/{}", 1),
    "sidecar-answer-cut": (Truncation(0), "PUT", r"/captions-\w+/{}", 1),
    "thumbnail-503": (Refusal(503), "PUT", r"/thumbnails-\w+/", STUBBORN),
    "log-answer-lost": (Reset(after=True), "PUT", r"comp=appendblock", 1),
    "log-503": (Refusal(503), "PUT", r"comp=appendblock", STUBBORN),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def day(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BadDay]:
    with BadDay.of(bundle, tmp_path_factory.mktemp("app")) as day:
        yield day


@pytest.fixture(scope="module")
def host(day: BadDay) -> DevHost:
    return day.host()


@pytest.fixture(autouse=True)
def _healed(day: BadDay) -> Iterator[None]:
    yield
    day.heal()


def test_whatever_storage_does_each_image_gets_its_record(day: BadDay, host: DevHost) -> None:
    """All faults at once, each striking the requests of one image."""
    injected = {}
    for number, (name, (fault, method, path, times)) in enumerate(STORAGE_FAULTS.items()):
        image = f"{name}.jpg"
        injected[name] = day.blob.inject(
            fault, method=method, path=path.format(image.replace(".", r"\.")), times=times
        )
        day.drop(image, image_bytes(plain(60 + number, 80, COLOURS[number % len(COLOURS)])))

    day.audit.wait_until_true()

    assert [name for name, each in injected.items() if not each.struck.is_set()] == []


VISION_FAULTS: dict[str, Fault] = {
    "reset": Reset(),
    "answer-lost": Reset(after=True),
    "500": Refusal(500, "InternalServerError"),
    "503": Refusal(503, headers={"Retry-After": "1"}),
    "429": Refusal(429, headers={"Retry-After": "1"}),
    "cut": Truncation(),
    "silent": Silence(),
}


@pytest.mark.parametrize("fault", VISION_FAULTS)
def test_whatever_vision_does_it_costs_its_own_caption_only(
    day: BadDay, host: DevHost, fault: str
) -> None:
    day.vision_proxy.inject(VISION_FAULTS[fault], times=100)
    name = f"vision-{fault}.jpg"
    etag = day.drop(name, image_bytes(plain(90, 70, "pink")))

    record = wait_for(lambda: day.record(name), f"the record of {name}")

    assert record.image.etag == etag
    assert [caption.source for caption in record.captions] == ["onnx"]
    assert [problem.source for problem in record.problems] == ["azure-vision"]
    assert record.problems[0].retry_after
    day.audit.wait_until_true()


@pytest.mark.parametrize("route", ["api/captions/none.jpg", "api/jobs", "api/history/none.jpg"])
def test_a_client_is_told_that_storage_is_busy(day: BadDay, host: DevHost, route: str) -> None:
    day.blob.inject(Refusal(503), times=100)

    answer = requests.get(f"{host.url}/{route}", timeout=TIMEOUT_S)

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "store_unavailable"


def test_a_client_does_not_wait_for_ever_for_storage_that_is_silent(
    day: BadDay, host: DevHost
) -> None:
    day.blob.inject(Silence(), path="/captions-", times=100)

    answer = requests.get(f"{host.url}/api/captions/none.jpg", timeout=100)

    assert answer.status_code == 503
    assert answer.json()["code"] == "store_unavailable"
