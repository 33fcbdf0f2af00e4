"""Pictures that remind a model of what it said: their captions are its own, from before."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from statistics import fmean

from captioner.model.bundle import Bundle
from captioner.model.confidence import Found
from captioner.model.vocabulary import text_of
from training.data.datasets import CaptionedImage, DataError
from training.data.pictures import Pictures
from training.searching import search_bundle

_PREFIX = "remember/"  # before their names, which may be those of pictures that are learnt too


def choose_reminders(
    new: Sequence[CaptionedImage], replay: Sequence[CaptionedImage] | None, share: float
) -> list[CaptionedImage]:
    """Choose pictures, `share` for each new one: of `replay`, or else the new ones once more.

    The choice follows from the names: always the same, in no order that means anything.
    """
    if replay is not None and not replay:
        raise DataError("The data set to replay has no train split to be reminded by.")
    shuffled = sorted(
        new if replay is None else replay,
        key=lambda each: hashlib.sha256(each.name.encode()).digest(),
    )
    return [
        replace(image, name=_PREFIX + image.name) for image in shuffled[: ceil(share * len(new))]
    ]


def without_reminders(pictures: Pictures) -> Pictures:
    """Give the pictures that people captioned; reminders come after them."""
    images = tuple(each for each in pictures.images if not each.name.startswith(_PREFIX))
    return replace(pictures, images=images, pixels=pictures.pixels[: len(images)])


def in_its_own_words(bundle: Bundle, pictures: Pictures) -> Pictures:
    """Caption the reminders with a bundle: as many captions each as people gave the others."""
    learnt = without_reminders(pictures).images
    count = round(fmean(len(image.captions) for image in learnt))
    found = search_bundle(bundle, pictures.pixels[len(learnt) :])

    def said(told: Found) -> tuple[str, ...]:
        return tuple(text_of(bundle.vocabulary.decode(each.ids)) for each in told.ranked[:count])

    reminders = (
        replace(image, captions=said(told))
        for image, told in zip(pictures.images[len(learnt) :], found, strict=True)
    )
    return replace(pictures, images=(*learnt, *reminders))
