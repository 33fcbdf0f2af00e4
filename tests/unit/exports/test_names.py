"""Names of images as names of files."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.exports.names import file_name, file_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("attic/dog.jpg", "attic/dog.jpg"),
        ("/etc/passwd", "etc/passwd"),
        ("../../etc/passwd", "_/_/etc/passwd"),
        ("a//./b", "a/_/b"),
        ("C:/x.jpg", "C_/x.jpg"),
        ("C:\\x.jpg", "C__x.jpg"),
        ("con.jpg", "_con.jpg"),
        ("a/NUL", "a/_NUL"),
        ("nullable.jpg", "nullable.jpg"),
        ("dog. ", "dog"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("a\r\nb\x00.jpg", "a__b_.jpg"),
        ("Zürich 写真 🦌.jpg", "Zürich 写真 🦌.jpg"),
        ("///", "_"),
        ("", "_"),
    ],
)
def test_paths_stay_below_their_folder(name: str, path: str) -> None:
    assert file_path(name) == path


@given(st.text(max_size=40))
def test_no_name_leads_anywhere_else(name: str) -> None:
    for anywhere in (True, False):
        path = file_path(name, anywhere=anywhere)
        assert path
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in PurePosixPath(path).parts
        path.encode()
    windows = PureWindowsPath(file_path(name))
    assert not windows.drive
    assert not windows.root
    assert ".." not in windows.parts


def test_beside_its_picture_a_sidecar_is_called_as_the_picture_is() -> None:
    assert file_path("Who? 1: me.jpg", anywhere=False) == "Who? 1: me.jpg"
    assert file_path("Who? 1: me.jpg") == "Who_ 1_ me.jpg"


def test_long_names_keep_their_endings_and_fit() -> None:
    name = file_name("attic/" + "ä" * 500 + ".jpg")

    assert name.endswith(".jpg")
    assert "~" in name
    assert len(name.encode()) <= 201
