import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.scored import CAPTIONS, REFERENCES, SCORES
from training.data.datasets import CaptionedImage
from training.evaluation.captioned import Captioned, CaptionsInvalid
from training.evaluation.evaluation import Evaluation, evaluate
from training.metrics import METRICS

IMAGES = [CaptionedImage(name, Path(name), captions) for name, captions in REFERENCES.items()]
# The better half of the captions, by what they name, are the surer ones.
CONFIDENCES = {"park": 0.9, "snow": 0.8, "pool": 0.95, "crowd": 0.3, "cat": 0.2, "sea": 0.5}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(
        IMAGES,
        Captioned("a captioner", CAPTIONS, CONFIDENCES),
        learnt_from=["Two dogs play in the snow ."],
        acceptable=lambda _, captions: np.array([image != "cat" for image in captions]),
    )


def test_everything_is_measured(evaluation: Evaluation) -> None:
    assert evaluation.scores.cider == pytest.approx(SCORES["cider"])
    assert evaluation.diversity.copied == pytest.approx(1 / 6)
    assert evaluation.made_up[4] == {"dog", "grass"}
    assert evaluation.objects.made_up.value == pytest.approx(1 / 6)
    confidence = evaluation.confidence
    assert confidence is not None
    assert (confidence.made_up_surest.value, confidence.ratio.value) == (0, 0)
    assert confidence.acceptable == pytest.approx(5 / 6)
    assert confidence.roc_auc is not None
    assert confidence.roc_auc.value == 1


def test_parts_have_the_images_they_are_named_for(evaluation: Evaluation) -> None:
    images = {part.name: part.images for part in evaluation.kinds}
    assert images["animals"] == 2
    assert images["snow and water"] == 3
    lengths = {part.name: part.images for part in evaluation.lengths}
    assert lengths == {"0 to 7 words": 4, "8 to 9 words": 1, "10 to 11 words": 1}
    by_length = {part.name: part.cider.value for part in evaluation.lengths}
    whole = evaluation.measurement.of_each("cider")
    assert by_length["10 to 11 words"] == pytest.approx(whole[2])
    assert sum(by_length[name] * lengths[name] for name in lengths) == pytest.approx(whole.sum())


def test_without_confidences_nothing_is_said_of_them() -> None:
    evaluation = evaluate(IMAGES, Captioned("another", CAPTIONS))
    assert evaluation.confidence is None
    assert evaluation.diversity.copied is None


def test_a_caption_that_is_missing() -> None:
    with pytest.raises(CaptionsInvalid, match="no caption for 5 of 6"):
        evaluate(IMAGES, Captioned("lazy", {"park": "a man"}))


def test_figures_are_json(evaluation: Evaluation) -> None:
    told = json.loads(json.dumps(evaluation.to_dict()))
    assert told["captioner"] == "a captioner"
    assert {*METRICS, "intervals", "images"} == told["scores"].keys()
    assert told["confidence"]["ratio"]["value"] == 0
    assert told["objects"]["words"][0].keys() == {"word", "said", "right", "wanted", "found"}
