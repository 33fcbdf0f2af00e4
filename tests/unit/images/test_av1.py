"""What is coded in an AVIF is known before it is decoded, whatever the file tells of its size."""

import struct
from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from captioner.errors import ImageTooLarge
from captioner.images import decode
from captioner.images.av1 import largest_coded
from tests.support.pictures import image_bytes, plain

SEQUENCE_HEADER = 1 << 3
HAS_SIZE = 2
REDUCED = "000 1 1 00000"  # profile, still picture, reduced header, level
ZEROS = "0" * 64


def animated(width: int, height: int) -> bytes:
    first, *others = (plain(width, height, colour) for colour in ("red", "green", "blue"))
    file = BytesIO()
    first.save(file, "AVIF", save_all=True, append_images=others)
    return file.getvalue()


def box(kind: bytes, *content: bytes, is_long: bool = False) -> bytes:
    body = b"".join(content)
    if is_long:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def coded(bits: str) -> bytes:
    """Give coded data of a sequence header of these bits, and a frame that nobody reads."""
    bits = bits.replace(" ", "")
    padded = bits.ljust(-(-len(bits) // 8) * 8, "0")
    header = int(padded, 2).to_bytes(len(padded) // 8)
    return bytes([SEQUENCE_HEADER | HAS_SIZE, len(header)]) + header + b"\x30rest"


def sizes(width: int, height: int, *, width_bits: int, height_bits: int) -> str:
    return (
        f"{width_bits - 1:04b}{height_bits - 1:04b}"
        f"{width - 1:0{width_bits}b}{height - 1:0{height_bits}b}"
    )


HUNDRED = sizes(100, 50, width_bits=7, height_bits=6)


def avif(*items: bytes, pieces: int = 1, kind: bytes = b"av01") -> bytes:
    """Give a file of these items, each in so many pieces behind the boxes that tell of them."""
    listed = box(
        b"iinf",
        struct.pack(">IH", 0, len(items)),
        *(
            box(b"infe", struct.pack(">IHH4s", 2 << 24, number, 0, kind))
            for number in range(len(items))
        ),
    )
    head = box(b"ftyp", b"avif", bytes(4), b"avif")
    empty = box(b"meta", bytes(4), listed, _table(0, items, pieces))
    table = _table(len(head) + len(empty) + 8, items, pieces)
    meta = box(b"meta", bytes(4), listed, table)
    return head + meta + box(b"mdat", *items)


def _table(start: int, items: Sequence[bytes], pieces: int) -> bytes:
    places = accumulate((len(item) for item in items), initial=start)
    entries = []
    for number, (place, item) in enumerate(zip(places, items, strict=False)):
        cuts = [len(item) * cut // pieces for cut in range(pieces + 1)]
        entries.append(struct.pack(">HHH", number, 0, pieces))
        entries += [
            struct.pack(">II", place + first, last - first) for first, last in pairwise(cuts)
        ]
    return box(b"iloc", struct.pack(">IBBH", 0, 0x44, 0, len(items)), *entries)


def in_small_data(item: bytes) -> bytes:
    """Give a file of an item in the box of small data, in the widest fields there are."""
    return box(
        b"meta",
        bytes(4),
        box(
            b"iinf",
            struct.pack(">II", 1 << 24, 1),
            box(b"infe", struct.pack(">IIH4s", 3 << 24, 70_000, 0, b"av01")),
        ),
        box(
            b"iloc",
            struct.pack(">IBBI", 2 << 24, 0x88, 0x88, 1),
            struct.pack(">IHHQH", 70_000, 1, 0, 1, 1),
            struct.pack(">QQQ", 0, 1, 0),  # of no length: to the end
        ),
        box(b"idat", b"..", item, is_long=True),
        is_long=True,
    )


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (100, 33), (257, 129)])
def test_what_a_library_wrote_is_as_large_as_it_says(size: tuple[int, int]) -> None:
    assert largest_coded(image_bytes(plain(*size), "AVIF")) == size
    assert largest_coded(image_bytes(plain(*size).convert("RGBA"), "AVIF")) == size
    assert largest_coded(animated(*size)) == size


@pytest.mark.parametrize(
    "bits",
    [
        REDUCED + HUNDRED,
        # Neither times nor delays; one operating point.
        f"000 1 0 0 0 00000 {ZEROS[:12]} 00000" + HUNDRED,
        # Times, of which each picture takes as many as a long number tells; a model of a decoder
        # with delays of 3 bits; two operating points, one of a high level and tier with all there
        # is.
        f"001 0 0 1 {ZEROS} 1 0001 101 1 00010 {ZEROS[:42]} 1 00001"
        f"{ZEROS[:12]} 01000 1 1 101 110 0 1 1111"
        f"{ZEROS[:12]} 00111 0 0" + HUNDRED,
    ],
)
def test_a_header_is_read_whatever_is_in_it(bits: str) -> None:
    assert largest_coded(avif(coded(bits))) == (100, 50)


def test_pieces_are_put_together_and_the_largest_item_counts() -> None:
    larger = coded(REDUCED + sizes(300, 200, width_bits=9, height_bits=8))
    items = (coded(REDUCED + HUNDRED), larger, coded(REDUCED + HUNDRED))
    assert largest_coded(avif(*items, pieces=3)) == (300, 200)


def test_small_data_and_wide_fields() -> None:
    assert largest_coded(in_small_data(coded(REDUCED + HUNDRED))) == (100, 50)


def test_frames_may_be_as_large_as_their_fields_where_those_are_wider_than_needed() -> None:
    wide = sizes(100, 50, width_bits=16, height_bits=6)
    assert largest_coded(avif(coded("000100000000" + "0" * 17 + wide))) == (65_536, 50)
    assert largest_coded(avif(coded(REDUCED + wide))) == (100, 50)


def test_items_of_another_kind_are_not_looked_into() -> None:
    assert largest_coded(avif(coded(REDUCED + HUNDRED), kind=b"Exif")) == (0, 0)


def test_no_file_keeps_it_busy() -> None:
    one = coded(REDUCED + HUNDRED)
    with pytest.raises(ValueError, match="more in it than its bytes"):
        largest_coded(
            avif(one, one).replace(
                struct.pack(">II", avif(one, one).rindex(one), len(one)),
                struct.pack(">II", 0, 1 << 31),
            )
        )
    with pytest.raises(ValueError, match="too many parts"):
        largest_coded(box(b"free") * 200_000)
    with pytest.raises(ValueError, match="too many parts"):
        largest_coded(avif(b"\x12\0" * 200_000))


@given(st.data())
def test_damage_is_no_more_than_damage(data: st.DataObject) -> None:
    file = bytearray(avif(coded(REDUCED + HUNDRED), coded(REDUCED + HUNDRED), pieces=2))
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        width, height = largest_coded(bytes(file[: data.draw(st.integers(0, len(file)))]))
    except (ValueError, IndexError):
        return
    assert 0 <= width <= 1 << 16
    assert 0 <= height <= 1 << 16


@example(b"\0\0\0\x08meta")
@given(st.binary(max_size=200))
def test_bytes_are_no_more_than_bytes(data: bytes) -> None:
    try:
        largest_coded(data)
    except (ValueError, IndexError):
        return


def test_a_picture_told_smaller_than_it_is_is_not_decoded() -> None:
    made = image_bytes(plain(640, 480), "AVIF")
    at = made.index(b"ispe") + 8
    told = made[:at] + struct.pack(">II", 16, 12) + made[at + 8 :]
    with pytest.raises(ImageTooLarge, match="640 x 480 pixels"):
        decode(told, max_bytes=1 << 20, max_pixels=10_000)


def test_of_a_film_its_picture_is_decoded() -> None:
    picture = decode(animated(64, 48), max_bytes=1 << 20, max_pixels=10_000)
    assert picture.image.size == (64, 48)
    red, _, blue = picture.image.getpixel((32, 24))
    assert red > blue + 200
