"""The OpenAPI document is valid, whole and true; the page tells the same."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from azure.functions import AuthLevel
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from captioner import errors
from captioner.api.openapi import OPERATIONS, docs_page, openapi_document
from captioner.api.openapi.document import faults_of
from captioner.api.openapi.meanings import MEANINGS
from captioner.api.requests import LARGEST_TEXT
from captioner.errors import CaptionerError, kinds_of
from captioner.ondemand import MOST_INLINE, MOST_URLS
from captioner.sources import LONGEST_URL
from tests.support.host import REPOSITORY

DOCUMENT = openapi_document()
ROOT = "{ignored:maxlength(0)?}"  # what the platform takes for a route of nothing
HOST_JSON = json.loads((REPOSITORY / "host.json").read_text())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_an_openapi_document() -> None:
    validate(json.loads(json.dumps(DOCUMENT)))


def path_of(route: str) -> str:
    """Give a route's path without what only the host reads of it."""
    return re.sub(r"{\*?(\w+)(:[^}]*)?}", r"{\1}", route.replace(ROOT, ""))


def test_it_tells_of_every_route_and_of_no_other(bindings: dict[str, dict[str, Any]]) -> None:
    routes = {
        (path_of(each["route"]), str(method.value).lower()): each["authLevel"]
        for each in bindings.values()
        if "route" in each
        for method in each["methods"]
    }
    told = {
        (path.removeprefix("/"), method): AuthLevel.FUNCTION
        if operation["security"]
        else AuthLevel.ANONYMOUS
        for path, method, operation in operations()
    }
    assert told == routes


def contents() -> Iterator[Any]:
    for _, _, operation in operations():
        holders = [operation.get("requestBody", {}), *operation["responses"].values()]
        for holder in holders:
            for media_type, content in holder.get("content", {}).items():
                for name, example in content.get("examples", {}).items():
                    if media_type != "application/x-ndjson":
                        label = f"{operation['operationId']} {name}"
                        yield pytest.param(content["schema"], example["value"], id=label)


@pytest.mark.parametrize(("schema", "example"), list(contents()))
def test_examples_are_as_their_schemas_say(schema: dict[str, Any], example: Any) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)


def test_meanings_are_of_fields_that_there_are() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    told = {(name, field) for name, fields in MEANINGS.items() for field in fields}
    assert told <= {(name, field) for name in schemas for field in schemas[name]["properties"]}


def test_every_operation_tells_every_code_that_it_may_answer_with() -> None:
    for operation in OPERATIONS:
        responses = DOCUMENT["paths"][operation.path][operation.method]["responses"]
        told = {
            (status, code)
            for status, response in responses.items()
            for code in response.get("content", {})
            .get("application/problem+json", {})
            .get("examples", {})
        }
        assert told == {(str(each.status), each.code) for each in faults_of(operation)}
        assert (500, "internal_error") in {
            (each.status, each.code) for each in faults_of(operation)
        }


def test_every_code_but_those_of_records_and_the_terminal_is_told() -> None:
    told = {fault for operation in OPERATIONS for fault in faults_of(operation)} - {CaptionerError}
    elsewhere = {errors.FileUnreadable, errors.CaptioningFailed}
    assert told | elsewhere == set(kinds_of(CaptionerError))


def test_limits_are_those_of_the_code() -> None:
    about = " ".join(DOCUMENT["info"]["description"].split())
    http = HOST_JSON["extensions"]["http"]
    at_once, all_told = http["maxConcurrentRequests"], http["maxOutstandingRequests"]
    assert f"{LARGEST_TEXT // 2**20} MiB, {MOST_URLS:,} URLs of at most" in about
    assert f"at most {LONGEST_URL:,} characters" in about
    assert f"A form: {MOST_INLINE} images" in about
    assert f"{at_once} requests at once and {all_told - at_once} that wait" in about


class Page(HTMLParser):
    """What a page's markup holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        self.ids += filter(None, [values.get("id")])
        self.targets += filter(None, [values.get("href"), values.get("src")])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_tells_of_everything_and_loads_nothing() -> None:
    text, policy = docs_page()
    page = Page(text)
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert len(page.ids) == len(set(page.ids))
    inside = {each.removeprefix("#") for each in page.targets if each.startswith("#")}
    assert inside <= set(page.ids)
    assert {each for each in page.targets if not each.startswith("#")} == {"/api/openapi.json"}
    for path, _, operation in operations():
        assert path in page.text
        assert operation["operationId"] in page.ids
    for operation in OPERATIONS:
        assert all(fault.code in page.text for fault in faults_of(operation))
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
