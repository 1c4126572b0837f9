"""The keys of all readers: what names a unit's result beside the bytes. Asked of their sources, so none is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.media import shelf
from provenance.model.declared import declared
from provenance.model.words import canonical_json, sha256_hex


def toolset(options: shelf.Options) -> list[str]:
    """Return the key of every medium under these options, and the versions of what is read from all of them."""
    (signals,) = declared("provenance.rights.sources.signals", "VERSION")
    (fingerprints,) = declared("provenance.fingerprint.picture", "VERSION")
    return [shelf.key(label, options) for label in shelf.labels()] + [
        f"signals/{signals}",
        f"fingerprints/{fingerprints}",
    ]


def near_rule(toolset: Sequence[str]) -> str:
    """Return the name of what makes near groups: the rule, and the readers whose fingerprints it is given."""
    (name,) = declared("provenance.building.neargroups", "NAME")
    return f"{name}/{sha256_hex(canonical_json(list(toolset)))[:16]}"
