from pathlib import Path

import keras
import numpy as np
import pytest

from tests.support.tiny_model import CHANNELS, PATCHES, SIDE, tiny_encoder
from training import grids
from training.grids import computed_grids

PICTURES = np.random.default_rng(0).integers(0, 256, (10, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(scope="module")
def encoder() -> keras.Model:
    return tiny_encoder()


def test_grids_are_what_the_encoder_gives(encoder: keras.Model, tmp_path: Path) -> None:
    found = computed_grids(encoder, PICTURES, tmp_path / "grids" / "dev.npy", batch=4)
    assert found.shape == (10, PATCHES, CHANNELS)
    assert found.dtype == np.float16
    assert isinstance(found, np.memmap)
    assert found == pytest.approx(encoder(PICTURES).numpy(), rel=1e-3, abs=1e-3)


def test_mirrored_grids_are_those_of_mirrored_pictures(
    encoder: keras.Model, tmp_path: Path
) -> None:
    found = computed_grids(encoder, PICTURES, tmp_path / "mirrored.npy", mirrored=True)
    expected = encoder(PICTURES[:, :, ::-1]).numpy()
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_grids_are_computed_once(encoder: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "dev.npy"
    once = computed_grids(encoder, PICTURES, path)
    again = computed_grids(encoder, PICTURES[::-1], path)  # as if they were the same
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
            computed_grids(encoder, PICTURES, path, batch=4)
    assert not path.exists()
    found = computed_grids(encoder, PICTURES, path, batch=4)
    assert found == pytest.approx(encoder(PICTURES).numpy(), rel=1e-3, abs=1e-3)


def test_grids_of_other_pictures_are_refused(encoder: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "dev.npy"
    computed_grids(encoder, PICTURES, path)
    with pytest.raises(ValueError, match="delete it"):
        computed_grids(encoder, PICTURES[:5], path)
