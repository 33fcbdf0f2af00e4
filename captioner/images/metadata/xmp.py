"""XMP packets (ISO 16684-1): XML whose `rdf:Description` tells of the image it lies in."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import override
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl

from captioner.images.metadata.text import LONGEST_TEXT, Origin, Text

type Name = tuple[str | None, str]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_ROOT: Name = (_RDF, "RDF")
_DESCRIPTION: Name = (_RDF, "Description")
_ITEM: Name = (_RDF, "li")
_LANGUAGE: Name = ("http://www.w3.org/XML/1998/namespace", "lang")
_PROPERTIES: Mapping[Name, Origin] = {
    (_IPTC, "AltTextAccessibility"): "xmp-alt-text",
    (_IPTC, "ExtDescrAccessibility"): "xmp-extended",
    ("http://purl.org/dc/elements/1.1/", "description"): "dc-description",
}
_TAG = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,5}")
_MOST_FOUND = 100  # far more than is kept, and yet no burden
_DEEPEST = 100  # elements in each other; programs write about ten


def texts_in(packet: bytes) -> list[Text]:
    """Give the texts of a packet, as they stand; those before the place where it is broken.

    Anything that declares entities is refused: they can unfold to gigabytes or name other files.
    """
    # Most images have no packet, and need no parser.
    from defusedxml import DefusedXmlException  # noqa: PLC0415
    from defusedxml.expatreader import DefusedExpatParser  # noqa: PLC0415

    reader = _Reader()
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(reader)
    with suppress(SAXException, DefusedXmlException):
        parser.feed(packet.lstrip(b" \t\r\n"))
    return reader.found


class _Reader(ContentHandler):
    """Gathers while the packet is read: no tree is built, however large or deep it is.

    A property counts where it is the image's own, as an element or an attribute of a description
    directly below the root; one further down tells of a part, a region or another image.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Text] = []
        self._path: list[Name] = []
        self._origin: Origin | None = None
        self._depth = 0  # of the property that is being read
        self._parts: list[str] = []
        self._length = 0
        self._language: str | None = None

    @override
    def startElementNS(self, name: Name, qname: str | None, attrs: AttributesNSImpl) -> None:
        if len(self._path) == _DEEPEST:
            raise SAXException("the packet is too deep")
        attributes: dict[Name, str] = dict(attrs.items())
        if self._origin is not None:
            if name == _ITEM:
                self._begin(attributes)
        elif self._path[-2:] == [_ROOT, _DESCRIPTION] and name in _PROPERTIES:
            self._origin, self._depth = _PROPERTIES[name], len(self._path)
            self._begin(attributes)
        elif self._path[-1:] == [_ROOT] and name == _DESCRIPTION:
            for attribute in _PROPERTIES.keys() & attributes.keys():
                self._add(_PROPERTIES[attribute], attributes[attribute])
        self._path.append(name)

    @override
    def characters(self, content: str) -> None:
        if self._origin is not None and self._length < 4 * LONGEST_TEXT:
            self._parts.append(content)
            self._length += len(content)

    @override
    def endElementNS(self, name: Name, qname: str | None) -> None:
        self._path.pop()
        if self._origin is None:
            return
        is_end = len(self._path) == self._depth
        if is_end or name == _ITEM:
            self._add(self._origin, "".join(self._parts), self._language)
            self._begin({})
        if is_end:
            self._origin = None

    def _begin(self, attributes: Mapping[Name, str]) -> None:
        self._parts, self._length = [], 0
        told = attributes.get(_LANGUAGE, "")
        self._language = told if _TAG.fullmatch(told) else None  # "x-default" is no language

    def _add(self, origin: Origin, text: str, language: str | None = None) -> None:
        if text and len(self.found) < _MOST_FOUND:
            self.found.append(Text(origin, text, language))
