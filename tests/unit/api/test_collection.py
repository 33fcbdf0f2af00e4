"""Lists and figures as answers: their ETags, and what cannot be asked."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import azure.functions as func
import msgspec
import pytest

from captioner.api import CollectionApi
from captioner.collection import ImagePage, Quality
from captioner.composition import Services
from tests.support.azurite import Azurite
from tests.support.museum import Museum
from tests.support.records import record_of


@pytest.fixture
def museum(azurite: Azurite, unique_name: Callable[[str], str], tmp_path: Path) -> Iterator[Museum]:
    museum = Museum(azurite, unique_name("captions"), tmp_path)
    with museum.blobs:
        museum.tell(*(record_of(f"{each}.jpg", {"onnx": "a dog"}) for each in range(3)))
        yield museum


@pytest.fixture
def api(museum: Museum) -> CollectionApi:
    services = cast("Services", SimpleNamespace(collection=museum.collection))
    return CollectionApi(lambda: services)


def request(
    params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> func.HttpRequest:
    return func.HttpRequest(
        "GET", "http://localhost/api/images", params=params, headers=headers, body=b""
    )


def known(answer: func.HttpResponse, form: str = "{}") -> dict[str, str]:
    return {"if-none-match": form.format(answer.headers["ETag"])}


def test_a_page_is_as_asked(api: CollectionApi) -> None:
    answer = api.images(request({"limit": "2", "offset": "1", "sort": "name", "status": "machine"}))

    page = msgspec.json.decode(answer.get_body(), type=ImagePage)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert [each.name for each in page.images] == ["1.jpg", "2.jpg"]
    assert (page.total, page.offset, page.limit, page.counts.all) == (3, 1, 2, 3)
    assert page.images[0].created


def test_what_the_client_has_is_not_sent_again(api: CollectionApi, museum: Museum) -> None:
    first = api.images(request())
    for form in ("{}", "W/{}", '"other", {}'):
        same = api.images(request(headers=known(first, form)))
        assert (same.status_code, same.get_body()) == (304, b"")
        assert same.headers["ETag"] == first.headers["ETag"]

    assert api.images(request({"limit": "1"}, known(first))).status_code == 200
    museum.tell(record_of("1.jpg", {"onnx": "a cat"}))
    assert api.images(request(headers=known(first))).status_code == 200


def test_figures_are_told_once_too(api: CollectionApi, museum: Museum) -> None:
    first = api.quality(request())
    assert msgspec.json.decode(first.get_body(), type=Quality) == Quality(0, 0, 0, ())
    assert api.quality(request(headers=known(first))).status_code == 304

    museum.tell(record_of("1.jpg", {"onnx": "a cat"}, status="approved"))

    second = api.quality(request(headers=known(first)))
    assert msgspec.json.decode(second.get_body(), type=Quality).reviewed == 1


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"limit": "0"}, "'limit' must be a whole number from 1 to 200"),
        ({"limit": "201"}, "'limit' must be"),
        ({"limit": "1e1"}, "'limit' must be"),
        ({"offset": "-1"}, "'offset' must be"),
        ({"offset": "1000001"}, "'offset' must be a whole number from 0 to 1,000,000"),
        ({"sort": "oldest"}, "'sort' must be newest, updated, name or review"),
        ({"status": "stale"}, "'status' must be machine, approved, edited or none"),
        ({"review": "true"}, "'review' must be pending"),
        ({"cursor": "x"}, "no 'cursor'"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(api: CollectionApi, query: dict[str, str], told: str) -> None:
    answer = api.images(request(query))

    problem: dict[str, Any] = msgspec.json.decode(answer.get_body())
    assert (answer.status_code, problem["code"]) == (400, "invalid_request")
    assert told in problem["detail"]
