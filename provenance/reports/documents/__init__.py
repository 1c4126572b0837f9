"""A shelf: a version told in the form of a standard or a law. One file each, found by `names`.

Each has NAME, SUFFIX (of its file), WITHOUT (what the form cannot express, in sentences, which stand in the document
too) and `write(subject) -> bytes`. Numbers come from the shards. What the dataset does not record is named as a blank
and never filled in. All are public. One with PRIVATE set has a private form as well, for which the archive is read.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from provenance.model.errors import UsageError


def names() -> dict[str, ModuleType]:
    """Return every document on the shelf by its name, in the order of the names."""
    found = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return {module.NAME: module for module in sorted(found, key=lambda module: str(module.NAME))}


def document(name: str) -> ModuleType:
    """Return a document by its name. UsageError names those there are."""
    known = names()
    if name not in known:
        raise UsageError(f"there is no document {name!r}", next_step=f"choose one of: all, {', '.join(known)}")
    return known[name]


def private(document: ModuleType) -> bool:
    """Whether a document has a private form too."""
    return bool(getattr(document, "PRIVATE", False))
