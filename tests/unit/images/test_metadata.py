"""What people wrote in an image's file: found in every format, cleaned, and never at any price."""

import random
import struct
import tracemalloc
import zlib
from functools import cache
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captioner.images.metadata import Text, cleaned, texts_in
from tests.support.metadata import (
    ALT_TEXT,
    DESCRIPTION,
    EXTENDED,
    FORMATS,
    exif,
    iim,
    image_with,
    in_languages,
    jpeg,
    jpeg_with_iptc,
    jpeg_with_xmp,
    photoshop,
    png_chunk,
    xmp,
)

PACKET = xmp(in_languages(ALT_TEXT, default="Ein Hund läuft durch den Schnee"))
ALT = Text("xmp-alt-text", "Ein Hund läuft durch den Schnee")
BOMB = b"""<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""


def texts_of(*properties: str, attributes: str = "") -> tuple[Text, ...]:
    return texts_in(jpeg_with_xmp(xmp(*properties, attributes=attributes)))


@pytest.mark.parametrize("image_format", FORMATS)
def test_xmp_is_found_in_every_format(image_format: str) -> None:
    assert texts_in(image_with(image_format, packet=PACKET)) == (ALT,)


@pytest.mark.parametrize("image_format", [each for each in FORMATS if each != "GIF"])
def test_exif_is_found_in_every_format_that_has_it(image_format: str) -> None:
    data = image_with(image_format, exif_block=exif("A dog in the snow", "Im Januar, früh"))

    assert texts_in(data) == (
        Text("exif-description", "A dog in the snow"),
        Text("exif-description", "Im Januar, früh"),
    )


@pytest.mark.parametrize("image_format", [*FORMATS, "BMP"])
def test_an_image_without_metadata_has_no_texts(image_format: str) -> None:
    assert texts_in(image_with(image_format)) == ()


def test_iptc_is_found_in_a_jpeg_even_in_two_segments() -> None:
    block = photoshop(iim(b"A dog in the snow"))
    segments = [(0xED, b"Photoshop 3.0\0" + part) for part in (block[:40], block[40:])]

    assert texts_in(jpeg_with_iptc(iim(b"A dog"))) == (Text("iptc-caption", "A dog"),)
    assert texts_in(jpeg(*segments)) == (Text("iptc-caption", "A dog in the snow"),)


@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
@pytest.mark.parametrize("tag", [33723, 34377], ids=["IPTC", "Photoshop"])
def test_a_tiff_has_all_three(tag: int, big: bool) -> None:
    block = iim(b"The caption")
    info = {700: PACKET, tag: block if tag == 33723 else photoshop(block), 270: "The description"}
    data = BytesIO()
    Image.new("RGB", (8, 8)).save(data, "TIFF", tiffinfo=info, big_tiff=big)

    assert texts_in(data.getvalue()) == (
        ALT,
        Text("iptc-caption", "The caption"),
        Text("exif-description", "The description"),
    )


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_exif_is_read_in_both_byte_orders(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    fields = struct.pack(f"{order}HHHI4s", 1, 0x010E, 2, 4, b"Dog\0")
    block = mark + struct.pack(f"{order}I", 8) + fields

    data = jpeg((0xE1, b"Exif\0\0" + block + b"\0" * 4))

    assert texts_in(data) == (Text("exif-description", "Dog"),)


def test_xmp_in_a_png_may_be_compressed_and_come_after_the_pixels() -> None:
    png = image_with("PNG")
    body = b"XML:com.adobe.xmp\0\1\0en\0key\0" + zlib.compress(PACKET)

    assert texts_in(png[:-12] + png_chunk(b"iTXt", body) + png[-12:]) == (ALT,)


def test_what_fills_a_jpeg_between_its_segments_is_passed_over() -> None:
    data = jpeg_with_xmp(PACKET)

    assert texts_in(data[:2] + b"\xff\xff" + data[2:]) == (ALT,)


def test_each_property_has_its_origin_and_the_weightiest_comes_first() -> None:
    found = texts_of(
        in_languages(DESCRIPTION, default="Described"),
        in_languages(EXTENDED, default="Told at length"),
        in_languages(ALT_TEXT, default="Told in short"),
    )

    assert found == (
        Text("xmp-alt-text", "Told in short"),
        Text("xmp-extended", "Told at length"),
        Text("dc-description", "Described"),
    )


def test_each_language_has_its_text_and_the_default_repeats_none() -> None:
    found = texts_of(in_languages(ALT_TEXT, default="A dog", en="A dog", pt_BR="Um cachorro"))

    assert found == (
        Text("xmp-alt-text", "A dog", "en"),
        Text("xmp-alt-text", "Um cachorro", "pt-BR"),
    )


def test_a_default_of_its_own_tells_no_language() -> None:
    found = texts_of(in_languages(ALT_TEXT, default="Ein Hund", en="A dog"))

    assert found == (Text("xmp-alt-text", "Ein Hund"), Text("xmp-alt-text", "A dog", "en"))


@pytest.mark.parametrize("tag", ["", "x-default", "9", "a" * 400, "<b>", "en us"])
def test_what_is_no_language_is_left_out(tag: str) -> None:
    tag = tag.replace("<", "&lt;")
    item = f"<{ALT_TEXT}><rdf:Alt><rdf:li xml:lang='{tag}'>A dog</rdf:li></rdf:Alt></{ALT_TEXT}>"

    assert texts_of(item) == (Text("xmp-alt-text", "A dog"),)


@pytest.mark.parametrize(
    ("properties", "attributes"),
    [
        ("", f"{ALT_TEXT}='A dog'"),
        (f"<{ALT_TEXT}>A dog</{ALT_TEXT}>", ""),
        (f"<{ALT_TEXT}>A <!-- brown -->dog</{ALT_TEXT}>", ""),
        (f"<{ALT_TEXT}><![CDATA[A dog]]></{ALT_TEXT}>", ""),
        (f"<{ALT_TEXT}><rdf:Bag><rdf:li>A dog</rdf:li></rdf:Bag></{ALT_TEXT}>", ""),
    ],
    ids=["attribute", "element", "comment", "cdata", "bag"],
)
def test_xmp_may_be_written_in_several_ways(properties: str, attributes: str) -> None:
    assert texts_of(properties, attributes=attributes) == (Text("xmp-alt-text", "A dog"),)


def test_markup_in_a_text_is_text() -> None:
    hostile = "<img src=x onerror=alert(1)> & more"

    assert texts_of(in_languages(ALT_TEXT, default=hostile)) == (Text("xmp-alt-text", hostile),)


def test_the_description_of_a_region_is_not_the_images() -> None:
    region = (
        "<regions xmlns='r'><rdf:Bag><rdf:li><rdf:Description>"
        f"{in_languages(DESCRIPTION, default='A face')}"
        "</rdf:Description></rdf:li></rdf:Bag></regions>"
    )

    assert texts_of(region, in_languages(DESCRIPTION, default="A dog")) == (
        Text("dc-description", "A dog"),
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_packet_may_be_in_utf_16(encoding: str) -> None:
    packet = PACKET.decode().replace("\ufeff", "").encode(encoding)

    assert texts_in(jpeg_with_xmp(packet)) == (ALT,)


@pytest.mark.parametrize(
    "packet",
    [
        PACKET + b"\0\0\0",
        PACKET[: PACKET.index(b"</rdf:Description>")],
        PACKET.replace(b"</x:xmpmeta>", b"</x>"),
        PACKET.replace(b"<?xpacket end", b"<\xff\xfe"),
        b"  \n" + PACKET,
    ],
    ids=["zeros", "cut", "unbalanced", "no UTF-8", "blanks"],
)
def test_a_broken_packet_gives_what_stands_before(packet: bytes) -> None:
    assert texts_in(jpeg_with_xmp(packet)) == (ALT,)


@pytest.mark.parametrize(
    "packet",
    [
        BOMB + PACKET.replace(b"Hund", b"&b;"),
        b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>" + PACKET,
        b"<a>" * 200 + PACKET,
        PACKET.replace("ä".encode(), b"\xe4"),
        b"",
        b"\0\xff" * 99,
    ],
    ids=["entities", "document type", "depth", "Latin-1", "nothing", "noise"],
)
def test_a_hostile_packet_gives_nothing(packet: bytes) -> None:
    assert texts_in(jpeg_with_xmp(packet)) == ()


def test_one_broken_block_does_not_cost_the_others() -> None:
    data = jpeg(
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<no xml"),
        (0xED, b"Photoshop 3.0\0" + photoshop(iim(b"A dog"))),
        (0xE1, exif("In the snow")),
    )

    assert texts_in(data) == (
        Text("iptc-caption", "A dog"),
        Text("exif-description", "In the snow"),
    )


UMLAUT = "Über den Dächern"


@pytest.mark.parametrize(
    ("raw", "marker", "text"),
    [
        (UMLAUT.encode(), b"\x1b%G", UMLAUT),
        (UMLAUT.encode(), b"", UMLAUT),
        (UMLAUT.encode("cp1252"), b"", UMLAUT),
        ("“Dächer” … 5 €".encode("cp1252"), b"", "“Dächer” … 5 €"),
        (b"D\xe4cher\x81", b"", "Dächer"),
        ("Dächerä".encode()[:-1], b"\x1b%G", "Dächer"),
    ],
    ids=["marked", "unmarked", "latin", "windows", "neither", "cut"],
)
def test_iptc_is_read_in_the_encoding_it_is_in(raw: bytes, marker: bytes, text: str) -> None:
    assert texts_in(jpeg_with_iptc(iim(raw, marker=marker))) == (Text("iptc-caption", text),)


def test_a_long_iptc_caption_has_a_long_length() -> None:
    caption = b"dog " * 1_000
    block = b"\x1c\2\x78\x80\4" + struct.pack(">I", len(caption)) + caption

    assert texts_in(jpeg_with_iptc(block)) == (Text("iptc-caption", caption.decode().strip()),)


def test_the_same_text_is_told_once_where_it_weighs_most() -> None:
    data = jpeg(
        (0xE1, exif("A dog")),
        (0xED, b"Photoshop 3.0\0" + photoshop(iim(b"A  dog "))),
        (
            0xE1,
            b"http://ns.adobe.com/xap/1.0/\0"
            + xmp(in_languages(DESCRIPTION, en="A dog"), in_languages(EXTENDED, default="A\ndog")),
        ),
    )

    assert texts_in(data) == (Text("xmp-extended", "A dog"),)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  A dog\r\n\tin the\u2028snow\u00a0 ", "A dog in the snow"),
        ("A\x00 do\x07g\x9f", "A dog"),
        ("Cafe\u0301", "Café"),
        ("A \u202egod\u202c \u2066here\u2069\ufeff", "A god here"),
        ("\U0001f468\u200d\U0001f469 \u05d0\u200f", "\U0001f468\u200d\U0001f469 \u05d0\u200f"),
        ("\ud800A dog", "A dog"),
        ("\u200b\u200d \u202e\ufe0f", ""),
        ("…", "…"),
        (" \n\t ", ""),
        ("a" * 6_000, "a" * 5_000),
        (" " * 30_000 + "a dog", ""),
    ],
)
def test_a_text_becomes_one_line_without_what_is_not_seen(text: str, line: str) -> None:
    assert cleaned(text) == line


def test_there_are_never_more_than_twenty_texts() -> None:
    items = "".join(f"<rdf:li>Dog number {each}</rdf:li>" for each in range(300))

    found = texts_of(f"<{ALT_TEXT}><rdf:Bag>{items}</rdf:Bag></{ALT_TEXT}>")

    assert [each.text for each in found] == [f"Dog number {each}" for each in range(20)]


MIB = 1 << 20


def png_that_unfolds() -> bytes:
    blanks = zlib.compress(b"<a>" + b" " * 200 * MIB, 9)
    return image_with("PNG")[:33] + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + blanks)


def tiff_that_shares() -> bytes:
    """Sixty thousand fields that share one value of a mebibyte."""
    fields = struct.pack("<HHII", 270, 2, MIB, 8) * 60_000
    return b"II*\0\x08\0\0\0\xff\xff" + fields + b"a" * MIB


def webp_with(packet: bytes) -> bytes:
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (png_that_unfolds, 4 * MIB),
        (tiff_that_shares, 12 * MIB),
        (lambda: webp_with(b"<a>" * MIB), 4 * MIB),
        (lambda: webp_with(b"<a b='" + b"&lt;" * 4 * MIB), 4 * MIB),
        (lambda: b"GIF89a" + b"\x21\xff\x0bXMP DataXMP" * MIB, 4 * MIB),
        (lambda: b"\xff\xd8" + b"\xff\xe1\0\2" * 4 * MIB, MIB),
        (lambda: b"\xff\xd8" + b"\xff" * 16 * MIB, MIB),
        (lambda: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0iTXt\0\0\0\0" * MIB, MIB),
        (lambda: b"RIFF\0\0\0\0WEBP" + b"XMP \0\0\0\0" * MIB, MIB),
    ],
    ids=["png", "tiff", "depth", "attribute", "gif", "segments", "filling", "chunks", "riff"],
)
def test_memory_stays_within_bounds(data, most: int) -> None:
    image = data()
    texts_in(image_with("JPEG", packet=PACKET))  # what is imported once is not counted
    tracemalloc.start()
    try:
        texts_in(image)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < most


@given(st.binary(max_size=300), st.sampled_from(["", "II*\0", "MM\0+", "GIF89a", "\xff\xd8\xff"]))
def test_any_bytes_are_borne(data: bytes, beginning: str) -> None:
    assert_bounded(texts_in(beginning.encode("latin-1") + data))


@cache
def full(image_format: str) -> bytes:
    if image_format == "IPTC":
        return jpeg_with_iptc(iim(b"The caption"))
    packet = xmp(in_languages(ALT_TEXT, default="A dog", de="Ein Hund"))
    return image_with(image_format, packet=packet, exif_block=exif("A dog in the snow"))


@given(st.sampled_from([*FORMATS, "IPTC"]), st.integers(0, 2**32), st.integers(1, 40))
def test_any_damage_is_borne(image_format: str, seed: int, times: int) -> None:
    data = bytearray(full(image_format))
    chance = random.Random(seed)
    for _ in range(times):
        data[chance.randrange(len(data))] = chance.randrange(256)

    assert_bounded(texts_in(bytes(data[: chance.randrange(len(data) + 1)])))
    assert_bounded(texts_in(bytes(data)))


def assert_bounded(texts: tuple[Text, ...]) -> None:
    assert len(texts) <= 20
    for each in texts:
        assert 0 < len(each.text) <= 5_000
        assert each.text == " ".join(each.text.split())
