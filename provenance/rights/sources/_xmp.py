"""XMP packets: the rights properties in them, in every form that RDF allows, read by a streaming parser.

A property may stand as an attribute of its description, as an element with text, with `rdf:resource`, or as a list or
language alternative; each text leaf gives one value. Entities are refused, nothing outside the packet is opened, and
the packet never becomes a tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO
from xml.parsers import expat

MAX_VALUES = 200
MAX_VALUE = 64 * 1024
MAX_BLOB = 48 * 1024 * 1024  # the base64 of a credential store inside an SVG
MAX_DEPTH = 256

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_CC = ("http://creativecommons.org/ns#", "http://web.resource.org/cc/", "https://creativecommons.org/ns#")
_RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
_DC = "http://purl.org/dc/elements/1.1/"
_DCTERMS = "http://purl.org/dc/terms/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RSL = ("https://rslstandard.org/rsl", "http://rslstandard.org/rsl")
_C2PA = "http://c2pa.org/manifest"
MANIFEST = "c2pa:manifest"

_EXACT: Mapping[tuple[str, str], str] = {
    **{(_RIGHTS, name): f"xmpRights:{name}" for name in ("Marked", "WebStatement", "UsageTerms")},
    **{(ns, name): f"cc:{name}" for ns in _CC for name in ("license", "prohibits")},
    **{(ns, "prohibits"): "rsl:prohibits" for ns in _RSL},
    (_DC, "rights"): "dc:rights",
    **{(_DCTERMS, name): f"dcterms:{name}" for name in ("rights", "license", "provenance")},
    (_PHOTOSHOP, "Instructions"): "photoshop:Instructions",
    ("http://ns.adobe.com/tiff/1.0/", "Copyright"): "tiff:Copyright",
    (_IPTC_EXT, "DigitalSourceType"): "Iptc4xmpExt:DigitalSourceType",
    (_C2PA, "manifest"): MANIFEST,
}
_PLUS = ("LicenseStartDate", "LicenseEndDate", "CopyrightStatus", "OtherConstraints", "LicenseID")

# What a broken packet may still say, without understanding it: only words that restrict.
_LENIENT = re.compile(
    rb"(DMI-PROHIBITED[A-Z-]{0,60})|LicenseEndDate[\s>=\"']{1,20}(\d{4}-\d\d-\d\d)|tdm:reservation[\s>=\"']{1,20}(1)"
)


class XmpError(ValueError):
    """The packet is not XML, or holds what no honest packet holds."""


def parse(packet: bytes) -> list[tuple[str, str]]:
    """Return (property, value) for the rights properties of a packet, in document order. XmpError when it is no XML."""
    reader = _Reader()
    reader.feed(_trim(packet))
    return reader.found


def parse_file(file: BinaryIO) -> list[tuple[str, str]]:
    """The same for a whole XML file, such as an SVG, read in pieces."""
    reader = _Reader()
    file.seek(0)
    while piece := file.read(1 << 16):
        reader.feed(piece, last=False)
    reader.feed(b"")
    return reader.found


def salvage(packet: bytes) -> list[tuple[str, str]]:
    """Return the restrictive values that a broken packet still shows."""
    out = []
    for prohibited, end, reserved in _LENIENT.findall(packet[: 4 * 1024 * 1024])[:MAX_VALUES]:
        if prohibited:
            out.append(("plus:DataMining", prohibited.decode()))
        elif end:
            out.append(("plus:LicenseEndDate", end.decode()))
        elif reserved:
            out.append(("tdm:reservation", "1"))
    return list(dict.fromkeys(out))


def _trim(packet: bytes) -> bytes:
    """A packet without padding, as bytes whose encoding expat can tell."""
    for mark, codec in ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32")):
        if packet.startswith(mark):
            return packet.decode(codec, "replace").encode()
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return packet.decode("utf-16", "replace").encode()
    if packet[1:2] == b"\0" and packet[:1] == b"<":
        return packet.decode("utf-16-le", "replace").encode()
    if packet[:2] == b"\0<":
        return packet.decode("utf-16-be", "replace").encode()
    packet = packet.strip(b"\0 \t\r\n")
    return packet[packet.find(b"<") :] if b"<" in packet else packet


def _label(name: str, attributes: Mapping[str, str]) -> str | None:
    space, _, local = name.rpartition(" ")
    if local == "DataMining":
        return "plus:DataMining"  # restrictive wherever it stands: namespaces are often wrong in the wild
    if space.startswith("http://ns.useplus.org/") and local in _PLUS:
        return f"plus:{local}"
    if space.startswith(("http://www.w3.org/ns/tdmrep", "https://www.w3.org/ns/tdmrep")):
        return f"tdm:{local}" if local in ("reservation", "policy") else None
    label = _EXACT.get((space, local))
    if label == "rsl:prohibits" and attributes.get("type", "usage") != "usage":
        return None
    return label


class _Reader:
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.depth = 0
        self.done = False
        self.label: str | None = None
        self.label_depth = 0
        self.text: list[str] = []
        self.held = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.entity

    def feed(self, data: bytes, *, last: bool = True) -> None:
        if self.done:
            return
        try:
            self.parser.Parse(data, last)
        except expat.ExpatError as error:
            if not self.done:  # what follows the root element is padding, often not blank
                raise XmpError(f"not XML ({expat.errors.messages.get(error.code, 'error')})") from None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise XmpError("elements nested too deeply")
        if self.label is not None:
            self.flush()
            self.add(self.label, attributes.get(f"{_RDF} resource", ""))
            return
        for attribute, value in attributes.items():
            found = _label(attribute, {}) if " " in attribute else None
            if found is not None:
                self.add(found, value)
        self.label = _label(name, attributes)
        if self.label is not None:
            self.label_depth = self.depth
            self.add(self.label, attributes.get(f"{_RDF} resource", ""))

    def end(self, name: str) -> None:
        if self.label is not None:
            self.flush()
            if self.depth == self.label_depth:
                self.label = None
        self.depth -= 1
        self.done = self.depth == 0

    def characters(self, text: str) -> None:
        if self.label is None:
            return
        self.held += len(text)
        if self.held > (MAX_BLOB if self.label == MANIFEST else MAX_VALUE):
            raise XmpError("a value larger than the cap")
        self.text.append(text)

    def entity(self, *_: object) -> None:
        raise XmpError("it declares entities")

    def flush(self) -> None:
        assert self.label is not None
        self.add(self.label, "".join(self.text))
        self.text.clear()
        self.held = 0

    def add(self, label: str, value: str) -> None:
        value = value.strip()
        if value and (label, value) not in self.found:
            if len(self.found) >= MAX_VALUES:
                raise XmpError("more rights values than the cap")
            self.found.append((label, value))
