"""How captions of one's own are learnt is checked before anything else is done."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import tiny_dataset
from tests.support.tiny_model import TAGS, tiny_config
from training.config import ConfigError, Stage
from training.data.datasets import CaptionDataset, load_dataset
from training.finetuning import commands
from training.finetuning.settings import continued, load_finetune_config


@pytest.fixture
def dataset(tmp_path: Path) -> CaptionDataset:
    return load_dataset(tiny_dataset.write_table(tmp_path / "My Shapes"))


def lesson(**changes: object) -> Stage:
    return Stage(name="lesson", epochs=1, learning_rate=1e-3, **changes)


def test_the_shipped_settings_are_good() -> None:
    assert load_finetune_config(commands._CONFIG).stage.name == "own-captions"


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("min_count = 2", "min_count = 0", "$.min_count"),
        ("epochs = 8", "epoch = 8", "unknown field `epoch` - at `$.stage`"),
        ("epochs = 8", "epochs = 8\ntexts_per_step = 4", "leave texts_per_step out of [stage]"),
        ("[stage]", "[stage", "Mend mine.toml: "),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, good: str, bad: str, told: str) -> None:
    text = commands._CONFIG.read_text()
    assert good in text
    (tmp_path / "mine.toml").write_text(text.replace(good, bad, 1))
    with pytest.raises(ConfigError) as caught:
        load_finetune_config(tmp_path / "mine.toml")
    assert told in caught.value.message


def test_settings_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no configuration .*mine\.toml\."):
        load_finetune_config(tmp_path / "mine.toml")


def test_a_lesson_is_one_more_stage(dataset: CaptionDataset) -> None:
    old = tiny_config()
    taught = continued(old, dataset, lesson())
    assert taught.name == "tiny-my-shapes"
    assert [stage.name for stage in taught.stages] == ["decoder", "lesson"]
    assert taught.data == old.data
    again = continued(taught, dataset, lesson(clip_norm=2.0))
    assert again.stages == (old.stages[0], lesson(clip_norm=2.0))


def test_captions_are_taken_as_many_as_an_image_has(dataset: CaptionDataset) -> None:
    single = tuple(replace(image, captions=image.captions[:1]) for image in dataset.train)
    taught = continued(tiny_config(), replace(dataset, train=single), lesson())
    assert taught.data.captions_per_image == 1
    assert tiny_config().data.captions_per_image == 2


@pytest.mark.parametrize(
    ("tagged", "changes", "told"),
    [
        (False, {"blind": 0.1}, "Leave blind out of [stage]: tiny tells no tags"),
        (True, {"encoder_from_layer": "top"}, "Mend [stage], which does not fit tiny: "),
        (True, {"encoder_from_block": 0}, "let the encoder learn from block 1 on at the earliest."),
    ],
)
def test_a_lesson_that_does_not_fit_the_bundle_is_told(
    dataset: CaptionDataset, tagged: bool, changes: dict[str, object], told: str
) -> None:
    old = tiny_config(tags=TAGS if tagged else None)
    with pytest.raises(ConfigError) as caught:
        continued(old, dataset, lesson(**changes))
    assert told in caught.value.message
