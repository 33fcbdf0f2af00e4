"""The host is killed at every step of the pipeline: nothing is lost, and nothing is there twice."""

from collections.abc import Iterator

import pytest
import requests

from tests.support.bad_day import TIMEOUT_S, BadDay
from tests.support.bundles import make_bundle
from tests.support.fault_proxy import Hold, Refusal
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for

# Where the host dies: at which service, by which request, and whether that was carried out.
STEPS = {
    "before the image is read": ("blob", "GET", r"/images-\w+/{}", False),
    "after the download": ("blob", "GET", r"/images-\w+/{}", True),
    "while Vision looks at it": ("vision_proxy", "POST", "describe", False),
    "after Vision answered": ("vision_proxy", "POST", "describe", True),
    "before its thumbnails": ("blob", "PUT", r"/thumbnails-\w+/", False),
    "after the caption": ("blob", "PUT", r"/captions-\w+/{}", False),
    "after the sidecar is written": ("blob", "PUT", r"/captions-\w+/{}", True),
    "before the change log is told": ("blob", "PUT", "comp=appendblock", False),
    "after the change log is told": ("blob", "PUT", "comp=appendblock", True),
    "before its message is deleted": ("queue", "DELETE", r"/azure-webjobs-blobtrigger-", False),
}
RETRY_STEPS = {
    "before the retry is asked for": ("queue", "POST", "/captioner-retry/messages", False),
    "after the retry is asked for": ("queue", "POST", "/captioner-retry/messages", True),
    "before the record with the problem": ("blob", "PUT", r"/captions-\w+/{}", False),
    "after the record with the problem": ("blob", "PUT", r"/captions-\w+/{}", True),
}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BadDay]:
    bundle = make_bundle(tmp_path_factory.mktemp("bundle"))
    with BadDay.of(bundle, tmp_path_factory.mktemp("app")) as day:
        day.host()
        yield day


def kill_at(day: BadDay, name: str, step: tuple[str, str, str, bool]) -> str:
    """Drop an image, kill the host where the step says, start it again; give the image's ETag."""
    service, method, path, after = step
    (host,) = day.hosts
    if not host.running:
        host.start()
    hold = Hold(after=after)
    proxy = getattr(day, service)
    reached = proxy.inject(hold, method=method, path=path.format(name))
    etag = day.drop(name, image_bytes(plain(70, 50 + len(name) % 40, "blue")))
    wait_for(reached.struck.is_set, f"the host to come to {step}")
    host.kill()
    proxy.heal()
    host.start()
    return etag


@pytest.mark.parametrize("step", STEPS)
def test_an_image_in_work_is_taken_up_again(day: BadDay, step: str) -> None:
    name = step.replace(" ", "-")

    etag = kill_at(day, name, STEPS[step])

    day.audit.wait_until_true()
    record = day.record(name)
    assert record is not None
    assert record.image.etag == etag
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]
    url = f"{day.hosts[0].url}/api/images?prefix={name}"
    wait_for(
        lambda: requests.get(url, timeout=TIMEOUT_S).json()["total"] == 1,
        "the list, which may be some seconds old, to have the image",
    )


@pytest.mark.parametrize("step", RETRY_STEPS)
def test_a_retry_that_was_due_is_not_forgotten(day: BadDay, step: str) -> None:
    """Vision refuses once; whenever the host dies, its caption comes in the end."""
    name = step.replace(" ", "-")
    day.vision_proxy.inject(Refusal(429, headers={"Retry-After": "1"}), times=1)

    kill_at(day, name, RETRY_STEPS[step])

    day.audit.wait_until_true()
    complete = wait_for(
        lambda: next(
            (each for each in [day.record(name)] if each and len(each.captions) == 2), None
        ),
        "Vision's caption",
    )
    assert complete.problems == ()
