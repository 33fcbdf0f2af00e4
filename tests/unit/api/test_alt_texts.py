"""What people decide, over HTTP: preconditions, bodies, names, and who is signed in."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import azure.functions as func
import msgspec
import pytest

from captioner.api import AltTextApi
from captioner.composition import Services, build_services
from captioner.records import from_json
from captioner.settings import Settings, StorageConnection
from tests.support.azurite import Azurite
from tests.support.records import record_of

NAME = "attic/dog.jpg"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def services(
    azurite: Azurite, tmp_path: Path, unique_name: Callable[[str], str]
) -> Iterator[Services]:
    settings = Settings(
        images_container=unique_name("images"),
        captions_container=unique_name("captions"),
        model_dir=tmp_path,  # no bundle there
    )
    connection = StorageConnection(connection_string=azurite.connection_string)
    services = build_services(settings, connection)
    with services.store:
        services.store.ensure_containers()
        yield services


@pytest.fixture
def api(services: Services) -> AltTextApi:
    return AltTextApi(lambda: services)


@pytest.fixture
def etag(services: Services) -> str:
    """The version of the record of an image that nobody has looked at."""
    captions = {"onnx": "a dog runs", "azure-vision": "a brown dog"}
    return services.store.put_record(record_of(NAME, captions), None)


def request_of(
    method: str, headers: Mapping[str, str], body: bytes = b"", name: str = NAME
) -> func.HttpRequest:
    return func.HttpRequest(
        method,
        f"http://localhost/api/alt-text/{name}",
        headers=headers,
        params={},
        route_params={"name": name},
        body=body,
    )


def put(etag: str, body: bytes = b'{"text": "Rex"}', **headers: str) -> func.HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request_of("PUT", {"If-Match": etag, **JSON, **named}, body)


def document_in(answer: func.HttpResponse) -> Any:
    return msgspec.json.decode(answer.get_body())


def problem_in(answer: func.HttpResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, document_in(answer)["code"]


def test_an_edit_answers_with_the_record_and_its_new_version(
    api: AltTextApi, services: Services, etag: str
) -> None:
    answer = api.publish(put(etag))

    assert answer.status_code == 200
    stored = services.store.get_record(NAME)
    assert (from_json(answer.get_body()), answer.headers["ETag"]) == stored
    assert stored[1] != etag
    assert answer.headers["Cache-Control"] == "no-cache"
    assert document_in(answer)["alt_text"]["text"] == "Rex"


@pytest.mark.parametrize("form", ["{etag}", "W/{etag}", '"0x0", {etag}', '"0x0",W/{etag} ', "*"])
def test_every_form_of_the_precondition_is_understood(
    api: AltTextApi, etag: str, form: str
) -> None:
    assert api.publish(put(form.format(etag=etag))).status_code == 200


@pytest.mark.parametrize("form", ['"0x0"', 'W/"0x0"', '"0x0", "0x1"', '"*"', '""'])
def test_another_version_is_a_conflict_and_the_present_one_is_told(
    api: AltTextApi, services: Services, etag: str, form: str
) -> None:
    before = services.store.get_record(NAME)

    for answer in (
        api.publish(put(form)),
        api.hand_back(request_of("DELETE", {"If-Match": form})),
        api.delete_image(request_of("DELETE", {"If-Match": form})),
    ):
        assert problem_in(answer) == (412, "edit_conflict")
        current = document_in(answer)["current"]
        assert current["etag"] == etag
        assert current["alt_text"]["text"] == "a dog runs"
    assert services.store.get_record(NAME) == before


@pytest.mark.parametrize("headers", [{}, {"If-Match": ""}, {"If-Match": "  "}])
def test_an_edit_without_a_version_is_refused(
    api: AltTextApi, etag: str, headers: dict[str, str]
) -> None:
    assert etag
    edit = request_of("PUT", {**JSON, **headers}, b'{"text": "Rex"}')
    assert problem_in(api.publish(edit)) == (428, "precondition_missing")
    back = request_of("DELETE", headers)
    assert problem_in(api.hand_back(back)) == (428, "precondition_missing")


@pytest.mark.parametrize(
    "form", ["0x0", "{}", ",", '"', '"0x0', '*, "0x0"', 'w/"0x0"', '"é"', '"a" "b"']
)
def test_a_version_that_is_none_is_refused(api: AltTextApi, etag: str, form: str) -> None:
    assert etag
    assert problem_in(api.publish(put(form))) == (400, "invalid_request")
    assert problem_in(api.delete_image(put(form))) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Rex",
        b'"Rex"',
        b"[]",
        b"{}",
        b'{"text": null}',
        b'{"text": 7}',
        b'{"text": ["Rex"]}',
        b'{"text": ""}',
        b'{"text": " \\n\\u0000\\u202e"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\xff"}',
        b'{"text": "Rex", "status": "approved"}',
        b'{"text": "' + b"x" * 251 + b'"}',
        b'{"text": ' + b"[" * 10_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_text_is_refused(
    api: AltTextApi, services: Services, etag: str, body: bytes
) -> None:
    assert problem_in(api.publish(put(etag, body))) == (400, "invalid_request")
    assert services.store.get_record(NAME)[1] == etag


@pytest.mark.parametrize("declared", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_text_comes_as_json(api: AltTextApi, etag: str, declared: str) -> None:
    answer = api.publish(put(etag, Content_Type=declared))
    assert problem_in(answer) == (415, "unsupported_media_type")


class TestWho:
    """Anybody can send a header; only the platform's own counts."""

    def by(self, api: AltTextApi, person: str) -> str | None:
        answer = api.publish(put("*", X_MS_CLIENT_PRINCIPAL_NAME=person))
        by: str | None = document_in(answer)["alt_text"]["by"]
        return by

    def test_nobody_signs_where_nobody_signs_in(
        self, api: AltTextApi, etag: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert etag
        monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
        assert self.by(api, "eve@example.org") is None
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "False")
        assert self.by(api, "eve@example.org") is None

    def test_who_is_signed_in_signs(
        self, api: AltTextApi, etag: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert etag
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
        assert self.by(api, "ada@example.org") == "ada@example.org"
        assert self.by(api, " ") is None
        assert self.by(api, "Ada\u202e\x07 Byron") == "Ada Byron"


def test_without_a_bundle_the_text_is_handed_back_all_the_same(api: AltTextApi, etag: str) -> None:
    """As captioning without a threshold would choose."""
    api.publish(put(etag))

    answer = api.hand_back(request_of("DELETE", {"If-Match": "*"}))

    assert answer.status_code == 200
    alt_text = document_in(answer)["alt_text"]
    assert (alt_text["source"], alt_text["status"]) == ("azure-vision", "machine")
    assert [each["text"] for each in document_in(answer)["history"]] == ["Rex", "a dog runs"]


def test_history_is_told_of_what_is_there_and_of_what_was_deleted(
    api: AltTextApi, etag: str
) -> None:
    api.publish(put(etag))
    asked = request_of("GET", {})

    there = document_in(api.history(asked))
    assert (there["name"], there["deleted"]) == (NAME, False)
    assert [each["text"] for each in there["versions"]] == ["Rex", "a dog runs"]

    gone = api.delete_image(request_of("DELETE", {}))
    assert (gone.status_code, gone.get_body()) == (204, b"")
    assert document_in(api.history(asked)) == {**there, "deleted": True}


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ("publish", "record_not_found"),
        ("hand_back", "record_not_found"),
        ("history", "nothing_kept"),
        ("delete_image", "image_not_found"),
    ],
)
def test_what_there_is_not_is_404(api: AltTextApi, act: str, code: str) -> None:
    answer = getattr(api, act)(put("*"))
    assert problem_in(answer) == (404, code)


@pytest.mark.parametrize("name", ["../secret.json", "a\\b.jpg", "x" * 1025, "", "\ud800.jpg"])
@pytest.mark.parametrize("act", ["publish", "hand_back", "history", "delete_image"])
def test_a_name_that_no_image_can_have_is_refused(api: AltTextApi, act: str, name: str) -> None:
    body = b'{"text": "Rex"}'
    request = request_of("PUT", {"If-Match": "*", **JSON}, body, name)
    assert problem_in(getattr(api, act)(request)) == (400, "invalid_request")
