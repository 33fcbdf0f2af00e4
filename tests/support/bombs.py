"""Images made to cost far more than they weigh, and ones whose insides contradict each other.

Made here, byte by byte: no file of anybody else's is needed. Each is named for what it tries.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO

from PIL import Image

from tests.support.metadata import exif, image_with, jpeg, photoshop, png_chunk, webp_chunk, xmp

MIB = 1 << 20
WIDE, HIGH = 12_000, 10_000  # as many pixels as are taken by default
_PNG = b"\x89PNG\r\n\x1a\n"
_ONE_PIXEL_GIF = b"\x2c\0\0\0\0\1\0\1\0\0\2\2D\1\0"


def _deflated(byte: bytes, size: int, *, before: bytes = b"") -> bytes:
    """Give so many times one byte, compressed, without holding them."""
    squeeze = zlib.compressobj(1)
    parts = [squeeze.compress(before)]
    parts += [squeeze.compress(byte * MIB) for _ in range(size // MIB)]
    parts += [squeeze.compress(byte * (size % MIB)), squeeze.flush()]
    return b"".join(parts)


def png(
    width: int = 8,
    height: int = 8,
    *extra: tuple[bytes, bytes],
    pixels: bytes | None = None,
    interlaced: bool = False,
) -> bytes:
    """Give a PNG of black pixels with more chunks before them."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    body = _deflated(b"\0", (3 * width + 1) * height) if pixels is None else pixels
    chunks = [(b"IHDR", header), *extra, (b"IDAT", body), (b"IEND", b"")]
    return _PNG + b"".join(png_chunk(*each) for each in chunks)


def _many_png_chunks() -> bytes:
    whole = png()
    return whole[:33] + png_chunk(b"IDAT", b"") * 2_000_000 + whole[33:]


def tiff_fields(*fields: tuple[int, int, int, int], after: bytes = b"", order: str = "<") -> bytes:
    """Give a TIFF file or an EXIF block of raw fields: tag, type, count, and value or offset."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(struct.pack(f"{order}HHII", *each) for each in fields)
    count = struct.pack(f"{order}H", len(fields))
    return head + struct.pack(f"{order}I", 8) + count + body + bytes(4) + after


def exif_that_shares(fields: int = 60_000, size: int = MIB) -> bytes:
    """Give an EXIF block of many fields that all have the same large value."""
    tags = [(tag, 7, size, 8) for tag in range(1_000, 1_000 + fields)]
    return tiff_fields((0x0112, 3, 1, 6), *tags, after=b"a" * size)


def exif_that_loops() -> bytes:
    """Give an EXIF block whose directories point at each other and at themselves."""
    pointers = [(tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005, 330)]
    return tiff_fields((0x0112, 3, 1, 6), *pointers)[:-4] + struct.pack("<I", 8)


def exif_of_wrong_types() -> bytes:
    """Give an EXIF block whose fields are of other types than they should be, or of none."""
    wrong = ((0x0112, 2, 4, 0x41414141), (0x010E, 12, 1 << 30, 8), (0x010E, 99, 1, 8))
    return tiff_fields(*wrong, (0x9C9C, 5, 1 << 31, 1 << 31), (0x0112, 5, 1, 0xFFFFFFFF))


def _tiff(width: int, height: int, *more: tuple[int, int, int, int], after: bytes = b"") -> bytes:
    plain = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1)]
    given = {each[0] for each in more}
    kept = [each for each in [*plain, (262, 3, 1, 1), (277, 3, 1, 1)] if each[0] not in given]
    return tiff_fields(*sorted([*kept, *more]), after=after)


def _tiff_of_many_strips() -> bytes:
    strips = 4_000_000
    offsets = struct.pack("<I", 8) * strips
    return _tiff(8, 8, (273, 4, strips, 200), (278, 4, 1, 1), after=bytes(90) + offsets)


def _tiff_deflated(width: int, height: int, pixels: bytes) -> bytes:
    fields = ((259, 3, 1, 8), (273, 4, 1, 200), (278, 4, 1, height), (279, 4, 1, len(pixels)))
    made = _tiff(width, height, *fields)
    return made.ljust(200, b"\0") + pixels


def _tiff_that_shares() -> bytes:
    shared = [(tag, 7, MIB, 8) for tag in range(1_000, 61_000)]
    return _tiff(8, 8, (273, 4, 1, 8), (278, 4, 1, 8), (279, 4, 1, 64), *shared, after=b"a" * MIB)


def _tiff_in_a_circle() -> bytes:
    made = _tiff(8, 8, (273, 4, 1, 8), (278, 4, 1, 8), (279, 4, 1, 64), (330, 4, 1, 8))
    return made[:-4] + struct.pack("<I", 8) + bytes(64)


def _big_tiff() -> bytes:
    field = struct.pack("<HHQQ", 273, 16, 1 << 62, 16)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 1 << 62) + field * 20


def webp_declaring(width: int, height: int) -> bytes:
    """Give a WebP of black pixels, whose size does not depend on how many there are."""
    data = BytesIO()
    Image.new("RGB", (1, 1)).save(data, "WEBP", lossless=True)
    made = bytearray(data.getvalue())
    sizes = int.from_bytes(made[21:25], "little") & ~0xFFFFFFF
    made[21:25] = (sizes | (width - 1) | (height - 1) << 14).to_bytes(4, "little")
    return bytes(made)


def _webp_canvas(width: int, height: int, *chunks: tuple[bytes, bytes], flags: int = 0) -> bytes:
    """Give an extended WebP whose canvas is larger than the one pixel on it."""
    canvas = struct.pack("<I", flags) + _three(width - 1) + _three(height - 1)
    one = webp_declaring(1, 1)[12:]
    before = b"".join(webp_chunk(name, body) for name, body in chunks)
    body = b"WEBP" + webp_chunk(b"VP8X", canvas) + before + one
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_frames(width: int, height: int, frames: int) -> bytes:
    frame = _three(0) * 2 + _three(0) * 2 + _three(9) + b"\0" + webp_declaring(1, 1)[12:]
    animation = [(b"ANIM", bytes(6)), *[(b"ANMF", frame)] * frames]
    canvas = struct.pack("<I", 2) + _three(width - 1) + _three(height - 1)
    chunks = [(b"VP8X", canvas), *animation]
    body = b"WEBP" + b"".join(webp_chunk(*each) for each in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def gif(width: int, height: int, *blocks: bytes, frame: bytes = _ONE_PIXEL_GIF) -> bytes:
    """Give a GIF with blocks before its one frame."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0)
    return b"GIF89a" + screen + b"\0\0\0\xff\xff\xff" + b"".join(blocks) + frame + b";"


