"""Files in, records out: every file, in order, in bounded memory."""

import pytest

from captioner.cli.captioning import records_of
from captioner.cli.files import NamedFile
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.metadata import ALT_TEXT, image_with, in_languages, xmp
from tests.support.pictures import image_bytes, plain


@pytest.fixture
def files(tmp_path) -> list[NamedFile]:
    """Twenty files, of which the 4th is broken and the 7th is missing."""
    files = [NamedFile(tmp_path / f"{number}.jpg", f"./{number}.jpg") for number in range(20)]
    for file in files:
        file.path.write_bytes(image_bytes(plain(8, 8)))
    files[3].path.write_bytes(b"GIF89a")
    files[6].path.unlink()
    return files


def test_every_file_gets_its_record_in_order(files):
    records = list(records_of(files, service_of(ScriptedCaptioner()), max_bytes=10**6))
    assert [record.image.name for record in records] == [file.name for file in files]
    faults = {
        record.image.name: record.problems[0].code for record in records if not record.captions
    }
    assert faults == {"./3.jpg": "corrupt_image", "./6.jpg": "file_unreadable"}


def test_files_are_captioned_in_batches_as_they_are_asked_for(files):
    captioner = ScriptedCaptioner()
    records = records_of(files, service_of(captioner), max_bytes=10**6)
    assert not captioner.batches
    next(records)
    assert [len(batch) for batch in captioner.batches] == [6]
    list(records)
    assert [len(batch) for batch in captioner.batches] == [6, 8, 4]


def test_a_file_beyond_the_limit_costs_no_other(files):
    files[0].path.write_bytes(bytes(3 * 2**20))
    record, other = records_of(files[:2], service_of(ScriptedCaptioner()), max_bytes=2**20)
    assert record.problems[0].code == "image_too_large"
    assert other.captions


def test_alt_text_in_a_file_is_shown(files):
    packet = xmp(in_languages(ALT_TEXT, en="A dog in the snow"))
    files[0].path.write_bytes(image_with("PNG", packet=packet))
    (record,) = records_of(files[:1], service_of(ScriptedCaptioner()), max_bytes=10**6)
    assert record.alt_text.text == "A dog in the snow"
    assert record.alt_text.status == "approved"
