"""Examples of what the collection tells, made of the types themselves."""

from captioner.api.openapi.examples import RECORD
from captioner.collection import (
    CalibrationBin,
    CaptionerQuality,
    CollectionCounts,
    ImagePage,
    MonthQuality,
    Quality,
)
from captioner.entries import Facet, entry_of

PAGE = ImagePage(
    total=1,
    offset=0,
    limit=60,
    images=(entry_of(RECORD),),
    counts=CollectionCounts(
        all=3,
        pending=2,
        stale=0,
        status=(Facet("approved", 1), Facet("machine", 1), Facet("none", 1)),
        problems=(Facet("corrupt_image", 1),),
    ),
)

QUALITY = Quality(
    reviewed=812,
    brought=40,
    stale=3,
    captioners=(
        CaptionerQuality(
            source="onnx",
            model=RECORD.captions[0].model,
            judged=800,
            proposed=700,
            approved=420,
            mean_distance=0.313,
            months=(
                MonthQuality("2026-11", 30, 25, 20, 0.204),
                MonthQuality("2026-10", 770, 675, 400, 0.317),
            ),
            calibration=(
                CalibrationBin(start=0.4, end=0.5, proposed=300, mean_confidence=0.46, approved=90),
                CalibrationBin(
                    start=0.6, end=0.7, proposed=400, mean_confidence=0.63, approved=330
                ),
            ),
        ),
    ),
)
