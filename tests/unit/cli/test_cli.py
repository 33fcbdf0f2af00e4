"""The commands: what they print, and what their exit codes say."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from captioner.cli import app
from captioner.records import CaptionRecord, from_json
from captioner.settings import STORAGE_CONNECTION, Settings
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain

type Captioner = Callable[..., Result]


@pytest.fixture
def captioner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Captioner:
    """Run a command beside `attic/red.jpg`, `attic/blue.jpg` and `attic/broken.jpg`.

    Nothing is set but what the test sets, and MODEL_DIR to a small bundle.
    """
    monkeypatch.chdir(tmp_path)
    own = {each.metadata["env"] for each in fields(Settings)}
    for name in [name for name in os.environ if name in own or name.startswith(STORAGE_CONNECTION)]:
        monkeypatch.delenv(name)
    attic = tmp_path / "attic"
    attic.mkdir()
    for colour in ("red", "blue"):
        (attic / f"{colour}.jpg").write_bytes(image_bytes(plain(64, 64, colour)))
    (attic / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    bundle = make_bundle(tmp_path / "bundle")

    def run(*arguments: str, **settings: str) -> Result:
        return CliRunner().invoke(app, arguments, env={"MODEL_DIR": str(bundle), **settings})

    return run


def records(output: str) -> list[CaptionRecord]:
    return [from_json(line.encode()) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("option", "setting", "neutral"),
    [
        (["--neutral"], "false", True),
        (["--no-neutral"], "true", False),
        ([], "true", True),
    ],
)
def test_wording_may_be_neutral(captioner, tmp_path, option, setting, neutral):
    for colour in ("green", "black", "white", "yellow"):
        (tmp_path / f"{colour}.jpg").write_bytes(image_bytes(plain(64, 64, colour)))

    done = captioner("caption", "--json", *option, ".", NEUTRAL_WORDING=setting)

    said = {word for each in ("man", "person") for word in [each] if f" {each}" in done.stdout}
    assert said == ({"person"} if neutral else {"man"})


def test_json_is_one_record_for_every_file_in_order(captioner):
    done = captioner("caption", "--json", "missing.jpg", "./attic", "attic/red.jpg")
    found = records(done.stdout)
    assert [record.image.name for record in found] == [
        "missing.jpg",
        "./attic/blue.jpg",
        "./attic/broken.jpg",
        "./attic/red.jpg",
        "attic/red.jpg",
    ]
    codes = [[problem.code for problem in record.problems] for record in found]
    assert codes == [["file_unreadable"], [], ["corrupt_image"], [], []]
    assert [bool(record.captions) for record in found] == [not each for each in codes]
    assert (done.exit_code, done.stderr) == (1, "2 of 5 files got no caption.\n")


def test_the_same_picture_gets_the_same_caption_alone_and_in_a_crowd(captioner):
    alone = captioner("caption", "--json", "attic/red.jpg")
    crowd = captioner("caption", "--json", *(["attic/blue.jpg"] * 11), "attic/red.jpg")
    assert len(records(crowd.stdout)) == 12
    texts = [records(done.stdout)[-1].captions[0].text for done in (alone, crowd)]
    assert texts[0] == texts[1]


def test_another_bundle_may_be_named(captioner, tmp_path):
    make_bundle(tmp_path / "other", version="other")
    done = captioner("caption", "--json", "--model", "other", "attic/red.jpg")
    assert records(done.stdout)[0].captions[0].model.version == "other"


def test_a_folder_without_a_bundle_is_a_problem_of_every_record(captioner):
    done = captioner("caption", "--json", "--model", "attic", "attic/red.jpg")
    (record,) = records(done.stdout)
    assert [problem.code for problem in record.problems] == ["bundle_missing"]
    assert done.exit_code == 1


def test_local_settings_are_those_of_the_folder(captioner, tmp_path):
    (tmp_path / "local.settings.json").write_text('{"Values": {"MAX_IMAGE_BYTES": "10"}}')
    told = captioner("caption", "--json", "attic/red.jpg")
    assert records(told.stdout)[0].problems[0].code == "image_too_large"
    overruled = captioner("caption", "--json", "attic/red.jpg", MAX_IMAGE_BYTES="100000")
    assert overruled.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["caption"], "Missing argument"),
        (["caption", "--model", "nowhere", "attic"], "does not exist"),
        (["caption", "empty"], "There is no image in empty."),
        (["upload", "empty", "--connection", "x"], "There is no file in empty."),
        (["upload", "attic"], "Set AzureWebJobsStorage"),
        (["upload", "attic/red.jpg", "attic/red.jpg", "--connection", "x"], "both be called"),
    ],
)
def test_a_command_that_cannot_run_says_why_and_exits_with_2(
    captioner, tmp_path, arguments, sentence
):
    (tmp_path / "empty").mkdir()
    done = captioner(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_faulty_settings_are_told_in_a_sentence(captioner):
    done = captioner("caption", "attic", BEAM_SIZE="many")
    assert done.exit_code == 2
    assert done.stderr.startswith("Mend these app settings: BEAM_SIZE")


def test_a_storage_account_that_cannot_be_used_is_told_in_a_sentence(captioner):
    done = captioner("upload", "attic", "--connection", "AccountKey=c2VjcmV0")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "malformed" in done.stderr
    assert "c2VjcmV0" not in done.stderr


def test_help_does_not_wait_for_the_model_or_the_cloud():
    code = (
        "import sys, captioner.cli; "
        "print([m for m in ('azure', 'numpy', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
