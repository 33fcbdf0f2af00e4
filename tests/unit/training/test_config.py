from pathlib import Path

import pytest

from training.config import ConfigError, load_config, to_dict

GOOD = """
name = "mine"
[data]
resize = [224, 256]
[decoder]
kind = "transformer"
[[stages]]
name = "decoder"
epochs = 8
learning_rate = 4e-4
[[stages]]
name = "tail"
epochs = 4
learning_rate = 1e-4
encoder_from_block = 15
"""


def write(path: Path, text: str = GOOD) -> Path:
    path.write_text(text)
    return path


def test_a_configuration_is_read_with_its_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path / "mine.toml"))
    assert (config.name, config.side) == ("mine", 256)
    assert config.encoder.name == "efficientnet-lite2"
    assert [stage.encoder_from_block for stage in config.stages] == [None, 15]
    assert to_dict(config)["stages"][1]["learning_rate"] == 1e-4


@pytest.mark.parametrize(
    "path", sorted(Path("training/configs").glob("*.toml")), ids=lambda path: path.stem
)
def test_the_shipped_configurations_are_good(path: Path) -> None:
    assert load_config(path).name.startswith(path.stem.partition("-")[0])


def test_the_second_seed_is_of_the_same_recipe() -> None:
    first, second = (
        to_dict(load_config(Path("training/configs", name)))
        for name in ("flickr8k.toml", "flickr8k-seed2.toml")
    )
    assert (first.pop("seed"), second.pop("seed")) == (1, 2)
    assert first.pop("name") != second.pop("name")
    assert first == second


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ('name = "mine"', "", "`name`"),
        ('name = "mine"', 'name = ".."', "$.name"),
        ('name = "mine"', 'name = "a/b"', "$.name"),
        ('name = "mine"', 'name = "mine"\ncolour = 1', "colour"),
        ("resize = [224, 256]", "resize = []", "$.data.resize"),
        ("resize = [224, 256]", "resize = [0]", "$.data.resize"),
        ("resize = [224, 256]", "resize = [64]\nmin_cuont = 2", "min_cuont"),
        ('kind = "transformer"', 'kind = "gru"', "$.decoder.kind"),
        ('kind = "transformer"', 'kind = "transformer"\ndropout = 1.0', "$.decoder.dropout"),
        ('kind = "transformer"', 'kind = "transformer"\nsizes = {width = 0}', "decoder.sizes"),
        ("epochs = 8", "epochs = 0", "$.stages[0].epochs"),
        ("epochs = 8", 'epochs = "8"', "$.stages[0].epochs"),
        ("learning_rate = 4e-4", "learning_rate = 4", "$.stages[0].learning_rate"),
        ('name = "tail"', 'name = "decoder"', "a name of its own"),
        ("epochs = 8", "epochs = = 8", "mine.toml"),
        ("[decoder]", "[encoder]\nlayer = 2\n[decoder]", "$.encoder.layer"),
        (
            'kind = "transformer"',
            'kind = "transformer"\nword_vectors = "glove.6B.200d.txt"',
            "word_vectors and freeze_words are of merge-lstm alone - at `$.decoder`",
        ),
        (
            'kind = "transformer"',
            'kind = "merge-lstm"\nfreeze_words = true',
            "freeze_words keeps word_vectors as they are: name their file",
        ),
        (
            "encoder_from_block = 15",
            'encoder_from_block = 15\nencoder_from_layer = "head"',
            "say encoder_from_block or encoder_from_layer, not both - at `$.stages[1]`",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, good: str, bad: str, named: str) -> None:
    path = write(tmp_path / "mine.toml", GOOD.replace(good, bad, 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.message.startswith("Mend mine.toml: ")
    assert named in caught.value.message


def test_the_encoder_learns_from_a_block_or_a_layer_on(tmp_path: Path) -> None:
    text = GOOD.replace("encoder_from_block = 15", 'encoder_from_layer = "mixed8"')
    assert [each.tunes_encoder for each in load_config(write(tmp_path / "a.toml")).stages] == [
        False,
        True,
    ]
    stages = load_config(write(tmp_path / "b.toml", text)).stages
    assert [stage.tunes_encoder for stage in stages] == [False, True]
    assert stages[1].encoder_from_layer == "mixed8"


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration"):
        load_config(tmp_path / "mine.toml")


WITH_TAGS = (
    GOOD
    + """texts_per_step = 4
blind = 0.2
[tags]
from_block = 15
"""
)


def test_tags_are_read_with_their_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path / "mine.toml", WITH_TAGS))
    assert (config.tags.from_block, config.tags.slots) == (15, 8)
    assert [stage.texts_per_step for stage in config.stages] == [0, 4]
    assert load_config(write(tmp_path / "plain.toml")).tags is None


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ("[tags]\nfrom_block = 15", "", "texts_per_step and blind of stage tail need [tags]"),
        ("texts_per_step = 4\nblind = 0.2\n[tags]\nfrom_block = 15", "blind = 0.2", "need [tags]"),
        ("[tags]\nfrom_block = 15", "[tags]\nfrom_block = 16", "stage tail changes what the"),
        ("encoder_from_block = 15", 'encoder_from_layer = "head"', "let the encoder learn from"),
        ("texts_per_step = 4", "images_per_step = 0", "needs images_per_step or texts_per_step"),
        ("blind = 0.2", "blind = 1.0", "$.stages[1].blind"),
        ("texts_per_step = 4\nblind = 0.2\n[tags]\nfrom_block = 15", "crops = 2", "crops of stage"),
        ('kind = "transformer"', 'kind = "attention-lstm"', "only the transformer can"),
    ],
)
def test_tags_that_do_not_fit_the_stages_are_refused(
    tmp_path: Path, good: str, bad: str, named: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path / "mine.toml", WITH_TAGS.replace(good, bad, 1)))
    assert named in caught.value.message
