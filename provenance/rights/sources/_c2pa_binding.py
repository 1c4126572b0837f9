"""The hard binding of a content credential: the hash of the file's own bytes, without the credential.

Known here: `c2pa.hash.data` (byte ranges left out) in any container, and `c2pa.hash.bmff` versions 1 to 3 without
Merkle trees (boxes left out) in MP4, MOV, HEIF and AVIF. Other bindings (box hashes, collections, fragments) are told
apart as unchecked, never as valid.
"""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, Protocol

from provenance.rights.sources._cbor import decode
from provenance.rights.sources._isobmff import Box, boxes
from provenance.rights.sources._jumbf import Superbox

CHUNK = 1 << 20
MAX_EXCLUSIONS = 4096


class Mismatch(Exception):
    """The file's bytes are not those that were signed."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def check(manifest: Superbox, claim: dict[str, Any], file: BinaryIO, size: int) -> list[str]:
    """Return what could not be checked, empty when every binding matches. Mismatch when one does not."""
    store = manifest.child("c2pa.assertions")
    bindings = [box for box in (store.children if store else ()) if box.label.startswith("c2pa.hash.")]
    if not bindings:
        return ["no hard binding"]
    unchecked = []
    for box in bindings:
        raw = box.box(b"cbor")
        base = box.label.split("__", 1)[0]
        if base == "c2pa.hash.data" and raw is not None:
            _data_hash(decode(raw), claim, file, size)
        elif base.startswith("c2pa.hash.bmff") and raw is not None:
            version = int(base[len("c2pa.hash.bmff.v") :] or 1) if ".v" in base else 1
            unchecked.extend(_bmff_hash(decode(raw), claim, version, file, size))
        else:
            unchecked.append(f"binding {base[:60]}")
    return unchecked


def _new(body: dict[str, Any], claim: dict[str, Any]) -> _Hash:
    name = body.get("alg") or claim.get("alg")
    if name not in ("sha256", "sha384", "sha512"):
        raise Mismatch("no known hash algorithm is named")
    return hashlib.new(name)


def _feed(state: _Hash, file: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    while start < end:
        data = file.read(min(CHUNK, end - start))
        if not data:
            raise Mismatch("the file is shorter than what was signed")
        state.update(data)
        start += len(data)


def _data_hash(body: dict[str, Any], claim: dict[str, Any], file: BinaryIO, size: int) -> None:
    state = _new(body, claim)
    at = 0
    spans = sorted((int(e["start"]), int(e["length"])) for e in body.get("exclusions") or [])[:MAX_EXCLUSIONS]
    for start, length in spans:
        if length < 0 or start < at or start + length > size:
            raise Mismatch("the credential leaves out bytes that the file does not have")
        _feed(state, file, at, start)
        at = start + length
    _feed(state, file, at, size)
    if state.digest() != body["hash"]:
        raise Mismatch("the file was changed after it was signed")


def _bmff_hash(body: dict[str, Any], claim: dict[str, Any], version: int, file: BinaryIO, size: int) -> list[str]:
    if body.get("merkle") or version not in (1, 2, 3):
        return ["a Merkle tree over fragments" if body.get("merkle") else f"binding bmff version {version}"]
    if any("[" in rule["xpath"] for rule in body.get("exclusions") or []):
        return ["a binding that counts boxes"]
    tree = boxes(file, 0, size)
    spans: list[tuple[int, int]] = []
    for rule in (body.get("exclusions") or [])[:MAX_EXCLUSIONS]:
        for box in tree:
            if box.path == rule["xpath"] and _fits(box, rule, file):
                for part in rule.get("subset") or [{"offset": 0, "length": 0}]:
                    start = box.start + int(part["offset"])
                    end = start + int(part["length"]) if part["length"] else box.end
                    if start < box.end:
                        spans.append((start, min(end, box.end)))
    # From version 2 on, the offset of each top-level box is hashed in front of it, so that boxes cannot be moved.
    heads = [box.start for box in tree if box.path.count("/") == 1] if version >= 2 else []
    whole = set(spans)
    ends = {box.start: box.end for box in tree if box.path.count("/") == 1}
    heads = [start for start in heads if (start, ends[start]) not in whole]
    state = _new(body, claim)
    at = 0
    for start, end, offset in sorted([(s, e, -1) for s, e in spans] + [(h, h, h) for h in heads]):
        if start > at:
            _feed(state, file, at, start)
            at = start
        if offset >= 0:
            state.update(offset.to_bytes(8, "big"))
        at = max(at, end)
    _feed(state, file, at, size)
    if state.digest() != body["hash"]:
        raise Mismatch("the file was changed after it was signed")
    return []


def _fits(box: Box, rule: dict[str, Any], file: BinaryIO) -> bool:
    """Whether a box is one that an exclusion rule means: its length, version, flags and bytes, where the rule asks."""
    if rule.get("length") is not None and rule["length"] != box.end - box.start:
        return False
    file.seek(box.body)
    full = file.read(4)
    if rule.get("version") is not None and full[:1] != bytes([rule["version"]]):
        return False
    flags = rule.get("flags")
    if flags is not None:
        wanted, found = int.from_bytes(bytes(flags), "big"), int.from_bytes(full[1:4], "big")
        if (found != wanted) if rule.get("exact", True) else (found & wanted != wanted):
            return False
    for part in rule.get("data") or []:
        file.seek(box.start + int(part["offset"]))
        if file.read(len(part["value"])) != part["value"]:
            return False
    return True
