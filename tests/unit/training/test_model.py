from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.tiny_model import (
    CHANNELS,
    PATCHES,
    SIDE,
    SIZES,
    TAGS,
    randomise,
    tiny_config,
    tiny_encoder,
    use_tiny_encoders,
)
from training.config import ConfigError, Data, Encoder, TrainingConfig
from training.encoders import efficientnet_lite
from training.model import CaptionModel, SmoothedCrossEntropy, build_model


@pytest.fixture
def with_tiny_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    use_tiny_encoders(monkeypatch)


def with_decoder(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    return msgspec.structs.replace(
        config, decoder=msgspec.structs.replace(config.decoder, **changes)
    )


def test_the_loss_is_cross_entropy_against_a_smoothed_truth() -> None:
    logits = np.log([[[[0.7, 0.2, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]]])
    tokens = np.array([[[0, 1, 2]]])
    weights = np.array([[[1.0, 1.0, 0.0]]])  # the third is padding
    smoothed = 0.9 * np.eye(3)[[0, 1]] + 0.1 / 3
    by_hand = -(smoothed * logits[0, 0, :2]).sum(axis=1).mean()
    loss = SmoothedCrossEntropy(0.1)
    assert float(loss(tokens, logits, sample_weight=weights)) == pytest.approx(by_hand, rel=1e-5)


def test_without_smoothing_the_loss_is_plain_cross_entropy() -> None:
    logits = np.array([[[[5.0, 4.0, -1.0]]]])  # any logits, not only log-probabilities
    expected = np.log(np.exp(logits).sum()) - 4.0
    found = SmoothedCrossEntropy(0.0)(np.array([[[1]]]), logits)
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.usefixtures("with_tiny_encoder")
@pytest.mark.parametrize("kind", SIZES)
def test_pictures_and_their_grids_give_the_same(kind: str) -> None:
    model = build_model(tiny_config(kind), 9)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    tokens = np.array([[[1, 4, 5]], [[1, 6, 7]]], np.int32)
    grid = model.encoder(pictures).numpy()
    assert grid.shape == (2, PATCHES, CHANNELS)
    from_pictures = model({"pictures": pictures, "tokens": tokens}).numpy()
    assert from_pictures.shape == (2, 1, 3, 9)
    from_grid = model({"grid": grid, "tokens": tokens}).numpy()
    assert from_grid == pytest.approx(from_pictures, abs=1e-6)


@pytest.mark.usefixtures("with_tiny_encoder")
def test_the_seed_decides_the_first_weights() -> None:
    def first(seed: int) -> CaptionModel:
        config = msgspec.structs.replace(tiny_config(), seed=seed)
        return build_model(config, 9)

    one, same, other = (
        np.concatenate([weight.ravel() for weight in first(seed).get_weights()])
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.usefixtures("with_tiny_encoder")
@pytest.mark.parametrize(
    ("kind", "sizes", "named"),
    [
        ("transformer", {"width": 12, "heads": 5}, "width 12 is not a multiple of heads 5"),
        ("transformer", {"widht": 12}, "widht"),
        ("attention-lstm", {"widht": 12}, "widht"),
        ("attention-lstm", {"heads": 2}, "heads"),
        ("transformer", {"max_words": 3}, "max_words"),
    ],
)
def test_sizes_that_do_not_fit_are_told(kind: str, sizes: dict[str, int], named: str) -> None:
    with pytest.raises(ConfigError, match=r"^decoder\.sizes do not fit") as caught:
        build_model(with_decoder(tiny_config(kind), sizes=sizes), 9)
    assert named in caught.value.message


@pytest.mark.parametrize(
    ("name", "weights", "named"),
    [
        ("resnet", None, "encoder.name 'resnet' is not one of efficientnet-lite0"),
        ("efficientnet-lite0", "nowhere.pth", "nowhere.pth"),
        ("efficientnet-lite0", __file__, "torch's first format"),
        (
            "efficientnet-lite0",
            str(efficientnet_lite.package_weights("efficientnet-lite2")),
            "mend encoder.weights",
        ),
    ],
    ids=["unknown", "missing", "not-weights", "another-encoder"],
)
def test_an_encoder_that_cannot_be_had_is_told(name: str, weights: str | None, named: str) -> None:
    encoder = Encoder(name=name, weights=weights)
    with pytest.raises(ConfigError) as caught:
        build_model(msgspec.structs.replace(tiny_config(), encoder=encoder), 9)
    assert named in caught.value.message


def test_random_weights_need_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path | None] = []

    def noting(name: str, side: int, *, weights: Path | None) -> object:
        asked.append(weights)
        return tiny_encoder()

    monkeypatch.setattr(efficientnet_lite, "build", noting)
    for weights in ("random", None, "mine.pth"):
        encoder = Encoder(name="efficientnet-lite0", weights=weights)
        build_model(msgspec.structs.replace(tiny_config(), encoder=encoder), 9)
    assert asked == [Path(), None, Path("mine.pth")]


PICTURES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
TOKENS = np.array([[[1, 4, 5]], [[1, 6, 7]]], np.int32)


@pytest.fixture
def with_tags(with_tiny_encoder: None) -> CaptionModel:
    """It trusts each grid in part: random directions hold about half of what it sees."""
    model = build_model(tiny_config(tags=TAGS), 9, {"cat": 4, "dog": 5, "zebra": 7})
    randomise(model.decoder)
    model.recogniser.basis.assign(np.eye(CHANNELS, CHANNELS // 2))
    model.recogniser.edge.assign((0.5, 2))
    model.recogniser.slope.assign((1, 1, 1))
    model.recogniser.offset.assign((3, 4, 5))
    return model


def test_features_and_grids_with_what_is_told_give_the_same(with_tags: CaptionModel) -> None:
    features = with_tags.halves.trunk(PICTURES).numpy()
    recognised = with_tags.recogniser(features)
    told = {name: recognised[name].numpy() for name in ("tags", "trust")}
    assert 0.05 < told["trust"].min() <= told["trust"].max() < 0.95
    expected = with_tags({"pictures": PICTURES, "tokens": TOKENS}).numpy()
    grid = with_tags.encoder(PICTURES).numpy()
    for seen in ({"features": features, **told}, {"grid": grid, **told}):
        found = with_tags({**seen, "tokens": TOKENS}).numpy()
        assert found == pytest.approx(expected, abs=1e-5)
    other = {"grid": grid, **told, "tags": told["tags"][:, ::-1], "tokens": TOKENS}
    assert np.abs(with_tags(other).numpy() - expected).max() > 0.01


def test_the_recogniser_is_another_end_of_the_encoder(with_tags: CaptionModel) -> None:
    """Which stays as it was while the encoder's own end learns."""
    before = with_tags.recogniser(with_tags.halves.trunk(PICTURES))["tags"].numpy()
    randomise(with_tags.halves.tail)
    after = with_tags.recogniser(with_tags.halves.trunk(PICTURES))["tags"].numpy()
    assert np.array_equal(before, after)
    assert with_tags.recogniser.tags == ("cat", "dog", "zebra")
    named = with_tags.recogniser.words.numpy().sum(axis=0)
    assert (named >= 1).all()  # each is at least one of ImageNet's classes


def test_tags_may_be_of_more_pictures_than_the_grid(with_tags: CaptionModel) -> None:
    """As of texts, which have no picture: no more is known of them than what they are told by."""
    grid = with_tags.encoder(PICTURES).numpy()[:1]
    told = {
        "tags": np.array([[0.9, 0.2, 0.1], [0.1, 0.8, 0.3]], np.float32),
        "trust": np.array([0.7, 0], np.float32),
    }
    seen = with_tags.see({"grid": grid, **told})
    assert np.array_equal(seen["grid"][:1], grid)
    assert not np.any(seen["grid"][1])
    together = with_tags({"grid": grid, **told, "tokens": TOKENS}).numpy()
    first = {name: rows[:1] for name, rows in told.items()}
    with_grid = with_tags({"grid": grid, **first, "tokens": TOKENS[:1]}).numpy()
    assert together[:1] == pytest.approx(with_grid, abs=1e-5)
    second = {name: rows[1:] for name, rows in told.items()}
    without = with_tags({**second, "tokens": TOKENS[1:]}).numpy()
    assert together[1:] == pytest.approx(without, abs=1e-4)


@pytest.mark.usefixtures("with_tiny_encoder")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tags": msgspec.structs.replace(TAGS, from_block=2)}, "from_block is 2, and the last"),
        ({"encoder": Encoder(name="mobilenet_v2", weights="random")}, "tags need an encoder of"),
    ],
)
def test_tags_that_the_model_cannot_have_are_told(changes: dict[str, Any], told: str) -> None:
    data = Data(resize=(32,))  # the least that mobilenet takes
    config = msgspec.structs.replace(tiny_config(tags=TAGS), data=data, **changes)
    with pytest.raises(ConfigError) as caught:
        build_model(config, 9, {"cat": 4})
    assert told in caught.value.message
