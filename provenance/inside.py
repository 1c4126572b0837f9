"""What runs inside the locked child: identify an asset, extract its items, read the rights signals in it.

The worker sends a job and open descriptors; this side streams back messages of a small JSON header and a body. It holds
no key, no dataset and no path, and what it says is checked again by the worker, who computes the payload's digest.

Messages, by `t`:

    identified  media_type, extractor (null for what no medium knows)
    signals     signals: list of in-file rights signals, verbatim
    item        kind, locator (canonical JSON), media_type, fields; the body is the payload, or nothing where that is
                the file itself (rendition `original`): the worker takes what it has hashed
    member      a container's member begins: path (hex)
    chunk       the body is the next piece of that member
    refused     a member that cannot be taken, begun or not: path (hex), cause, message
    custody     the body is a custody list as `custody.dump` wrote it
    done        note
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from provenance.archive import containers, custody, sidecars
from provenance.media import shelf
from provenance.model.errors import Quarantined
from provenance.model.words import ORIGINAL, Cause, Extract, Kind
from provenance.rights.sources import signals

Message = tuple[dict[str, Any], bytes]

_MEDIA = shelf.media()
_MOST_LIST_BYTES = 256 * 1024 * 1024


def preload() -> None:
    """Import now what extractors import late: after the lock no file can be opened, a Python module included."""
    for medium in _MEDIA:
        prepare = getattr(medium, "preload", None)
        if prepare is not None:
            prepare()
    for name in ("encodings.idna", "encodings.utf_16", "encodings.utf_32", "encodings.latin_1", "encodings.cp1252"):
        importlib.import_module(name)


def run(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[Message]:
    """Serve one job: `extract` (an asset), `members` (a container), `signals` (a sidecar) or `custody` (a list)."""
    if job["op"] == "extract":
        yield from _extract(job, files)
    elif job["op"] == "members":
        yield from _members(job, files[0])
    elif job["op"] == "custody":
        place = custody.Place(job["standard"], bytes.fromhex(job["root"]), tuple(map(bytes.fromhex, job["files"])))
        yield (
            {"t": "custody"},
            custody.dump(custody.read(place, dict(zip(place.files, map(_whole, files), strict=True)))),
        )
    elif job["op"] == "signals":
        name = job["names"][0]
        head = _head(files[0])
        found = signals.read(files[0], name, head, "application/rdf+xml" if name.endswith(".xmp") else "text/plain")
        yield {"t": "signals", "signals": [signal.as_json() for signal in found]}, b""
    else:
        raise ValueError(f"unknown job {job['op']!r}")


def _whole(file: BinaryIO) -> bytes:
    data = file.read(_MOST_LIST_BYTES + 1)
    if len(data) > _MOST_LIST_BYTES:
        raise Quarantined(Cause.BOMB, f"a custody list of more than {_MOST_LIST_BYTES} bytes")
    return data


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(shelf.HEAD_BYTES)
    file.seek(0)
    return head


def _extract(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[Message]:
    options = shelf.Options(**job["options"])
    head = _head(files[0])
    source = shelf.Source(tuple(files), tuple(job["names"]), tuple(job["sizes"]), head, tuple(job["numbers"]))
    if source.sizes[0] == 0:
        raise Quarantined(Cause.EMPTY, "the file has no bytes")
    left = sidecars.litter(source.name.encode("utf-8", "surrogatepass"), head[:8])
    if left is not None:
        yield {"t": "identified", "media_type": None, "extractor": None, "container": False}, b""
        yield {"t": "done", "note": left}, b""
        return
    found = shelf.identify(source, _MEDIA)
    if found is None:
        container = containers.sniff_container(head)
        if container is None:
            raise Quarantined(Cause.UNSUPPORTED, f"no extractor knows this content (first bytes {head[:8].hex()})")
        yield {"t": "identified", "media_type": container, "extractor": None, "container": True}, b""
        yield {"t": "done", "note": None}, b""
        return
    medium, media_type = found
    extractor = shelf.key(medium, options)
    yield {"t": "identified", "media_type": media_type, "extractor": extractor, "container": False}, b""
    for at, file in enumerate(files):
        found_signals = signals.read(file, source.names[at], head if at == 0 else _head(file), media_type)
        if found_signals:
            yield {"t": "signals", "signals": [signal.as_json() for signal in found_signals], "file": at}, b""
    for extract in medium.extract(source, options):
        yield _item(extract)
    note = getattr(medium, "note", None)
    yield {"t": "done", "note": note(source) if note is not None else None}, b""


def _item(extract: Extract) -> Message:
    fields = {
        name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in extract.fields.items()
    }
    header = {
        "t": "item",
        "kind": Kind(extract.kind).value,
        "locator": extract.locator.canonical(),
        "media_type": extract.media_type,
        "fields": fields,
    }
    return header, b"" if fields.get("rendition") == ORIGINAL else extract.payload


def _members(job: dict[str, Any], file: BinaryIO) -> Iterator[Message]:
    for member in containers.members(file, bytes.fromhex(job["name"])):
        path = {"path": member.path.hex()}
        try:
            if member.problem is not None:
                raise Quarantined(member.problem, member.sentence)
            yield {"t": "member"} | path, b""
            for chunk in member.chunks():
                yield {"t": "chunk"}, chunk
        except Quarantined as refusal:
            # One bad member is set aside by itself; the worker drops what it already had of it.
            yield {"t": "refused", "cause": refusal.cause.value, "message": refusal.what} | path, b""
    yield {"t": "done", "note": None}, b""
