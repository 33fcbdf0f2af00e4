from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import pytest

from captioner.model.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from training.data.batches import plain_batches, training_batches
from training.data.captions import sentences_of
from training.data.encoding import Captions, EncodedTexts, encode_captions
from training.data.sampling import Mixture, Sampler, Share, Step
from training.data.views import Look, Views

CAPTIONS = (
    ("A dog runs .", "The dog runs fast ."),
    ("A cat sits on the left .", "A cat .", "Never read ."),
    ("A bird .",),
    ("A bird is too long for this .", "A bird flies ."),
    ("The right one .", "A man .", "Never read ."),
)
VOCABULARY = Vocabulary.build(chain.from_iterable(map(sentences_of, CAPTIONS[:4])), min_count=1)
LEFT_OR_RIGHT = {1, 4}
TEXTS = (("A dog .",), ("A cat sits .", "The cat runs ."), ("A bird .",))
TAGS = 2

FOUR = [Share(0, 2, 4), Share(2, 2, 4)]

type Batch = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


def encoded(per_image: int = 2) -> Captions:
    return encode_captions(CAPTIONS, VOCABULARY, per_image=per_image, max_words=6)


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


def plain() -> Views:
    return Views("pictures", (Look(pictures()),))


def told(first_tag: float = 0.0) -> dict[str, np.ndarray]:
    """What a recogniser might say: the number of the picture in the second tag, full trust."""
    tags = np.zeros((len(CAPTIONS), TAGS), np.float32)
    tags[:, 0], tags[:, 1] = first_tag, np.arange(len(CAPTIONS)) / 10
    return {"tags": tags, "trust": np.ones(len(CAPTIONS), np.float32)}


def with_tags() -> Views:
    return Views("grid", (Look(pictures(), told=told()),))


def texts() -> EncodedTexts:
    tokens = encode_captions(TEXTS, VOCABULARY, per_image=2, max_words=6).tokens
    return EncodedTexts(
        tokens,
        lambda rows, _: np.stack([rows / 10, rows + 0.5], axis=1, dtype=np.float32),
        (len(TEXTS),),
    )


def sampler(views: Views, mixture: Mixture, *, seed: int = 1, **options: Any) -> Sampler:
    return Sampler(views, encoded(), options.get("texts"), mixture, seed=(seed,))


def read(batches: Any) -> list[Batch]:
    return [
        ({name: each.numpy() for name, each in inputs.items()}, following.numpy(), weights.numpy())
        for inputs, following, weights in batches
    ]


def numbers(batch: Batch) -> list[int]:
    return batch[0]["pictures"][:, 0, 0, 0].tolist()


def test_a_batch_asks_for_each_next_token() -> None:
    batches = read(plain_batches(plain().plain(), encoded(), images_per_step=2))
    assert [numbers(batch) for batch in batches] == [[0, 1], [2, 3], [4]]
    inputs, following, weights = batches[0]
    tokens = encoded().tokens[:2]
    assert np.array_equal(inputs["pictures"], pictures()[:2])
    assert np.array_equal(inputs["tokens"], tokens[:, :, :-1])
    assert np.array_equal(following, tokens[:, :, 1:])
    assert np.array_equal(weights, tokens[:, :, 1:] != PAD)
    assert weights[0].sum() == 4 + 5  # the words and an end of each caption


def test_plain_batches_tell_what_the_recogniser_says() -> None:
    inputs, *_ = read(plain_batches(with_tags().plain(), encoded(), images_per_step=2))[1]
    assert set(inputs) == {"grid", "tags", "trust", "tokens"}
    assert np.array_equal(inputs["grid"], pictures()[2:4])
    assert np.array_equal(inputs["tags"], told()["tags"][2:4])


def test_what_was_computed_keeps_its_precision() -> None:
    grids = np.random.default_rng(0).random((5, 4, 3)).astype(np.float16)
    inputs, *_ = read(plain_batches({"grid": grids}, encoded(), images_per_step=2))[0]
    assert set(inputs) == {"grid", "tokens"}
    assert inputs["grid"].dtype == np.float16
    assert np.array_equal(inputs["grid"], grids[:2])


def epoch_orders(seed: int, epochs: Iterable[int] = range(4)) -> list[list[int]]:
    chosen = sampler(plain(), Mixture(2), seed=seed)
    batches = training_batches(chosen, any_length=False)
    orders = []
    for chosen.epoch in epochs:
        orders.append([number for batch in read(batches) for number in numbers(batch)])
    return orders


