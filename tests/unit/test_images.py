"""Every format, every trick of storage, and nothing but an `ImageError` for all that is broken."""

import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from PIL.Image import Transpose

from captioner.errors import CorruptImage, EmptyImage, ImageError, ImageTooLarge, UnsupportedImage
from captioner.images import HEAD_BYTES, Picture, content_type_of, decode

CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
WITH_ORIENTATION = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"]

RED, GREEN, BLUE, YELLOW = (200, 0, 0), (0, 160, 0), (0, 0, 200), (220, 220, 0)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)

# How a picture lies in the file, so that the orientation puts it upright again.
LAID_DOWN = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def encoded(image: Image.Image, image_format: str, **options) -> bytes:
    if image_format == "HEIF":
        pillow_heif.register_heif_opener()
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def decoded(data: bytes, *, max_bytes: int = 10**8, max_pixels: int = 10**8) -> Picture:
    return decode(data, max_bytes=max_bytes, max_pixels=max_pixels)


def quarters(width: int = 96, height: int = 64) -> Image.Image:
    """Give a picture with a colour of its own in each corner."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Give the colours of the four corners, row by row, as `quarters` names them."""
    width, height = image.size
    near = [
        (width // 4, height // 4),
        (3 * width // 4, height // 4),
        (width // 4, 3 * height // 4),
        (3 * width // 4, 3 * height // 4),
    ]
    return [image.getpixel(place) for place in near]


def looks(colours, expected, tolerance: int = 12) -> bool:
    return bool(np.all(np.abs(np.subtract(colours, expected)) <= tolerance))


def noise(width: int = 300, height: int = 200) -> Image.Image:
    """Give a picture that compresses badly, so that every part of its file holds pixels."""
    levels = np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


def png_chunk(name: bytes, body: bytes, *, crc: int | None = None) -> bytes:
    crc = zlib.crc32(name + body) if crc is None else crc
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def png_declaring(width: int, height: int) -> bytes:
    """Give a PNG that claims a size and holds hardly any pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


@cache
def noisy(image_format: str) -> bytes:
    return encoded(noise(), image_format)


SAMPLES = {image_format: encoded(quarters(), image_format) for image_format in CONTENT_TYPES}


@pytest.mark.parametrize("image_format", CONTENT_TYPES)
def test_every_format_gives_the_same_picture(image_format):
    data = SAMPLES[image_format]

    picture = decoded(data)

    assert picture.image.mode == "RGB"
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])
    assert picture.content_type == CONTENT_TYPES[image_format]
    assert (picture.width, picture.height) == picture.image.size == (96, 64)
    assert picture.data is data
    assert picture.sha256 == sha256(data).hexdigest()


@pytest.mark.parametrize("image_format", WITH_ORIENTATION)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_puts_the_picture_upright(image_format, orientation):
    turn = LAID_DOWN[orientation]
    stored = quarters() if turn is None else quarters().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation

    picture = decoded(encoded(stored, image_format, exif=exif.tobytes()))

    assert (picture.width, picture.height) == picture.image.size == (96, 64)
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


def test_an_orientation_that_does_not_exist_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 9
    assert looks(
        corners(decoded(encoded(quarters(), "JPEG", exif=exif)).image), [RED, GREEN, BLUE, YELLOW]
    )


def _with_clear_half(mode: str) -> Image.Image:
    """Give a picture whose left half is red (or grey) and whose right half is clear."""
    image = Image.new("RGBA", (64, 64), (*RED, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    return image.convert(mode)


def _palette_with_clear_half(transparency) -> Image.Image:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([*RED, *BLACK])
    image.paste(1, (32, 0, 64, 64))
    image.info["transparency"] = transparency
    return image


@pytest.mark.parametrize(
    "data",
    [
        encoded(_with_clear_half("RGBA"), "PNG"),
        encoded(_with_clear_half("RGBA"), "TIFF"),
        encoded(_with_clear_half("RGBA"), "WEBP", lossless=True),
        encoded(_with_clear_half("RGBA"), "AVIF"),
        encoded(_with_clear_half("RGBA"), "HEIF"),
        encoded(_palette_with_clear_half(1), "GIF", transparency=1),
        encoded(_palette_with_clear_half(1), "PNG"),
        encoded(_palette_with_clear_half(b"\xff\x00"), "PNG"),
        encoded(_with_clear_half("RGBA").convert("RGB"), "PNG", transparency=BLACK),
    ],
    ids=["png", "tiff", "webp", "avif", "heic", "gif", "palette", "palette-alpha", "colour-key"],
)
def test_transparency_is_laid_on_white(data):
    image = decoded(data).image
    assert looks(image.getpixel((8, 32)), RED)
    assert looks(image.getpixel((56, 32)), WHITE)


@pytest.mark.parametrize(
    "data",
    [
        encoded(_with_clear_half("LA"), "PNG"),
        encoded(_with_clear_half("LA"), "TIFF"),
        encoded(_with_clear_half("LA").convert("L"), "PNG", transparency=0),
        encoded(_with_clear_half("LA").convert("L").convert("1"), "PNG", transparency=0),
    ],
    ids=["png", "tiff", "grey-key", "bit-key"],
)
def test_transparent_grey_is_laid_on_white(data):
    assert decoded(data).image.getpixel((56, 32)) == WHITE


def test_half_transparency_mixes_with_white():
    image = decoded(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 128)), "PNG")).image
    assert looks(image.getpixel((0, 0)), (127, 127, 127), tolerance=1)


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_cmyk_keeps_its_colours(image_format):
    """Pillow, like Adobe's programs, stores a CMYK JPEG inverted; a TIFF is stored as it is."""
    picture = decoded(encoded(quarters().convert("CMYK"), image_format))
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr"])
def test_other_modes_become_rgb(mode):
    image = Image.new("RGB", (64, 64), WHITE)
    image.paste(BLACK, (32, 0, 64, 64))
    picture = decoded(encoded(image.convert(mode), "TIFF"))
    assert looks([picture.image.getpixel(at) for at in ((8, 8), (56, 8))], [WHITE, BLACK])


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(image_format):
    levels = np.array([[0, 257, 128 * 257, 65535]], dtype=np.uint16)
    image = decoded(encoded(Image.fromarray(levels), image_format)).image
    assert [image.getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]


def test_big_endian_16_bit_grey_is_scaled_too():
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 65535, 128 * 257))
    shown = decoded(encoded(image, "TIFF")).image
    assert [shown.getpixel((x, 0))[0] for x in range(2)] == [255, 128]


def test_16_bit_colour_is_scaled_and_not_clipped():
    row = b"\x00" + struct.pack(">6H", 65535, 128 * 257, 0, 257, 0, 65535)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(row)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    image = decoded(data).image
    assert [image.getpixel((x, 0)) for x in range(2)] == [(255, 128, 0), (1, 0, 255)]


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_32_bit_grey_is_stretched_from_black_to_white(kind):
    levels = np.array([[-1000, 0, 3000]], dtype=kind)
    image = decoded(encoded(Image.fromarray(levels), "TIFF")).image
    assert [image.getpixel((x, 0))[0] for x in range(3)] == [0, 64, 255]


def test_what_is_not_a_number_becomes_black():
    levels = np.array([[np.nan, np.inf, 0.2, 0.8]], dtype=np.float32)
    image = decoded(encoded(Image.fromarray(levels), "TIFF")).image
    assert [image.getpixel((x, 0))[0] for x in range(4)] == [0, 0, 0, 255]


@pytest.mark.parametrize("level", [np.nan, 7.5])
def test_float_pictures_without_any_contrast_are_black(level):
    levels = np.full((2, 2), level, dtype=np.float32)
    assert decoded(encoded(Image.fromarray(levels), "TIFF")).image.getextrema() == ((0, 0),) * 3


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_first_frame_stands_for_an_animation(image_format):
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE, GREEN)]
    data = encoded(frames[0], image_format, save_all=True, append_images=frames[1:])
    assert looks(decoded(data).image.getpixel((32, 32)), RED)


