"""What a person names on the command line -> files, with the names they get."""

import errno
import os
from pathlib import Path

import pytest

from captioner.cli.files import NamedFile, files_to_caption, files_to_upload
from captioner.errors import FileUnreadable, ImageTooLarge, InvalidRequest
from tests.support.pictures import image_bytes, plain


@pytest.fixture
def attic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with images, hidden ones, broken ones and a text, from beside it."""
    monkeypatch.chdir(tmp_path)
    picture = image_bytes(plain(8, 8))
    for name, data in {
        "b.jpg": picture,
        "a b+#%é.jpg": picture,
        "without-ending": picture,
        "broken.jpg": b"",
        "notes.txt": b"not an image",
        ".hidden.jpg": picture,
        "deep/er/c.png": picture,
        ".git/d.jpg": picture,
    }.items():
        path = tmp_path / "attic" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "attic"


IMAGES = ["a b+#%é.jpg", "b.jpg", "broken.jpg", "without-ending", "deep/er/c.png"]


@pytest.mark.parametrize("given", ["attic", "./attic", "attic/"])
def test_a_folder_to_caption_stands_for_its_images(attic, given):
    found = files_to_caption([given])
    assert [file.name for file in found] == [f"{given.rstrip('/')}/{name}" for name in IMAGES]
    assert [file.path for file in found] == [Path(given) / name for name in IMAGES]


def test_files_to_caption_keep_their_order_and_their_names_as_given(attic):
    given = ["./attic/b.jpg", "attic/../attic/notes.txt", "missing.jpg", "attic/b.jpg"]
    assert [file.name for file in files_to_caption(given)] == given


def test_what_is_called_by_a_signed_url_is_not_told_with_it(attic):
    (found,) = files_to_caption(["https://a.example/b.jpg?sv=1&sig=s3cret"])
    assert found.name == "https://a.example/b.jpg"


def test_a_name_that_is_not_text_becomes_text(attic):
    odd = os.fsdecode(b"odd-\xff.jpg")
    (file,) = files_to_caption([odd])
    assert file == NamedFile(Path(odd), "odd-\N{REPLACEMENT CHARACTER}.jpg")


def test_a_pipe_in_a_folder_is_not_waited_for(attic):
    os.mkfifo(attic / "pipe.jpg")
    assert "attic/pipe.jpg" not in {file.name for file in files_to_caption(["attic"])}


def test_a_folder_to_upload_stands_for_all_its_files_under_their_paths_inside(attic):
    names = [file.name for file in files_to_upload(["attic"], "")]
    assert sorted(names) == sorted([*IMAGES, "notes.txt"])


def test_a_file_to_upload_gets_its_own_name_behind_the_prefix(attic):
    found = files_to_upload(["attic/deep/er/c.png", "attic/.hidden.jpg"], "2026/")
    assert [file.name for file in found] == ["2026/c.png", "2026/.hidden.jpg"]


def test_files_that_would_overwrite_each_other_are_refused(attic):
    (attic / "deep" / "b.jpg").touch()
    with pytest.raises(InvalidRequest, match=r"would both be called 'b.jpg'.*--prefix"):
        files_to_upload(["attic/b.jpg", "attic/deep/b.jpg"], "")


def test_a_file_is_read_up_to_the_limit_and_no_further(attic):
    file = NamedFile(attic / "notes.txt", "notes.txt")
    assert file.read(12) == b"not an image"
    with pytest.raises(ImageTooLarge, match=r"more than the 11 bytes"):
        file.read(11)


@pytest.mark.parametrize("name", ["missing.jpg", "attic/b.jpg/c.jpg", "attic"])
def test_what_cannot_be_read_is_told_in_a_sentence(attic, name):
    with pytest.raises(FileUnreadable, match=r"^The file cannot be read \([A-Z].*\); check .*\.$"):
        NamedFile(Path(name), name).read(100)


def test_a_folder_that_may_not_be_listed_is_not_passed_over(attic, monkeypatch):
    listed = os.scandir

    def refusing(path):
        if Path(path).name == "deep":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)  # no folder is closed to root
    with pytest.raises(FileUnreadable, match=r"'attic/deep' cannot be read \(Permission denied\)"):
        files_to_upload(["attic"], "")


def test_an_empty_name_is_not_the_folder_that_one_is_in(attic):
    with pytest.raises(InvalidRequest, match="is empty"):
        files_to_caption([""])
    with pytest.raises(InvalidRequest, match="is empty"):
        files_to_upload(["attic", ""], "")
