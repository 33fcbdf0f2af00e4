"""What requests of storage are charged as."""

import pytest

from benchmarks.per_image import kind_of

ACCOUNT = "/devstoreaccount1"


@pytest.mark.parametrize(
    ("method", "url", "kind"),
    [
        ("GET", "/images/a.jpg", "read"),
        ("HEAD", "/images/a.jpg", "read"),
        ("PUT", "/captions/a.jpg.json", "write"),
        ("PUT", "/captions/.catalogue/log/1.ndjson?comp=appendblock", "write"),
        ("GET", "/captions?restype=container&comp=list", "write"),
        ("DELETE", "/images/a.jpg", "free"),
        ("POST", "/captioner-retry/messages?visibilitytimeout=60", "queue"),
        ("DELETE", "/captioner-retry/messages/1?popreceipt=x", "queue"),
    ],
)
def test_requests_are_told_apart_by_what_they_cost(method, url, kind):
    assert kind_of(method, ACCOUNT + url) == kind
