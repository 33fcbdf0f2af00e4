"""`captioner export` against a real emulator."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from captioner.cli import app
from captioner.records import from_json
from captioner.settings import STORAGE_CONNECTION, Settings, StorageConnection
from captioner.store import ImageStore
from tests.support import exiftool
from tests.support.azurite import Azurite
from tests.support.exported import HOSTILE, human, machine, silent

ALT = "XMP-iptcCore:AltTextAccessibility"

type Captioner = Callable[..., Result]


@pytest.fixture
def captioner(
    azurite: Azurite,
    unique_name: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Captioner:
    """Run `export` on an account with the records of three images in it."""
    monkeypatch.chdir(tmp_path)
    captions = unique_name("captions")
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, Settings(captions_container=captions)) as store:
        for record in (machine("attic/dog.jpg"), human(HOSTILE[0], "me.jpg"), silent()):
            store.put_record(record, None)
    environment = {
        STORAGE_CONNECTION: azurite.connection_string,
        "CAPTIONS_CONTAINER": captions,
        "IIIF_CANVAS": "https://example.org/iiif/{stem}/canvas",
    }
    return lambda *arguments: CliRunner().invoke(app, ["export", *arguments], env=environment)


def test_a_table_of_everything(captioner: Captioner, tmp_path: Path) -> None:
    done = captioner("--format", "csv", "--to", "all.csv")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "3 images in all.csv\n", "")
    text = (tmp_path / "all.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["name"] for row in rows] == ["attic/dog.jpg", "broken.jpg", "me.jpg"]
    assert [path.name for path in tmp_path.iterdir()] == ["all.csv"]


def test_the_standard_output_holds_the_records_and_nothing_else(captioner: Captioner) -> None:
    done = captioner("me.jpg", "attic/dog.jpg", "--format", "jsonl", "--to", "-")

    records = [from_json(line) for line in done.stdout_bytes.splitlines()]
    assert [record.image.name for record in records] == ["me.jpg", "attic/dog.jpg"]
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--pending"], ["attic/dog.jpg", "broken.jpg"]),
        (["--status", "edited"], ["me.jpg"]),
        (["--prefix", "attic/"], ["attic/dog.jpg"]),
        (["--source", "azure-vision"], []),
        (["--problem", "any"], []),
    ],
)
def test_options_choose(captioner: Captioner, options: list[str], names: list[str]) -> None:
    done = captioner(*options, "--format", "jsonl", "--to", "-")

    assert [from_json(line).image.name for line in done.stdout_bytes.splitlines()] == names


def test_annotations_are_on_the_canvases_of_the_settings(captioner: Captioner) -> None:
    done = captioner("--format", "annotations", "--to", "-")

    assert [each["target"] for each in json.loads(done.stdout_bytes)["items"]] == [
        "https://example.org/iiif/attic%2Fdog/canvas",
        "https://example.org/iiif/me/canvas",
    ]
    assert done.stderr == "1 images have no alt text and are left out.\n"
    assert done.exit_code == 0


def test_html_is_a_page(captioner: Captioner, tmp_path: Path) -> None:
    captioner("--format", "html", "--to", "page.html")

    assert (tmp_path / "page.html").read_text().count("<img ") == 2


def test_sidecars_lie_beside_their_pictures_and_are_written_anew(
    captioner: Captioner, tmp_path: Path
) -> None:
    for _ in range(2):
        done = captioner("--format", "xmp", "--to", "photos")
        assert (done.exit_code, done.stdout) == (0, "2 images in photos\n")

    found = [path for path in (tmp_path / "photos").rglob("*") if path.is_file()]
    assert {
        path.relative_to(tmp_path).as_posix(): exiftool.tags_in(path)[ALT] for path in found
    } == {
        "photos/attic/dog.jpg.xmp": "a dog in snow",
        "photos/me.jpg.xmp": HOSTILE[0],
    }


def test_what_another_program_wrote_is_replaced_only_when_asked(
    captioner: Captioner, tmp_path: Path
) -> None:
    captioner("--format", "xmp", "--to", ".")
    path = tmp_path / "me.jpg.xmp"
    exiftool.write(path, {"XMP-dc:Title": "Written by hand"})
    theirs = path.read_bytes()
    (tmp_path / "attic" / "dog.jpg.xmp").write_bytes(b"")

    done = captioner("--format", "xmp", "--to", ".")

    assert done.exit_code == 1
    assert path.read_bytes() == theirs
    assert (tmp_path / "attic" / "dog.jpg.xmp").read_bytes() == b""
    assert "me.jpg.xmp: left as it is" in done.stderr
    assert "2 sidecars of other programs were left as they are; --overwrite" in done.stderr

    done = captioner("--format", "xmp", "--to", ".", "--overwrite")

    assert done.exit_code == 0
    assert "XMP-dc:Title" not in exiftool.tags_in(path)


def test_names_without_a_record_are_told_and_cost_no_other(captioner: Captioner) -> None:
    done = captioner("lost.jpg", "me.jpg", "--format", "html", "--to", "-")

    assert done.stdout.count("<img ") == 1
    assert "lost.jpg: There is no record of 'lost.jpg'" in done.stderr
    assert done.stderr.endswith("1 images could not be exported.\n")
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "xmp", "--to", "-"], "name a folder with --to"),
        (["me.jpg", "--pending", "--format", "csv", "--to", "-"], "leave either out"),
    ],
)
def test_what_cannot_be_run_is_told(
    captioner: Captioner, arguments: list[str], sentence: str
) -> None:
    done = captioner(*arguments)

    assert done.exit_code == 2
    assert sentence in done.stderr


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(
    captioner: Captioner, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()

    done = captioner("--format", "csv", "--to", "folder")

    assert done.exit_code == 1
    assert "'folder' cannot be written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]

    (tmp_path / "attic").write_text("no folder")

    done = captioner("--format", "xmp", "--to", ".")

    assert "1 images could not be exported." in done.stderr
    assert (done.exit_code, (tmp_path / "me.jpg.xmp").exists()) == (1, True)


def test_an_export_that_fails_leaves_the_file_from_before(
    captioner: Captioner, tmp_path: Path
) -> None:
    (tmp_path / "all.csv").write_text("before")

    done = captioner("--format", "csv", "--to", "all.csv", "--connection", "AccountName=x")

    assert done.exit_code == 1
    assert (tmp_path / "all.csv").read_text() == "before"
