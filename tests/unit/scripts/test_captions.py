"""scripts.captions: what is written beside an image is told once."""

from collections.abc import Iterator

import pytest
from azure.storage.blob import ContainerClient

from captioner.records import CaptionRecord, ImageFacts, Problem, now, to_json
from scripts.captions import SidecarWatch


@pytest.fixture
def captions(blobs, unique_name) -> Iterator[ContainerClient]:
    with blobs.create_container(unique_name("captions")) as container:
        yield container


def record(name: str, message: str = "Try again later.") -> CaptionRecord:
    return CaptionRecord(
        image=ImageFacts(name=name),
        captions=(),
        alt_text=None,
        problems=(Problem("azure-vision", "vision_throttled", message),),
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
