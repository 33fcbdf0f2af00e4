"""A bundle registered at Azure Machine Learning too, in a workspace or in a registry.

It is a copy for those who work there: apps take theirs from the container.
"""

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ResourceNotFoundError
from msgspec import UNSET

from captioner.model.manifest import MANIFEST, Manifest
from training.registry.errors import RegisterError
from training.registry.publishing import Outcome, files_of

if TYPE_CHECKING:  # takes seconds to import, and only who asks for it has it
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model

_REGISTRY = re.compile(r"azureml://registries/(?P<registry_name>[\w.-]+)/?")
_WORKSPACE = re.compile(
    r"azureml://subscriptions/(?P<subscription_id>[0-9a-fA-F-]{36})"
    r"/resource[gG]roups/(?P<resource_group_name>[\w.()-]+)"
    r"/workspaces/(?P<workspace_name>[\w.-]+)/?"
)
_TOLD = ("bleu_4", "meteor", "cider")
_MODEL_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,254}")


def place_of(uri: str) -> dict[str, str]:
    """Give what a workspace's or a registry's URI says, as `MLClient` takes it.

    Raises `RegisterError`.
    """
    found = _REGISTRY.fullmatch(uri) or _WORKSPACE.fullmatch(uri)
    if found is None:
        raise RegisterError(
            "--azureml must be azureml://registries/NAME, or azureml://subscriptions/ID/"
            "resourcegroups/GROUP/workspaces/NAME."
        )
    return found.groupdict()


def connect(uri: str, credential: TokenCredential | None = None) -> "MLClient":
    """Give the client of a workspace or a registry, by whoever is signed in on this machine.

    Raises `RegisterError`.
    """
    place = place_of(uri)
    try:
        from azure.ai.ml import MLClient
    except ImportError:
        raise RegisterError("--azureml needs azure-ai-ml: run `make azureml` first.") from None
    if credential is None:
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential()
    try:
        return MLClient(credential, **place)
    except AzureError as fault:
        raise RegisterError(_refusal(fault)) from fault


def register_model(client: "MLClient", bundle: Path, manifest: Manifest) -> Outcome:
    """Register a bundle as a custom model of its name and version, which stays as it is.

    Raises `RegisterError` where another content is registered so, or it does not work.
    """
    with TemporaryDirectory() as folder:  # what else lies beside the bundle stays here
        for file in files_of(bundle, manifest):
            shutil.copy(file, folder)
        model = model_of(Path(folder), manifest)
        try:
            try:
                present = client.models.get(manifest.name, manifest.version)
            except ResourceNotFoundError:
                client.models.create_or_update(model)
                return "registered"
        except AzureError as fault:
            raise RegisterError(_refusal(fault)) from fault
    if dict(present.properties or {}).get(_sum(MANIFEST)) != model.properties[_sum(MANIFEST)]:
        raise RegisterError(
            f"{manifest.name} {manifest.version} is registered at Azure Machine Learning with "
            "another content, and versions are never overwritten: export the bundle anew."
        )
    return "unchanged"


def model_of(bundle: Path, manifest: Manifest) -> "Model":
    """Describe a bundle: checksums as properties, which never change, and scores as tags."""
    if not _MODEL_NAME.fullmatch(manifest.name):
        raise RegisterError(f"{manifest.name!r} is no name of a model there: rename the run.")
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model

    return Model(
        path=bundle,
        type=AssetTypes.CUSTOM_MODEL,
        name=manifest.name,
        version=manifest.version,
        description="An image captioning model as ONNX graphs: encoder, decoder, model.json.",
        properties={
            _sum(file.name): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in files_of(bundle, manifest)
        },
        tags={"language": manifest.language, **_scores(manifest)},
    )


def _sum(file: str) -> str:
    return f"sha256.{file}"


def _scores(manifest: Manifest) -> dict[str, str]:
    """Give the scores that captions are compared by, under their paths in model.json."""
    return {} if manifest.metrics is UNSET else dict(_figures(manifest.metrics))


def _figures(told: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in told.items():
        if isinstance(value, Mapping):
            found += _figures(value, f"{path}{name}.")
        elif name in _TOLD:
            found.append((f"{path}{name}", f"{value:g}"))
    return found


def _refusal(fault: AzureError) -> str:
    reason = str(getattr(fault, "reason", None) or type(fault).__name__)
    return (
        f"Azure Machine Learning did not take the model ({reason}): check its URI, that you are "
        "signed in (az login), and that your role there may write models."
    )
