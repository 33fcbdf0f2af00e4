from pathlib import Path

import keras
import numpy as np
import pytest

from tests.support.tiny_model import CHANNELS, PATCHES, SIDE, tiny_encoder
from training import grids
from training.grids import computed, cropped, mirrored, weights_digest

PICTURES = np.random.default_rng(0).integers(0, 256, (10, SIDE, SIDE, 3), np.uint8)
ALL = np.arange(len(PICTURES))
SHAPE = (PATCHES, CHANNELS)


@pytest.fixture(scope="module")
def encoder() -> keras.Model:
    return tiny_encoder()


def test_grids_are_what_the_encoder_gives(encoder: keras.Model, tmp_path: Path) -> None:
    found = computed(encoder, PICTURES, SHAPE, tmp_path / "grids" / "dev.npy", batch=4)
    assert found.shape == (10, PATCHES, CHANNELS)
    assert found.dtype == np.float16
    assert isinstance(found, np.memmap)
    assert found == pytest.approx(encoder(PICTURES).numpy(), rel=1e-3, abs=1e-3)


def test_grids_are_of_pictures_as_they_are_looked_at(encoder: keras.Model, tmp_path: Path) -> None:
    found = computed(encoder, PICTURES, SHAPE, tmp_path / "mirrored.npy", look=mirrored, batch=4)
    expected = encoder(PICTURES[:, :, ::-1]).numpy()
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_grids_are_computed_once(encoder: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "dev.npy"
    once = computed(encoder, PICTURES, SHAPE, path)
    again = computed(encoder, PICTURES[::-1], SHAPE, path)  # as if they were the same
    assert np.array_equal(once, again)


def test_a_computation_that_was_cut_off_starts_again(
    encoder: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dev.npy"

    def cut_off(starts: range, description: str) -> object:
        yield starts[0]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(grids, "track", cut_off)
        with pytest.raises(KeyboardInterrupt):
            computed(encoder, PICTURES, SHAPE, path, batch=4)
    assert not path.exists()
    found = computed(encoder, PICTURES, SHAPE, path, batch=4)
    assert found == pytest.approx(encoder(PICTURES).numpy(), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("count", "shape"), [(5, SHAPE), (10, (PATCHES, CHANNELS + 1))])
def test_grids_of_something_else_are_refused(
    encoder: keras.Model, tmp_path: Path, count: int, shape: tuple[int, ...]
) -> None:
    path = tmp_path / "dev.npy"
    computed(encoder, PICTURES, SHAPE, path)
    with pytest.raises(ValueError, match="delete it"):
        computed(encoder, PICTURES[:count], shape, path)


def test_a_crop_is_the_same_in_any_batch_and_another_for_another_seed() -> None:
    views = cropped(1)(PICTURES, ALL)
    assert (views.shape, views.dtype) == (PICTURES.shape, np.uint8)
    assert np.array_equal(cropped(1)(PICTURES[4:], ALL[4:]), views[4:])
    assert not np.array_equal(cropped(1)(PICTURES[4:], ALL[:6]), views[4:])
    assert not np.array_equal(cropped(2)(PICTURES, ALL), views)


def test_crops_keep_most_of_the_picture_as_it_stands() -> None:
    """Each side of a ramp from 0 to 200 is still nearly there, and nothing is turned."""
    ramp = np.linspace(0, 200, 32).astype(np.uint8)
    across = np.broadcast_to(ramp[None, :, None], (20, 32, 32, 3))
    views = cropped(7)(across, np.arange(len(across)))[:, 16, :, 0].astype(int)
    assert (np.diff(views, axis=1) >= 0).all()
    spans = (views[:, -1] - views[:, 0]) / 200
    assert 0.55 < spans.min() < 0.9
    assert spans.max() <= 1


def test_a_digest_tells_weights_apart() -> None:
    some, others = tiny_encoder(), tiny_encoder()
    assert weights_digest([some]) != weights_digest([others])
    others.set_weights(some.get_weights())
    assert weights_digest([some]) == weights_digest([others])
    assert weights_digest([some, others]) != weights_digest([some])
