"""What a record tells of how far to trust it: agreement, tags, novelty and the call for review."""

from collections.abc import Iterator

import jsonschema
import msgspec
import pytest
import requests
from msgspec import UNSET

from captioner.captioning.agreement import agreement
from captioner.records import AltText, CaptionRecord, from_json, json_schema, now, to_json
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import TAGS, make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer

TIMEOUT_S = 60
# Brightness is what the tiny bundle finds strange.
FAMILIAR = image_bytes(plain(100, 80, "blue"))
STRANGE = image_bytes(plain(100, 80, "white"))


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with VisionServer() as vision:
        bundle = make_bundle(tmp_path_factory.mktemp("bundle"), telling=True)
        settings = {
            "MODEL_DIR": str(bundle),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
        }
        with running_app(azurite, settings) as app:
            yield app


def asked(app: App, image: bytes) -> CaptionRecord:
    """Give the record that the route answers with."""
    answer = requests.post(f"{app.host.url}/api/caption", data=image, timeout=TIMEOUT_S)
    assert answer.status_code == 200
    jsonschema.validate(answer.json(), json_schema())
    return from_json(answer.content)


def test_a_familiar_picture_needs_no_review(app: App) -> None:
    record = asked(app, FAMILIAR)

    own, vision = record.captions
    assert record.needs_review is False
    assert record.agreement == pytest.approx(agreement(own.text, vision.text), abs=1e-4)
    assert record.alt_text is not None
    assert record.alt_text.source == "onnx"


def test_the_own_caption_tells_tags_and_novelty(app: App) -> None:
    own, vision = asked(app, FAMILIAR).captions

    assert own.tags
    assert {tag.name for tag in own.tags} <= set(TAGS)
    assert own.novelty == pytest.approx(1 / 3, abs=0.02)
    assert vision.novelty is UNSET


def test_a_strange_picture_needs_review_and_vision_describes_it(app: App) -> None:
    record = asked(app, STRANGE)

    assert record.needs_review is True
    assert record.alt_text is not None
    assert (record.alt_text.source, record.alt_text.text) == ("azure-vision", "a white picture")


def test_a_sidecar_calls_for_review_until_a_person_has_written(app: App) -> None:
    record = app.record("strange.jpg", app.drop("strange.jpg", STRANGE))
    assert record.needs_review is True
    jsonschema.validate(msgspec.json.decode(to_json(record)), json_schema())

    _, version = app.store.get_record("strange.jpg")
    human = AltText("A blank sheet", "person", "edited", by=None, updated=now())
    app.store.put_record(msgspec.structs.replace(record, alt_text=human), version)
    brighter = image_bytes(plain(100, 80, "white"), "PNG")
    replaced = app.record("strange.jpg", app.drop("strange.jpg", brighter))

    assert replaced.alt_text == msgspec.structs.replace(human, stale=True)
    assert replaced.needs_review is True
