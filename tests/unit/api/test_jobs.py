"""Jobs in requests."""

import azure.functions as func
import pytest

from captioner.api.jobs import job_in
from captioner.api.queries import number_in
from captioner.errors import InvalidRequest, UnsupportedMediaType
from captioner.jobs import MOST_URLS, JobRequest


def request(body: bytes, content_type: str, **params: str) -> func.HttpRequest:
    return func.HttpRequest(
        "POST", "/api/jobs", headers={"Content-Type": content_type}, params=params, body=body
    )


def text(body: bytes, **params: str) -> JobRequest:
    return job_in(request(body, "text/plain; charset=utf-8", **params))


def test_json_may_have_all_options():
    job = job_in(
        request(
            b'{"directory": "https://x", "save": true, "force": true, "neutral": false,'
            b' "captioners": ["onnx"], "language": "en", "alternatives": 3}',
            "application/json",
        )
    )
    assert job == JobRequest(
        directory="https://x",
        save=True,
        force=True,
        neutral=False,
        captioners=("onnx",),
        language="en",
        alternatives=3,
    )


def test_a_text_has_a_url_a_line_and_its_options_in_the_query():
    job = text(
        b"\xef\xbb\xbfhttps://a\r\n\n  https://b  \n",
        neutral="true",
        captioners="onnx,azure-vision",
        alternatives="3",
        code="the key",
    )
    assert job == JobRequest(
        urls=("https://a", "https://b"),
        neutral=True,
        captioners=("onnx", "azure-vision"),
        alternatives=3,
    )


@pytest.mark.parametrize("params", [{"neutral": "yes"}, {"alternatives": "x"}, {"force": "2"}])
def test_an_option_that_cannot_be_is_told(params):
    with pytest.raises(InvalidRequest):
        text(b"https://a", **params)


def test_any_other_kind_of_body_is_none():
    with pytest.raises(UnsupportedMediaType):
        job_in(request(b"x", "image/png"))


def test_what_is_wrong_is_told_without_what_it_says():
    with pytest.raises(InvalidRequest) as told:
        job_in(request(b'{"directory": ["https://x?sig=secret"]}', "application/json"))
    assert "directory" in told.value.message
    assert "secret" not in told.value.message


@pytest.mark.parametrize(
    "job",
    [
        JobRequest(),
        JobRequest(backfill=True, directory="https://x"),
        JobRequest(directory="https://x", urls=("https://y",)),
        JobRequest(urls=()),
        JobRequest(urls=("https://x",) * (MOST_URLS + 1)),
        JobRequest(urls=("https://x",), save=True),
    ],
    ids=["nothing", "a backfill elsewhere", "two sources", "no URL", "too many", "saved nowhere"],
)
def test_what_cannot_be_a_job_is_refused(job):
    with pytest.raises(InvalidRequest):
        job.checked()


@pytest.mark.parametrize("told", ["0", "-1", "101", "x", "1.5"])
def test_numbers_have_their_limits(told):
    with pytest.raises(InvalidRequest, match="from 1 to 100"):
        number_in(request(b"", "", limit=told), "limit", default=20, most=100)


@pytest.mark.parametrize(
    ("told", "number"), [({}, 20), ({"limit": "1"}, 1), ({"limit": "100"}, 100)]
)
def test_a_number_within_them_is_read(told, number):
    assert number_in(request(b"", "", **told), "limit", default=20, most=100) == number
