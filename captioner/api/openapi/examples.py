"""Examples in the OpenAPI document, made of the types themselves, so that they cannot be wrong."""

from datetime import UTC, datetime, timedelta

import msgspec

from captioner.api.documents import Health, JobList, Results
from captioner.api.requests import Renewal
from captioner.captioning import Options
from captioner.entries import Facet, entry_of
from captioner.jobs import Backfill, Counts, JobStatus, Result
from captioner.ondemand import ManyUrls, OneDirectory, OneUrl
from captioner.records import (
    Alternative,
    AltText,
    Caption,
    CaptionRecord,
    ImageFacts,
    ModelName,
    Problem,
    Tag,
)
from captioner.search import Facets, Hit, Match, SearchAnswer, Segment
from captioner.serving import ModelStanding

_MOMENT = datetime(2026, 11, 23, 10, tzinfo=UTC)
_MODEL = ModelName("flickr8k-lite2-tags", "a2f959c7be59")
_DIRECTORY = "https://museum.blob.core.windows.net/attic"
_SIGNED = f"{_DIRECTORY}?sv=…&sr=c&sp=rlcw&sig=…"
_TEXT = "a brown dog runs through the snow"

RECORD = CaptionRecord(
    image=ImageFacts(
        name="attic/dog.jpg",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        content_type="image/jpeg",
        width=1024,
        height=768,
        bytes=184_320,
    ),
    captions=(
        Caption(
            source="onnx",
            text=_TEXT,
            confidence=0.61,
            language="en",
            model=_MODEL,
            alternatives=(Alternative("a brown dog is running in the snow", 0.58),),
            tags=(Tag("dog", 0.97), Tag("snow", 0.93)),
            novelty=0.21,
            elapsed_ms=24.6,
            created=_MOMENT,
        ),
    ),
    descriptions=(),
    needs_review=False,
    alt_text=AltText(_TEXT, "onnx", "machine", None, _MOMENT, language="en"),
    problems=(),
    created=_MOMENT,
    updated=_MOMENT,
)

_NOT_HAD = CaptionRecord(
    image=ImageFacts(name="lost.jpg", url="https://example.org/lost.jpg"),
    captions=(),
    alt_text=None,
    problems=(Problem("image", "nothing_there", "There is nothing at this URL; check it."),),
    created=_MOMENT,
    updated=_MOMENT,
)

RESULTS = Results((RECORD, _NOT_HAD))

JOB = JobStatus(
    id="e5df6874d85793e0f025a1f1970",
    state="running",
    source="directory",
    directory=f"{_DIRECTORY}/",
    options=Options(captioners=("onnx",)),
    save=True,
    force=False,
    counts=Counts(found=1000, done=412, skipped=30, failed=3, waiting=2),
    rate=11.4,
    seconds_left=48.7,
    problems=(),
    created=_MOMENT,
)

JOBS = JobList((JOB,))

_RESULT = Result(image="dog.jpg", status="done", record=RECORD)
RESULT_LINES = f"{msgspec.json.encode(_RESULT).decode()}\n"

FOUND = SearchAnswer(
    total=1,
    offset=0,
    limit=20,
    as_of=_MOMENT + timedelta(minutes=1),
    corrections=(),
    results=(
        Hit(
            entry_of(RECORD),
            7.31,
            (
                Match(
                    field="alt_text",
                    segments=(
                        Segment("a brown ", match=False),
                        Segment("dog", match=True),
                        Segment(" runs through the snow", match=False),
                    ),
                ),
            ),
        ),
    ),
    facets=Facets((Facet("onnx", 1),), (Facet("machine", 1),)),
)

HEALTH = Health(
    status="ok",
    version="0.1.0",
    bundle=_MODEL,
    model=ModelStanding(follows="current", since=_MOMENT, checked=_MOMENT + timedelta(minutes=7)),
    captioners=("onnx", "azure-vision"),
    problems=(),
)

ONE_URL = OneUrl(url="https://example.org/photo.jpg")
MANY_URLS = ManyUrls(
    urls=("https://example.org/photo.jpg", "https://example.org/other.png"), language="es"
)
DIRECTORY = OneDirectory(directory=_SIGNED, save=True)
BACKFILL = Backfill(backfill=True, captioners=("azure-vision",))
RENEWAL = Renewal(_SIGNED)
LIST = "https://example.org/photo.jpg\nhttps://example.org/other.png\n"
