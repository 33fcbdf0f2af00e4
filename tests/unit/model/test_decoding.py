"""Beam search against brute force, over decoders small enough that every caption can be listed."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.model.decoding import (
    BeamSettings,
    Hypothesis,
    Ids,
    LogProbs,
    _highest,
    beam_search,
)
from captioner.model.vocabulary import END, PAD, SPECIAL_WORDS, START, UNKNOWN

A, B, C = range(len(SPECIAL_WORDS), len(SPECIAL_WORDS) + 3)

# (picture, the words so far) -> log-probabilities of the next token, [vocabulary]
Model = Callable[[int, tuple[int, ...]], LogProbs]


def random_model(seed: int, words: int, sharpness: float = 1.0) -> Model:
    def log_probs(picture: int, prefix: tuple[int, ...]) -> LogProbs:
        random = np.random.default_rng((seed, picture, *prefix))
        logits = sharpness * random.normal(size=len(SPECIAL_WORDS) + words)
        return np.float32(logits - np.log(np.exp(logits).sum()))

    return log_probs


def table_model(table: dict[tuple[int, ...], dict[int, float]]) -> Model:
    """Give a model by its probabilities; what is not named has none."""

    def log_probs(picture: int, prefix: tuple[int, ...]) -> LogProbs:
        row = np.full(C + 1, -np.inf, np.float32)
        for token, probability in table[prefix].items():
            row[token] = np.log(probability)
        return row

    return log_probs


class Remembering:
    """A step whose state is all that each row has read: it sees when rows are mixed up."""

    def __init__(self, model: Model, pictures: int) -> None:
        self._model = model
        self._read: list[tuple[int, tuple[int, ...]]] = [(number, ()) for number in range(pictures)]
        self.calls = 0

    def __call__(self, tokens: Ids, parents: Ids) -> LogProbs:
        assert len(tokens) == len(parents) > 0
        continued = [self._read[parent] for parent in parents]
        self._read = [
            (picture, (*before, int(token)))
            for (picture, before), token in zip(continued, tokens, strict=True)
        ]
        assert len(set(self._read)) == len(self._read), "two rows follow the same caption"
        assert all(read[0] == START and START not in read[1:] for _, read in self._read)
        self.calls += 1
        return np.stack([self._model(picture, read[1:]) for picture, read in self._read])


def search(model: Model, settings: BeamSettings, pictures: int = 1) -> list[list[Hypothesis]]:
    return beam_search(Remembering(model, pictures), pictures, settings)


def every_caption(
    model: Model, picture: int, words: int, settings: BeamSettings
) -> Iterator[Hypothesis]:
    """List all captions, each cut off at the limit or ended before it."""
    known = range(len(SPECIAL_WORDS), len(SPECIAL_WORDS) + words)
    for length in range(settings.min_words, settings.max_words + 1):
        for ids in product(known, repeat=length):
            tokens = ids if length == settings.max_words else (*ids, END)
            log_probs = tuple(
                float(model(picture, ids[:place])[token]) for place, token in enumerate(tokens)
            )
            score = sum(log_probs) / (length + 1) ** settings.length_penalty
            yield Hypothesis(ids, log_probs, score)


def ids_of(ranked: list[Hypothesis]) -> list[tuple[int, ...]]:
    return [each.ids for each in ranked]


@given(
    seed=st.integers(0, 2**32),
    words=st.integers(1, 3),
    min_words=st.integers(0, 2),
    more_words=st.integers(0, 2),
    length_penalty=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)
def test_a_beam_as_wide_as_everything_finds_the_exact_ranking(
    seed: int, words: int, min_words: int, more_words: int, length_penalty: float
) -> None:
    settings = BeamSettings(
        beam_size=3**5,
        length_penalty=length_penalty,
        min_words=min_words,
        max_words=max(1, min_words + more_words),
    )
    model = random_model(seed, words)
    expected = sorted(every_caption(model, 0, words, settings), key=lambda each: -each.score)
    (found,) = search(model, settings)
    assert ids_of(found) == ids_of(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.log_probs == pytest.approx(other.log_probs, abs=1e-6)
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-5)
        assert one.score == pytest.approx(other.score, abs=1e-5)


def plainly(model: Model, settings: BeamSettings, *, stops: bool) -> list[Hypothesis]:
    """Search as plainly as possible, if it is not to stop to the length limit.

    It stops where no open caption would be among the best if it ended there.
    """
    finished: list[Hypothesis] = []
    still_open: list[tuple[np.float32, tuple[int, ...]]] = [(np.float32(0), ())]

    def finish(total: np.float32, ids: tuple[int, ...]) -> None:
        score = float(total) / (len(ids) + 1) ** settings.length_penalty
        finished.append(Hypothesis(ids, (float(total),), score))

    for length in range(settings.max_words):
        candidates = [
            (total + log_prob, ids, token)
            for total, ids in still_open
            for token, log_prob in enumerate(model(0, ids))
            if token not in settings.banned and not (token == END and length < settings.min_words)
        ]
        candidates.sort(key=lambda each: -each[0])
        for total, ids, token in candidates[: settings.beam_size]:
            if token == END:
                finish(total, ids)
        words = [(total, (*ids, token)) for total, ids, token in candidates if token != END]
        still_open = words[: settings.beam_size]
        best = sorted((each.score for each in finished), reverse=True)[: settings.beam_size]
        if stops and len(best) == settings.beam_size and still_open:
            likeliest = float(still_open[0][0]) / (length + 2) ** settings.length_penalty
            if likeliest <= best[-1] and length + 1 < settings.max_words:
                still_open = []
                break
    for total, ids in still_open:
        finish(total, ids)
    return sorted(finished, key=lambda each: -each.score)[: settings.beam_size]


@given(
    seed=st.integers(0, 2**32),
    beam_size=st.integers(1, 4),
    length_penalty=st.sampled_from([0.0, 0.7, 1.0, 1.5]),
    sharpness=st.sampled_from([0.5, 2.0, 5.0]),
)
def test_a_search_finds_what_a_plain_one_finds(
    seed: int, beam_size: int, length_penalty: float, sharpness: float
) -> None:
    settings = BeamSettings(beam_size, length_penalty=length_penalty, max_words=7)
    model = random_model(seed, 3, sharpness)
    (found,) = search(model, settings)
    assert ids_of(found) == ids_of(plainly(model, settings, stops=True))
    if length_penalty == 0:  # words only make a caption less likely: stopping costs nothing
        assert ids_of(found) == ids_of(plainly(model, settings, stops=False))


@pytest.mark.parametrize(
    ("goes_on", "length_penalty", "calls"),
    [
        # "a" ends with 0.9: -0.105 in all. Going on is worth at most ln 0.1 = -2.303.
        (0.1, 0.0, 2),
        # By the mean of 2 tokens: -0.053; going on and ending then: -2.303 / 3 = -0.768.
        (0.1, 1.0, 2),
        # ln 0.6 / 3 = -0.170, against ln 0.4 / 2 = -0.458, and better with each word: all are read.
        (0.6, 1.0, 9),
    ],
)
def test_a_search_ends_when_nothing_open_would_win(
    goes_on: float, length_penalty: float, calls: int
) -> None:
    table = {(): {A: 1.0}, (A,): {END: 1 - goes_on, B: goes_on}}
    for length in range(1, 9):
        table[(A, *[B] * length)] = {B: 1.0}
    step = Remembering(table_model(table), 1)
    settings = BeamSettings(1, length_penalty=length_penalty, max_words=9)
    (found,) = beam_search(step, 1, settings)
    assert step.calls == calls
    assert ids_of(found) == [(A,) if calls == 2 else (A, *[B] * 8)]


@pytest.mark.parametrize(("count", "shape"), [(1, 3), (6, 15696), (6, 300), (10, 255), (400, 900)])
@pytest.mark.parametrize("ties", [False, True])
def test_the_highest_of_many_values_are_found(count: int, shape: int, ties: bool) -> None:
    rng = np.random.default_rng(shape)
    values = rng.integers(0, 9, shape) if ties else rng.permutation(shape)
    values = np.where(rng.random(shape) < 0.1, -np.inf, values).astype(np.float32)
    expected = sorted(range(shape), key=lambda place: (-values[place], place))[:count]
    assert _highest(values, count).tolist() == expected


def test_a_search_waits_for_as_many_captions_as_it_has_beams() -> None:
    model = table_model(
        {
            (): {A: 0.9, B: 0.1},
            (A,): {END: 1.0},
            (B,): {C: 1.0},
            (B, C): {END: 1.0},
        }
    )
    assert ids_of(search(model, BeamSettings(1))[0]) == [(A,)]
    assert ids_of(search(model, BeamSettings(2))[0]) == [(A,), (B, C)]


def test_the_length_penalty_chooses_between_short_and_likely_a_word() -> None:
    model = table_model(
        {
            (): {A: 0.5, B: 0.5},
            (A,): {END: 0.6, C: 0.4},
            (B,): {C: 1.0},
            (A, C): {END: 1.0},
            (B, C): {END: 0.55, A: 0.45},
            (B, C, A): {END: 1.0},
        }
    )
    assert search(model, BeamSettings(4, length_penalty=0.0))[0][0].ids == (A,)
    assert search(model, BeamSettings(4, length_penalty=1.0))[0][0].ids == (B, C, A)


def test_a_score_counts_the_end_as_a_word() -> None:
    model = table_model({(): {A: 0.5, B: 0.5}, (A,): {END: 1.0}, (B,): {END: 1.0}})
    ((best, *_),) = search(model, BeamSettings(2))
    assert best == Hypothesis((A,), pytest.approx([np.log(0.5), 0]), pytest.approx(np.log(0.5) / 2))
    assert best.mean_probability == pytest.approx(0.5**0.5)


@given(seed=st.integers(0, 2**32), min_words=st.integers(0, 5), beam_size=st.integers(1, 4))
def test_captions_keep_to_their_lengths_and_words(
    seed: int, min_words: int, beam_size: int
) -> None:
    settings = BeamSettings(beam_size, min_words=min_words, max_words=4)
    (found,) = search(random_model(seed, 3), settings)
    for each in found:
        assert min(min_words, 4) <= len(each.ids) <= 4
        assert not {PAD, START, END, UNKNOWN} & set(each.ids)


def test_further_words_can_be_banned() -> None:
    settings = BeamSettings(4, max_words=3, banned=(PAD, START, UNKNOWN, B))
    (found,) = search(random_model(1, 3), settings)
    assert found
    assert not any(B in each.ids for each in found)


@given(seed=st.integers(0, 2**32), beam_size=st.integers(1, 5))
def test_the_captions_found_are_distinct_and_best_first(seed: int, beam_size: int) -> None:
    (found,) = search(random_model(seed, 3), BeamSettings(beam_size, max_words=5))
    assert len(found) == len(set(ids_of(found))) == beam_size
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)


@given(seed=st.integers(0, 2**32), beam_size=st.integers(1, 4))
def test_a_captions_log_probability_is_that_of_its_own_words(seed: int, beam_size: int) -> None:
    model = random_model(seed, 3)
    for picture, ranked in enumerate(search(model, BeamSettings(beam_size, max_words=5), 3)):
        for each in ranked:
            tokens = each.ids if len(each.ids) == 5 else (*each.ids, END)
            log_prob = sum(
                model(picture, each.ids[:place])[token] for place, token in enumerate(tokens)
            )
            assert each.log_prob == pytest.approx(log_prob, abs=1e-5)


@given(seed=st.integers(0, 2**32), beam_size=st.integers(1, 4), pictures=st.integers(1, 5))
def test_pictures_of_a_batch_are_captioned_as_each_alone(
    seed: int, beam_size: int, pictures: int
) -> None:
    model = random_model(seed, 3, sharpness=3.0)
    settings = BeamSettings(beam_size, max_words=6)
    together = search(model, settings, pictures)
    alone = [
        search(lambda _, prefix, number=number: model(number, prefix), settings)[0]
        for number in range(pictures)
    ]
    assert together == alone


def test_a_picture_leaves_the_batch_when_it_is_done() -> None:
    rows: list[int] = []

    def step(tokens: Ids, parents: Ids) -> LogProbs:
        rows.append(len(tokens))
        log_probs = np.full((len(tokens), C + 1), -20, np.float32)
        log_probs[0, END if len(rows) == 2 else A] = -1e-6  # the first picture ends at once
        log_probs[1:, A] = -1e-6
        return log_probs

    first, second = beam_search(step, 2, BeamSettings(1, max_words=4))
    assert rows == [2, 2, 1, 1]
    assert (first[0].ids, second[0].ids) == ((A,), (A,) * 4)


def test_ties_go_by_row_and_id() -> None:
    """Many more candidates than beams are equally likely: which ones are taken is no accident."""
    words = 500

    def step(tokens: Ids, parents: Ids) -> LogProbs:
        return np.full((len(tokens), len(SPECIAL_WORDS) + words), -1, np.float32)

    (found,) = beam_search(step, 1, BeamSettings(3, max_words=2, min_words=2))
    assert ids_of(found) == [(A, A), (A, B), (A, C)]


def test_nothing_to_caption_takes_no_step() -> None:
    assert search(random_model(1, 3), BeamSettings(), pictures=0) == []


def test_words_that_may_not_be_said_leave_fewer_captions() -> None:
    model = table_model({(): {A: 0.5, UNKNOWN: 0.5}, (A,): {END: 0.5, UNKNOWN: 0.5}})
    assert ids_of(search(model, BeamSettings(3))[0]) == [(A,)]


@pytest.mark.parametrize("settings", [{"beam_size": 0}, {"max_words": 0}, {"length_penalty": -0.1}])
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        BeamSettings(**settings)
