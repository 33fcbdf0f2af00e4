"""Images with texts inside: XMP, IPTC and EXIF as programs write them, made here byte by byte."""

import struct
import zlib
from io import BytesIO
from xml.sax.saxutils import escape

import pillow_heif
from PIL import Image
from PIL.PngImagePlugin import PngInfo

_NAMESPACES = """
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
"""
ALT_TEXT = "Iptc4xmpCore:AltTextAccessibility"
EXTENDED = "Iptc4xmpCore:ExtDescrAccessibility"
DESCRIPTION = "dc:description"
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "HEIF"]


def xmp(*properties: str, attributes: str = "") -> bytes:
    """Give an XMP packet in UTF-8; `attributes` are those of its description."""
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>"
        f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF {_NAMESPACES}>"
        f"<rdf:Description rdf:about='' {attributes}>{''.join(properties)}</rdf:Description>"
        "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    ).encode()


def in_languages(name: str, **texts: str) -> str:
    """Give a property as alternatives by language; `default` stands for `x-default`."""
    items = "".join(
        f"<rdf:li xml:lang='{'x-default' if tag == 'default' else tag.replace('_', '-')}'>"
        f"{escape(text)}</rdf:li>"
        for tag, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


def iim(*captions: bytes, marker: bytes = b"") -> bytes:
    """Give an IPTC-IIM block; `marker` is the escape sequence of its encoding."""
    datasets = [(1, 90, marker)] if marker else []
    datasets += [(2, 0, b"\0\4"), *((2, 120, each) for each in captions)]
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in datasets
    )


def photoshop(block: bytes) -> bytes:
    """Give Photoshop's image resources, with an IIM block as the second of them."""
    resources = [(0x03ED, b"pixels", b"\0" * 15), (0x0404, b"", block)]
    return b"".join(
        b"8BIM" + struct.pack(">H", number) + _even(bytes([len(name)]) + name)
        + struct.pack(">I", len(value)) + _even(value)
        for number, name, value in resources
    )  # fmt: skip


def exif(description: str | bytes = "", comment: str = "") -> bytes:
    """Give an EXIF block with an image's description and the comment that Windows shows."""
    fields = Image.Exif()
    if description:
        fields[0x010E] = description
    if comment:
        fields[0x9C9C] = f"{comment}\0".encode("utf-16-le")
    return fields.tobytes()


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """Give a JPEG with these segments, each of a marker's second byte and contents."""
    plain = image_with("JPEG")
    added = b"".join(struct.pack(">BBH", 0xFF, one, len(body) + 2) + body for one, body in segments)
    return plain[:2] + added + plain[2:]


def jpeg_with_xmp(packet: bytes) -> bytes:
    return jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))


def jpeg_with_iptc(block: bytes) -> bytes:
    return jpeg((0xED, b"Photoshop 3.0\0" + photoshop(block)))


def png_chunk(name: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def webp_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + _even(body)


def image_with(
    image_format: str, *, packet: bytes = b"", exif_block: bytes = b"", colour: str = "red"
) -> bytes:
    """Give a small image of any of `FORMATS` with these blocks; no GIF has EXIF."""
    image = Image.new("RGB", (64, 48), colour)
    options: dict[str, object] = {}
    match image_format:
        case "PNG":
            options["pnginfo"] = text = PngInfo()
            text.add_text("Software", "a program")
            if packet:
                text.add_itxt("XML:com.adobe.xmp", packet.decode())
        case "TIFF":
            options["exif"] = fields = Image.Exif()
            fields.load(exif_block)
            if packet:
                fields[700] = packet
        case "HEIF":
            pillow_heif.register_heif_opener()
    if packet and image_format not in {"PNG", "TIFF", "GIF"}:
        options["xmp"] = packet
    if exif_block and image_format not in {"TIFF", "GIF"}:
        options["exif"] = exif_block
    data = BytesIO()
    image.save(data, image_format, **options)
    made = data.getvalue()
    return _gif_with(made, packet) if packet and image_format == "GIF" else made


def _gif_with(gif: bytes, packet: bytes) -> bytes:
    """Add a packet after the global colours, with the trailer that XMP in GIF ends with."""
    trailer = bytes([1, *range(0xFF, -1, -1), 0])
    at = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    return gif[:at] + b"\x21\xff\x0bXMP DataXMP" + packet + trailer + gif[at:]


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)
