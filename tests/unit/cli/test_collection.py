"""`captioner search` and `captioner catalogue rebuild` against a real emulator."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from captioner.cli import app
from captioner.records import to_json
from captioner.settings import STORAGE_CONNECTION, Settings, StorageConnection
from captioner.store import ImageStore, sidecar_name
from tests.support.azurite import Azurite
from tests.support.records import record_of

type Captioner = Callable[..., Result]


@pytest.fixture
def captions(unique_name: Callable[[str], str]) -> str:
    return unique_name("captions")


@pytest.fixture
def captioner(
    azurite: Azurite, captions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Captioner:
    """Run a command on an account with the record of a guitar in it."""
    monkeypatch.chdir(tmp_path)
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, Settings(captions_container=captions)) as store:
        record = record_of("a.jpg", {"onnx": "a guitar on a wall"}, alt_text="A lute")
        store.put_record(record, None)
    environment = {
        STORAGE_CONNECTION: azurite.connection_string,
        "CAPTIONS_CONTAINER": captions,
        "SEARCH_DIR": str(tmp_path / "index"),
    }
    return lambda *arguments: CliRunner().invoke(app, arguments, env=environment)


def test_what_is_found_is_shown(captioner: Captioner) -> None:
    done = captioner("search", "guitr", "walls")

    assert done.stdout == "a.jpg\n  onnx          a guitar on a wall\n"
    assert done.stderr == "Nothing says 'guitr'; this is 'guitar'.\n1 of 1 images\n"
    assert done.exit_code == 0


def test_nothing_is_found(captioner: Captioner) -> None:
    done = captioner("search", "zeppelin")

    assert (done.exit_code, done.stderr) == (1, "Nothing was found.\n")


def test_a_query_without_words_cannot_be_run(captioner: Captioner) -> None:
    done = captioner("search", "!")

    assert done.exit_code == 2
    assert "no word" in done.stderr


def test_the_catalogue_is_put_right(captioner: Captioner, azurite: Azurite, captions: str) -> None:
    with azurite.blobs() as blobs:
        container = blobs.get_container_client(captions)
        container.upload_blob(
            sidecar_name("b.jpg"), to_json(record_of("b.jpg", {"onnx": "a harp"}))
        )
        container.upload_blob("c.jpg.json", b"no record")

        done = captioner("catalogue", "rebuild")

        assert done.stdout == "3 sidecars, 1 corrections of the catalogue\n"
        assert "1 sidecars are no records" in done.stderr
        assert done.exit_code == 1
        assert captioner("search", "harp").exit_code == 0
        container.delete_blob("c.jpg.json")
        assert captioner("catalogue", "rebuild").exit_code == 0
