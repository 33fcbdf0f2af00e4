"""`captioner caption` and `captioner upload` as people start them."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from captioner.records import CaptionRecord, from_json
from captioner.settings import Settings, StorageConnection
from captioner.store import ImageStore
from tests.e2e.conftest import StartHost
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import VisionServer

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 120
INTERRUPTED = 130


@dataclass(frozen=True)
class Captioner:
    """The command, started in a folder, with nothing set but `settings`."""

    folder: Path
    settings: Mapping[str, str]

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=DEADLINE_S)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(
        self,
        *arguments: str,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        **settings: str,
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "captioner", *arguments],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "TERM": "xterm",
                **self.settings,
                **settings,
            },
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            encoding="utf-8",
        )


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def captioner(tmp_path: Path, bundle: Path) -> Captioner:
    """The command, in a folder that holds `attic/red.jpg`, `attic/blue.jpg`, `attic/broken.jpg`."""
    attic = tmp_path / "attic"
    attic.mkdir()
    for colour in ("red", "blue"):
        (attic / f"{colour}.jpg").write_bytes(image_bytes(plain(64, 64, colour)))
    (attic / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return Captioner(tmp_path, {"MODEL_DIR": str(bundle)})


def shown(output: str) -> list[str]:
    """Give the lines for people, but for the model's doubts about pictures of one colour."""
    return [line for line in output.splitlines() if not line.startswith("  for review ")]


def records(output: str) -> list[CaptionRecord]:
    return [from_json(line.encode()) for line in output.splitlines()]


def test_captions_are_shown_for_people_to_read(captioner):
    done = captioner("caption", "attic/red.jpg", "./attic/blue.jpg")
    lines = shown(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [lines[0], lines[2]] == ["attic/red.jpg", "./attic/blue.jpg"]
    assert all(line.startswith("  onnx ") for line in (lines[1], lines[3]))
    assert len(lines) == 4


def test_vision_captions_too_where_it_is_configured(captioner):
    with VisionServer() as vision:
        done = captioner(
            "caption", "attic/red.jpg", VISION_ENDPOINT=vision.url, VISION_KEY=vision.key
        )
    assert "  azure-vision  a red picture  (0.50)" in done.stdout.splitlines()
    assert done.returncode == 0


def read_all(terminal: int) -> str:
    """Read what a terminal showed until the last program has left it."""
    shown = b""
    try:
        while part := os.read(terminal, 2**16):
            shown += part
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    finally:
        os.close(terminal)
    return shown.decode()


def test_the_bar_is_for_people_and_leaves_results_alone(captioner):
    terminal, theirs = pty.openpty()
    process = captioner.start("caption", "--json", "attic/red.jpg", "attic/blue.jpg", stderr=theirs)
    os.close(theirs)
    shown = read_all(terminal)
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert "Captioning" in shown
    assert len(records(out)) == 2


def test_results_and_bar_share_a_terminal(captioner):
    terminal, theirs = pty.openpty()
    process = captioner.start(
        "caption", "attic/red.jpg", "attic/blue.jpg", stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = read_all(terminal)
    assert process.wait(timeout=DEADLINE_S) == 0
    assert "Captioning" in shown
    assert shown.count("attic/red.jpg") == shown.count("attic/blue.jpg") == 1


def test_ctrl_c_ends_it_without_a_traceback(captioner, tmp_path):
    os.mkfifo(tmp_path / "never.jpg")
    process = captioner.start("caption", "attic/red.jpg", "never.jpg")
    writer = os.open(tmp_path / "never.jpg", os.O_WRONLY)  # waits until the command reads
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE_S)
    os.close(writer)
    assert (process.returncode, out, err) == (INTERRUPTED, "", "")


def test_a_reader_that_leaves_early_is_no_fault(captioner):
    process = captioner.start("caption", "--json", *(["attic/red.jpg"] * 3))
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=DEADLINE_S) == 1


@pytest.fixture
def storage(azurite: Azurite, unique_name: Callable[[str], str]) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "IMAGES_CONTAINER": unique_name("images"),
        "CAPTIONS_CONTAINER": unique_name("captions"),
    }


def test_uploaded_images_show_their_captions(captioner, storage, start_host: StartHost, tmp_path):
    attic = tmp_path / "attic"
    (attic / "broken.jpg").unlink()
    (attic / "deep").mkdir()
    (attic / "red.jpg").rename(attic / "deep" / "a b+#%é.jpg")
    start_host(ROOT, {**captioner.settings, **storage})

    first = captioner("upload", "attic", "--prefix", "2026/", "--wait", **storage)
    lines = shown(first.stdout)
    assert (first.returncode, first.stderr) == (0, "")
    assert lines[:2] == ["uploaded   2026/blue.jpg", "uploaded   2026/deep/a b+#%é.jpg"]
    assert sorted(lines[2::2]) == ["2026/blue.jpg", "2026/deep/a b+#%é.jpg"]
    assert all(line.startswith("  onnx ") for line in lines[3::2])
    assert len(lines) == 6

    (attic / "blue.jpg").write_bytes(image_bytes(plain(64, 64, "white")))
    again = captioner("upload", "attic", "--prefix", "2026/", "--wait", **storage)
    lines = shown(again.stdout)
    assert again.returncode == 0
    assert lines[:2] == ["replaced   2026/blue.jpg", "unchanged  2026/deep/a b+#%é.jpg"]
    assert len(lines) == 6


def test_an_upload_that_fails_in_part_says_which(captioner, storage, start_host: StartHost):
    start_host(ROOT, {**captioner.settings, **storage})
    files = ["attic/red.jpg", "missing.jpg", "attic/broken.jpg"]
    done = captioner("upload", *files, "--wait", **storage)
    assert done.returncode == 1
    assert done.stderr.startswith("missing.jpg: The file cannot be read (No such file")
    assert "  image         The JPEG image is damaged" in done.stdout
    assert "  onnx " in done.stdout


def test_waiting_for_an_app_that_does_not_run_has_an_end(captioner, storage):
    done = captioner("upload", "attic/red.jpg", "--wait", "--timeout", "1", **storage)
    assert (done.returncode, done.stdout) == (1, "uploaded   red.jpg\n")
    assert done.stderr.startswith(
        "1 of 1 images have no record that can be read, and none came within 1 s"
    )


def test_ctrl_c_ends_the_wait(captioner, storage):
    process = captioner.start("upload", "attic/red.jpg", "--wait", **storage)
    assert process.stdout.readline() == "uploaded   red.jpg\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, err) == (INTERRUPTED, "")


def test_without_wait_an_upload_is_done_when_the_images_are_there(captioner, storage, azurite):
    done = captioner("upload", "attic", **storage)
    assert (done.returncode, done.stderr) == (0, "")
    settings = Settings(images_container=storage["IMAGES_CONTAINER"])
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        names = [entry.name for entry in store.list_images()]
    assert names == ["blue.jpg", "broken.jpg", "red.jpg"]
