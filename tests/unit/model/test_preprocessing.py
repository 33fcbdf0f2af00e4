import numpy as np
import pytest
from PIL import Image

from captioner.model.preprocessing import encoder_input, resize_picture


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    picture = noise(32, 32)
    assert np.array_equal(resize_picture(picture, (32,)), np.asarray(picture))
    assert np.array_equal(resize_picture(picture, (32, 32)), np.asarray(picture))


def test_the_whole_picture_is_squashed_into_the_square() -> None:
    """Left half red, right half blue, three times as wide as high: so is what comes of it."""
    picture = Image.new("RGB", (300, 100), "red")
    picture.paste("blue", (150, 0, 300, 100))
    pixels = resize_picture(picture, (64,))
    assert pixels.shape == (64, 64, 3)
    assert pixels.dtype == np.uint8
    red, blue = (255, 0, 0), (0, 0, 255)
    assert (pixels[:, :30] == red).all()
    assert (pixels[:, 34:] == blue).all()


def test_each_step_leaves_its_mark() -> None:
    """Enlarging what was made small first is not the same as resizing at once."""
    picture = noise(100, 80)
    through = resize_picture(picture, (16, 64))
    small = Image.fromarray(resize_picture(picture, (16,)))
    assert np.array_equal(through, resize_picture(small, (64,)))
    assert not np.array_equal(through, resize_picture(picture, (64,)))


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (4000, 3), (4000, 3000)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (10, 200, 30))
    pixels = resize_picture(picture, (24,))
    assert (pixels == (10, 200, 30)).all()
    assert pixels.shape == (24, 24, 3)


def test_the_same_picture_gives_the_same_pixels() -> None:
    picture = noise(641, 479)
    once, again = (resize_picture(picture, (56, 64)) for _ in range(2))
    assert np.array_equal(once, again)
    assert picture.size == (641, 479)


def test_a_batch_is_each_picture_by_itself() -> None:
    pictures = [noise(50, 40, seed=1), noise(20, 90, seed=2)]
    batch = encoder_input(pictures, (32,))
    assert batch.shape == (2, 32, 32, 3)
    assert batch.dtype == np.uint8
    for row, picture in zip(batch, pictures, strict=True):
        assert np.array_equal(row, resize_picture(picture, (32,)))
