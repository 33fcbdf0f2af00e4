"""The GitHub Actions workflow, which checks what cannot be checked here."""

import re
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema

from tests.support.bicep import ROOT, read

TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
WORKFLOW = yaml.safe_load(TEXT)
JOBS = WORKFLOW["jobs"]


def commands(job: str) -> str:
    return "\n".join(step.get("run", "") for step in JOBS[job]["steps"])


def test_it_is_a_workflow() -> None:
    schema = get_builtin_schema("vendor.github-workflows")
    # YAML 1.1 reads the key `on` as true.
    jsonschema.validate(
        {"on" if key is True else key: each for key, each in WORKFLOW.items()}, schema
    )


def test_it_may_read_the_code_and_nothing_else() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    assert "secrets." not in TEXT


def test_it_stops_at_a_fault_within_a_pipe() -> None:
    assert WORKFLOW["defaults"]["run"]["shell"] == "bash"


@pytest.mark.parametrize("job", JOBS)
def test_a_job_has_an_end_and_takes_actions_of_a_version(job: str) -> None:
    assert JOBS[job]["timeout-minutes"] <= 90
    used: list[Any] = [step["uses"] for step in JOBS[job]["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", each) for each in used)


def test_it_runs_what_must_pass_here() -> None:
    assert "bash .ci/run" in commands("test")
    assert (ROOT / ".ci" / "run").is_file()


def test_it_compiles_and_lints_every_deployment() -> None:
    compiled = commands("infrastructure")
    assert "az bicep build" in compiled
    assert "az bicep lint" in compiled
    for name in ("main.bicep", "app/subscription.bicep"):
        assert f"infra/{name}" in compiled
        assert read(name)


def test_it_captions_with_the_real_host() -> None:
    run = commands("core-tools")
    assert "azure-functions-core-tools@4" in run
    assert "make start" in run
    assert "captioner upload" in run
    assert "/api/caption" in run
