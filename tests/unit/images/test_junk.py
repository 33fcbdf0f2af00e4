"""What cameras and programs fill in is told from what people write."""

import pytest

from captioner.images.metadata import Text, texts_in
from captioner.images.metadata.junk import is_junk
from tests.support.metadata import ALT_TEXT, exif, image_with, in_languages, xmp


@pytest.mark.parametrize(
    "text",
    [
        "OLYMPUS DIGITAL CAMERA",
        "SONY DSC",
        "DCIM",
        "Minolta DSC",
        "KONICA MINOLTA DIGITAL CAMERA",
        "KODAK Digital Still Camera",
        "SAMSUNG",
        "SAMSUNG CAMERA PICTURES",
        "DIGITAL CAMERA",
        "Exif_JPEG_PICTURE",
        "DCIM\\100MEDIA\\DJI_0001.JPG",
        "DSC_0123",
        "IMG_20190304_112233",
        "Screenshot",
        "Screenshot 2024-05-01 at 10.22.33 PM",
        "Created with GIMP",
        "Created with The GIMP",
        "Edited with Adobe Photoshop",
        "charset=Ascii",
        "User comments",
        "default",
        "Untitled-1",
        "oznor",
        "000123",
        "---",
        "🐱",
    ],
)
def test_what_machines_fill_in_is_junk(text: str) -> None:
    assert is_junk(text)


@pytest.mark.parametrize(
    "text",
    [
        "An Olympus digital camera on a table",
        "My first day at Sony",
        "Sunset",
        "Katze",
        "猫",
        "Собака",
        "Made by hand in 1890",
        "Created with love",
        "IMG_0001 with the whole family",
    ],
)
def test_what_people_write_is_not(text: str) -> None:
    assert not is_junk(text)


@pytest.mark.parametrize("text", ["Dog-in-Snow.jpg", "dog-in-snow"])
def test_the_name_of_the_file_says_nothing_new(text: str) -> None:
    assert is_junk(text, "attic/dog-in-snow.JPG")
    assert not is_junk(text, "attic/cat.jpg")
    assert texts_in(image_with("JPEG", exif_block=exif(text)), "attic/dog-in-snow.jpg") == ()


def test_only_what_machines_fill_in_is_doubted() -> None:
    packet = xmp(in_languages(ALT_TEXT, default="Screenshot"))
    data = image_with("JPEG", packet=packet, exif_block=exif("SONY DSC"))

    assert texts_in(data) == (Text("xmp-alt-text", "Screenshot"),)
