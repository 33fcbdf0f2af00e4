"""Words as the settings want them, from the trigger to the sidecar and over HTTP."""

from collections.abc import Iterator

import pytest
import requests

from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer, description

RED = image_bytes(plain(100, 80, "red"))
SAID = description(
    ("a man with a gun", 0.9), ("a man and his dog on a sofa", 0.6), tags=("man", "dog", "gun")
)


@pytest.fixture(scope="module")
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture(scope="module")
def app(
    azurite: Azurite, vision: VisionServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    settings = {
        "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
        "VISION_ENDPOINT": vision.url,
        "VISION_KEY": KEY,
        "NEUTRAL_WORDING": "true",
        "PREFERRED_TERMS": "sofa=couch",
        "BLOCKED_TERMS": "gun",
    }
    with running_app(azurite, settings) as app:
        yield app


def test_a_dropped_image_is_worded_as_set(app: App, vision: VisionServer) -> None:
    vision.script(SAID)

    record = app.record("dog.jpg", app.drop("dog.jpg", RED))

    caption = record.caption_by("azure-vision")
    assert caption is not None
    assert (caption.text, caption.confidence) == ("a person and their dog on a couch", 0.6)
    assert [tag.name for tag in caption.tags or ()] == ["person", "dog"]
    assert record.problems == ()
    assert vision.requests[-1].query["maxCandidates"] == "3"


def test_a_caption_with_a_blocked_term_is_withheld(app: App, vision: VisionServer) -> None:
    vision.script(description(("a man with a gun", 0.9)))

    record = app.record("gun.jpg", app.drop("gun.jpg", RED))

    assert [caption.source for caption in record.captions] == ["onnx"]
    assert [(each.source, each.code) for each in record.problems] == [
        ("azure-vision", "caption_blocked")
    ]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({}, "a person and their dog on a couch"),
        ({"neutral": "true"}, "a person and their dog on a couch"),
        ({"neutral": "false"}, "a man and his dog on a couch"),
    ],
    ids=["as set", "neutral", "not neutral"],
)
def test_a_request_has_its_own_say(
    app: App, vision: VisionServer, asked: dict[str, str], text: str
) -> None:
    vision.script(SAID)

    answer = requests.post(f"{app.host.url}/api/caption", data=RED, params=asked, timeout=60)

    assert answer.json()["captions"][1]["text"] == text


def test_a_choice_that_is_none_is_told_as_a_problem(app: App) -> None:
    url = f"{app.host.url}/api/caption"

    answer = requests.post(url, data=RED, params={"neutral": "maybe"}, timeout=60)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