def test_each_epoch_has_its_own_order_the_same_for_the_same_seed() -> None:
    orders = epoch_orders(seed=1)
    assert epoch_orders(seed=1, epochs=[2, 3]) == orders[2:]  # as in a run that was resumed
    assert all(len(order) == len(set(order)) == 4 for order in orders)  # of 5: whole batches only
    assert len({tuple(order) for order in orders}) > 1
    assert orders == epoch_orders(seed=1)
    assert orders != epoch_orders(seed=2)


def test_captions_stay_with_their_pictures() -> None:
    for batch in read(training_batches(sampler(plain(), Mixture(2)), any_length=False)):
        assert np.array_equal(batch[1], encoded().tokens[numbers(batch), :, 1:])


def test_fewer_pictures_than_a_batch_are_one_batch() -> None:
    (batch,) = read(training_batches(sampler(plain(), Mixture(16)), any_length=False))
    assert sorted(numbers(batch)) == list(range(len(CAPTIONS)))


def test_captions_of_like_length_come_together() -> None:
    """And tokens are cut to the longest of the step, if the decoder can take that."""
    random = np.random.default_rng(0)
    lengths = random.permutation(np.repeat([3, 5, 7], 8))
    tokens = np.where(np.arange(9) < lengths[:, None], END, PAD).astype(np.int32)[:, None]
    captions = Captions(tokens, np.ones(24, np.bool_))
    views = Views("pictures", (Look(pictures(24)),))
    batches = read(
        training_batches(Sampler(views, captions, None, Mixture(8), seed=(1,)), any_length=True)
    )
    assert sorted(number for batch in batches for number in numbers(batch)) == list(range(24))
    assert sorted(batch[1].shape[2] for batch in batches) == [2, 4, 6]
    for inputs, following, weights in batches:
        assert inputs["tokens"].shape == following.shape == weights.shape
        assert weights.all()


def flips(views: Views, name: str, mirrored: np.ndarray) -> np.ndarray:
    """Count how often each picture was mirrored in 60 epochs."""
    counts = np.zeros(len(CAPTIONS), int)
    for seed in range(60):
        for rows, _, seen, _ in sampler(views, Mixture(5), seed=seed).steps():
            for row, found in zip(rows, seen[name], strict=True):
                is_mirrored = not np.array_equal(found, pictures()[row])
                assert np.array_equal(found, mirrored[row] if is_mirrored else pictures()[row])
                counts[row] += is_mirrored
    return counts


@pytest.mark.parametrize("kind", ["pictures", "grid"])
def test_half_of_the_pictures_are_mirrored_but_never_left_or_right(kind: str) -> None:
    """Pictures are turned as they are read; of grids, those of mirrored pictures are taken."""
    mirrored = pictures()[:, :, ::-1]
    turned = Look(pictures(), is_mirrored=True, turned=True)
    look = turned if kind == "pictures" else Look(mirrored, is_mirrored=True)
    counts = flips(Views(kind, (Look(pictures()), look)), kind, mirrored)
    assert {row for row, count in enumerate(counts) if count == 0} == LEFT_OR_RIGHT
    assert all(15 < count < 45 for row, count in enumerate(counts) if row not in LEFT_OR_RIGHT)


def test_nothing_is_mirrored_unasked() -> None:
    assert not flips(plain(), "pictures", pictures()).any()


def test_what_is_told_is_of_the_look_that_is_taken() -> None:
    other = Look(pictures() + 50, told=told(first_tag=0.9))
    views = Views("grid", (Look(pictures(), told=told()), other))
    seen = views.take(np.array([3, 0, 3]), np.array([1, 0, 0]))
    assert seen["grid"][:, 0, 0, 0].tolist() == [53, 0, 3]
    assert seen["tags"][:, 0].tolist() == pytest.approx([0.9, 0, 0])
    assert seen["tags"][:, 1].tolist() == pytest.approx([0.3, 0, 0.3])


def test_texts_are_told_by_tags_alone() -> None:
    mixed = sampler(with_tags(), Mixture(2, 2), texts=texts())
    batches = read(training_batches(mixed, any_length=True))
    assert len(batches) == 2
    written_of_texts: list[str] = []
    for inputs, following, _ in batches:
        assert len(inputs["grid"]) == 2
        assert len(inputs["tags"]) == len(inputs["trust"]) == len(following) == 4
        assert (inputs["trust"][:2] > 0).all()
        assert (inputs["trust"][2:] == 0).all()
        rows = np.rint(inputs["tags"][2:, 0] * 10).astype(int)
        longest = following.shape[2]
        assert np.array_equal(following[2:], texts().tokens[rows, :, 1 : longest + 1])
        written_of_texts += [" ".join(VOCABULARY.decode(each[0])) for each in following[2:]]
    assert set(written_of_texts) == {"a dog", "a cat sits", "a bird"}  # all, before one comes twice


