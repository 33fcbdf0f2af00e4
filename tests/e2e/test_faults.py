"""Nothing is lost: storage goes away, the host is killed, Vision has had enough."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from azure.storage.blob import BlobServiceClient
from msgspec import UNSET

from captioner.records import CaptionRecord
from tests.support.app import running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.host import REPOSITORY, DevHost
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, Answer, VisionServer, throttled
from tests.support.waiting import wait_for

RED = image_bytes(plain(100, 80, "red"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture
def impatient_app(tmp_path: Path) -> Path:
    """Give the app's folder as deployed, with a host that gives up without pauses."""
    host_json = json.loads((REPOSITORY / "host.json").read_text())
    host_json["extensions"]["queues"]["visibilityTimeout"] = "00:00:00"
    (tmp_path / "host.json").write_text(json.dumps(host_json))
    shutil.copy(REPOSITORY / "function_app.py", tmp_path)
    return tmp_path


def has_captions(*sources: str) -> Callable[[CaptionRecord], bool]:
    return lambda record: tuple(caption.source for caption in record.captions) == sources


def test_storage_goes_down_and_comes_back(tmp_path: Path, bundle: Path) -> None:
    """Images that landed just before are captioned once it is back."""
    with (
        Azurite(tmp_path / "storage") as storage,
        running_app(storage, {"MODEL_DIR": str(bundle)}) as app,
    ):
        names = [f"{number}.jpg" for number in range(5)]
        etags = {name: app.drop(name, RED) for name in names}
        storage.stop()
        app.host.wait_for_log("does not answer")
        storage.start()

        for name in names:
            app.record(name, etags[name], has_captions("onnx"))


def test_a_killed_host_loses_nothing(azurite: Azurite, bundle: Path, vision: VisionServer) -> None:
    settings = {"MODEL_DIR": str(bundle), "VISION_ENDPOINT": vision.url, "VISION_KEY": KEY}
    # The first image is held up by Vision, so that the host is killed in its midst.
    vision.script(Answer(silent=True))
    with running_app(azurite, settings, message_lease_s=1) as app:
        etags = {name: app.drop(name, RED) for name in (f"{n}.jpg" for n in range(10))}
        wait_for(lambda: vision.requests, "an image at work")
        app.host.kill()
        assert app.host.log.count("Executing '") > app.host.log.count("Executed '")
        app.host.start()

        for name, etag in etags.items():
            app.record(name, etag, has_captions("onnx", "azure-vision"))


def test_a_throttled_vision_caption_comes_later(
    azurite: Azurite, bundle: Path, vision: VisionServer
) -> None:
    settings = {
        "MODEL_DIR": str(bundle),
        "VISION_ENDPOINT": vision.url,
        "VISION_KEY": KEY,
        "VISION_TIMEOUT_SECONDS": "2",
    }
    vision.script(throttled(Retry_After="2"))
    with running_app(azurite, settings) as app:
        etag = app.drop("a.jpg", RED)
        app.host.wait_for_log("(vision_throttled)")

        record = app.record("a.jpg", etag, has_captions("onnx", "azure-vision"))

    own, theirs = record.captions
    assert theirs.created - own.created >= timedelta(seconds=2)  # the own one was not made again
    assert record.problems == ()


def test_a_missing_bundle_costs_only_its_caption_and_health_says_so(
    azurite: Azurite, tmp_path: Path, vision: VisionServer
) -> None:
    settings = {
        "MODEL_DIR": str(tmp_path / "none"),
        "VISION_ENDPOINT": vision.url,
        "VISION_KEY": KEY,
    }
    with running_app(azurite, settings) as app:
        record = app.record("a.jpg", app.drop("a.jpg", RED))
        health = requests.get(f"{app.host.url}/api/health", timeout=60)

    assert (health.status_code, health.json()["problems"]) == (503, ["bundle_missing"])
    assert has_captions("azure-vision")(record)
    assert [problem.code for problem in record.problems] == ["bundle_missing"]
    assert record.problems[0].retry_after is not UNSET


def test_an_event_that_keeps_failing_becomes_a_record_that_says_so(
    azurite: Azurite, impatient_app: Path, bundle: Path, blobs: BlobServiceClient
) -> None:
    """A sidecar that is no record is not written over, so that captioning fails each time."""
    off = {"AzureWebJobs_platform_gave_up_Disabled": "true"}
    settings = {"MODEL_DIR": str(bundle)}
    with running_app(azurite, {**settings, **off}, app_dir=impatient_app) as app:
        captions = blobs.get_container_client(app.settings["CAPTIONS_CONTAINER"])
        captions.upload_blob("a.jpg.json", b"mended by hand and broken")
        etag = app.drop("a.jpg", RED)
        app.host.wait_for_log("webjobs-blobtrigger-poison")
        app.host.stop()
        captions.delete_blob("a.jpg.json")

        again = {
            **app.settings,
            "AzureWebJobs_platform_gave_up_Disabled": "",
            "AzureFunctionsWebHost__hostid": app.host.host_id,
        }
        with DevHost(impatient_app, again):
            record = app.record("a.jpg", etag)

    assert [problem.code for problem in record.problems] == ["captioning_failed"]
    assert record.problems[0].retry_after is not UNSET
    assert record.captions == ()
