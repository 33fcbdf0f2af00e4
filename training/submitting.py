"""Sends a job of `training/azureml` to Azure Machine Learning: `python -m training submit`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from azure.core.exceptions import AzureError

from captioner.errors import CaptionerError
from training.console import console

JOBS = Path(__file__).parent / "azureml"


class SubmitError(CaptionerError):
    """The job cannot be read, or the workspace does not take it."""

    code = "submit_refused"
    permanent = True


def submit(
    job: Annotated[
        Path, typer.Argument(help="The job's file, as training/azureml/several-nodes.yml.")
    ],
    workspace: Annotated[str, typer.Option(help="Name of the workspace.")],
    resource_group: Annotated[str, typer.Option(help="Its resource group.")],
    subscription: Annotated[str, typer.Option(help="The id of its subscription.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another value, as compute=azureml:a100 or inputs.data.path=azureml:shards:1.",
        ),
    ] = None,
) -> None:
    """Send a job to Azure Machine Learning, as `az ml job create` does."""
    read = read_job(job, changes or [])
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    client = MLClient(DefaultAzureCredential(), subscription, resource_group, workspace)
    try:
        sent = client.jobs.create_or_update(read)
    except AzureError as fault:
        reason = " ".join(str(fault.message).split()).rstrip(".")
        raise SubmitError(f"{workspace} did not take the job: {reason}.") from fault
    console.print(f"{sent.name}: {sent.studio_url}", soft_wrap=True)


def read_job(path: Path, changes: list[str]) -> Any:
    """Read a job's file, some of its values changed as `NAME=VALUE` says.

    Raises `SubmitError` where the file or a change is not as it must be, or azure-ai-ml is not
    installed.
    """
    try:
        from azure.ai.ml import load_job
    except ImportError:
        raise SubmitError("Jobs are sent by azure-ai-ml: run `make azureml` first.") from None
    overrides = []
    for change in changes:
        name, equals, value = change.partition("=")
        if not (name and equals):
            raise SubmitError(f"--set {change} is not NAME=VALUE.")
        overrides.append({name: int(value) if value.isdigit() else value})
    if not path.is_file():
        raise SubmitError(f"There is no job {path}: those here are {', '.join(_known())}.")
    try:
        return load_job(path, params_override=overrides)
    except Exception as fault:  # azure-ai-ml lets those of its parsers through
        raise SubmitError(f"{path} is no job: {' '.join(str(fault).split())}") from fault


def _known() -> list[str]:
    return sorted(str(each) for each in JOBS.glob("*.yml"))
