"""Known content without a training item: timelines, production metadata, licences and notes, sidecars, custody lists.

Asked last, so that only what no other medium claims comes here. Nothing is parsed and nothing is extracted: the asset
is recorded with its media type, and what rights readers find in it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.media import _text, _zip
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "context"
VERSION = 1
PRIORITY = 95
OPTIONS: tuple[str, ...] = ()

_MAGIC = (
    (0, b"\x00\x00\x00\x01Bud1", "application/x-ds-store"),
    (0, b"\x00\x05\x16\x07", "application/applefile"),
    (0, b"\x00\x05\x16\x00", "application/applefile"),
    (8, bytes.fromhex("0102010d00020000060e2b34"), "application/x-aaf"),
    (4, b"jumb", "application/c2pa"),
    (36, b"acsp", "application/vnd.iccprofile"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"OTTO", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"ttcf", "font/collection"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (8, b"WAVE", "audio/vnd.wave"),
    (8, b"AIFF", "audio/aiff"),
    (8, b"AIFC", "audio/aiff"),
)
_ROOTS = {
    "fcpxml": "application/x-fcpxml",
    "xmeml": "application/x-fcp7xml",
    "xmpmeta": "application/rdf+xml",
    "RDF": "application/rdf+xml",
    "hashlist": "application/x-mhl",
    "ascmhldirectory": "application/x-mhl",
    "AssetMap": "application/x-imf-assetmap",
    "PackingList": "application/x-imf-pkl",
    "CompositionPlaylist": "application/x-imf-cpl",
    "OutputProfileList": "application/x-imf-opl",
    "VolumeIndex": "application/x-imf-volindex",
    "tt": "application/ttml+xml",
    "ColorDecisionList": "application/x-asc-cdl",
    "ColorCorrectionCollection": "application/x-asc-cdl",
    "html": "text/html",
}
_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)(?=[\s/>])")
_PROLOGUE = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<![A-Z][^<>\[]*>)", re.DOTALL)
_EDL_EVENT = re.compile(r"^\s*\d{3,6}\s+\S+\s+\S+\s+[CWDK]\w*\s", re.MULTILINE)
_CHECKSUMS = re.compile(r"(?:[0-9a-f]{32,128} [ *]\S.*\n?){1,}", re.IGNORECASE)
_JSON = re.compile(r'\{\s*["}]|\[\s*[\[{"\d\]]')
_DRAWN = re.compile(r"\s*%!PS|P[1-3]\s")  # text that draws a picture: no medium knows it, and no context either
_TABLES = {".csv": "text/csv", ".tsv": "text/tab-separated-values"}


def sniff(source: Source) -> str | None:
    head = source.head
    for offset, magic, media_type in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return media_type
    if head.startswith(_zip.MAGIC):
        names = _zip.names(source) or []
        sheet = "xl/workbook.xml" in names and "[Content_Types].xml" in names
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" if sheet else None
    text = _text.peek(source)
    return None if text is None or _DRAWN.match(text) else _text_type(text, source.suffix)


def extract(source: Source, options: Options) -> Iterator[Extract]:
    """Yield nothing. `Quarantined(mislabelled)` for text whose name says picture, film or PDF."""
    media_type = sniff(source) or ""
    if source.suffix in _text.MEDIA_SUFFIXES and media_type.startswith(
        ("text/", "application/xml", "application/json")
    ):
        raise Quarantined(Cause.MISLABELLED, f"the content is {media_type}, the name says {source.suffix}")
    return iter(())


def note(source: Source) -> str:
    """Say why the asset gives no item."""
    return "context: no training item in it"


def _text_type(text: str, suffix: str) -> str | None:
    start = text.lstrip()
    if start.startswith("<"):
        return _markup_type(start)
    if _JSON.match(start):
        return "application/x-otio+json" if '"OTIO_SCHEMA"' in text else "application/json"
    if start.startswith("Heading") and "FIELD_DELIM" in text:
        return "application/x-ale"
    if start.startswith(("TITLE:", "FCM:")) and (_EDL_EVENT.search(text) or suffix == ".edl"):
        return "application/x-edl"
    if start.startswith("BagIt-Version:") or _CHECKSUMS.match(start):
        return "text/x-checksums"
    return _TABLES.get(suffix, "text/plain")


def _markup_type(start: str) -> str | None:
    rest = start
    while prologue := _PROLOGUE.match(rest):
        rest = rest[prologue.end() :]
    root = _ROOT.match(rest.lstrip())
    if root is None:
        return "application/xml" if start.startswith(("<?xml", "<!")) else "text/plain"
    return None if root[1] == "svg" else _ROOTS.get(root[1], "application/xml")
