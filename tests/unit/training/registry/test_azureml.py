"""Bundles at Azure Machine Learning: the SDK's own model and client, and models of the test's."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError

from captioner.model.bundle import MANIFEST, read_manifest
from captioner.model.manifest import write_manifest
from tests.support.bundles import make_bundle
from training.registry import commands
from training.registry.azureml import connect, model_of, place_of, register_model
from training.registry.errors import RegisterError

with warnings.catch_warnings():  # the SDK's own
    warnings.simplefilter("ignore")
    from azure.ai.ml.entities import Model

GROUP = "azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/museum"


@dataclass
class Models:
    """The models of a workspace: as they came, with the files that were there to be uploaded."""

    held: dict[tuple[str, str], Model] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    fault: Exception | None = None

    def get(self, name: str, version: str) -> Model:
        if self.fault:
            raise self.fault
        try:
            return self.held[name, version]
        except KeyError:
            raise ResourceNotFoundError from None

    def create_or_update(self, model: Model) -> Model:
        self.files = sorted(path.name for path in Path(model.path).iterdir())
        self.held[model.name, model.version] = model
        return model


@dataclass
class Client:
    models: Models = field(default_factory=Models)


class Credential:
    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken("token", 2**40)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    bundle = make_bundle(tmp_path / "bundle", version="1f")
    manifest = msgspec.structs.replace(
        read_manifest(bundle), metrics={"test_beam3": {"cider": 61.25, "words": [1], "roc_auc": 80}}
    )
    write_manifest(bundle, manifest)
    (bundle / "notes.txt").write_text("not of the bundle")
    return bundle


def test_what_the_service_is_sent(bundle: Path) -> None:
    """The SDK itself writes the request's body."""
    sent = model_of(bundle, read_manifest(bundle))._to_rest_object().as_dict()["properties"]
    assert sent["modelType"] == "custom_model"
    assert sent["tags"] == {"language": "en", "test_beam3.cider": "61.25"}
    assert set(sent["properties"]) == {
        f"sha256.{name}" for name in ("encoder.onnx", "decoder.onnx", MANIFEST)
    }


def test_a_version_is_registered_once(bundle: Path) -> None:
    client, manifest = Client(), read_manifest(bundle)
    assert register_model(client, bundle, manifest) == "registered"
    assert client.models.files == ["decoder.onnx", "encoder.onnx", MANIFEST]
    assert register_model(client, bundle, manifest) == "unchanged"
    changed = msgspec.structs.replace(manifest, metrics={})
    write_manifest(bundle, changed)
    with pytest.raises(RegisterError, match="with another content"):
        register_model(client, bundle, changed)


def test_what_the_service_says_is_told_without_its_words(bundle: Path) -> None:
    client = Client(Models(fault=ClientAuthenticationError("token secret")))
    with pytest.raises(RegisterError, match="az login") as fault:
        register_model(client, bundle, read_manifest(bundle))
    assert "secret" not in fault.value.message


def test_places_are_read() -> None:
    assert place_of("azureml://registries/museum") == {"registry_name": "museum"}
    assert place_of(f"{GROUP}/workspaces/attic") == {
        "subscription_id": "00000000-0000-0000-0000-000000000001",
        "resource_group_name": "museum",
        "workspace_name": "attic",
    }


@pytest.mark.parametrize(
    "uri", ["museum", "azureml://registries/a/b", f"{GROUP}", f"{GROUP}/workspaces/a?x=1"]
)
def test_what_is_no_place_is_told(uri: str) -> None:
    with pytest.raises(RegisterError, match="--azureml must be"):
        place_of(uri)


@pytest.mark.filterwarnings("ignore")  # the SDK's own
def test_the_sdks_client_is_of_the_workspace() -> None:
    client = connect(f"{GROUP}/workspaces/attic", Credential())
    assert (client.resource_group_name, client.workspace_name) == ("museum", "attic")


def test_the_command_registers_in_both_places(
    bundle: Path, shop_container: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    client = Client()
    monkeypatch.setattr(commands, "connect", lambda _: client)
    commands.register(shop_container, bundle, promotes=True, azureml="azureml://registries/museum")
    told = capsys.readouterr().out
    assert "azureml://registries/museum: tiny:1f" in told
    assert f"current     {shop_container}/tiny/1f" in told
    assert list(client.models.held) == [("tiny", "1f")]


@pytest.fixture
def shop_container(
    azurite, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AzureWebJobsStorage", azurite.connection_string)
    return unique_name("models")