def test_an_iphone_style_second_picture_is_ignored():
    data = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8), BLUE)])
    picture = decoded(data)
    assert picture.content_type == "image/jpeg"
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("original", "held"),
    [((2047, 1030), (2047, 1030)), ((2100, 2060), (1050, 1030)), ((4200, 900), (4200, 900))],
)
def test_a_large_picture_is_held_smaller_but_never_small(image_format, original, held):
    picture = decoded(encoded(quarters(*original), image_format))
    assert (picture.width, picture.height) == original
    assert picture.image.size == held
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "I;16", "F"])
def test_a_large_picture_of_any_mode_looks_as_if_converted_at_once(mode):
    """It is worked off in bands, whose seams must not show."""
    slope = np.add.outer(np.arange(2200), np.arange(2100)) / 4300 * 255
    grey = Image.fromarray(slope.astype(np.uint8))
    image = grey.convert(mode)
    if mode == "I;16":
        image = Image.fromarray((slope * 257).astype(np.uint16))
    elif "A" in mode:
        image.putalpha(Image.fromarray((slope[::-1] // 2 + 127).astype(np.uint8)))

    held = decoded(encoded(image, "TIFF")).image

    white = Image.new("RGBA", image.size, "white")
    source = image if "A" in mode or mode == "1" else grey
    at_once = Image.alpha_composite(white, source.convert("RGBA")).convert("RGB").reduce(2)
    assert held.size == (1050, 1100)
    assert np.abs(np.subtract(held, at_once, dtype=np.int16)).max() <= 2


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "TIFF"])
@pytest.mark.parametrize("size", [(1, 1), (1, 60000), (60000, 1)])
def test_extreme_shapes_are_pictures(image_format, size):
    picture = decoded(encoded(Image.new("RGB", size, RED), image_format))
    assert (picture.width, picture.height) == picture.image.size == size


def test_nothing_at_all_is_an_empty_image():
    with pytest.raises(EmptyImage, match=r"empty"):
        decoded(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"just a note named holiday.jpg",
        b"<!doctype html><title>Not found</title>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"BMW is a maker of cars and motorcycles",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        encoded(quarters(), "ICO"),
        encoded(quarters(), "ICNS"),
        encoded(quarters(), "PPM"),
        encoded(quarters(), "TGA"),
        encoded(quarters(), "JPEG2000"),
    ],
    ids=["text", "html", "svg", "pdf", "eps", "bm", "mp4", "ico", "icns", "ppm", "tga", "jp2"],
)
def test_other_formats_are_refused_with_those_that_are_taken(data):
    assert content_type_of(data[:HEAD_BYTES]) is None
    with pytest.raises(UnsupportedImage, match=r"JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"):
        decoded(data)


