"""Uploading to a real emulator of the storage account, with records written by the test."""

import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from captioner.cli.files import NamedFile
from captioner.cli.uploading import Uploaded, arriving, upload_file
from captioner.errors import FileUnreadable, ImageTooLarge, InvalidRequest, RecordUnreadable
from captioner.records import CaptionRecord, ImageFacts, now
from captioner.settings import Settings, StorageConnection
from captioner.store import ImageStore
from tests.support.azurite import Azurite
from tests.support.pictures import image_bytes, plain

LIMIT = 10**6


@pytest.fixture
def store(azurite: Azurite, unique_name: Callable[[str], str]) -> Iterator[ImageStore]:
    settings = Settings(
        images_container=unique_name("images"), captions_container=unique_name("captions")
    )
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        yield store


@pytest.fixture
def red(tmp_path: Path) -> NamedFile:
    return picture(tmp_path / "red.jpg", "red")


def picture(path: Path, colour: str) -> NamedFile:
    path.write_bytes(image_bytes(plain(8, 8, colour)))
    return NamedFile(path, f"a b+#%é/{path.name}")


def record(image: Uploaded, data: bytes = b"") -> CaptionRecord:
    return CaptionRecord(
        image=ImageFacts(name=image.name, etag=image.etag, sha256=sha256(data).hexdigest()),
        captions=(),
        alt_text=None,
        problems=(),
        created=now(),
        updated=now(),
    )


def test_a_new_file_makes_containers_and_keeps_its_type(store, red):
    uploaded = upload_file(red, store, LIMIT)
    stored = store.get_image(red.name)
    assert uploaded == Uploaded(red.name, stored.etag, "uploaded")
    assert stored.data == red.path.read_bytes()
    assert stored.content_type == "image/jpeg"


def test_the_type_is_told_by_the_bytes(store, red):
    called = NamedFile(red.path.rename(red.path.with_suffix(".png")), "red.png")
    upload_file(called, store, LIMIT)
    assert store.get_image("red.png").content_type == "image/jpeg"


def test_the_same_bytes_are_not_written_again(store, red):
    first = upload_file(red, store, LIMIT)
    assert upload_file(red, store, LIMIT) == Uploaded(red.name, first.etag, "unchanged")


def test_the_record_spares_reading_the_image(store, red):
    first = upload_file(red, store, LIMIT)
    # A record that holds another digest shows that it was believed.
    store.put_record(record(first, b"other bytes"), None)
    assert upload_file(red, store, LIMIT).outcome == "replaced"


def test_the_record_of_an_earlier_version_is_not_believed(store, red):
    data = red.path.read_bytes()
    store.put_record(record(Uploaded(red.name, '"0x1"', "uploaded"), b"other bytes"), None)
    upload_file(red, store, LIMIT)
    assert upload_file(red, store, LIMIT).outcome == "unchanged"
    assert store.get_image(red.name).data == data


@pytest.mark.parametrize("padding", [b"", b"more"])
def test_other_bytes_replace_the_image(store, red, padding):
    first = upload_file(red, store, LIMIT)
    data = bytearray(red.path.read_bytes() + padding)
    data[-1] ^= 1
    red.path.write_bytes(data)
    second = upload_file(red, store, LIMIT)
    assert second.outcome == "replaced"
    assert second.etag != first.etag
    assert store.get_image(red.name).data == data


def test_a_file_that_is_no_image_is_uploaded_all_the_same(store, tmp_path):
    (tmp_path / "notes.txt").write_text("not an image")
    upload_file(NamedFile(tmp_path / "notes.txt", "notes.txt"), store, LIMIT)
    assert store.get_image("notes.txt").content_type == "text/plain"


def test_what_cannot_be_uploaded_says_why(store, red, tmp_path):
    with pytest.raises(ImageTooLarge, match=r"more than the 10 bytes"):
        upload_file(red, store, 10)
    with pytest.raises(FileUnreadable):
        upload_file(NamedFile(tmp_path / "missing.jpg", "missing.jpg"), store, LIMIT)
    with pytest.raises(InvalidRequest):
        upload_file(NamedFile(red.path, "a/../b.jpg"), store, LIMIT)


def test_records_arrive_as_they_are_written(store, tmp_path):
    images = [
        upload_file(picture(tmp_path / f"{colour}.jpg", colour), store, LIMIT)
        for colour in ("red", "green", "blue")
    ]
    expected = [record(image) for image in images]
    store.put_record(expected[1], None)
    arrivals = arriving({each.name: each.etag for each in images}, store, patience_s=60)
    assert next(arrivals) == expected[1]
    store.put_record(expected[2], None)
    assert next(arrivals) == expected[2]
    writer = threading.Thread(target=store.put_record, args=(expected[0], None))
    writer.start()
    assert list(arrivals) == [expected[0]]
    writer.join()


def test_the_record_of_an_older_version_is_not_taken_for_the_new_one(store, red):
    image = upload_file(red, store, LIMIT)
    etag = store.put_record(record(Uploaded(red.name, '"0x1"', "uploaded")), None)
    assert list(arriving({image.name: image.etag}, store, patience_s=0.01)) == []
    store.put_record(record(image), etag)
    assert list(arriving({image.name: image.etag}, store, patience_s=60)) == [record_now(store)]


def test_sidecars_edited_by_hand_keep_no_other_from_arriving(store, tmp_path, monkeypatch):
    """One is no record any more and never arrives, one tells another name."""
    images = [
        upload_file(picture(tmp_path / f"{colour}.jpg", colour), store, LIMIT)
        for colour in ("red", "green", "blue")
    ]
    broken, renamed, good = images
    told = record(Uploaded("another.jpg", renamed.etag, "uploaded"))

    def edited(name):
        if name == broken.name:
            raise RecordUnreadable("Edited by hand.")
        return (told if name == renamed.name else record_of_good), '"0x1"'

    record_of_good = record(good)
    monkeypatch.setattr(store, "get_record", edited)
    etags = {image.name: image.etag for image in images}
    assert list(arriving(etags, store, patience_s=0.5)) == [told, record_of_good]


def record_now(store: ImageStore) -> CaptionRecord:
    (entry,) = store.list_images()
    return store.get_record(entry.name)[0]


def test_patience_has_an_end(store, red):
    image = upload_file(red, store, LIMIT)
    assert list(arriving({image.name: image.etag}, store, patience_s=0.01)) == []
