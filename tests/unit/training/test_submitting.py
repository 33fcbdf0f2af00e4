"""Jobs of Azure Machine Learning, read as azure-ai-ml reads them, against the real commands."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from training.cli import app
from training.submitting import JOBS, SubmitError, read_job

ROOT = JOBS.parent.parent
FILES = sorted(JOBS.glob("*.yml"))

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def job(path: Path) -> Any:
    return read_job(path, [])


def test_there_is_a_job_for_one_machine_and_one_for_several() -> None:
    nodes = {path.stem: read_job(path, []) for path in FILES}
    assert nodes["one-gpu"].resources.instance_count == 1
    assert nodes["one-gpu"].distribution is None
    several = nodes["several-nodes"]
    assert several.distribution.type == "tensorflow"
    assert several.distribution.worker_count == several.resources.instance_count > 1


def test_a_job_passes_azure_ai_ml_s_own_checks(job: Any) -> None:
    assert job._validate().passed


def test_a_job_calls_a_command_with_options_that_it_has(job: Any) -> None:
    python, module, package, name, *arguments = shlex.split(job.command)
    assert (python, module, package) == ("python", "-m", "training")
    command = get_command(app).commands[name]
    known = {option for each in command.params for option in each.opts}
    assert {word for word in arguments if word.startswith("--")} <= known
    required = {each.opts[0] for each in command.params if each.required}
    assert required <= set(arguments)


def test_a_job_uses_all_that_it_is_given(job: Any) -> None:
    named = set(re.findall(r"\$\{\{(\w+)\.(\w+)\}\}", job.command))
    given = {("inputs", name) for name in job.inputs} | {("outputs", name) for name in job.outputs}
    assert named == given


def test_what_a_job_names_is_there(path: Path, job: Any) -> None:
    assert (path.parent / job.code).resolve() == ROOT
    build = job.environment.build
    assert (path.parent / build.path).resolve() == ROOT
    dockerfile = (ROOT / build.dockerfile_path).read_text()
    for copied in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (ROOT / copied).is_file()
    assert (path.parent / job.inputs["config"].path).is_file()


def test_a_job_keeps_its_checkpoints_in_blob_storage(job: Any) -> None:
    assert job.inputs["data"].path.startswith("azureml://datastores/")
    for output in job.outputs.values():
        assert output.path.startswith("azureml://datastores/")
        assert output.mode == "rw_mount"


def test_what_is_sent_is_what_training_needs() -> None:
    from azure.ai.ml._utils._asset_utils import (  # noqa: PLC0415 - takes a while
        get_ignore_file,
        get_upload_files_from_folder,
    )

    sent = get_upload_files_from_folder(ROOT, ignore_file=get_ignore_file(ROOT))
    names = {Path(each[0] if isinstance(each, tuple) else each).relative_to(ROOT) for each in sent}
    assert {name.parts[0] for name in names} == {
        "captioner",
        "requirements-training.txt",
        "training",
    }
    assert {Path("training/train.py"), Path("captioner/settings.py")} <= names


def test_values_are_changed_on_the_way(path: Path) -> None:
    changes = ["compute=azureml:a100", "resources.instance_count=2", "inputs.data.path=azureml:d:1"]
    job = read_job(path, changes)
    assert job.compute == "a100"
    assert job.resources.instance_count == 2
    assert job.inputs["data"].path == "d:1"  # of the workspace's data assets


@pytest.mark.parametrize(
    ("content", "changes", "told"),
    [
        (None, [], r"There is no job .*: those here are .*one-gpu\.yml"),
        ("type: command\ncommand: [1]\n", [], "is no job"),
        ("type: command\n", ["compute"], "--set compute is not NAME=VALUE"),
    ],
)
def test_what_is_no_job_is_told(
    tmp_path: Path, content: str | None, changes: list[str], told: str
) -> None:
    path = tmp_path / "job.yml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SubmitError, match=told):
        read_job(path, changes)