@pytest.mark.parametrize("image_format", CONTENT_TYPES)
def test_the_head_is_enough_to_tell_the_content_type(image_format):
    assert content_type_of(SAMPLES[image_format][:HEAD_BYTES]) == CONTENT_TYPES[image_format]


@pytest.mark.parametrize("image_format", CONTENT_TYPES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_a_file_cut_short_is_never_half_a_picture(image_format, share):
    data = noisy(image_format)
    with pytest.raises(ImageError) as caught:
        decoded(data[: int(len(data) * share)])
    assert caught.value.code in {"corrupt_image", "unsupported_image"}


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}, {}])
@pytest.mark.parametrize("rest", [b"", b"\x00", b"\xff"], ids=["cut", "zeros", "ones"])
def test_a_jpeg_whose_end_was_lost_is_corrupt(options, rest):
    """Broken downloads and memory cards leave files of full length that end in filler."""
    data = encoded(noise(), "JPEG", **options)
    kept = len(data) * 6 // 10
    with pytest.raises(CorruptImage, match=r"damaged, cut short"):
        decoded(data[:kept] + rest * (len(data) - kept))


def test_bytes_beyond_the_limit_are_too_large():
    data = SAMPLES["PNG"]
    assert decoded(data, max_bytes=len(data)).width == 96
    with pytest.raises(ImageTooLarge, match=r"more than the [\d,]+ bytes"):
        decoded(data, max_bytes=len(data) - 1)


@pytest.mark.parametrize("image_format", CONTENT_TYPES)
def test_pixels_beyond_the_limit_are_too_large(image_format):
    data = SAMPLES[image_format]
    assert decoded(data, max_pixels=96 * 64).width == 96
    with pytest.raises(ImageTooLarge, match=r"96 x 64 pixels, more than the 6,143"):
        decoded(data, max_pixels=96 * 64 - 1)


