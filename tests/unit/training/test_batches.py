from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from captioner.model.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from training.data.batches import Captions, Views, encode_captions, training_batches
from training.data.captions import sentences_of
from training.data.datasets import CaptionedImage

CAPTIONS = (
    ("A dog runs .", "The dog runs fast ."),
    ("A cat sits on the left .", "A cat .", "Never read ."),
    ("A bird .",),
    ("A bird is too long for this .", "A bird flies ."),
    ("The right one .", "A man .", "Never read ."),
)
IMAGES = [
    CaptionedImage(f"{number}.jpg", Path(f"{number}.jpg"), captions)
    for number, captions in enumerate(CAPTIONS)
]
VOCABULARY = Vocabulary.build(
    chain.from_iterable(sentences_of(image.captions) for image in IMAGES[:4]), min_count=1
)
LEFT_OR_RIGHT = {1, 4}


def encoded(per_image: int = 2) -> Captions:
    return encode_captions(IMAGES, VOCABULARY, per_image=per_image, max_words=6)


def written(tokens: np.ndarray) -> list[str]:
    return [" ".join(VOCABULARY.decode(row)) for row in tokens]


def test_captions_become_numbers_from_start_to_end() -> None:
    tokens = encoded().tokens
    assert tokens.shape == (5, 2, 8)
    assert tokens.dtype == np.int32
    assert written(tokens[0]) == ["a dog runs", "the dog runs fast"]
    assert (tokens[0, 0, 0], tokens[0, 0, 4]) == (START, END)
    assert (tokens[0, 0, 5:] == PAD).all()
    assert UNKNOWN in tokens[4, 0]


def test_an_image_may_have_fewer_captions_than_asked_for() -> None:
    tokens = encoded(per_image=4).tokens
    assert written(tokens[2]) == ["a bird", "", "", ""]
    assert (tokens[2, 1:] == PAD).all()
    assert written(tokens[3]) == ["a bird flies", "", "", ""]  # the other is too long


def test_captions_that_tell_left_from_right_keep_their_picture_from_being_mirrored() -> None:
    assert set(np.flatnonzero(~encoded().may_flip)) == LEFT_OR_RIGHT


def pictures(count: int = len(CAPTIONS)) -> np.ndarray:
    """Give pictures that are not their own mirror image, numbered in their first corner."""
    pixels = np.zeros((count, 2, 3, 3), np.uint8)
    pixels[:, :, 0] = np.arange(count)[:, None, None]
    pixels[:, :, 2] = 100
    return pixels


def read(views: Views, **options: object) -> list[tuple[dict, np.ndarray, np.ndarray]]:
    settings = {"images_per_step": 2, "seed": 1, "flips": False, "shuffle": False} | options
    batches = training_batches(views, encoded(), **settings)
    return [
        ({name: each.numpy() for name, each in inputs.items()}, following.numpy(), weights.numpy())
        for inputs, following, weights in batches
    ]


def seen(batches: list[tuple[dict, np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.concatenate([inputs["pictures"] for inputs, *_ in batches])


def test_a_batch_asks_for_each_next_token() -> None:
    batches = read(Views("pictures", pictures()))
    assert [len(following) for _, following, _ in batches] == [2, 2, 1]
    inputs, following, weights = batches[0]
    tokens = encoded().tokens[:2]
    assert np.array_equal(inputs["pictures"], pictures()[:2])
    assert np.array_equal(inputs["tokens"], tokens[:, :, :-1])
    assert np.array_equal(following, tokens[:, :, 1:])
    assert np.array_equal(weights, tokens[:, :, 1:] != PAD)
    assert weights[0].sum() == 4 + 5  # the words and an end of each caption


def test_grids_are_told_as_such() -> None:
    grids = np.random.default_rng(0).random((5, 4, 3)).astype(np.float16)
    inputs, *_ = read(Views("grid", grids))[0]
    assert set(inputs) == {"grid", "tokens"}
    assert inputs["grid"].dtype == np.float16
    assert np.array_equal(inputs["grid"], grids[:2])


def epoch_orders(seed: int) -> list[list[int]]:
    batches = training_batches(
        Views("pictures", pictures()), encoded(), images_per_step=2, seed=seed, flips=False
    )
    return [
        [int(each) for inputs, *_ in batches for each in inputs["pictures"].numpy()[:, 0, 0, 0]]
        for _ in range(4)
    ]


def test_each_epoch_has_its_own_order_the_same_for_the_same_seed() -> None:
    orders = epoch_orders(seed=1)
    assert all(len(order) == len(set(order)) == 4 for order in orders)  # of 5: whole batches only
    assert len({tuple(order) for order in orders}) > 1
    assert orders == epoch_orders(seed=1)
    assert orders != epoch_orders(seed=2)


def test_captions_stay_with_their_pictures() -> None:
    for inputs, following, _ in read(Views("pictures", pictures()), shuffle=True):
        rows = inputs["pictures"][:, 0, 0, 0]
        assert np.array_equal(following, encoded().tokens[rows, :, 1:])


def test_fewer_pictures_than_a_batch_are_one_batch() -> None:
    (batch,) = read(Views("pictures", pictures()), shuffle=True, images_per_step=16)
    assert len(batch[1]) == len(CAPTIONS)


@pytest.mark.parametrize("kind", ["pictures", "grid"])
def test_half_of_the_pictures_are_mirrored_but_never_left_or_right(kind: str) -> None:
    plain = pictures()
    mirrored = plain[:, :, ::-1]
    views = Views(kind, plain, mirrored if kind == "grid" else None)
    flips = np.zeros(len(plain), int)
    for seed in range(60):
        batches = read(views, flips=True, seed=seed)
        for row, found in enumerate(np.concatenate([inputs[kind] for inputs, *_ in batches])):
            is_mirrored = not np.array_equal(found, plain[row])
            assert np.array_equal(found, mirrored[row] if is_mirrored else plain[row])
            flips[row] += is_mirrored
    assert {row for row, count in enumerate(flips) if count == 0} == LEFT_OR_RIGHT
    assert all(15 < count < 45 for row, count in enumerate(flips) if row not in LEFT_OR_RIGHT)


def test_nothing_is_mirrored_unasked() -> None:
    views = Views("pictures", pictures())
    assert np.array_equal(seen(read(views)), pictures())


def test_grids_without_mirrored_ones_are_never_mirrored() -> None:
    """The encoder gives other grids for mirrored pictures than mirrored grids."""
    views = Views("grid", pictures())
    for seed in range(10):
        batches = read(views, flips=True, seed=seed)
        found = np.concatenate([inputs["grid"] for inputs, *_ in batches])
        assert np.array_equal(found, pictures())
