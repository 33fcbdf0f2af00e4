"""scripts.captions: what is written beside an image is shown once, as people read it."""

import io
from collections.abc import Iterator

import pytest
from azure.storage.blob import ContainerClient
from rich.console import Console

from captioner.records import (
    Caption,
    CaptionRecord,
    ImageFacts,
    ModelName,
    Problem,
    now,
    to_json,
)
from scripts.captions import SidecarWatch, show


@pytest.fixture
def captions(blobs, unique_name) -> Iterator[ContainerClient]:
    with blobs.create_container(unique_name("captions")) as container:
        yield container


def record(name: str, *texts: str, confidence: float | None = 0.5) -> CaptionRecord:
    return CaptionRecord(
        image=ImageFacts(name=name),
        captions=tuple(
            Caption(
                source=f"captioner-{number}",
                text=text,
                confidence=confidence,
                language="en",
                model=ModelName("test", "1"),
                elapsed_ms=1,
                created=now(),
            )
            for number, text in enumerate(texts)
        ),
        alt_text=None,
        problems=(Problem("azure-vision", "vision_throttled", "Try again later."),),
        created=now(),
        updated=now(),
    )


def put(captions: ContainerClient, of: CaptionRecord) -> None:
    captions.upload_blob(f"{of.image.name}.json", to_json(of), overwrite=True)


def names(watch: SidecarWatch) -> list[str]:
    return [each.image.name for each in watch.new()]


def test_each_sidecar_is_told_once_and_again_when_it_changes(captions) -> None:
    put(captions, record("old.jpg"))
    watch = SidecarWatch(captions)
    assert names(watch) == []
    put(captions, record("new.jpg"))
    assert names(watch) == ["new.jpg"]
    assert names(watch) == []
    put(captions, record("old.jpg", "seen anew"))
    assert names(watch) == ["old.jpg"]


def test_what_is_no_record_is_passed_over(captions) -> None:
    watch = SidecarWatch(captions)
    captions.upload_blob("notes.txt", b"milk, bread")
    put(captions, record("new.jpg"))
    assert names(watch) == ["new.jpg"]


def test_storage_out_of_reach_is_waited_out(captions) -> None:
    watch = SidecarWatch(captions)
    captions.delete_container()
    assert names(watch) == []


def test_a_record_is_shown_with_every_caption_and_what_is_missing() -> None:
    console = Console(file=io.StringIO(), width=20)
    show(record("attic/[red].jpg", "a cat", "two cats on a very long sofa"), console)
    assert console.file.getvalue().splitlines() == [
        "attic/[red].jpg",
        "  captioner-0   a cat  (0.50)",
        "  captioner-1   two cats on a very long sofa  (0.50)",
        "  azure-vision  Try again later.",
    ]


def test_an_unknown_confidence_is_not_shown_as_a_number() -> None:
    console = Console(file=io.StringIO())
    show(record("x.jpg", "a cat", confidence=None), console)
    assert "  captioner-0   a cat\n" in console.file.getvalue()
