"""Credentials are taken out of queries and log lines, and nothing else is."""

import logging

import pytest

from captioner.errors import InvalidUrl
from captioner.sources import Sources
from captioner.sources.redaction import (
    name_without_credentials,
    silence_queries,
    without_credentials,
)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ""),
        ("size=large&page=2", "size=large&page=2"),
        ("sp=1&st=2&se=3", "sp=1&st=2&se=3"),  # without a signature anybody's
        ("sv=2025&ss=b&srt=co&sp=rl&se=2026&sig=s3cret&size=l", "size=l"),
        ("skoid=a&sktid=b&sig=s3cret", ""),
        ("X-Amz-Signature=s3cret&X-Amz-Credential=s3cret&x=1", "x=1"),
        ("X-Amz-Security-Token=s3cret&AWSAccessKeyId=s3cret&Expires=1", "Expires=1"),
        ("X-Goog-Signature=s3cret&GoogleAccessId=s3cret", ""),
        ("Policy=s3cret&Signature=s3cret&Key-Pair-Id=s3cret", ""),
        ("code=s3cret&postcode=1234", "postcode=1234"),
        ("access_token=s3cret&api_key=s3cret&apiKey=s3cret&subscription-key=s3cret", ""),
        ("password=s3cret&pwd=s3cret&client_secret=s3cret&jwt=s3cret&JSESSIONID=s3cret", ""),
        ("s%69g=s3cret&a=1", "a=1"),
        ("a=1;sig=s3cret;b=2", "a=1&b=2"),
        ("SIG=s3cret", ""),
        ("a=%20b+c&d", "a=%20b+c&d"),
        ("url=https%3A%2F%2Fa.example%2Fb.jpg%3Fsv%3D1%26sig%3Ds3cret&w=2", "w=2"),
        ("url=https%253A%252F%252Fa.example%252Fb.jpg%253Fsig%253Ds3cret", ""),
        ("a=1%26sig%3Ds3cret", ""),
        ("x=/?sig=s3cret", ""),
        (
            "url=https%3A%2F%2Fa.example%2Fb.jpg%3Fsize%3D2",
            "url=https%3A%2F%2Fa.example%2Fb.jpg%3Fsize%3D2",
        ),
    ],
)
def test_what_opens_something_is_left_out(query: str, shown: str) -> None:
    assert without_credentials(query) == shown


@pytest.mark.parametrize(
    "logger",
    [
        "azure.core.pipeline.policies.http_logging_policy",
        "azure.storage.blob._shared.policies",
        "urllib3.connection",
        "urllib3.connectionpool",
    ],
)
def test_libraries_log_urls_without_their_queries(
    logger: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    silence_queries()
    silence_queries()
    url = "https://a/b?sig=s3cret"
    try:
        raise ValueError(url)
    except ValueError:
        logging.getLogger(logger).warning("'%s' %d", url, 5, exc_info=True)
        logging.getLogger(logger).debug(url)
        logging.getLogger(logger).debug("%(url)s", {"url": url})

    assert caplog.messages == ["'https://a/b?…' 5", "https://a/b?…", "https://a/b?…"]
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "b.jpg%3Fsv%3D2022%26sig%3Ds3cret",
        "b.jpg%253Fsv%253D2022%2526sig%253Ds3cret",
        "b.jpg;sig=s3cret",
        "b.jpg%3Bjsessionid=s3cret",
    ],
)
def test_what_opens_something_is_left_out_of_a_path(path: str) -> None:
    facts = Sources.facts_of(f"https://museum.example/attic/{path}")

    assert (facts.name, facts.url) == ("b.jpg", "https://museum.example/attic/b.jpg")


@pytest.mark.parametrize("path", ["a;b=1.jpg", "50%25%20off%3F.jpg", "d%C3%A9j%C3%A0+vu.jpg"])
def test_a_path_without_secrets_stays_as_it_is(path: str) -> None:
    assert Sources.facts_of(f"https://museum.example/{path}").url == (
        f"https://museum.example/{path}"
    )


def test_a_url_tells_its_image_without_credentials() -> None:
    url = "https://Museum.example/attic/my%20photo.jpg?size=2&sig=s3cret"
    facts = Sources.facts_of(url)

    assert facts.name == "my photo.jpg"
    assert facts.url == "https://museum.example/attic/my%20photo.jpg?size=2"
    with pytest.raises(InvalidUrl):
        Sources.facts_of("https://user:s3cret@museum.example/a.jpg")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("attic/a b.jpg", "attic/a b.jpg"),
        ("100% sure?.jpg", "100% sure?.jpg"),
        ("https://a.example/b.jpg?size=2", "https://a.example/b.jpg?size=2"),
        ("https://a.example/b.jpg?sv=1&sig=s3cret", "https://a.example/b.jpg"),
        ("https%3A%2F%2Fa.example%2Fb.jpg%3Fsig%3Ds3cret", "https://a.example/b.jpg"),
    ],
)
def test_a_name_that_is_a_signed_url_loses_what_opens_it(name: str, shown: str) -> None:
    assert name_without_credentials(name) == shown
