from pathlib import Path

import msgspec
import pytest

from captioner.model.bundle import MANIFEST, read_manifest
from tests.support.bundles import make_bundle
from tests.support.scored import CAPTIONS, REFERENCES
from training.data.datasets import CaptionedImage
from training.evaluation.captioned import Captioned
from training.evaluation.evaluation import Evaluation, evaluate
from training.evaluation.record import record


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    images = [CaptionedImage(name, Path(name), each) for name, each in REFERENCES.items()]
    return evaluate(images, Captioned("tiny", CAPTIONS, beam_size=3))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = make_bundle(tmp_path)
    manifest = msgspec.structs.replace(
        read_manifest(folder), data={"name": "flickr8k"}, metrics={"dev_cider": {"fp32": 50.0}}
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return folder


def test_data_that_was_not_learnt_from_takes_no_other_place(
    bundle: Path, evaluation: Evaluation
) -> None:
    record(bundle, "flickr8k", "test", evaluation, "evaluate")
    record(bundle, "elsewhere", "test", evaluation, "evaluate --data elsewhere")
    metrics = read_manifest(bundle).metrics
    assert set(metrics) == {"dev_cider", "test_beam3", "elsewhere_test_beam3"}
    assert metrics["test_beam3"]["command"] == "evaluate"


def test_shares_are_in_percent_and_absent_where_nothing_tells_them(
    bundle: Path, evaluation: Evaluation
) -> None:
    manifest = record(bundle, "flickr8k", "test", evaluation, "evaluate")
    assert manifest == read_manifest(bundle)
    entry = manifest.metrics["test_beam3"]
    assert entry["made_up"] == pytest.approx(100 / 6, abs=0.01)
    assert entry["intervals"]["made_up"][0] <= entry["made_up"]
    assert "made_up_surest" not in entry  # these captions have no confidence


def test_the_commonest_words_are_told_with_how_often_they_are_right(
    bundle: Path, evaluation: Evaluation
) -> None:
    manifest = record(bundle, "flickr8k", "test", evaluation, "evaluate")
    words = {word["word"]: word for word in manifest.metrics["test_beam3"]["words"]}
    assert words["dog"].keys() == {"word", "said", "right", "wanted", "found"}
    assert words["dog"]["said"] > words["dog"]["right"] > 0
