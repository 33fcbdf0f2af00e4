"""What the service is sent: always within its limits, always the picture that our model sees."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base
from PIL.PngImagePlugin import PngInfo

from captioner.vision.upload import MAX_BYTES, upload_of
from tests.support.pictures import image_bytes, left_and_right, picture_from, picture_of, plain

RED, BLUE = (255, 0, 0), (0, 0, 255)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def assert_near(pixel, colour):
    assert max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 40, pixel


def noise(width: int, height: int) -> Image.Image:
    """Black and white at random in every channel: what JPEG compresses worst."""
    bits = np.random.default_rng(0).integers(0, 2, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(bits * 255)


def rotated_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    return exif


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_plain_bytes_within_the_limits_go_as_they_are(image_format, mode):
    picture = picture_of(left_and_right(640, 480).convert(mode), image_format)
    assert upload_of(picture) == picture.data


def test_an_upright_exif_changes_nothing():
    picture = picture_of(plain(64, 64), exif=rotated_exif(1))
    assert upload_of(picture) == picture.data


@pytest.mark.parametrize("image_format", ["WEBP", "TIFF", "GIF", "AVIF"])
def test_other_formats_become_jpeg(image_format):
    sent = opened(upload_of(picture_of(left_and_right(640, 480), image_format)))
    assert (sent.format, sent.size) == ("JPEG", (640, 480))
    assert_near(sent.getpixel((100, 240)), RED)
    assert_near(sent.getpixel((540, 240)), BLUE)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_rotated_picture_is_sent_upright(image_format):
    # Orientation 6: the stored left edge is the upright top edge.
    picture = picture_of(left_and_right(640, 480), image_format, exif=rotated_exif(6))
    sent = opened(upload_of(picture))
    assert sent.size == (480, 640)
    assert sent.getexif().get(Base.Orientation) is None
    assert_near(sent.getpixel((240, 100)), RED)
    assert_near(sent.getpixel((240, 540)), BLUE)


def test_transparency_is_sent_on_white_as_our_model_sees_it():
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    sent = opened(upload_of(picture_of(image, "PNG")))
    assert_near(sent.getpixel((50, 50)), (255, 255, 255))


def test_a_transparent_colour_of_an_rgb_png_counts_as_transparency():
    sent = opened(upload_of(picture_of(plain(100, 100), "PNG", transparency=RED)))
    assert_near(sent.getpixel((50, 50)), (255, 255, 255))


def test_cmyk_is_sent_as_rgb():
    sent = opened(upload_of(picture_of(Image.new("CMYK", (100, 100), (0, 255, 255, 0)))))
    assert sent.mode == "RGB"
    assert_near(sent.getpixel((50, 50)), RED)


def test_sixteen_bits_are_sent_as_eight():
    sent = opened(upload_of(picture_of(Image.new("I;16", (100, 100), 65535), "PNG")))
    assert sent.format == "JPEG"
    assert_near(sent.getpixel((50, 50)), (255, 255, 255))


@pytest.mark.parametrize("image_format", ["GIF", "PNG"])
def test_of_an_animation_the_first_frame_is_sent(image_format):
    frames = [plain(100, 100, "red"), plain(100, 100, "blue")]
    picture = picture_of(
        frames[0], image_format, save_all=True, append_images=frames[1:], duration=100
    )
    sent = opened(upload_of(picture))
    assert sent.format == "JPEG"
    assert_near(sent.getpixel((50, 50)), RED)


def test_too_many_bytes_are_brought_under_the_limit():
    picture = picture_of(noise(2000, 2000), quality=100)
    assert len(picture.data) > MAX_BYTES
    sent = upload_of(picture)
    assert len(sent) < MAX_BYTES
    assert opened(sent).size == (1600, 1600)


def test_a_picture_just_too_wide_is_scaled_down():
    assert opened(upload_of(picture_of(plain(16_000, 1200)))).size == (1600, 120)
    widest = picture_of(plain(15_999, 60))
    assert upload_of(widest) == widest.data


@pytest.mark.parametrize(
    ("size", "sent_size"),
    [
        ((51, 51), (51, 51)),
        ((50, 51), (51, 52)),
        ((1, 1), (51, 51)),
        ((20, 40), (51, 102)),
        ((600, 2), (15_300, 51)),
        ((1, 5000), (51, 15_999)),
    ],
)
def test_a_picture_that_is_too_small_is_enlarged(size, sent_size):
    assert opened(upload_of(picture_of(plain(*size), "PNG"))).size == sent_size


def test_enlarging_keeps_what_is_where():
    sent = opened(upload_of(picture_of(left_and_right(20, 20), "PNG")))
    assert_near(sent.getpixel((5, 25)), RED)
    assert_near(sent.getpixel((45, 25)), BLUE)


def test_bytes_with_broken_metadata_are_not_passed_on():
    notes = PngInfo()
    notes.add_text("Title", "red")
    data = image_bytes(plain(64, 64), "PNG", pnginfo=notes)
    picture = picture_from(data.replace(b"Title\0red", b"Title\0rod"))  # no longer its checksum
    sent = opened(upload_of(picture))
    assert sent.format == "JPEG"
    assert_near(sent.getpixel((30, 30)), RED)
