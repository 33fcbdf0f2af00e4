"""Exports over HTTP: what is asked, and the headers of the answer."""

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest
from requests.utils import parse_header_links
from werkzeug.http import parse_options_header

from captioner.api import ExportApi
from captioner.collection import Filters
from captioner.errors import RecordNotFound
from captioner.exports import Part
from captioner.records import CaptionRecord
from tests.support.exported import CANVAS, machine, silent


class Stock:
    """Exports of a few records; remembers how it was asked for a part."""

    canvas = CANVAS

    def __init__(self, *records: CaptionRecord) -> None:
        self._records = {record.image.name: record for record in records}
        self.asked: list[tuple[Filters, str | None, int]] = []

    def one(self, name: str) -> CaptionRecord:
        if name not in self._records:
            raise RecordNotFound("There is none.")
        return self._records[name]

    def named(self, names: Any) -> list[CaptionRecord]:
        return [self.one(name) for name in names]

    def part(self, filters: Filters, *, after: str | None, limit: int) -> Part:
        self.asked.append((filters, after, limit))
        names = sorted(name for name in self._records if after is None or name > after)
        following = names[limit - 1] if len(names) > limit else None
        return Part([self._records[name] for name in names[:limit]], following)


STOCK = (machine("a.jpg"), machine("b\u200f ü.jpg"), silent("c.jpg"))


@pytest.fixture
def stock() -> Stock:
    return Stock(*STOCK)


@pytest.fixture
def api(stock: Stock) -> ExportApi:
    return ExportApi(lambda: SimpleNamespace(exports=stock))


def get(api: ExportApi, **params: str) -> func.HttpResponse:
    return api.get(func.HttpRequest("GET", "/api/export", params=params, body=b""))


def post(
    api: ExportApi, told: object, content_type: str = "application/json", **params: str
) -> func.HttpResponse:
    return api.post(
        func.HttpRequest(
            "POST",
            "/api/export",
            headers={"Content-Type": content_type},
            params=params,
            body=json.dumps(told).encode(),
        )
    )


def code(answer: func.HttpResponse) -> tuple[int, str]:
    return answer.status_code, json.loads(answer.get_body())["code"]


def next_query(answer: func.HttpResponse) -> dict[str, str]:
    links = parse_header_links(answer.headers.get("Link", ""))
    return dict(parse_qsl(urlsplit(links[0]["url"]).query)) if links else {}


def test_parts_follow_each_other_by_their_links(api: ExportApi, stock: Stock) -> None:
    whole = get(api, format="csv").get_body()
    bodies, query = [], {"format": "csv", "limit": "1", "status": "machine"}
    while query:
        answer = get(api, **query)
        bodies.append(answer.get_body())
        query = next_query(answer)

    assert len(bodies) == 3
    assert b"".join(bodies) == whole
    assert [after for _, after, _ in stock.asked[1:]] == [None, "a.jpg", "b\u200f ü.jpg"]
    assert {filters.status for filters, _, _ in stock.asked[1:]} == {"machine"}


def test_a_file_is_to_be_kept_and_never_a_page_of_this_site(api: ExportApi) -> None:
    answer = get(api, format="html")

    assert answer.headers["Content-Disposition"] == "attachment; filename=alt-texts.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["Captioner-Left-Out"] == "1"
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("attic/dog.jpg", "dog.jpg.xmp"),
        ('a";x="b.jpg', "a_;x=_b.jpg.xmp"),
        ("a\r\nSet-Cookie: x.jpg", "a__Set-Cookie_ x.jpg.xmp"),
        ("ü 写真.jpg", "ü 写真.jpg.xmp"),
        ("50%.jpg", "50%.jpg.xmp"),
        ("../..", "_.xmp"),
    ],
)
def test_names_of_files_are_harmless(name: str, shown: str) -> None:
    api = ExportApi(lambda: SimpleNamespace(exports=Stock(machine(name))))
    header = get(api, format="xmp", name=name).headers["Content-Disposition"]

    kind, options = parse_options_header(header)

    assert header.isascii()
    assert header.isprintable()
    assert (kind, options) == ("attachment", {"filename": shown})


def test_one_image_is_one_file(api: ExportApi) -> None:
    for answer in (
        get(api, format="xmp", name="a.jpg"),
        post(api, {"format": "xmp", "names": ["a.jpg"]}),
    ):
        assert answer.mimetype == "application/rdf+xml"
        assert answer.get_body().startswith(b"<?xpacket")


def test_a_selection_keeps_its_order(api: ExportApi) -> None:
    answer = post(api, {"format": "jsonl", "names": ["c.jpg", "a.jpg"]})

    names = [json.loads(line)["image"]["name"] for line in answer.get_body().splitlines()]
    assert names == ["c.jpg", "a.jpg"]


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        ({}, (400, "invalid_request")),
        ({"format": "pdf"}, (400, "invalid_request")),
        ({"format": "csv", "limit": "0"}, (400, "invalid_request")),
        ({"format": "csv", "limit": "5001"}, (400, "invalid_request")),
        ({"format": "csv", "sort": "name"}, (400, "invalid_request")),
        ({"format": "csv", "status": "odd"}, (400, "invalid_request")),
        ({"format": "csv", "review": "all"}, (400, "invalid_request")),
        ({"format": "csv", "cursor": "!"}, (422, "invalid_cursor")),
        ({"format": "csv", "name": "a.jpg", "prefix": "a"}, (422, "contradictory_request")),
        ({"format": "csv", "name": "a.jpg", "cursor": "eA=="}, (422, "contradictory_request")),
        ({"format": "csv", "name": "lost.jpg"}, (404, "record_not_found")),
        ({"format": "xmp", "name": "c.jpg"}, (422, "no_alt_text")),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(
    api: ExportApi, params: dict[str, str], answer: tuple[int, str]
) -> None:
    assert code(get(api, **params)) == answer


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ([], (400, "invalid_request")),
        ({"format": "csv"}, (400, "invalid_request")),
        ({"format": "csv", "names": []}, (400, "invalid_request")),
        ({"format": "csv", "names": [""]}, (400, "invalid_request")),
        ({"format": "csv", "names": ["a"] * 5001}, (400, "invalid_request")),
        ({"format": "csv", "names": ["a"], "limit": 3}, (400, "invalid_request")),
        ({"format": "csv", "names": ["lost.jpg"]}, (404, "record_not_found")),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_cannot_be_selected_is_told(
    api: ExportApi, told: object, answer: tuple[int, str]
) -> None:
    assert code(post(api, told)) == answer


def test_a_selection_is_json_and_all_of_it(api: ExportApi) -> None:
    told = {"format": "csv", "names": ["a.jpg"]}
    assert code(post(api, told, "text/plain")) == (415, "unsupported_media_type")
    assert code(post(api, told, limit="3")) == (422, "contradictory_request")
