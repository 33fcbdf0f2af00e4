"""Jobs in requests."""

import json

import azure.functions as func
import pytest

from captioner.api.jobs import job_in
from captioner.api.paging import token_in
from captioner.api.requests import JobsQuery, ResultsQuery, read_query, read_renewal
from captioner.errors import (
    ContradictoryRequest,
    InvalidCursor,
    InvalidRequest,
    UnsupportedMediaType,
)
from captioner.jobs import Backfill, JobRequest
from captioner.ondemand import MOST_URLS, ManyUrls, OneDirectory

URL = "https://a"


def request(body: bytes, content_type: str, **params: str) -> func.HttpRequest:
    return func.HttpRequest(
        "POST", "/api/jobs", headers={"Content-Type": content_type}, params=params, body=body
    )


def text(body: bytes, **params: str) -> JobRequest:
    return job_in(request(body, "text/plain; charset=utf-8", **params))


def document(told: object, **params: str) -> JobRequest:
    return job_in(request(json.dumps(told).encode(), "application/json", **params))


def test_json_may_have_all_options():
    options = {"neutral": False, "captioners": ["onnx"], "language": "en", "alternatives": 3}
    told = {"directory": "https://x", "save": True, "force": True, **options}
    assert document(told) == OneDirectory(
        directory="https://x",
        save=True,
        force=True,
        neutral=False,
        captioners=("onnx",),
        language="en",
        alternatives=3,
    )


def test_a_backfill_may_have_captioners_and_force():
    job = document({"backfill": True, "force": True, "captioners": ["onnx"]})
    assert job == Backfill(backfill=True, force=True, captioners=("onnx",))


def test_a_text_has_a_url_a_line_and_its_options_in_the_query():
    job = text(
        b"\xef\xbb\xbfhttps://a\r\n\n  https://b  \n",
        neutral="true",
        captioners="onnx,azure-vision",
        alternatives="3",
        language="es",
        code="the key",
    )
    assert job == ManyUrls(
        urls=("https://a", "https://b"),
        neutral=True,
        captioners=("onnx", "azure-vision"),
        alternatives=3,
        language="es",
    )


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"neutral": "yes"}, "'neutral' must be true"),
        ({"alternatives": "x"}, "'alternatives' must be"),
        ({"force": "true"}, "There is no 'force'"),
        ({"save": "true"}, "There is no 'save'"),
    ],
)
def test_an_option_that_cannot_be_is_told(params, told):
    with pytest.raises(InvalidRequest, match=told):
        text(b"https://a", **params)


def test_options_beside_json_are_not_overlooked():
    with pytest.raises(ContradictoryRequest, match="Put 'neutral' into the JSON"):
        document({"urls": [URL]}, neutral="true")


def test_any_other_kind_of_body_is_none():
    with pytest.raises(UnsupportedMediaType):
        job_in(request(b"x", "image/png"))


def test_what_is_wrong_is_told_without_what_it_says():
    with pytest.raises(InvalidRequest, match="'directory' must be") as told:
        document({"directory": ["https://x?sig=secret"]})
    assert "secret" not in told.value.message


@pytest.mark.parametrize(
    "job",
    [
        {},
        {"backfill": True, "directory": "https://x"},
        {"directory": "https://x", "urls": [URL]},
        {"urls": []},
        {"urls": [URL] * (MOST_URLS + 1)},
        {"urls": [URL], "save": True},
        {"urls": [URL], "force": True},
        {"backfill": False},
        {"backfill": True, "save": True},
        {"backfill": True, "language": "es"},
        {"backfill": True, "model_older_than": ""},
        {"url": URL},
    ],
    ids=lambda job: str(job)[:40],
)
def test_what_cannot_be_a_job_is_refused(job):
    with pytest.raises(InvalidRequest):
        document(job)


@pytest.mark.parametrize("beside", [{"force": True}, {"captioners": ["azure-vision"]}])
def test_what_does_not_go_with_the_models_age_is_told(beside):
    with pytest.raises(ContradictoryRequest, match="'model_older_than'"):
        document({"backfill": True, "model_older_than": "1f", **beside})


@pytest.mark.parametrize("body", [b"", b"\xff"], ids=repr)
def test_a_text_that_is_no_list_of_urls_is_refused(body):
    with pytest.raises(InvalidRequest):
        text(body)


@pytest.mark.parametrize("told", ["0", "-1", "101", "x", "1.5", "9" * 5000])
def test_numbers_have_their_limits(told):
    with pytest.raises(InvalidRequest, match="'limit' must be a whole number from 1 to 100,"):
        read_query({"limit": told}, JobsQuery)


@pytest.mark.parametrize(
    ("told", "number"), [({}, 20), ({"limit": "1"}, 1), ({"limit": "100"}, 100)]
)
def test_a_number_within_them_is_read(told, number):
    assert read_query(told, JobsQuery).limit == number


def test_results_may_be_a_thousand_at_once():
    assert read_query({}, ResultsQuery) == ResultsQuery(cursor="", limit=100)
    assert read_query({"limit": "1000", "cursor": "0-0-1-2"}, ResultsQuery) == ResultsQuery(
        cursor="0-0-1-2", limit=1000
    )
    with pytest.raises(InvalidRequest, match="There is no 'offset'"):
        read_query({"offset": "1"}, ResultsQuery)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"directory": 1}', b'{"director": "x"}', b"{"])
def test_what_renews_nothing_is_told(body):
    with pytest.raises(InvalidRequest):
        read_renewal(body)


def test_a_renewal_does_not_show_its_secret():
    renewal = read_renewal(b'{"directory": "https://a?sig=secret"}')
    assert renewal.directory == "https://a?sig=secret"
    assert "secret" not in repr(renewal)


@pytest.mark.parametrize("cursor", ["AAAA", "YWJj!", "é", "=", "/w=="], ids=repr)
def test_a_cursor_that_was_never_given_is_told(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        token_in(cursor)


def test_a_cursor_is_what_was_given() -> None:
    assert token_in("") is None
    assert token_in("MiE4OCE-Pz8_") == "2!88!>???"
