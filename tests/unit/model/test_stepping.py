import numpy as np
import pytest

from captioner.model.decoding import Ids, LogProbs
from captioner.model.stepping import Arrays, CachedStep, starting_cache


class Recorder:
    """A decoder whose cache holds what each row has read; it keeps the memory it was given."""

    def __init__(self) -> None:
        self.memories: list[Arrays] = []

    def __call__(self, tokens: Ids, memory: Arrays, cache: Arrays) -> tuple[LogProbs, Arrays]:
        self.memories.append(memory)
        read = np.concatenate([cache["cache.read"], tokens[:, None].astype(np.float32)], axis=1)
        return read, {"cache.read": read}


def steps(pictures: int, *, broadcasts: bool = False) -> tuple[CachedStep, Recorder]:
    recorder = Recorder()
    memory = {"memory.picture": np.arange(pictures, dtype=np.float32)}
    cache = {"cache.read": np.zeros((pictures, 0), np.float32)}
    return CachedStep(recorder, memory, cache, broadcasts=broadcasts), recorder


def pictures_seen(recorder: Recorder) -> list[int]:
    return recorder.memories[-1]["memory.picture"].astype(int).tolist()


def test_caches_follow_the_parents_and_memory_the_pictures() -> None:
    step, recorder = steps(3)
    step(np.array([7, 8, 9]), np.arange(3))
    assert pictures_seen(recorder) == [0, 1, 2]
    step(np.array([1, 2, 3, 4]), np.array([0, 0, 2, 2]))  # the second picture is done
    assert pictures_seen(recorder) == [0, 0, 2, 2]
    read = step(np.array([5, 6, 7]), np.array([3, 1, 0]))
    assert read.tolist() == [[9, 4, 5], [7, 2, 6], [7, 1, 7]]
    assert pictures_seen(recorder) == [2, 0, 0]


def test_memory_is_not_copied_while_rows_stay_within_their_pictures() -> None:
    step, recorder = steps(2)
    step(np.zeros(2, np.int64), np.arange(2))
    step(np.zeros(4, np.int64), np.array([0, 0, 1, 1]))
    step(np.zeros(4, np.int64), np.array([1, 1, 3, 2]))
    first, second, third = recorder.memories
    assert second is not first
    assert third is second


def test_a_decoder_that_broadcasts_is_given_one_row_of_a_single_picture() -> None:
    step, recorder = steps(1, broadcasts=True)
    step(np.array([7]), np.array([0]))
    step(np.array([1, 2, 3]), np.zeros(3, np.int64))
    read = step(np.array([4, 5]), np.array([2, 0]))
    assert read.tolist() == [[7, 3, 4], [7, 1, 5]]
    assert [memory["memory.picture"].tolist() for memory in recorder.memories] == [[0]] * 3


def test_several_pictures_have_a_row_for_each_caption_in_any_case() -> None:
    step, recorder = steps(2, broadcasts=True)
    step(np.array([7, 8]), np.arange(2))
    step(np.array([1, 2, 3]), np.array([0, 1, 1]))
    assert pictures_seen(recorder) == [0, 1, 1]
    step(np.array([4, 5]), np.array([1, 2]))  # one picture's captions alone are left
    assert pictures_seen(recorder) == [1, 1]


def test_a_decoder_may_keep_nothing_but_its_cache() -> None:
    recorder = Recorder()
    step = CachedStep(recorder, {}, {"cache.read": np.array([[1.0], [2.0]], np.float32)})
    read = step(np.array([3, 4, 5]), np.array([1, 1, 0]))
    assert read.tolist() == [[2, 3], [2, 4], [1, 5]]


def test_a_cache_starts_as_the_encoder_says_or_as_zeros() -> None:
    state = np.ones((2, 4), np.float32)
    encoded = {"cache.state": state, "memory.seen": np.ones((2, 9), np.float32)}
    cache = starting_cache(encoded, {"cache.state": (4,), "cache.keys": (6, 0, 8)}, 2)
    assert list(cache) == ["cache.state", "cache.keys"]
    assert cache["cache.state"] is state
    assert cache["cache.keys"].shape == (2, 6, 0, 8)
    assert cache["cache.keys"].dtype == np.float32


def test_zeros_have_the_shape_of_a_row() -> None:
    cache = starting_cache({}, {"cache.h": (3,)}, 2)
    assert cache["cache.h"] == pytest.approx(np.zeros((2, 3)))
