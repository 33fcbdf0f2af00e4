"""Which version is current: promoted, rolled back, listed, and never one that is not whole."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from captioner.model.release import Pointer
from captioner.settings import STORAGE_CONNECTION
from captioner.store import Documents
from tests.support.azurite import Azurite
from tests.support.documents import ROOT
from tests.support.published import Shop
from training.registry import commands
from training.registry.errors import PromoteError
from training.registry.promoting import promote


@pytest.fixture
def shop(
    azurite: Azurite,
    blobs: BlobServiceClient,
    unique_name: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(STORAGE_CONNECTION, azurite.connection_string)
    return Shop(blobs.get_container_client(unique_name("models")), tmp_path / "made")


def pointer(shop: Shop) -> Pointer:
    content = shop.container.download_blob("tiny/current.json").readall()
    return msgspec.json.decode(content, type=Pointer)


def test_versions_become_current_and_give_it_back(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.register("1", promotes=False)
    shop.register("2", seed=2, promotes=False)
    name = shop.container.container_name
    for version, before in (("1", ""), ("2", ", before it 1"), ("1", ", before it 2")):
        commands.promote(f"tiny/{version}", name)
        assert f"{name}/tiny/{version}{before}\n" in capsys.readouterr().out
        assert pointer(shop).version == version
    promoted = pointer(shop)
    commands.promote("tiny/1", name)  # again: apps try it again, and the way back stays
    assert pointer(shop).promoted > promoted.promoted
    assert pointer(shop).before == "2"
    capsys.readouterr()
    commands.versions(name)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    told = {line[1]: line[-1] for line in lines if line and line[0] == "tiny"}
    assert told == {"1": "current", "2": "UTC"}


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "model.json"])
def test_what_is_not_whole_is_not_promoted(shop: Shop, name: str) -> None:
    shop.register("1")
    shop.register("2", seed=2, promotes=False)
    blob = shop.blob("2", name)
    content = blob.download_blob().readall()
    blob.upload_blob(content[:-2], overwrite=True)
    with pytest.raises(PromoteError, match=r"is damaged|cannot be read"):
        shop.promote("2")
    blob.delete_blob()
    with pytest.raises(PromoteError, match="is not registered, or not whole"):
        shop.promote("2")
    assert pointer(shop).version == "1"


def test_two_who_promote_at_once_do_not_both(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1", "2", "3"):
        shop.register(version, promotes=False)
    read = Documents.read

    def slowly(documents: Documents, name: str):
        found = read(documents, name)
        monkeypatch.setattr(Documents, "read", read)
        promote(shop.container, "tiny", "3")
        return found

    for version in ("1", "2"):  # before there is a pointer, and after
        monkeypatch.setattr(Documents, "read", slowly)
        with pytest.raises(PromoteError, match="Somebody else promoted"):
            shop.promote(version)
        assert pointer(shop).version == "3"


def test_an_empty_container_is_told(shop: Shop) -> None:
    shop.container.create_container()
    with pytest.raises(PromoteError, match="holds no registered version"):
        commands.versions(shop.container.container_name)


def test_a_terminal_shows_what_is_told_and_not_each_request_to_storage(shop: Shop) -> None:
    shop.register("1")
    told = subprocess.run(
        [sys.executable, "-m", "training", "versions", "--in", shop.container.container_name],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    assert [line.split()[0] for line in told.stdout.splitlines()] == ["model", "tiny"]
    assert told.stderr == ""
