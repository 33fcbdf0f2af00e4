"""Every answer that is no caption becomes one error: the right kind, in words, without secrets."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from captioner.errors import (
    VisionBadResponse,
    VisionRejected,
    VisionThrottled,
    VisionUnauthorized,
    VisionUnavailable,
)
from captioner.vision.faults import fault_of

PERMANENT = [
    "InvalidRequest",
    "InvalidArgument",
    "InvalidImageFormat",
    "InvalidImageSize",
    "InvalidImageUrl",
    "NotSupportedImage",
    "UnsupportedMediaType",
    "NotSupportedLanguage",
]
PASSING = ["FailedToProcess", "Timeout", "InternalServerError", "ServiceUnavailable"]


def nested(code, message="", inner=None) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "innererror": inner}}).encode()


def flat(code, message="") -> bytes:
    return json.dumps({"code": code, "requestId": "1", "message": message}).encode()


@pytest.mark.parametrize("shape", [nested, flat])
@pytest.mark.parametrize("code", PERMANENT)
def test_what_the_service_will_never_take_is_rejected(shape, code):
    fault = fault_of(400, {}, shape(code))
    assert type(fault) is VisionRejected
    assert code in fault.message
    assert fault.permanent


@pytest.mark.parametrize("shape", [nested, flat])
@pytest.mark.parametrize("code", PASSING)
@pytest.mark.parametrize("status", [400, 500, 503])
def test_what_may_pass_is_unavailable_whatever_the_status(shape, code, status):
    fault = fault_of(status, {}, shape(code))
    assert type(fault) is VisionUnavailable
    assert code in fault.message
    assert not fault.permanent


def test_the_inner_code_decides():
    passing = nested("InvalidRequest", inner={"code": "Timeout", "message": ""})
    assert type(fault_of(400, {}, passing)) is VisionUnavailable
    lasting = nested("InvalidRequest", inner={"code": "InvalidImageSize", "message": ""})
    assert "InvalidImageSize" in fault_of(400, {}, lasting).message


def test_an_unknown_inner_code_leaves_it_to_the_outer():
    body = nested("InvalidImageFormat", inner={"code": "Novelty", "message": ""})
    assert "InvalidImageFormat" in fault_of(400, {}, body).message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, VisionBadResponse),
        (400, VisionBadResponse),
        (401, VisionUnauthorized),
        (403, VisionUnauthorized),
        (404, VisionBadResponse),
        (408, VisionUnavailable),
        (413, VisionRejected),
        (415, VisionRejected),
        (429, VisionThrottled),
        (500, VisionUnavailable),
        (502, VisionUnavailable),
        (503, VisionUnavailable),
        (504, VisionUnavailable),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b'{"error": null}',
        b'{"error": "text"}',
        b'{"error": {"code": null, "innererror": null}}',
        b'{"error": {"code": {}, "message": []}}',
        b'{"error": {"co',
        b"<html><h1>Bad gateway</h1></html>",
        b"\xff\xfe\x00",
        nested("Novelty"),
        nested(429),
    ],
)
def test_without_a_known_code_the_status_decides(status, kind, body):
    assert type(fault_of(status, {}, body)) is kind


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Requests have exceeded the rate limit. Please retry after 55 seconds.", 55),
        ("Please retry after 1 second.", 1),
        ("Please RETRY AFTER 3 Minutes.", 180),
        ("Out of call volume quota. Please retry after 15 days.", 15 * 24 * 3600),
    ],
)
@pytest.mark.parametrize("shape", [nested, flat])
@pytest.mark.parametrize("status", [403, 429])
def test_the_message_may_say_when_to_come_back(shape, status, message, seconds):
    fault = fault_of(status, {}, shape(str(status), message))
    assert type(fault) is VisionThrottled
    assert fault.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [429, 503])
def test_the_header_says_it_in_seconds_and_goes_before_the_message(status):
    body = nested(str(status), "Please retry after 55 seconds.")
    assert fault_of(status, {"Retry-After": " 7 "}, body).retry_after == timedelta(seconds=7)


def test_the_header_may_be_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    retry_after = fault_of(429, {"Retry-After": date}, b"").retry_after
    assert timedelta(minutes=50) < retry_after <= timedelta(hours=1)


def test_a_date_that_has_passed_means_now():
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    assert fault_of(429, {"Retry-After": date}, b"").retry_after == timedelta(0)


@pytest.mark.parametrize("header", ["", "soon", "-3", "1e9", "nan", "9" * 40, "21 Oct 2015 07:28"])
def test_a_header_that_says_nothing_is_overlooked(header):
    assert fault_of(429, {"Retry-After": header}, b"").retry_after is None
    body = flat("429", "Please retry after 55 seconds.")
    assert fault_of(429, {"Retry-After": header}, body).retry_after == timedelta(seconds=55)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("999999999", ""),
        ("Fri, 31 Dec 9999 23:59:59 GMT", ""),
        ("", "Please retry after 999999999 days."),
    ],
)
def test_nobody_is_told_to_come_back_after_more_than_a_month(header, message):
    fault = fault_of(429, {"Retry-After": header}, nested("429", message))
    assert fault.retry_after == timedelta(days=31)


def test_a_body_nested_without_end_is_overlooked():
    assert type(fault_of(500, {}, b'{"error":{"innererror":' * 100_000)) is VisionUnavailable


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_nothing_of_the_body_reaches_the_message(status):
    secret = "0123456789abcdef0123456789abcdef"
    body = json.dumps(
        {"error": {"code": secret, "message": secret, "innererror": {"code": secret}}}
    ).encode()
    fault = fault_of(status, {"Retry-After": secret}, body)
    assert secret not in str(fault)
    assert secret not in repr(fault)
