"""BagIt: RFC 8493 (version 1.0), and 0.93 to 0.97 before it.

Nothing is fetched: files that `fetch.txt` promises and that are not there are told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provenance.archive.hashing import ALGORITHMS
from provenance.archive.sealed import CustodyList, Entry, Place, below, digest_of
from provenance.model.names import display

MARK = b"bagit.txt"
_MANIFEST = re.compile(rb"(tag)?manifest-([A-Za-z0-9-]{1,20})\.txt")
_VERSION = re.compile(r"BagIt-Version:\s*(\d+)\.(\d+)\s*")
_ENCODING = re.compile(r"Tag-File-Character-Encoding:\s*(\S+)\s*")
_OXUM = re.compile(r"(?im)^Payload-Oxum\s*:\s*(\d{1,18})\.(\d{1,18})\s*$")
_LINE = re.compile(r"([^\s]+)[ \t]+\*?(.+)", re.DOTALL)
_FETCH = re.compile(r"\S+[ \t]+(?:\d+|-)[ \t]+(.+)", re.DOTALL)
# Not whatever Python knows: some of its codecs are no character sets, and the locked child cannot load any late.
_ENCODINGS = {"utf-8", "utf-16", "utf-16be", "utf-16le", "iso-8859-1", "us-ascii", "windows-1252"}
_NEWEST = (1, 0)


def is_bag_file(name: bytes) -> bool:
    return name in (MARK, b"bag-info.txt", b"fetch.txt") or _MANIFEST.fullmatch(name) is not None


def read_bag(place: Place, files: Mapping[bytes, bytes]) -> CustodyList:
    """Return what a bag's tag files say, from their bytes by path. Never raises: damage is a finding."""
    bag = CustodyList("bagit", place.root, whole=b"data/")
    prefix = place.root + b"/" if place.root else b""
    named = {path[len(prefix) :]: data for path, data in files.items()}
    version, encoding = _declaration(named.get(MARK), display(prefix + MARK), bag)
    listed: dict[bytes, set[bytes]] = {}
    for name, data in sorted(named.items()):
        match = _MANIFEST.fullmatch(name)
        if match is None:
            continue
        where = display(prefix + name)
        algorithm = match[2].decode().lower().replace("-", "")
        if algorithm not in ALGORITHMS:
            bag.note("algorithm", f"manifests of {algorithm} are not known here; not used", where)
            continue
        paths = _manifest(_text(data, encoding, where, bag), algorithm, where, bag, version, payload=match[1] is None)
        if match[1] is None:
            listed[name] = paths
    if not listed:
        bag.note("no-manifest", "a bag without a payload manifest that could be read", place.display)
    if version >= (1, 0):
        everything = set().union(*listed.values())
        for name, paths in listed.items():
            for path in sorted(everything - paths):
                bag.note("not-in-every-manifest", f"{display(path)} is not listed", display(prefix + name))
    if b"bag-info.txt" in named:
        oxum = _OXUM.search(_text(named[b"bag-info.txt"], encoding, display(prefix + b"bag-info.txt"), bag))
        bag.oxum = (int(oxum[1]), int(oxum[2])) if oxum else None
    if b"fetch.txt" in named:
        where = display(prefix + b"fetch.txt")
        bag.fetched = frozenset(_promised(_text(named[b"fetch.txt"], encoding, where, bag), where, bag, version))
    return bag


def _declaration(data: bytes | None, where: str, bag: CustodyList) -> tuple[tuple[int, int], str]:
    """Return version and encoding as `bagit.txt` gives them; what is wrong with it is told, and taken as 1.0, UTF-8."""
    if data is None:
        bag.note("no-declaration", "a bag without bagit.txt is not valid", where)
        return _NEWEST, "utf-8"
    lines = _text(data, "utf-8", where, bag).splitlines()
    version = _VERSION.fullmatch(lines[0]) if lines else None
    encoding = _ENCODING.fullmatch(lines[1]) if len(lines) > 1 else None
    if data.startswith(b"\xef\xbb\xbf") or version is None or encoding is None or len(lines) != 2:
        bag.note(
            "declaration", "bagit.txt must give the version and the encoding, in two lines and without a BOM", where
        )
    number = (int(version[1]), int(version[2])) if version else _NEWEST
    if number > _NEWEST or number < (0, 93):
        bag.note("version", f"version {number[0]}.{number[1]} is not known here; read as 1.0", where)
        number = _NEWEST
    name = encoding[1].lower() if encoding else "utf-8"
    if name not in _ENCODINGS:
        bag.note("encoding", f"the encoding {name[:40]!r} is not taken; read as UTF-8", where)
        name = "utf-8"
    return number, name


def _manifest(
    text: str, algorithm: str, where: str, bag: CustodyList, version: tuple[int, int], *, payload: bool
) -> set[bytes]:
    paths: set[bytes] = set()
    for line in _lines(text):
        match = _LINE.fullmatch(line)
        digest = digest_of(algorithm, match[1]) if match else None
        if match is None or digest is None:
            bag.note("bad-digest", f"the line {line[:100]!r} does not hold a {algorithm} and a path", where)
            continue
        path = _listed(match[2], bag, where, version)
        if path is None:
            continue
        if path[len(bag.root) + bool(bag.root) :].startswith(b"data/") != payload:
            kind = "outside" if payload else "inside"
            bag.note("misplaced", f"{display(path)} lies {kind} the payload folder `data`; not used", where)
            continue
        if path in paths:
            bag.note("listed-twice", f"{display(path)} is listed twice", where)
        paths.add(path)
        bag.add(path, Entry(algorithm, digest, f"bagit:{where}"))
    return paths


def _promised(text: str, where: str, bag: CustodyList, version: tuple[int, int]) -> Iterator[bytes]:
    """Yield the paths of fetch.txt. Its addresses are neither kept nor shown: they may hold credentials."""
    for number, line in enumerate(_lines(text), 1):
        match = _FETCH.fullmatch(line)
        if match is None:
            bag.note("fetch", f"line {number} does not hold an address, a length and a path", where)
            continue
        path = _listed(match[1], bag, where, version)
        if path is not None:
            yield path


def _listed(text: str, bag: CustodyList, where: str, version: tuple[int, int]) -> bytes | None:
    plain = re.sub("%0[Aa]", "\n", re.sub("%0[Dd]", "\r", text))
    plain = plain.replace("%25", "%") if version >= (1, 0) else plain
    path = below(bag.root, plain.encode("utf-8", "surrogateescape"))
    if path is None:
        bag.note("path-escapes", f"the path {text[:200]!r} leads out of the bag; not used", where)
    return path


def _lines(text: str) -> Iterator[str]:
    """Yield the lines that are not blank; CR, LF and CRLF end one, and no other character does."""
    for line in re.split("\r\n|\r|\n", text):
        if line.strip():
            yield line


def _text(data: bytes, encoding: str, where: str, bag: CustodyList) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        bag.note("encoding", f"not {encoding} as bagit.txt says; read byte by byte", where)
        return data.decode("utf-8", "surrogateescape")
