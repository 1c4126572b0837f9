"""The keys of all readers: what names a unit's result beside the bytes. Asked of their sources, so none is loaded."""

from __future__ import annotations

from provenance.media import shelf
from provenance.model.declared import declared


def toolset(options: shelf.Options) -> list[str]:
    """Return the key of every medium under these options, and the versions of what is read from all of them."""
    (signals,) = declared("provenance.rights.sources.signals", "VERSION")
    (fingerprints,) = declared("provenance.fingerprint.picture", "VERSION")
    return [shelf.key(label, options) for label in shelf.labels()] + [
        f"signals/{signals}",
        f"fingerprints/{fingerprints}",
    ]
