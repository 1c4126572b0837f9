"""SHELF: forms in which a release is handed over. A form is one module with these names.

PATTERN   where the files of a kind lie, for the card: "{kind}/*.tar"
LOADS     the kinds that `datasets.load_dataset` reads by the card, where they are in the release
HOW       how to read it otherwise, a line for the card; "" when there is nothing to say
features(kind, media_types, captioned) -> list | None
          the columns of a kind as a card tells them to `datasets`; None when it finds them by itself
write(store, release, kind, batches) -> list[Stored]
          puts the items of one kind as files of the store and returns them in order; each batch holds whole rows
          of `dataset.schema.PAYLOAD[kind]`. A form never asks what may be handed over: what it gets was admitted.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import pyarrow as pa

from provenance.dataset._sink import Stored
from provenance.dataset.store import Store
from provenance.model.errors import UsageError
from provenance.model.words import Kind


class Form(Protocol):
    PATTERN: str
    LOADS: frozenset[Kind]
    HOW: str

    def features(self, kind: Kind, media_types: Iterable[str], captioned: bool) -> list[dict[str, Any]] | None: ...

    def write(self, store: Store, release: str, kind: Kind, batches: Iterable[pa.RecordBatch]) -> Sequence[Stored]: ...


def names() -> list[str]:
    """Return the forms on the shelf."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))


def find(name: str) -> Form:
    """Return a form by name, or UsageError with the names there are."""
    if name not in names():
        raise UsageError(f"no release format is called {name!r}", next_step=f"choose one of: {', '.join(names())}")
    return cast(Form, importlib.import_module(f"{__name__}.{name}"))
