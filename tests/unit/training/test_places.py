"""Folders and containers hold the same files by the same names, and tell what is missing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from captioner.errors import StoreError
from tests.support.azurite import Azurite
from training.data.datasets import DataError
from training.downloading import download
from training.places import FolderPlace, Place, PlaceError, open_place


@pytest.fixture
def container(
    azurite: Azurite,
    blobs: BlobServiceClient,
    unique_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The URL of a container that is not there yet, in the account of the settings."""
    monkeypatch.setenv("AzureWebJobsStorage", azurite.connection_string)
    return f"{blobs.primary_endpoint}/{unique_name('places')}"


@pytest.fixture(params=["folder", "container"])
def place(request: pytest.FixtureRequest, tmp_path: Path, container: str) -> Iterator[Place]:
    where = str(tmp_path / "place") if request.param == "folder" else f"{container}/a folder"
    with open_place(where, make=True) as opened:
        yield opened


def test_a_place_gives_what_was_put_into_it(place: Place, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "deep" / "copy"
    source.write_bytes(b"some weights")
    place.put("stage/state.npz", source)
    place.under("stage").write("latest.json", b"{}")
    assert [(name, size) for name, size, _ in place.files()] == [
        ("stage/latest.json", 2),
        ("stage/state.npz", 12),
    ]
    place.fetch("stage/state.npz", copy)
    assert copy.read_bytes() == b"some weights"
    assert place.get("stage/latest.json") == b"{}"
    before = {name: mark for name, _, mark in place.files()}
    place.write("stage/latest.json", b"[ ]")
    after = {name: mark for name, _, mark in place.files()}
    assert place.read("stage/latest.json") == b"[ ]"
    assert [name for name in after if after[name] != before[name]] == ["stage/latest.json"]
    place.delete("stage/state.npz")
    place.delete("stage/state.npz")
    assert place.has("stage/latest.json")
    assert not place.has("stage/state.npz")


def test_what_is_missing_is_told(place: Place, tmp_path: Path) -> None:
    assert place.read("state.npz") is None
    with pytest.raises(PlaceError, match=r"There is no state\.npz in "):
        place.get("state.npz")
    with pytest.raises(PlaceError, match=r"There is no state\.npz in "):
        place.fetch("state.npz", tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


def test_a_sas_opens_a_container_of_another_account(
    container: str, azurite: Azurite, blobs: BlobServiceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_place(container, make=True) as place:
        place.write("file", b"content")
    name = urlsplit(container).path.rpartition("/")[2]
    sas = generate_container_sas(
        blobs.account_name,
        name,
        account_key=blobs.credential.account_key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(minutes=5),
    )
    with open_place(f"{container}?{sas}") as place:
        assert place.read("file") == b"content"
        assert "sig=" not in str(place)
        with pytest.raises(StoreError):
            place.write("file", b"other")


@pytest.mark.parametrize("where", ["https://account.blob.core.windows.net", "ftp://host/container"])
def test_a_url_of_no_container_is_told(where: str) -> None:
    with pytest.raises(PlaceError, match="names no container"), open_place(f"{where}?sig=secret"):
        pass


def test_copies_follow_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, folder = FolderPlace(tmp_path / "place"), tmp_path / "copy"
    place.write("captions.csv", b"image,caption\n")
    place.write("images/a.jpg", b"a")
    place.write("images/b.jpg", b"b")
    download(place, folder)
    assert (folder / "images" / "b.jpg").read_bytes() == b"b"
    fetched: list[str] = []
    really = FolderPlace.fetch

    def fetching(self: FolderPlace, name: str, to: Path) -> None:
        fetched.append(name)
        really(self, name, to)

    monkeypatch.setattr(FolderPlace, "fetch", fetching)
    place.write("images/b.jpg", b"another")
    place.delete("images/a.jpg")
    download(place, folder)
    assert fetched == ["images/b.jpg"]
    assert (folder / "images" / "b.jpg").read_bytes() == b"another"
    assert not (folder / "images" / "a.jpg").exists()


def test_a_name_cannot_lead_out_of_the_folder(
    container: str, blobs: BlobServiceClient, tmp_path: Path
) -> None:
    with open_place(container, make=True) as place:
        with pytest.raises(DataError, match="holds nothing"):
            download(place, tmp_path / "copy")
        place.write("a\\..\\b", b"")
        with pytest.raises(DataError, match="cannot be a file's name"):
            download(place, tmp_path / "copy")
    assert not list(tmp_path.rglob("b"))
