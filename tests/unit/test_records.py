"""Records: written, read, and true to their published schema."""

from typing import Any

import jsonschema
import msgspec
import pytest

from captioner.records import (
    Alternative,
    AltText,
    Caption,
    CaptionRecord,
    ImageFacts,
    ModelName,
    Problem,
    Tag,
    from_json,
    json_schema,
    now,
    to_json,
)

MOMENT = now()

FULL = CaptionRecord(
    image=ImageFacts(
        name="attic/a b+#%é.jpg",
        container="images",
        url="https://account.blob.core.windows.net/images/a.jpg",
        etag='"0x1"',
        sha256="ab" * 32,
        content_type="image/jpeg",
        width=30,
        height=40,
        bytes=1234,
    ),
    captions=(
        Caption(
            source="onnx",
            text="a man sits on a bench",
            confidence=0.71,
            language="en",
            model=ModelName("tiny", "1"),
            alternatives=(Alternative("a man", 0.2), Alternative("a bench", None)),
            tags=(Tag("man", 0.8), Tag("bench", None)),
            novelty=0.25,
            request_id="r",
            elapsed_ms=31.4,
            created=MOMENT,
        ),
    ),
    agreement=0.64,
    needs_review=False,
    alt_text=AltText("A man", "person", "edited", by="A. Person", updated=MOMENT, stale=True),
    history=(AltText("Man", "person", "approved", by=None, updated=MOMENT),),
    problems=(Problem("azure-vision", "vision_throttled", "Later.", retry_after=MOMENT),),
    created=MOMENT,
    updated=MOMENT,
)
BARE = CaptionRecord(
    image=ImageFacts(name="a.jpg"),
    captions=(),
    alt_text=None,
    problems=(Problem("image", "empty_image", "It is empty."),),
    created=MOMENT,
    updated=MOMENT,
)


@pytest.mark.parametrize("record", [FULL, BARE], ids=["full", "bare"])
@pytest.mark.parametrize("indent", [0, 2])
def test_what_is_written_is_read(record: CaptionRecord, indent: int) -> None:
    assert from_json(to_json(record, indent=indent)) == record


@pytest.mark.parametrize("record", [FULL, BARE], ids=["full", "bare"])
def test_records_are_true_to_their_schema(record: CaptionRecord) -> None:
    jsonschema.validate(msgspec.json.decode(to_json(record)), json_schema())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def with_changed(path: str, value: Any) -> Any:
    document = msgspec.json.decode(to_json(FULL))
    *parents, last = path.split(".")
    place = document
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 2),
        ("image", ...),
        ("image.name", None),
        ("image.width", -1),
        ("captions.0.confidence", 1.5),
        ("captions.0.elapsed_ms", -1),
        ("agreement", 1.1),
        ("needs_review", None),
        ("alt_text.status", "guessed"),
        ("problems", None),
    ],
)
def test_what_is_no_record_is_refused_by_reader_and_schema(path: str, value: Any) -> None:
    document = with_changed(path, value)

    with pytest.raises(msgspec.ValidationError):
        from_json(msgspec.json.encode(document))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema())


def test_what_does_not_exist_is_absent_and_what_is_unknown_is_null() -> None:
    document = msgspec.json.decode(to_json(BARE))

    assert document["image"] == {"name": "a.jpg"}
    assert document["alt_text"] is None
    assert "retry_after" not in document["problems"][0]
    assert not {"agreement", "needs_review"} & document.keys()


def test_captions_and_problems_are_found_by_source() -> None:
    assert FULL.caption_by("onnx") is FULL.captions[0]
    assert FULL.caption_by("azure-vision") is None
    assert FULL.problem_of("azure-vision") is FULL.problems[0]
    assert FULL.problem_of("image") is None


def test_moments_are_utc_and_whole_milliseconds() -> None:
    moment = now()

    assert moment.isoformat().endswith("+00:00")
    assert moment.microsecond % 1000 == 0
