"""What requests for captions may say, and what they are told to mend."""

import json
from typing import Any

import msgspec
import pytest

from captioner.api.requests import (
    LARGEST_TEXT,
    JobsQuery,
    ListQuery,
    Query,
    Renewal,
    ResultsQuery,
    SearchQuery,
    read_asked,
    read_job,
    read_query,
    read_urls,
)
from captioner.errors import ContradictoryRequest, InvalidRequest, RequestTooLarge
from captioner.jobs import Backfill
from captioner.ondemand import MOST_URLS, ManyUrls, OneDirectory, OneUrl

URL = "https://example.org/a.jpg"
SECRET = "sv=1&sig=s3cret"


def read(document: Any, **query: str) -> OneUrl | ManyUrls | OneDirectory:
    return read_asked(json.dumps(document).encode(), query)


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        ({"url": URL}, OneUrl(url=URL)),
        ({"urls": [URL]}, ManyUrls(urls=(URL,))),
        ({"directory": URL}, OneDirectory(directory=URL, save=False, force=False)),
        (
            {"directory": URL, "save": True, "force": True},
            OneDirectory(directory=URL, save=True, force=True),
        ),
        (
            {
                "urls": [URL, URL],
                "captioners": ["azure-vision", "onnx"],
                "language": "zh-Hant",
                "alternatives": 10,
                "neutral": False,
            },
            ManyUrls(
                urls=(URL, URL),
                captioners=("azure-vision", "onnx"),
                language="zh-Hant",
                alternatives=10,
                neutral=False,
            ),
        ),
        ({"url": URL, "language": None, "alternatives": 0}, OneUrl(url=URL, alternatives=0)),
    ],
)
def test_json_of_every_form(document: Any, asked: object) -> None:
    assert read(document) == asked


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, Query()),
        ({"name": "1"}, Query(name="1")),
        ({"captioners": "onnx"}, Query(captioners=("onnx",))),
        ({"captioners": "onnx,azure-vision"}, Query(captioners=("onnx", "azure-vision"))),
        ({"language": "es", "alternatives": "3"}, Query(language="es", alternatives=3)),
        ({"neutral": "true"}, Query(neutral=True)),
        ({"neutral": "False"}, Query(neutral=False)),
        ({"neutral": "", "language": ""}, Query()),
        ({"code": "key", "clientId": "default"}, Query()),
    ],
)
def test_the_query(query: dict[str, str], asked: Query) -> None:
    assert read_query(query, Query) == asked