@pytest.mark.parametrize("side", [10_001, 20_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_its_header(side):
    with pytest.raises(ImageTooLarge, match=r"pixels, more than"):
        decoded(png_declaring(side, side))


def test_a_picture_that_memory_cannot_hold_is_too_large():
    with pytest.raises(ImageTooLarge, match=r"more memory than there is"):
        decode(
            png_declaring(2**31 - 1, 2**31 - 1),
            max_bytes=10**8,
            max_pixels=2**64,
            max_memory=2**70,
        )


def test_a_kind_that_takes_much_memory_may_have_fewer_pixels():
    limits = {"max_bytes": 10**8, "max_pixels": 10**8, "max_memory": 96 * 64 * 6}
    assert decode(SAMPLES["PNG"], **limits).width == 96
    with pytest.raises(ImageTooLarge, match=r"WebP image has 96 x 64 pixels, more than the 2,304 "):
        decode(SAMPLES["WEBP"], **limits)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_pixels_is_corrupt(size):
    with pytest.raises(CorruptImage):
        decoded(png_declaring(*size))


BROKEN_EXIF = b"MM\x00*\x00\x00\x00\x08\xff\xff" + bytes(range(40))
TOO_MUCH_TEXT = zlib.compress(bytes(3_000_000))


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"iCCP", b"profile\x00\x00" + TOO_MUCH_TEXT),
        png_chunk(b"iCCP", b""),
        png_chunk(b"zTXt", b"note\x00\x00" + TOO_MUCH_TEXT),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + TOO_MUCH_TEXT),
        png_chunk(b"tEXt", b"note\x00text", crc=1),
        png_chunk(b"pHYs", b""),
        png_chunk(b"acTL", b""),
        png_chunk(b"eXIf", BROKEN_EXIF),
        png_chunk(b"eXIf", b"MM", crc=1),
    ],
    ids=["icc-bomb", "icc", "text-bomb", "xmp-bomb", "crc", "phys", "actl", "exif", "exif-crc"],
)
def test_broken_png_metadata_costs_nothing(chunk):
    data = SAMPLES["PNG"]
    picture = decoded(data[:33] + chunk + data[33:])
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize(
    "segment",
    [
        jpeg_segment(0xE1, b"Exif\x00\x00" + BROKEN_EXIF),
        jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<<<"),
        jpeg_segment(0xE2, b"ICC_PROFILE\x00"),
        jpeg_segment(0xE2, b"MPF\x00nonsense"),
        jpeg_segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04"),
        jpeg_segment(0xEE, b"Adobe"),
        jpeg_segment(0xE0, b"JFIF"),
        jpeg_segment(0xFE, b"\xff\xfe\xfd"),
    ],
    ids=["exif", "xmp", "icc", "mpf", "photoshop", "adobe", "jfif", "comment"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_broken_jpeg_metadata_costs_nothing(segment):
    data = SAMPLES["JPEG"]
    picture = decoded(data[:2] + segment + data[2:])
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize("image_format", ["WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize(
    "metadata",
    [
        {"exif": b"Exif\x00\x00" + BROKEN_EXIF},
        {"icc_profile": b"no profile"},
        {"xmp": b"<<<"},
    ],
    ids=["exif", "icc", "xmp"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_broken_metadata_costs_nothing(image_format, metadata):
    picture = decoded(encoded(quarters(), image_format, **metadata))
    assert looks(corners(picture.image), [RED, GREEN, BLUE, YELLOW])


def test_a_jpeg_of_very_many_scans_is_refused():
    """Each scan passes over all pixels: a small file would keep the decoder busy for hours."""
    data = encoded(quarters(), "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    # What a comment holds is no marker, neither of a scan nor of the end.
    comment = jpeg_segment(0xFE, b"\xff\xda" * 200 + b"\xff\xd9")

    few = decoded(data[:-2] + (comment + last_scan) * 50 + data[-2:])
    with pytest.raises(CorruptImage):
        decoded(data[:-2] + (comment + last_scan) * 101 + data[-2:])

    assert looks(corners(few.image), [RED, GREEN, BLUE, YELLOW])


def test_only_the_first_exif_segment_counts():
    """Joining many takes longer and longer; a few are no reason to lose the orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(quarters(), "JPEG", exif=exif)
    second = jpeg_segment(0xE1, b"Exif\0\0" + bytes(60_000))

    at = data.index(b"\xff\xe1") + 2
    end = at + int.from_bytes(data[at : at + 2])

    assert (decoded(data[:end] + second * 3 + data[end:]).width) == 64


def test_threads_may_decode_at_once():
    jobs = list(SAMPLES.values()) * 4
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(decoded, jobs))
    for data, picture in zip(jobs, pictures, strict=True):
        assert picture.image.tobytes() == decoded(data).image.tobytes()


def test_pillow_keeps_its_own_settings():
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    decoded(SAMPLES["TIFF"], max_pixels=2**40)
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_importing_images_loads_no_decoder():
    """A cold start pays for Pillow's core and nothing else."""
    code = (
        "import sys, captioner.images; "
        "print(sorted(m for m in sys.modules if m.endswith('ImagePlugin')"
        " or m in ('numpy', 'pillow_heif')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _is_a_picture_or_an_image_error(data: bytes) -> None:
    try:
        picture = decoded(data, max_pixels=10**6)
    except ImageError:
        return
    picture.image.load()
    assert picture.image.mode == "RGB"
    assert 0 < picture.width * picture.height <= 10**6


@given(head=st.sampled_from([data[:32] for data in SAMPLES.values()] + [b""]), rest=st.binary())
@settings(max_examples=300, deadline=None, derandomize=True)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_bytes_are_an_image_error(head, rest):
    _is_a_picture_or_an_image_error(head + rest)


@given(
    image_format=st.sampled_from(list(SAMPLES)),
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 8), st.binary(max_size=8)),
        min_size=1,
        max_size=6,
    ),
)
@settings(max_examples=500, deadline=None, derandomize=True)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_images_are_pictures_or_image_errors(image_format, edits):
    data = bytearray(SAMPLES[image_format])
    for place, removed, added in edits:
        at = int(place * len(data))
        data[at : at + removed] = added
    _is_a_picture_or_an_image_error(bytes(data))
