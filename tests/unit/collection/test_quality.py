"""How captions fared with people, by model, month and confidence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from captioner.catalogue import Upkeep
from captioner.collection import CalibrationBin, CaptionerQuality, MonthQuality, Quality
from captioner.records import PERSON, AltText, CaptionRecord, Judged, ModelName
from captioner.store import ImageStore
from tests.support.museum import Museum
from tests.support.records import record_of

NOVEMBER = datetime(2026, 11, 23, 10, tzinfo=UTC)
OLD, NEW = ModelName("own", "1"), ModelName("own", "2")
VISION = ModelName("computer-vision-3.2", "2021-05-01")

type Judge = Callable[..., Judged]


def own(text: str, confidence: float | None, model: ModelName = OLD) -> Judged:
    return Judged(source="onnx", model=model, text=text, confidence=confidence, proposed=True)


def vision(text: str, *, proposed: bool = False) -> Judged:
    return Judged(source="azure-vision", model=VISION, text=text, confidence=0.8, proposed=proposed)


def published(
    name: str, text: str, *judged: Judged, updated: datetime = NOVEMBER, **fields: Any
) -> CaptionRecord:
    """Give the record of an image on whose alt text a person has decided."""
    untouched = any(each.proposed and each.text == text for each in judged)
    alt_text = AltText(
        text,
        fields.pop("source", "onnx" if untouched else PERSON),
        "approved" if untouched else "edited",
        None,
        updated,
        judged=judged or msgspec.UNSET,
        **fields,
    )
    return msgspec.structs.replace(record_of(name, {"onnx": text}), alt_text=alt_text)


def test_an_empty_collection_has_no_figures(museum: Museum) -> None:
    assert museum.collection.quality() == Quality(0, 0, 0, ())


def test_figures_are_by_model_month_and_confidence(museum: Museum) -> None:
    october = datetime(2026, 10, 5, tzinfo=UTC)
    museum.tell(
        published("1", "a red dog", own("a red dog", 0.95), vision("a red dog")),
        published("2", "a red dog", own("a red cat", 0.91), vision("a dog")),
        published("3", "a red dog", own("a red dog", 1.0), updated=october),
        published("4", "a red dog", own("a red dog", 0.05), updated=october),
        published("5", "a red dog", own("blue hats", None)),
        published("6", "a red dog", own("a red dog", 0.5, NEW)),
        record_of("7", {"onnx": "a dog"}),
    )

    quality = museum.collection.quality()

    assert (quality.reviewed, quality.brought, quality.stale) == (6, 0, 0)
    assert quality.captioners == (
        CaptionerQuality(
            source="onnx",
            model=OLD,
            judged=5,
            proposed=5,
            approved=3,
            mean_distance=0.267,  # (0 + 1/3 + 0 + 0 + 1) / 5
            months=(
                MonthQuality("2026-11", 3, 3, 1, 0.444),
                MonthQuality("2026-10", 2, 2, 2, 0.0),
            ),
            calibration=(
                CalibrationBin(start=0.0, end=0.1, proposed=1, mean_confidence=0.05, approved=1),
                CalibrationBin(start=0.9, end=1.0, proposed=3, mean_confidence=0.953, approved=2),
            ),
        ),
        CaptionerQuality(
            source="azure-vision",
            model=VISION,
            judged=2,
            proposed=0,
            approved=0,  # nobody was shown it as the alt text
            mean_distance=0.167,
            months=(MonthQuality("2026-11", 2, 0, 0, 0.167),),
            calibration=(),
        ),
        CaptionerQuality(
            source="onnx",
            model=NEW,
            judged=1,
            proposed=1,
            approved=1,
            mean_distance=0.0,
            months=(MonthQuality("2026-11", 1, 1, 1, 0.0),),
            calibration=(
                CalibrationBin(start=0.5, end=0.6, proposed=1, mean_confidence=0.5, approved=1),
            ),
        ),
    )


def test_months_are_those_of_utc(museum: Museum) -> None:
    late = datetime(2026, 10, 31, 22, tzinfo=timezone(timedelta(hours=-5)))
    museum.tell(published("1", "a dog", own("a dog", 0.5), updated=late))

    (figures,) = museum.collection.quality().captioners

    assert [each.month for each in figures.months] == ["2026-11"]


def test_stale_texts_and_those_that_came_with_images_are_counted_apart(museum: Museum) -> None:
    museum.tell(
        published("stale", "a dog", own("a dog", 0.5), stale=True),
        published("brought", "Mezzetin, seated", source="xmp-alt-text"),
        published("brought too", "Mezzetin", source="blob-metadata"),
        published("brought and stale", "Mezzetin", source="blob-metadata", stale=True),
        published("brought and approved", "Mezzetin", own("a man", 0.5), source="blob-metadata"),
        published("of no caption", "Mezzetin"),
    )

    quality = museum.collection.quality()

    assert (quality.reviewed, quality.brought, quality.stale) == (2, 2, 2)
    assert [each.judged for each in quality.captioners] == [1]


def test_what_people_take_back_leaves_nothing_behind(museum: Museum) -> None:
    museum.tell(published("1", "a red dog", own("a red cat", 0.37)))
    museum.tell(published("2", "a dog", own("a dog", 0.71)), published("3", "x", own("y", 0.1)))
    assert len(museum.collection.quality().captioners) == 1

    museum.tell(record_of("1", {"onnx": "a red dog"}))
    museum.tell(published("2", "a dog", own("a dog", 0.71), stale=True))
    museum.delete("3")

    assert museum.collection.quality() == Quality(0, 0, 1, ())


@pytest.mark.parametrize("seed", range(3))
def test_figures_kept_up_to_date_are_those_of_a_fresh_start(
    museum: Museum, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)

    def some() -> CaptionRecord:
        text = chance.choice(["a dog", "a red dog", "two dogs run"])
        confidence = chance.choice([None, 0.1, 0.3, chance.random()])
        month = datetime(2026, chance.randint(1, 12), 1, tzinfo=UTC)
        judged = own(chance.choice(["a dog", "a cat"]), confidence, chance.choice([OLD, NEW]))
        stale = chance.random() < 0.2 or msgspec.UNSET
        return published(
            str(chance.randrange(20)), text, judged, vision("a dog"), updated=month, stale=stale
        )

    for _ in range(6):
        museum.tell(*{each.image.name: each for each in (some() for _ in range(12))}.values())
        museum.delete(str(chance.randrange(20)))
        museum.collection.follow()
    with ImageStore.connect(museum.connection, museum.settings) as store:
        assert Upkeep(museum.blobs, store).compact(force=True)

    assert museum.another(tmp_path / "fresh").quality() == museum.collection.quality()
    assert museum.collection.quality().captioners
