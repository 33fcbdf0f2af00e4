"""What the documents say is so: settings, errors, records, links, commands, tables."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from captioner import errors
from captioner.api.requests import Query, read_asked
from captioner.errors import CaptionerError
from captioner.jobs import JobRequest, JobStatus
from captioner.ondemand import ManyUrls, OneDirectory, OneUrl
from captioner.records import CaptionRecord, from_json, json_schema
from captioner.settings import Settings
from scripts import docs
from tests.support.documents import (
    DOCUMENTS,
    README,
    ROOT,
    Command,
    anchors,
    code,
    code_texts,
    commands,
    links,
    table,
)

# A record, a problem, settings, how a job stands.
NO_REQUESTS = {"schema_version", "code", "VISION_KEY", "counts"}
COMMANDS = sorted({each for document in DOCUMENTS for each in commands(document)}, key=str)


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_tables_are_what_is_set_and_measured() -> None:
    stale = [str(path.relative_to(ROOT)) for path, _ in docs.out_of_date(ROOT)]
    assert not stale, "bring them up to date with: python -m scripts.docs --write"


def test_every_setting_is_told_and_no_other() -> None:
    told = {names_in(row[0])[0] for row in table(README, "Setting", "Default", "Meaning")}
    assert told == {each.metadata["env"] for each in Settings.__dataclass_fields__.values()}


def test_every_error_is_told_with_its_status_and_no_other() -> None:
    told = {
        names_in(code_)[0]: int(status)
        for code_, status, _ in table(README, "Code", "HTTP", "Meaning")
    }
    raised = {
        each.code: each.status
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, CaptionerError) and "code" in vars(each)
    }
    assert told == raised


@pytest.fixture
def example() -> dict[str, Any]:
    (record,) = (each for each in map(json.loads, code(README, "json")) if "captions" in each)
    return record


def test_the_example_is_a_record(example: dict[str, Any]) -> None:
    jsonschema.validate(example, json_schema())
    assert isinstance(from_json(json.dumps(example).encode()), CaptionRecord)


def test_the_examples_of_requests_can_be_read() -> None:
    forms = [
        each for each in map(json.loads, code(README, "json")) if not each.keys() & NO_REQUESTS
    ]
    read = {type(read_asked(json.dumps(each).encode(), {})) for each in forms}
    assert read == {OneUrl, ManyUrls, OneDirectory}


def test_the_example_of_a_job_has_what_a_job_has() -> None:
    (job,) = (each for each in map(json.loads, code(README, "json")) if "counts" in each)
    assert {*job, "ended"} == set(JobStatus.__struct_fields__)
    assert json.loads(msgspec.json.encode(msgspec.convert(job, JobStatus))) == job


def test_every_form_of_a_job_is_told_and_no_other() -> None:
    told = {re.findall(r'"(\w+)"', row[0])[0] for row in table(README, "JSON", "Options")}
    forms = get_args(JobRequest.__value__)
    fields = [each for form in forms for each in msgspec.structs.fields(form)]
    assert told == {each.name for each in fields if each.required}


def test_every_option_of_a_request_is_told_and_no_other() -> None:
    told = {names_in(row[0])[0] for row in table(README, "Option", "Meaning")}
    fields = {name for form in (Query, OneDirectory) for name in form.__struct_fields__}
    assert told == fields - {"directory"}


def test_every_field_of_a_record_is_told_and_no_other() -> None:
    told = {name for row in table(README, "Field", "Meaning") for name in names_in(row[0])}
    structures = json_schema()["$defs"]

    def below(field: str, structure: str) -> set[str]:
        return {f"{field}.{name}" for name in structures[structure]["properties"]}

    record = set(structures["CaptionRecord"]["properties"])
    parts = below("image", "ImageFacts") | below("captions", "Caption")
    parts |= below("alt_text", "AltText") | below("problems", "Problem")
    assert told | {"image"} == record | parts


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_exist(document: Path) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"runs"}
    written = (word for text in code_texts(document) for word in text.split())
    for path in written:
        if "/" in path and path.partition("/")[0] in folders and "node_modules" not in path:
            assert (ROOT / path).exists(), path


def test_commands_are_found() -> None:
    found = {command.program for command in COMMANDS}
    assert found >= {"make", "captioner", "training", "devhost", "benchmarks.caption"}


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_commands_and_their_options_exist(command: Command) -> None:
    if command.program == "make":
        makefile = (ROOT / "Makefile").read_text()
        for argument in command.arguments:
            variable, given, _ = argument.partition("=")
            wanted = rf"\$\({variable}\)" if given else rf"^{argument}:"
            assert re.search(wanted, makefile, re.MULTILINE), argument
        return
    has_subcommands = command.program in {"benchmarks.search", "captioner", "training"}
    subcommand = command.arguments[:1] if has_subcommands else ()
    assert command.options <= options_of(command.program, *subcommand)


@cache
def options_of(module: str, *subcommand: str) -> set[str]:
    """Give the options that a program's help names."""
    shown = subprocess.run(
        [sys.executable, "-m", module, *subcommand, "--help"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        check=True,
        text=True,
    )
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", shown.stdout))
