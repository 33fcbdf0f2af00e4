"""A record as a sidecar of XMP (ISO 16684-1) with the properties of IPTC's photo metadata standard.

What people wrote goes where their tools look for it. Machine text goes into the alt text alone, and
says that it is one: in `dc:description`, which programs show as the photographer's own caption,
nobody could tell it from a person's.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree import ElementTree as ET

from msgspec import UNSET

from captioner import __version__
from captioner.exports.texts import doubt_of, language_of, maker_of, well_formed, writable
from captioner.records import AltText, CaptionRecord, Description, Origin

TOOLKIT: Final = "captioner"
"""What `x:xmptk` begins with while no other program has written the sidecar since."""

NAMESPACE: Final = "urn:uuid:7b697c04-6c08-433a-8767-7c088d96bb4c#"
"""Of the properties that only captioner has: a random number, so that it can be nobody else's."""

_NAMESPACES: Final = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "captioner": NAMESPACE,
}
_PACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'  # the id is the standard's
_END = '\n<?xpacket end="w"?>\n'
_DEFAULT = "x-default"

# Where programs keep the caption of a photograph, the most trusted first.
_CAPTIONS: Final[tuple[Origin, ...]] = ("dc-description", "iptc-caption", "exif-description")

_INSTRUCTIONS: Final = {
    "unreviewed": "The alt text is a machine's, and nobody has reviewed it: read it before you "
    "publish it.",
    "stale": "The alt text was written for another picture of this name: read it before you "
    "publish it.",
}

type _Text = tuple[str | None, str]  # its language, where that is known


def sidecar(record: CaptionRecord) -> bytes | None:
    """Write the sidecar of an image in UTF-8; None where it has no alt text.

    Captions in other languages are alternatives of an alt text that is itself a machine's. Beside a
    person's text they would pass for a person's translations.
    """
    if record.alt_text is None:
        return None
    top = ET.Element(
        "x:xmpmeta", {"xmlns:x": "adobe:ns:meta/", "x:xmptk": f"{TOOLKIT} {__version__}"}
    )
    rdf = ET.SubElement(top, "rdf:RDF", {"xmlns:rdf": _NAMESPACES["rdf"]})
    spaces = {f"xmlns:{prefix}": uri for prefix, uri in _NAMESPACES.items() if prefix != "rdf"}
    picture = ET.SubElement(rdf, "rdf:Description", {"rdf:about": "", **spaces})
    _add(picture, "Iptc4xmpCore:AltTextAccessibility", _alt_texts(record, record.alt_text))
    _add(picture, "Iptc4xmpCore:ExtDescrAccessibility", _described(record, "xmp-extended"))
    _add(
        picture,
        "dc:description",
        next(filter(None, (_described(record, origin) for origin in _CAPTIONS)), []),
    )
    if doubt := doubt_of(record.alt_text):
        ET.SubElement(picture, "photoshop:Instructions").text = _INSTRUCTIONS[doubt]
    for name, value in _standing(record, record.alt_text):
        ET.SubElement(picture, f"captioner:{name}").text = writable(value)
    ET.indent(top)
    return f"{_PACKET}{ET.tostring(top, encoding='unicode')}{_END}".encode()


def _alt_texts(record: CaptionRecord, alt_text: AltText) -> list[_Text]:
    own = (language_of(record), alt_text.text)
    if alt_text.is_human:
        return [own]
    return [own, *((well_formed(each.language), each.text) for each in record.captions)]


def _described(record: CaptionRecord, origin: Origin) -> list[_Text]:
    descriptions: Iterable[Description] = record.descriptions or ()
    return [
        (None if each.language is UNSET else well_formed(each.language), each.text)
        for each in descriptions
        if each.origin == origin
    ]


def _standing(record: CaptionRecord, alt_text: AltText) -> Iterator[tuple[str, str]]:
    """Give what the standard has no property for: whose text it is, and how far it was checked."""
    yield "AltTextStatus", alt_text.status
    yield "AltTextSource", alt_text.source
    if maker := maker_of(record):
        yield "AltTextModel", f"{maker.model.name} {maker.model.version}"
        if maker.confidence is not None:
            yield "AltTextConfidence", str(maker.confidence)
    yield "AltTextStale", str(alt_text.stale is True)  # XMP's booleans are True and False
    yield "AltTextUpdated", alt_text.updated.isoformat()


def _add(parent: ET.Element, name: str, texts: list[_Text]) -> None:
    """Add a property of language alternatives: the first as the default, and each by its language.

    The first text of a language is the one that counts.
    """
    if not texts:
        return
    alternatives = ET.SubElement(ET.SubElement(parent, name), "rdf:Alt")
    by_language = {_DEFAULT: next((text for language, text in texts if not language), texts[0][1])}
    for language, text in texts:
        if language is not None and language.lower() not in map(str.lower, by_language):
            by_language[language] = text
    for language, text in by_language.items():
        item = ET.SubElement(alternatives, "rdf:li", {"xml:lang": language})
        item.text = writable(text)
