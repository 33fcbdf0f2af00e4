"""Bundles in a container of Azurite: as they were, once for all."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from captioner.errors import CaptionerError, SettingsError, StoreUnavailable
from captioner.model.bundle import MANIFEST
from captioner.settings import STORAGE_CONNECTION
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from training.registry.commands import register
from training.registry.errors import RegisterError

FILES = ("decoder.onnx", "encoder.onnx", MANIFEST)


@pytest.fixture
def container(
    azurite: Azurite,
    blobs: BlobServiceClient,
    unique_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> ContainerClient:
    """Give a container that is not there yet, in the storage account that the settings name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(STORAGE_CONNECTION, azurite.connection_string)
    return blobs.get_container_client(unique_name("bundles"))


def content_of(container: ContainerClient) -> dict[str, bytes]:
    return {name: container.download_blob(name).readall() for name in container.list_blob_names()}


def test_a_bundle_is_published_by_name_and_version(
    container: ContainerClient, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path / "bundle", version="1f")
    (bundle / "notes.txt").write_text("not of the bundle")
    register(container.container_name, bundle)
    found = content_of(container)
    assert found == {f"tiny/1f/{name}": (bundle / name).read_bytes() for name in FILES}
    for name, content in found.items():
        metadata = container.get_blob_client(name).get_blob_properties().metadata
        assert metadata == {"sha256": hashlib.sha256(content).hexdigest()}


def test_versions_lie_side_by_side_and_the_same_may_come_again(
    container: ContainerClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_bundle(tmp_path / "first", version="1")
    register(container.container_name, first)
    register(container.container_name, make_bundle(tmp_path / "second", seed=2, version="2"))
    assert capsys.readouterr().out.count("registered") == 6
    before = {blob.name: blob.etag for blob in container.list_blobs()}
    register(container.container_name, first)
    assert capsys.readouterr().out.count("unchanged") == 3
    assert {blob.name: blob.etag for blob in container.list_blobs()} == before
    assert len(before) == 6


@pytest.mark.parametrize("changed", [MANIFEST, "encoder.onnx"])
def test_what_is_registered_is_never_overwritten(
    container: ContainerClient, tmp_path: Path, changed: str
) -> None:
    bundle = make_bundle(tmp_path / "bundle", version="1")
    register(container.container_name, bundle)
    # What somebody else put there under the same checksum is told from it by its bytes.
    there = container.get_blob_client(f"tiny/1/{changed}")
    there.upload_blob(
        b"another", overwrite=True, metadata=dict(there.get_blob_properties().metadata)
    )
    with pytest.raises(RegisterError, match=rf"tiny/1/{changed} is registered with another"):
        register(container.container_name, bundle)
    assert there.download_blob().readall() == b"another"


def test_what_was_broken_off_is_completed(container: ContainerClient, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", version="1")
    container.create_container()
    container.upload_blob("tiny/1/encoder.onnx", (bundle / "encoder.onnx").read_bytes())
    register(container.container_name, bundle)
    assert sorted(container.list_blob_names()) == [f"tiny/1/{name}" for name in FILES]


@pytest.mark.parametrize("name", ["A", "two--hyphens", "-begins", "with/slash", "x" * 64])
def test_names_that_no_container_has_are_refused(
    container: ContainerClient, tmp_path: Path, name: str
) -> None:
    with pytest.raises(RegisterError, match="no container's name"):
        register(name, make_bundle(tmp_path / "bundle"))


def test_a_version_that_leads_elsewhere_is_refused(
    container: ContainerClient, tmp_path: Path
) -> None:
    with pytest.raises(RegisterError, match=r"'\.\./2' cannot be part of a path"):
        register(container.container_name, make_bundle(tmp_path / "bundle", version="../2"))


def test_damaged_bundles_are_not_published(container: ContainerClient, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    (bundle / "decoder.onnx").write_bytes(b"damaged")
    with pytest.raises(CaptionerError, match=r"decoder\.onnx is not the file"):
        register(container.container_name, bundle)
    assert not container.exists()


def test_storage_is_asked_for_where_it_is_not_set(
    container: ContainerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STORAGE_CONNECTION)
    with pytest.raises(SettingsError, match=f"Set {STORAGE_CONNECTION}"):
        register(container.container_name, make_bundle(tmp_path / "bundle"))


def test_storage_that_is_down_is_told(
    tmp_path: Path, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Azurite() as gone:
        monkeypatch.setenv(STORAGE_CONNECTION, gone.connection_string)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        register(unique_name("bundles"), make_bundle(tmp_path / "bundle"))