def test_a_step_may_be_of_texts_alone() -> None:
    batches = read(
        training_batches(sampler(with_tags(), Mixture(0, 1), texts=texts()), any_length=False)
    )
    assert len(batches) == len(TEXTS)
    tags = sorted(inputs["tags"][0, 0] for inputs, *_ in batches)
    assert tags == pytest.approx([0, 0.1, 0.2])
    for inputs, *_ in batches:
        assert set(inputs) == {"tags", "trust", "tokens"}
        assert inputs["trust"].tolist() == [0]


def test_a_share_of_the_pictures_is_told_by_tags_alone() -> None:
    chosen, found = sampler(with_tags(), Mixture(5, 0, 0.3)), []
    for chosen.epoch in range(800):
        found += [step.seen["trust"] for step in chosen.steps()]
    trust = np.concatenate(found)
    assert (trust == 0).mean() == pytest.approx(0.3, abs=0.03)
    wavering = (trust > 0) & (trust < 1)
    assert wavering.mean() == pytest.approx(0.1 * 0.7, abs=0.02)
    assert np.ptp(trust[wavering]) > 0.9
    assert trust.dtype == np.float32


def test_without_tags_nothing_is_told_of_trust() -> None:
    for step in sampler(plain(), Mixture(2)).steps():
        assert set(step.seen) == {"pictures"}


def steps_of(share: Share, lanes: int = 4, **options: Any) -> list[Step]:
    """Give one epoch of 24 pictures and texts, told by a recogniser, each of 3 to 8 words."""
    count = 24
    random = np.random.default_rng(0)
    lengths = random.integers(3, 9, count)
    tokens = np.where(np.arange(9) < lengths[:, None], END, PAD).astype(np.int32)[:, None]
    said = {
        "tags": random.random((count, TAGS)).astype(np.float32),
        "trust": np.ones(count, np.float32),
    }
    views = Views("grid", tuple(Look(pictures(count) + number, told=said) for number in range(3)))
    imagined = EncodedTexts(
        tokens, lambda rows, chance: chance.random((len(rows), TAGS)).astype(np.float32), (count,)
    )
    chosen = Sampler(
        views,
        Captions(tokens, np.ones(count, np.bool_)),
        imagined,
        Mixture(8, 4, 0.3),
        seed=(1,),
        share=share,
        lanes=lanes,
    )
    return list(chosen.steps())


@pytest.mark.parametrize("shares", [[Share(0, 2, 2)], [Share(0, 1, 2), Share(1, 1, 2)], FOUR])
def test_steps_are_the_same_however_many_share_them(shares: list[Share]) -> None:
    """And each process sees pictures of its own replicas' lanes alone."""
    whole = steps_of(Share())
    parts = [steps_of(share) for share in shares]
    replicas = shares[0].of
    for number, step in enumerate(whole):
        of_step: list[Step] = []
        for share, part in zip(shares, parts, strict=True):
            of_step += part[number * share.count : (number + 1) * share.count]
        assert len(of_step) == replicas
        for place, part in enumerate(of_step):
            assert part.longest == step.longest
            assert np.array_equal(part.pictures, step.pictures[place::replicas])
            assert np.array_equal(part.texts, step.texts[place::replicas])
            assert np.array_equal(part.seen["grid"], step.seen["grid"][place::replicas])
            for name in ("tags", "trust"):
                both = (step.seen[name][:8][place::replicas], step.seen[name][8:][place::replicas])
                assert np.array_equal(part.seen[name], np.concatenate(both))
            assert set(part.pictures % replicas) == {place}
    for share, part in zip(shares, parts, strict=True):
        assert {row for step in part for row in step.pictures} == set(share.rows(24))


def test_an_epoch_shows_as_many_pictures_of_each_lane() -> None:
    for lanes, count in ((1, 24), (4, 24), (5, 16)):  # 24 are 4 of each of 5 lanes, and 4 more
        rows = [row for step in steps_of(Share(), lanes) for row in step.pictures]
        assert len(set(rows)) == len(rows) == count
