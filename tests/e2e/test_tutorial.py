"""The tutorial of training/README.md, from its first command to its last, on the tiny data set."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from captioner.model.bundle import MANIFEST, open_bundle, read_manifest
from captioner.records import AltText, CaptionRecord, ImageFacts, from_json, now, to_json
from tests.support import tiny_dataset, tiny_run
from tests.support.app import running_app
from tests.support.azurite import Azurite
from tests.support.documents import ROOT, examples
from tests.support.reader import Reader, lines_of
from tests.support.tools import require_tool
from training.config import load_config
from training.data.pairs import read_pairs

STEPS = examples(ROOT / "training" / "README.md", "Tutorial")
BY_HAND = "# by hand"
APPROVED = "A red square, painted by hand."


@dataclass
class Walk:
    """The steps that a reader has gone, and what each command said."""

    reader: Reader
    said: dict[str, str] = field(default_factory=dict)

    @property
    def mine(self) -> Path:
        return self.reader.folder / "mine"

    def go(self, step: str) -> None:
        for language, block in STEPS[step]:
            if language == "python":
                self.said[step] = self.reader.python(block)
            elif language == "sh":
                for line in lines_of(block):
                    if BY_HAND not in line:
                        self.said[line] = self.reader.shell(line)
                        self._in_seconds()

    def _in_seconds(self) -> None:
        """Put a small network into the configuration once it is there, as a reader may."""
        if (self.mine / "run.toml").exists():
            (self.mine / "run.toml").write_text(tiny_run.configuration("merge-lstm", "own"))

    def answer(self, beginning: str) -> str:
        """Give what the one command that begins so said."""
        (said,) = (said for line, said in self.said.items() if line.startswith(beginning))
        return said


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    require_tool("curl")
    folder = tmp_path_factory.mktemp("tutorial")
    data = tiny_dataset.write_table(folder / "data")
    (data / "images").rename(folder / "photographs")
    shutil.copy(data / "captions.csv", folder)
    drawing = folder / "photographs" / tiny_dataset.drawings()[0].name
    shutil.copy(drawing, folder / "photo.jpg")
    configs = folder / "training" / "configs"
    configs.mkdir(parents=True)
    shutil.copy(ROOT / "training" / "configs" / "own.toml", configs)
    model = folder / "mine" / "model"
    names = {"IMAGES_CONTAINER": "images", "CAPTIONS_CONTAINER": "captions"}
    # Storage of its own, so that the containers may have the names that the tutorial gives them.
    with Azurite() as azurite:
        walk = Walk(Reader.in_folder(folder, azurite.connection_string, "", model_dir=model))
        app = running_app(azurite, {**names, "MODEL_DIR": str(model)})
        *before, deploy, consume = STEPS
        with azurite.blobs() as blobs:
            for name in names.values():
                blobs.create_container(name)
            blobs.get_blob_client("images", "attic/photo.jpg").upload_blob(drawing.read_bytes())
            blobs.get_blob_client("captions", "attic/photo.jpg.json").upload_blob(approved())
        for step in before:
            walk.go(step)
        walk.go(deploy)
        with app as running:
            walk.reader = replace(walk.reader, url=running.host.url)
            walk.go(consume)
        yield walk


def approved() -> bytes:
    """Give the sidecar of an image whose alt text a person stands behind."""
    record = CaptionRecord(
        image=ImageFacts(name="attic/photo.jpg"),
        captions=(),
        alt_text=AltText(APPROVED, "person", "approved", "ann", now()),
        problems=(),
        created=now(),
        updated=now(),
    )
    return to_json(record)


def test_there_are_eight_steps_and_little_is_left_to_the_hand() -> None:
    titles = "Store", "Set up", "Prepare", "Train", "Register", "Package", "Deploy", "Consume"
    assert list(STEPS) == [f"{number}. {title}" for number, title in enumerate(titles, 1)]
    lines = [line for step in STEPS.values() for kind, block in step if kind == "sh"
             for line in lines_of(block)]  # fmt: skip
    left = [line.split()[0] for line in lines if BY_HAND in line]
    assert sorted(left) == [".", "make", "make", "python"]


def test_a_teams_containers_hold_what_can_be_learnt(walk: Walk) -> None:
    team = walk.reader.folder / "team"
    (pair,) = read_pairs(team / "captions")
    assert (pair.image, pair.caption) == ("attic/photo.jpg", APPROVED)
    assert (team / "images" / pair.image).is_file()


def test_pictures_are_prepared_and_the_bundle_is_measured(walk: Walk) -> None:
    assert "train: 40 pictures, 200 captions" in walk.answer("python -m training prepare")
    manifest = read_manifest(walk.mine / "model")
    assert manifest.name == load_config(walk.mine / "run.toml").name == "own"
    assert f"own {manifest.version}" in walk.answer("python -m training export")
    assert manifest.metrics["test_beam3"]["images"] == tiny_dataset.SPLIT_SIZES["test"]
    assert "<html" in (walk.mine / "report.html").read_text()


def test_what_is_registered_is_what_is_fetched(walk: Walk) -> None:
    version = read_manifest(walk.mine / "model").version
    assert f"bundles/own/{version}/{MANIFEST}" in walk.answer("python -m training register")
    fetched = walk.mine / "registry" / "own" / version
    assert str(fetched.relative_to(walk.reader.folder)) in walk.said["6. Package"]
    files = {path.name: path.read_bytes() for path in fetched.iterdir()}
    assert files == {path.name: path.read_bytes() for path in (walk.mine / "model").iterdir()}
    assert open_bundle(fetched).manifest.version == version


def test_the_app_and_the_terminal_caption_with_it(walk: Walk) -> None:
    version = read_manifest(walk.mine / "model").version
    answers = [walk.answer("curl --data-binary"), walk.answer("captioner caption")]
    for answer in answers:
        (caption,) = from_json(answer.encode()).captions
        assert (caption.model.name, caption.model.version) == ("own", version)
        assert caption.text
    assert json.loads(walk.answer("curl http"))["status"] == "ok"