def jpeg_declaring(width: int, height: int, *, scans: int = 0, **options: object) -> bytes:
    """Give a JPEG that says it is larger than it is, and repeats its last scan."""
    data = BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(data, "JPEG", **options)
    made = data.getvalue()
    start = max(made.find(b"\xff\xc0"), made.find(b"\xff\xc2"))
    made = made[: start + 5] + struct.pack(">HH", height, width) + made[start + 9 :]
    last = made[made.rindex(b"\xff\xda") : -2]
    return made[:-2] + last * scans + made[-2:]


def _jpeg_of_segments(segment: bytes, times: int) -> bytes:
    whole = image_with("JPEG")
    return whole[:2] + segment * times + whole[2:]


def _bmp_runs(width: int, height: int) -> bytes:
    """Give a run-length encoded BMP: 256 pixels in two bytes."""
    row = b"\xff\0" * (width // 255) + bytes([width % 255, 0]) + b"\0\0"
    pixels = row * height + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", 62 + len(pixels), 0, 0, 62) + header + bytes(8) + pixels


def _boxes_declaring(image_format: str, width: int, height: int) -> bytes:
    """Give an AVIF or HEIC file whose container tells another size than its picture has."""
    return _declaring(image_with(image_format), width, height)


def _large_avif_declaring(width: int, height: int) -> bytes:
    """Give an AVIF of many megapixels of one grey whose container tells another size."""
    file = BytesIO()
    Image.new("L", (12_000, 10_000), 200).save(file, "AVIF", speed=10, quality=10)
    return _declaring(file.getvalue(), width, height)


def _declaring(made: bytes, width: int, height: int) -> bytes:
    at = made.index(b"ispe") + 8
    return made[:at] + struct.pack(">II", width, height) + made[at + 8 :]


_LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
_LAUGHTER = f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>'.encode()
_OUTSIDE = b'<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>'
_LAUGHING = xmp("<dc:description>&l9;</dc:description>")

_WRONG_IPTC: Mapping[str, bytes] = {
    "a length beyond the end": b"\x1c\2\x78\x7f\xffdog",
    "a length of lengths": b"\x1c\2\x78\xff\xff" + b"\xff" * 9,
    "eight bytes of length": b"\x1c\2\x78\x80\x08" + b"\xff" * 8 + b"dog",
    "no end": b"\x1c\2\x78\0\0" * 100_00,
}

BOMBS: Mapping[str, Callable[[], bytes]] = {
    "PNG: as many pixels as are taken": partial(png, WIDE, HIGH),
    "PNG: one pixel more": partial(png, WIDE, HIGH + 1, pixels=b""),
    "PNG: interlaced": partial(png, 6_000, 5_000, interlaced=True),
    "PNG: very much behind one pixel": lambda: png(1, 1, pixels=_deflated(b"\0", 1 << 28)),
    "PNG: a note that unfolds": lambda: png(8, 8, (b"zTXt", b"a\0\0" + _deflated(b"a", 1 << 28))),
    "PNG: a profile that unfolds": lambda: png(
        8, 8, (b"iCCP", b"a\0\0" + _deflated(b"a", 1 << 28))
    ),
    "PNG: XMP that unfolds": lambda: png(
        8, 8, (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + _deflated(b" ", 1 << 28, before=b"<a>"))
    ),
    "PNG: EXIF that shares": lambda: png(8, 8, (b"eXIf", exif_that_shares())),
    "PNG: two million chunks": _many_png_chunks,
    "PNG: four billion frames": lambda: png(8, 8, (b"acTL", b"\xff" * 8)),
    "JPEG: as many pixels as can be told": partial(jpeg_declaring, 65_535, 65_535),
    "JPEG: progressive and full": partial(
        jpeg_declaring, WIDE, HIGH, progressive=True, subsampling=0
    ),
    "JPEG: many scans of very many pixels": partial(
        jpeg_declaring, WIDE, HIGH, scans=90, progressive=True, subsampling=0
    ),
    "JPEG: eight million tables": lambda: _jpeg_of_segments(b"\xff\xc4\0\2", 8 * MIB),
    "JPEG: eight million comments": lambda: _jpeg_of_segments(b"\xff\xfe\0\2", 8 * MIB),
    "JPEG: filling": lambda: _jpeg_of_segments(b"\xff", 32 * MIB),
    "JPEG: a thousand blocks of EXIF": lambda: _jpeg_of_segments(
        b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527), 500
    ),
    "JPEG: a thousand blocks of XMP": lambda: _jpeg_of_segments(
        b"\xff\xe1\xff\xffhttp://ns.adobe.com/xap/1.0/\0" + b"<" * 65_504, 500
    ),
    "JPEG: EXIF that shares": lambda: jpeg((0xE1, b"Exif\0\0" + exif_that_shares(4_000, 17_000))),
    "JPEG: EXIF that loops": lambda: jpeg((0xE1, b"Exif\0\0" + exif_that_loops())),
    "JPEG: EXIF of wrong types": lambda: jpeg((0xE1, b"Exif\0\0" + exif_of_wrong_types())),
    "JPEG: a billion laughs": lambda: jpeg(
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _LAUGHTER + _LAUGHING)
    ),
    "JPEG: a file named in XMP": lambda: jpeg(
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _OUTSIDE + _LAUGHING)
    ),
    "JPEG: a profile in parts that are not there": lambda: jpeg(
        *[(0xE2, b"ICC_PROFILE\0" + bytes([part, 255]) + bytes(60_000)) for part in range(200)]
    ),
    **{
        f"JPEG: IPTC with {name}": lambda block=block: jpeg(
            (0xED, b"Photoshop 3.0\0" + photoshop(block))
        )
        for name, block in _WRONG_IPTC.items()
    },
    "WebP: very many pixels in 34 bytes": partial(webp_declaring, WIDE, HIGH),
    "WebP: as many pixels as can be told": partial(webp_declaring, 16_383, 16_383),
    "WebP: as many pixels as are taken": partial(webp_declaring, 8_000, 5_600),
    "WebP: a canvas beyond all bounds": partial(_webp_canvas, 1 << 24, 1 << 24),
    "WebP: one pixel on a canvas": partial(_webp_canvas, WIDE, HIGH),
    "WebP: ten thousand frames": partial(_webp_frames, 2_000, 2_000, 10_000),
    "WebP: EXIF that shares": lambda: _webp_canvas(
        1, 1, (b"EXIF", exif_that_shares()), flags=8
    ),
    "GIF: as many pixels as can be told": partial(gif, 65_535, 65_535),
    "GIF: one pixel on a screen": partial(gif, WIDE, HIGH),
    "GIF: a frame beyond its screen": lambda: gif(
        1, 1, frame=b"\x2c\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0"
    ),
    "GIF: a comment in a hundred thousand parts": lambda: gif(
        1, 1, b"\x21\xfe" + (b"\xff" + b"a" * 255) * 100_000 + b"\0"
    ),
    "GIF: a million comments": lambda: gif(1, 1, b"\x21\xfe\1a\0" * MIB),
    "GIF: a hundred thousand frames": lambda: gif(
        1_000, 1_000, frame=_ONE_PIXEL_GIF * 100_000
    ),
    "GIF: codes without end": lambda: gif(
        4_000, 4_000, frame=b"\x2c\0\0\0\0\xa0\x0f\xa0\x0f\0\2" + (b"\xff" + bytes(255)) * 9_999
    ),
    "TIFF: a value shared by very many fields": _tiff_that_shares,
    "TIFF: four million strips": _tiff_of_many_strips,
    "TIFF: a directory that follows itself": _tiff_in_a_circle,
    "TIFF: as many pixels as are taken": lambda: _tiff_deflated(
        WIDE, HIGH, _deflated(b"\0", WIDE * HIGH)
    ),
    "TIFF: very much behind one pixel": lambda: _tiff_deflated(
        1, 1, _deflated(b"\0", 1 << 28)
    ),
    "TIFF: more pixels than can be": lambda: _tiff_deflated(1 << 30, 1 << 30, b"x"),
    "TIFF: sixty thousand samples": lambda: _tiff(
        4_000, 4_000, (277, 3, 1, 0xFFFF), (258, 3, 0xFFFF, 8), (273, 4, 1, 8), after=bytes(1 << 18)
    ),
    "TIFF: counts beyond all bounds": _big_tiff,
    "BMP: runs": partial(_bmp_runs, WIDE, HIGH),
    "BMP: a negative size": lambda: b"BM" + struct.pack(
        "<IHHIIiiHHIIiiII", 62, 0, 0, 62, 40, -(1 << 31), -(1 << 31), 1, 8, 1, 0, 0, 0, 1 << 31, 0
    ),
    "AVIF: told larger than it is": partial(_boxes_declaring, "AVIF", 8_000, 6_400),
    "AVIF: told smaller than it is": partial(_boxes_declaring, "AVIF", 1, 1),
    "AVIF: very large and told small": partial(_large_avif_declaring, 16, 12),
    "AVIF: EXIF that shares": lambda: image_with("AVIF", exif_block=exif_that_shares()),
    "HEIC: told larger than it is": partial(_boxes_declaring, "HEIF", 9_000, 6_000),
    "HEIC: told smaller than it is": partial(_boxes_declaring, "HEIF", 1, 1),
    "HEIC: EXIF that shares": lambda: image_with("HEIF", exif_block=exif_that_shares()),
}  # fmt: skip
"""What each tries, and how it is made; none takes more than 64 MiB."""


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Give files that are two things at once, by what they are called."""
    script = b"alert(document.domain)"
    page = b"<!doctype html><script>" + script + b"</script>"
    vector = b"<svg xmlns='http://www.w3.org/2000/svg' onload='" + script + b"'/>"
    document = b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
    archive = BytesIO()
    with _zip(archive) as files:
        files.writestr("../../evil.sh", "#!/bin/sh")
    one = gif(0x2A2F, 1)  # its width reads as the beginning of a comment
    yield "script.gif", one + b"*/=1;" + script
    yield "archive.jpg", image_with("JPEG") + archive.getvalue()
    yield "document-behind.jpg", jpeg((0xFE, document))
    yield "document-before.jpg", document + image_with("JPEG")
    yield "page.png", png(8, 8, (b"tEXt", b"Comment\0" + page)) + page
    yield "page.jpg", page
    yield "vector.jpg", vector
    yield "vector.svg", vector
    yield "page.webp", b"RIFF" + struct.pack("<I", len(page) + 4) + b"WEBP" + page
    yield "page.bmp", b"BM" + bytes(12) + b"(\0\0\0" + page
    yield "video.heic", b"\0\0\0\x20ftypmp42\0\0\0\0mif1heic" + bytes(400)
    yield "program.exe", b"MZ" + bytes(100) + image_with("PNG")
    yield "php.jpg", jpeg((0xE1, exif("<?php system($_GET['c']); ?>")))
    yield "wave.webp", b"RIFF\x24\0\0\0WAVEfmt " + bytes(28)


def _zip(archive: BytesIO):
    from zipfile import ZipFile  # noqa: PLC0415

    return ZipFile(archive, "w")
