"""The app is told to stop: what is in work is finished, and no thread of ours holds up the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from captioner.settings import StorageConnection, load_settings
from captioner.store import ImageStore
from tests.support.app import app_settings, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.host import REPOSITORY
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, Answer, VisionServer
from tests.support.waiting import DEADLINE_S, wait_for

RED = image_bytes(plain(100, 80, "red"))
# What a worker does between its first and its last breath, without a host to end it.
WORKER = """
from captioner.composition import services
from captioner.ondemand import Sent

made = services()
made.events.landed(made.store.images_container, "red.jpg")
made.upkeep.keep()
made.collection.follow()
made.search.follow()
data = made.store.get_image("red.jpg").data
made.on_demand.caption([Sent("red.jpg", len(data), lambda: data)])
print(made.store.get_record("red.jpg")[0].captions[0].text)
"""


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    return str(make_bundle(tmp_path / "bundle"))


def test_an_image_in_work_gets_its_record_before_the_end(azurite: Azurite, bundle: str) -> None:
    with VisionServer() as vision:
        settings = {
            "MODEL_DIR": bundle,
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
            "VISION_TIMEOUT_SECONDS": "3",
        }
        with running_app(azurite, settings, arguments=["--stop-timeout", "60"]) as app:
            vision.script(*[Answer(silent=True)] * 8)
            etag = app.drop("red.jpg", RED)
            wait_for(lambda: vision.requests, "the image to be in work")

            app.host.signal(signal.SIGTERM)

            assert app.host.wait() == 0
            record = app.record("red.jpg", etag)
    assert [caption.source for caption in record.captions] == ["onnx"]
    assert [problem.code for problem in record.problems] == ["vision_unavailable"]
    assert "had not finished" not in app.host.log


def test_a_process_that_has_worked_ends_by_itself(
    azurite: Azurite, bundle: str, tmp_path: Path
) -> None:
    with VisionServer() as vision:
        settings = app_settings(
            azurite,
            {
                "MODEL_DIR": bundle,
                "SEARCH_DIR": str(tmp_path / "lists"),
                "VISION_ENDPOINT": vision.url,
                "VISION_KEY": KEY,
            },
        )
        connection = StorageConnection(connection_string=azurite.connection_string)
        with ImageStore.connect(connection, load_settings(settings)) as store:
            store.ensure_containers()
            store.put_image("red.jpg", RED)
        worker = subprocess.run(
            [sys.executable, "-c", WORKER],
            cwd=REPOSITORY,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )

    assert worker.returncode == 0, worker.stderr
    assert worker.stdout.strip()
