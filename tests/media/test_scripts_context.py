"""Content that is known and holds no training item."""

from __future__ import annotations

import pytest
import script_samples as samples

from provenance.media import context
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

XML = b'<?xml version="1.0"?>\n<!-- made by a test -->\n'


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("cut.otio", b'{\n  "OTIO_SCHEMA": "Timeline.1", "tracks": {}}', "application/x-otio+json"),
        ("cut.edl", b"TITLE: REEL 1\n001  AX  V  C  00:00:00:00 00:00:01:00\n", "application/x-edl"),
        ("cut.ale", b"Heading\nFIELD_DELIM\tTABS\nFPS\t24\n\nColumn\nName\n", "application/x-ale"),
        ("cut.aaf", bytes.fromhex("d0cf11e0a1b11ae10102010d00020000060e2b3403020101"), "application/x-aaf"),
        ("cut.fcpxml", XML + b"<!DOCTYPE fcpxml>\n<fcpxml version='1.8'/>", "application/x-fcpxml"),
        ("a.xmp", b"<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "application/rdf+xml"),
        ("CPL.xml", XML + b"<CompositionPlaylist xmlns='urn:x'>", "application/x-imf-cpl"),
        ("0001.mhl", XML + b"<hashlist version='2.0'>", "application/x-mhl"),
        ("data.xml", XML + b"<mdmec:CoreMetadata/>", "application/xml"),
        ("shots.csv", b"Name,FPS\nS01,25\n", "text/csv"),
        ("omc.json", b'[{"identifier": 1}]', "application/json"),
        ("bagit.txt", b"BagIt-Version: 0.97\n", "text/x-checksums"),
        ("manifest-md5.txt", b"d41d8cd98f00b204e9800998ecf8427e  data/a.png\n", "text/x-checksums"),
        ("LICENSE.txt", "Attribution 4.0 – “as is”".encode(), "text/plain"),
        ("README", b"Frames of shot 10.", "text/plain"),
        (".DS_Store", b"\x00\x00\x00\x01Bud1\x00\x00", "application/x-ds-store"),
        ("register.xlsx", samples.zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}),
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)  # fmt: skip
def test_known_content_without_an_item_is_context(name: str, data: bytes, media_type: str) -> None:
    source = samples.source(data, name)
    assert context.sniff(source) == media_type
    assert list(context.extract(source, Options())) == []
    assert context.note(source) == "context: no training item in it"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.bin", bytes(range(256))),
        ("a.svg", XML + b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("a.ppm", b"P3\n2 2\n255\n"),
        ("a.zip", samples.zipped({"a.png": b""})),
        ("latin.txt", "Zeichnung für die Bücher, größer, schöner".encode("latin-1") + bytes(range(0x80, 0xFF))),
    ],
)
def test_what_could_hold_a_picture_or_is_no_text_is_not_waved_through(name: str, data: bytes) -> None:
    assert context.sniff(samples.source(data, name)) is None


def test_text_under_the_name_of_a_picture_is_mislabelled() -> None:
    with pytest.raises(Quarantined) as caught:
        context.extract(samples.source(b"<html>404 not found</html>", "frame.0001.png"), Options())
    assert caught.value.cause is Cause.MISLABELLED