CAPTIONERS = "'captioners' must be the captioners to ask: onnx, azure-vision or both"
LANGUAGE = "'language' must be the tag of a language"
ALTERNATIVES = "'alternatives' must be a whole number from 0 to 10, of further captions at most"
NEUTRAL = "'neutral' must be true"


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"captioners": ["gpt"]}, CAPTIONERS),
        ({"captioners": []}, CAPTIONERS),
        ({"captioners": "onnx"}, CAPTIONERS),
        ({"language": "English"}, LANGUAGE),
        ({"language": "EN"}, LANGUAGE),
        ({"language": 1}, LANGUAGE),
        ({"alternatives": 11}, ALTERNATIVES),
        ({"alternatives": -1}, ALTERNATIVES),
        ({"alternatives": 1.5}, ALTERNATIVES),
        ({"alternatives": "3"}, ALTERNATIVES),
        ({"neutral": "true"}, NEUTRAL),
        ({"neutral": 1}, NEUTRAL),
        ({"langauge": "es"}, "There is no 'langauge' in this request; it may have"),
    ],
)
@pytest.mark.parametrize("form", [{"url": URL}, {"urls": [URL]}, {"directory": URL}])
def test_a_wrong_option_is_told_in_every_form(form: Any, wish: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read(form | wish)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"captioners": "onnx,gpt"}, CAPTIONERS),
        ({"language": "English"}, LANGUAGE),
        ({"alternatives": "11"}, ALTERNATIVES),
        ({"alternatives": "three"}, ALTERNATIVES),
        ({"alternatives": "9" * 5000}, ALTERNATIVES),
        ({"neutral": "1"}, NEUTRAL),
        ({"neutral": "true,false"}, NEUTRAL),
        ({"save": "true"}, "There is no 'save' in this request"),
        ({"url": URL}, "There is no 'url' in this request"),
    ],
)
def test_a_wrong_option_in_the_query_is_told(query: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read_query(query, Query)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({"q": "a red car"}, SearchQuery(q="a red car", limit=20, offset=0)),
        ({"q": "1", "limit": "100"}, SearchQuery(q="1", limit=100)),
        ({"q": "a", "offset": "100000"}, SearchQuery(q="a", offset=100_000)),
        (
            {"q": "a", "source": "onnx", "status": "none"},
            SearchQuery(q="a", source="onnx", status="none"),
        ),
        ({"q": "a", "source": "", "status": "", "code": "key"}, SearchQuery(q="a")),
    ],
)
def test_the_query_of_a_search(query: dict[str, str], asked: SearchQuery) -> None:
    assert read_query(query, SearchQuery) == asked


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"limit": "0"}, "'limit' must be a whole number from 1 to 100, of images"),
        ({"limit": "101"}, "'limit' must be a whole number from 1 to 100, of images"),
        ({"limit": "1e1"}, "'limit' must be"),
        ({"limit": "\u0663"}, "'limit' must be"),
        ({"offset": "-1"}, "'offset' must be a whole number from 0 to 100,000"),
        ({"offset": "100001"}, "'offset' must be a whole number from 0 to 100,000"),
        ({"query": "a"}, "There is no 'query' in this request; it may have 'q', 'limit'"),
    ],
)
def test_a_wrong_query_of_a_search_is_told(wish: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read_query({"q": "a"} | wish, SearchQuery)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "exactly one"),
        ({"name": "a"}, "exactly one"),
        ({"url": URL, "urls": [URL]}, "exactly one"),
        ([URL], "must be an object"),
        (None, "must be an object"),
        ({"url": [URL]}, "'url' must be the https URL of an image"),
        ({"url": None}, "'url' must be"),
        ({"urls": URL}, "'urls' must be a list of 1 to 100,000"),
        ({"urls": []}, "'urls' must be a list of 1 to 100,000"),
        ({"urls": [URL, 1]}, "'urls' must be a list of 1 to 100,000"),
        ({"urls": [""] * (MOST_URLS + 1)}, "'urls' must be a list of 1 to 100,000"),
        ({"directory": 1}, "'directory' must be the URI of a container or directory"),
        ({"directory": URL, "save": "yes"}, "'save' must be true"),
        ({"directory": URL, "force": None}, "'force' must be true"),
        ({"url": URL, "save": True}, "There is no 'save'"),
        ({"urls": [URL], "force": True}, "There is no 'force'"),
        ({"url": URL, f"https://h/?{SECRET}": 1}, "something unknown"),
    ],
)
def test_a_wrong_form_is_told(document: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as fault:
        read(document)
    assert "s3cret" not in str(fault.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"url=1", b"\xff\xfe", b'{"url": "\xff"}', b'{"url": "\\ud800"}', b"[" * 100_000],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="JSON"):
        read_asked(body, {})


def test_options_beside_json_are_not_overlooked() -> None:
    with pytest.raises(ContradictoryRequest, match="Put 'language' into the JSON"):
        read({"url": URL}, language="es")
    assert read({"url": URL}, code="key") == OneUrl(url=URL)


def test_a_number_without_a_fraction_is_whole() -> None:
    assert read({"url": URL, "alternatives": 7.0}) == OneUrl(url=URL, alternatives=7)
    with pytest.raises(InvalidRequest, match="'alternatives' must be"):
        read({"url": URL, "alternatives": 7.5})


@pytest.mark.parametrize("wish", [{"language": "es"}, {"alternatives": 0}, {"neutral": False}])
def test_our_own_records_are_made_as_the_settings_say(wish: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=f"no '{next(iter(wish))}' in this request"):
        read_job(msgspec.json.encode({"backfill": True, **wish}), {})


def test_too_much_text_is_not_read() -> None:
    body = b" " * (LARGEST_TEXT + 1)
    with pytest.raises(RequestTooLarge, match="32 MiB"):
        read_asked(body, {})
    with pytest.raises(RequestTooLarge, match="32 MiB"):
        read_urls(body, {})


@pytest.mark.parametrize(
    "form",
    [
        *(OneUrl, ManyUrls, OneDirectory, Backfill, Renewal),
        *(Query, ListQuery, JobsQuery, ResultsQuery, SearchQuery),
    ],
)
def test_every_field_is_described_in_the_schema(form: type) -> None:
    schema = msgspec.json.schema(form)["$defs"][form.__name__]

    assert schema["additionalProperties"] is False
    assert all(each["description"] for each in schema["properties"].values())
