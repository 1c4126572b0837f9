"""A shelf: a version told in the form of a standard or a law. One file each, found by `names`.

Each has NAME, SUFFIX (of its file), WITHOUT (what the form cannot express, in sentences) and `write(subject) -> bytes`.
Numbers come from the shards. What the dataset does not record is named as a blank and never filled in.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from provenance.model.errors import UsageError


def names() -> dict[str, ModuleType]:
    """Return every document on the shelf by its name."""
    found = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return {module.NAME: module for module in found}


def document(name: str) -> ModuleType:
    """Return a document by its name. UsageError names those there are."""
    known = names()
    if name not in known:
        raise UsageError(f"there is no document {name!r}", next_step=f"choose one of: {', '.join(sorted(known))}")
    return known[name]
