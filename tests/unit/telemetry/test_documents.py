"""Queries and documents use the names that the code sends, and no others."""

import re
from pathlib import Path

import pytest

from captioner.errors import CaptionerError, kinds_of
from captioner.jobs import JOBS_QUEUE, LISTS_QUEUE
from captioner.store import RETRY_QUEUE
from captioner.telemetry import names
from captioner.telemetry.names import METRICS, SPANS, Attribute

DOCS = Path(__file__).resolve().parents[3] / "docs"
QUERIES = re.split(r"\n\n\n", (DOCS / "telemetry.kql").read_text().strip())[1:]
TABLES = ("customMetrics", "dependencies", "traces", "exceptions", "requests", "union")
OPERATORS = {"where", "extend", "summarize", "order", "project", "distinct"}
COLUMNS = {
    *("duration", "id", "itemCount", "itemType", "message", "name", "operation_Id"),
    *("operation_ParentId", "outerMessage", "success", "timestamp", "valueCount", "valueMax"),
    *("valueMin", "valueSum", "customDimensions"),
}
CODES = {each.code for each in kinds_of(CaptionerError)}
WORDS = {
    *(names.OK, names.CAPTIONED, names.UP_TO_DATE, names.REPLACED, names.GONE, names.HELD_BACK),
    *(RETRY_QUEUE, JOBS_QUEUE, LISTS_QUEUE),
    *CODES,
}
SENT = {*SPANS, *(each.name for each in METRICS), *Attribute}


def statement(query: str) -> str:
    """Give a query without its comments."""
    return re.sub(r"^\s*//.*$", "", query, flags=re.MULTILINE).strip()


def texts(query: str) -> set[str]:
    return set(re.findall(r'"([^"]*)"', statement(query)))


def test_there_are_six_questions_and_a_query_for_each() -> None:
    asked = [re.match(r"// (\d)\. (.+\?)\n", query) for query in QUERIES]

    assert [each[1] for each in asked if each] == list("123456")
    page = (DOCS / "observability.md").read_text()
    for each in asked:
        assert f"{each[1]}. {each[2]}" in page


@pytest.mark.parametrize("query", QUERIES, ids=range(1, len(QUERIES) + 1))
class TestQuery:
    def test_it_is_whole(self, query: str) -> None:
        bare = re.sub(r'"[^"\n]*"', "", statement(query))

        for opening, closing in ("()", "[]"):
            assert bare.count(opening) == bare.count(closing)
        assert '"' not in bare
        for part in bare.split(";"):
            body = part.strip()
            if not body.startswith("let "):
                assert body.split()[0] in TABLES
        assert {*re.findall(r"^\| (\w+)", bare, re.MULTILINE)} <= OPERATORS

    def test_its_names_are_those_that_are_sent(self, query: str) -> None:
        used = {each for each in texts(query) if each.startswith(names.PREFIX)} - {names.PREFIX}

        assert used <= SENT

    def test_dimensions_are_of_the_metrics_that_it_reads(self, query: str) -> None:
        metrics = [each for each in METRICS if f'"{each.name}"' in statement(query)]
        read = set(re.findall(r'customDimensions\["([^"]+)"\]', statement(query)))

        if metrics:
            told = {each for metric in metrics for each in metric.dimensions}
            assert read <= told | {Attribute.MODEL_NAME, Attribute.MODEL_VERSION}
        else:
            assert read <= {*Attribute}

    def test_other_words_are_outcomes_codes_and_queues(self, query: str) -> None:
        words = {each for each in texts(query) if not each.startswith(names.PREFIX)}

        assert words <= WORDS | {"attic/mezzetin.jpg"}

    def test_its_columns_are_the_tables_or_its_own(self, query: str) -> None:
        bare = re.sub(r'"[^"\n]*"', "", statement(query))
        own = set(re.findall(r"(\w+)\s*=(?!=)", bare))
        functions = set(re.findall(r"(\w+)\(", bare))
        syntax = {*OPERATORS, *TABLES, *("by", "in", "and", "asc", "desc", "startswith", "let")}

        used = set(re.findall(r"\b[A-Za-z_]\w*\b", bare))
        assert used - own - functions - syntax - COLUMNS - {"null"} == set()


def test_the_image_in_the_query_is_found_by_the_pseudonym_that_is_sent() -> None:
    from captioner.telemetry.images import pseudonym  # noqa: PLC0415

    assert 'substring(hash_sha256("attic/mezzetin.jpg"), 0, 16)' in QUERIES[5]
    # SHA-256 of the name in UTF-8, as KQL's function gives it.
    assert pseudonym("attic/mezzetin.jpg") == "23e0291ea7a3a4ed"


def test_names_on_the_page_are_sent() -> None:
    page = (DOCS / "observability.md").read_text()
    codes = set(re.findall(r"\bcaptioner\.[a-z_]+(?:\.[a-z_]+)*\b", page))

    assert codes <= SENT


def test_codes_in_the_alerts_are_errors() -> None:
    page = (DOCS / "observability.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith("| one of "))

    assert set(re.findall(r"`(\w+)`", row)) <= CODES
