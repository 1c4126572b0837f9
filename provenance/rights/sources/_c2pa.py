"""Content credentials (C2PA, CAWG): what they say of training and mining, and whether they still fit the file.

The store is read by our own bounded reader, in every container, with or without the `[c2pa]` extra: a credential that a
library refuses as invalid must still give up its opt-out. Nothing is ever fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from provenance.model.words import Signal
from provenance.rights.sources import _c2pa_proof, _jumbf
from provenance.rights.sources._cbor import CborError, decode
from provenance.rights.sources._jumbf import JumbfError, Superbox
from provenance.rights.sources._text import clean

MAX_MANIFESTS = 256
MAX_ENTRIES = 64
TRAINING = ("c2pa.training-mining", "cawg.training-mining")
_COMPRESSED = b"c2cm"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest of a store, newest last; `active` is the one that speaks for the file itself."""

    box: Superbox
    active: bool

    @property
    def where(self) -> str:
        return "c2pa" if self.active else f"c2pa-ingredient:{clean(self.box.label, 120)}"


def signals(store: bytes, file: BinaryIO, size: int) -> Iterator[Signal]:
    """Yield what a credential store says: training entries of every manifest, then one `c2pa.validation`.

    Entries come first and whatever the proof says, so that a tampered credential keeps its opt-out. JumbfError when the
    store cannot be read at all.
    """
    root = _jumbf.read(store)
    if root.label != "c2pa":
        return
    boxes = root.children[-MAX_MANIFESTS:]
    if not boxes:
        raise JumbfError("a credential store without a manifest")
    if any(box.kind.startswith(_COMPRESSED) for box in boxes):
        yield Signal(
            "unreadable-metadata", "a content credential holds a compressed manifest, which is not read", "c2pa"
        )
    manifests = [Manifest(box, box is boxes[-1]) for box in boxes]
    for manifest in manifests:
        yield from _training(manifest)
    proof = _c2pa_proof.prove([manifest.box for manifest in manifests], file, size)
    detail: dict[str, Any] = {"manifest": clean(boxes[-1].label, 200)}
    if proof.problems:
        detail["problems"] = list(proof.problems)
    if proof.unchecked:
        detail["unchecked"] = list(proof.unchecked)
    if proof.signer_sha256:
        detail["signer_sha256"] = proof.signer_sha256
    value = "broken" if proof.problems else "unchecked" if proof.unchecked else "valid"
    yield Signal("c2pa.validation", value, "c2pa", detail)


def _training(manifest: Manifest) -> Iterator[Signal]:
    store = manifest.box.child("c2pa.assertions")
    for assertion in store.children if store else ():
        base = assertion.label.split("__", 1)[0]
        if base not in TRAINING:
            continue
        try:
            body = _body(assertion)
            entries = body["entries"]
            found = list(entries.items())
        except (CborError, ValueError, KeyError, TypeError, AttributeError):
            # An unreadable assertion of this name is still somebody's word on training: a person reads it.
            yield Signal(base, "unreadable", manifest.where, {"entry": "*"})
            continue
        if len(found) > MAX_ENTRIES:
            yield Signal(base, "unreadable", manifest.where, {"entry": "*"})
        for name, entry in found[:MAX_ENTRIES]:
            yield _entry(base, manifest.where, name, entry)


def _entry(standard: str, where: str, name: Any, entry: Any) -> Signal:
    fields = entry if isinstance(entry, dict) else {"use": entry}
    use = fields.get("use")
    detail: dict[str, Any] = {"entry": clean(str(name), 100)}
    # CAWG writes constraint_info; older tools wrote constraints_info.
    constraint = fields.get("constraint_info") or fields.get("constraints_info")
    if isinstance(constraint, str) and constraint.strip():
        detail["constraint_info"] = clean(constraint, 500)
    return Signal(standard, clean(use, 100) if isinstance(use, str) else "unreadable", where, detail)


def _body(assertion: Superbox) -> Any:
    cbor = assertion.box(b"cbor")
    if cbor is not None:
        return decode(cbor)
    plain = assertion.box(b"json")
    if plain is None:
        raise ValueError("neither CBOR nor JSON")
    try:
        return json.loads(bytes(plain).rstrip(b"\0"))
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
