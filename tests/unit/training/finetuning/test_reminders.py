"""What a model is reminded by: other pictures or some of the same, in its own words."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from captioner.model.confidence import Found
from captioner.model.decoding import Hypothesis
from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from training.data.datasets import CaptionedImage, DataError
from training.data.pictures import Pictures
from training.finetuning import reminders
from training.finetuning.reminders import choose_reminders, in_its_own_words, without_reminders


def images(folder: str, count: int, *captions: str) -> list[CaptionedImage]:
    return [
        CaptionedImage(f"{number}.jpg", Path(folder, f"{number}.jpg"), captions)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 0), (0.25, 2), (0.3, 3), (1.0, 8), (9.0, 20)]
)
def test_so_many_for_each_new_picture(share: float, expected: int) -> None:
    new, replay = images("new", 8, "A dog ."), images("replay", 20, "A cat .")
    chosen = choose_reminders(new, replay, share)
    assert len({image.name for image in chosen}) == len(chosen) == expected
    assert {image.path.parent.name for image in chosen} <= {"replay"}
    assert chosen == choose_reminders(new, replay[::-1], share)
    assert not {image.name for image in chosen} & {image.name for image in new}


def test_without_a_replay_some_of_the_new_pictures_come_again() -> None:
    new = images("new", 8, "A dog .")
    chosen = choose_reminders(new, None, 0.5)
    assert len(chosen) == 4
    assert {image.path for image in chosen} < {image.path for image in new}


def test_a_replay_needs_a_train_split() -> None:
    with pytest.raises(DataError, match="no train split"):
        choose_reminders(images("new", 8), [], 1.0)


def test_reminders_are_captioned_by_the_bundle_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = images("new", 3, "A hound .", "The hound .")
    every = (*new, *choose_reminders(new, images("replay", 4, "A cat ."), 1.0))
    pixels = np.arange(len(every), dtype=np.uint8).reshape(-1, 1, 1, 1)
    bundle = SimpleNamespace(vocabulary=Vocabulary((*SPECIAL_WORDS, "a", "man", "'s", "dog")))
    asked: list[int] = []

    def search(_: Any, rows: np.ndarray) -> list[Found]:
        asked.extend(rows.ravel())
        ids = ((4, 5, 6, 7), (5,), (7,))
        return [Found([Hypothesis(each, (), 0.0) for each in ids]) for _ in rows]

    monkeypatch.setattr(reminders, "search_bundle", search)
    found = in_its_own_words(bundle, Pictures(every, pixels, "drawn"))
    assert asked == [3, 4, 5]
    assert found.images[:3] == tuple(new)
    assert [image.captions for image in found.images[3:]] == [("a man's dog", "man")] * 3
    assert without_reminders(found).images == tuple(new)
    assert len(without_reminders(found).pixels) == 3
