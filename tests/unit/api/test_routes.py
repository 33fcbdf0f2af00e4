"""Routes with the services behind them: a tiny model, a local Vision, a storage emulator."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import jsonschema
import msgspec
import pytest

from captioner import __version__
from captioner.api import Api
from captioner.api.problems import problem
from captioner.composition import Services, build_services
from captioner.errors import SettingsError, VisionThrottled
from captioner.records import CaptionRecord, ImageFacts, json_schema, now, to_json
from captioner.settings import Settings, StorageConnection
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer, throttled

RED = image_bytes(plain(100, 80, "red"), "PNG")


@pytest.fixture(scope="module")
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, vision: VisionServer, unique_name: Callable[[str], str]) -> Settings:
    vision.reset()
    return Settings(
        images_container=unique_name("images"),
        captions_container=unique_name("captions"),
        model_dir=make_bundle(tmp_path),
        vision_endpoint=vision.url,
        vision_key=KEY,
        vision_timeout_s=5.0,
        max_image_bytes=2**20,
    )


@pytest.fixture
def services(azurite: Azurite, settings: Settings) -> Iterator[Services]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    services = build_services(settings, connection)
    with services.store:
        services.store.ensure_containers()
        yield services


@pytest.fixture
def api(services: Services) -> Api:
    return Api(lambda: services)


def request_to(
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    **route_params: str,
) -> func.HttpRequest:
    return func.HttpRequest(
        "POST" if body else "GET",
        f"http://localhost/api/{path}",
        headers=headers or {},
        params={},
        route_params=route_params,
        body=body,
    )


def document_in(answer: func.HttpResponse) -> Any:
    return msgspec.json.decode(answer.get_body())


def assert_problem(answer: func.HttpResponse, status: int, code: str) -> Any:
    document = document_in(answer)
    assert answer.mimetype == "application/problem+json"
    assert answer.status_code == document["status"] == status
    assert document["code"] == code
    assert document["detail"].endswith(".")
    return document


class TestCaption:
    def test_an_image_is_answered_with_its_record(self, api: Api) -> None:
        answer = api.caption(request_to("caption", RED))

        record = document_in(answer)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        jsonschema.validate(record, json_schema())
        assert [caption["source"] for caption in record["captions"]] == ["onnx", "azure-vision"]
        assert record["image"]["width"] == 100
        assert "url" not in record["image"]

    def test_vision_that_fails_leaves_a_problem_in_the_record(
        self, api: Api, vision: VisionServer
    ) -> None:
        vision.script(throttled(Retry_After="600"))

        answer = api.caption(request_to("caption", RED))

        record = document_in(answer)
        assert answer.status_code == 200
        assert [caption["source"] for caption in record["captions"]] == ["onnx"]
        assert record["problems"][0]["code"] == "vision_throttled"
        assert "retry_after" in record["problems"][0]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"no picture", 415, "unsupported_image"),
            (RED[:60], 422, "corrupt_image"),
            (RED + bytes(2**20), 413, "image_too_large"),
            (b"", 400, "invalid_request"),
        ],
        ids=["no picture", "corrupt", "too large", "empty"],
    )
    def test_what_is_no_image_is_answered_with_a_problem(
        self, api: Api, body: bytes, status: int, code: str
    ) -> None:
        assert_problem(api.caption(request_to("caption", body)), status, code)

    def test_no_caption_is_no_answer(
        self, azurite: Azurite, tmp_path: Path, settings: Settings
    ) -> None:
        without = Settings(model_dir=tmp_path / "none")
        connection = StorageConnection(connection_string=azurite.connection_string)
        services = build_services(without, connection)
        with services.store:
            answer = Api(lambda: services).caption(request_to("caption", RED))

        assert_problem(answer, 503, "bundle_missing")


class TestRecord:
    @pytest.fixture
    def stored(self, services: Services) -> tuple[CaptionRecord, str]:
        moment = now()
        record = CaptionRecord(
            image=ImageFacts(name="dir/a b+#%é.jpg", etag='"0x1"'),
            captions=(),
            alt_text=None,
            problems=(),
            created=moment,
            updated=moment,
        )
        return record, services.store.put_record(record, None)

    def test_a_record_is_given_with_its_etag(
        self, api: Api, stored: tuple[CaptionRecord, str]
    ) -> None:
        record, etag = stored

        answer = api.record(request_to("captions/…", name=record.image.name))

        assert answer.status_code == 200
        assert answer.get_body() == to_json(record)
        assert answer.headers["ETag"] == etag

    @pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
    def test_a_record_that_is_known_is_not_sent_again(
        self, api: Api, stored: tuple[CaptionRecord, str], known: str
    ) -> None:
        record, etag = stored
        headers = {"If-None-Match": known.format(etag)}

        answer = api.record(request_to("captions/…", headers=headers, name=record.image.name))

        assert (answer.status_code, answer.get_body()) == (304, b"")
        assert answer.headers["ETag"] == etag

    def test_a_record_that_changed_is_sent(
        self, api: Api, stored: tuple[CaptionRecord, str]
    ) -> None:
        headers = {"If-None-Match": '"0x0"'}

        answer = api.record(request_to("captions/…", headers=headers, name=stored[0].image.name))

        assert answer.status_code == 200

    def test_an_image_without_record(self, api: Api) -> None:
        assert_problem(api.record(request_to("captions/…", name="none")), 404, "record_not_found")

    def test_a_name_must_be_given(self, api: Api) -> None:
        answer = api.record(request_to("captions/"))  # the host leaves an empty value out

        assert_problem(answer, 400, "invalid_request")

    def test_a_name_cannot_leave_its_container(self, api: Api) -> None:
        answer = api.record(request_to("captions/…", name="../images/a.jpg"))

        assert_problem(answer, 400, "invalid_request")


class TestHealth:
    def test_all_is_well(self, api: Api) -> None:
        answer = api.health(request_to("health"))

        document = document_in(answer)
        assert answer.status_code == 200
        assert document.pop("bundle")["name"] == "tiny"
        assert document == {
            "status": "ok",
            "version": __version__,
            "model": {"follows": "folder"},
            "captioners": ["onnx", "azure-vision"],
            "problems": [],
        }

    def test_what_fails_is_named_and_only_the_log_has_details(
        self,
        azurite: Azurite,
        tmp_path: Path,
        unique_name: Callable[[str], str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        settings = Settings(images_container=unique_name("none"), model_dir=tmp_path / "secret")
        connection = StorageConnection(connection_string=azurite.connection_string)
        services = build_services(settings, connection)
        with services.store:
            answer = Api(lambda: services).health(request_to("health"))

        document = document_in(answer)
        assert answer.status_code == 503
        assert document["status"] == "failing"
        assert document["problems"] == ["bundle_missing", "store_refused"]
        assert document["captioners"] == ["onnx"]
        assert b"secret" not in answer.get_body()
        assert "secret: set MODEL_DIR" in caplog.text


def test_the_schema_is_that_of_records(api: Api) -> None:
    answer = api.schema(request_to("schema"))

    assert answer.mimetype == "application/schema+json"
    assert document_in(answer) == msgspec.json.decode(msgspec.json.encode(json_schema()))


def test_faulty_settings_are_told() -> None:
    def services() -> Services:
        raise SettingsError("Mend these app settings: X must be Y.")

    answer = Api(services).health(request_to("health"))

    assert_problem(answer, 500, "settings_invalid")


def test_an_unexpected_fault_is_logged_and_tells_no_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def services() -> Services:
        raise RuntimeError("key=secret")

    with caplog.at_level(logging.ERROR):
        answer = Api(services).health(request_to("health?code=key"))

    assert_problem(answer, 500, "internal_error")
    assert b"secret" not in answer.get_body()
    assert caplog.records[0].exc_info
    assert "code=key" not in str(caplog.records[0].__dict__["path"])


def test_a_problem_says_when_to_come_back() -> None:
    answer = problem(VisionThrottled("Later.", retry_after=timedelta(seconds=1.2)))

    assert answer.headers["Retry-After"] == "2"
    assert document_in(answer)["title"] == "Service Unavailable"
