"""What a decision of the gate hands to training: the admitted items, in every form, and the receipt of the reads."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from provenance.dataset import receipt as receipts
from provenance.dataset import signing
from provenance.dataset.receipt import Part, Receipt, Terms
from provenance.dataset.signing import PublicKey, Role
from provenance.dataset.store import Store
from provenance.model import clock
from provenance.model.errors import InputError, UsageError
from provenance.model.words import Kind, canonical_json, sha256_hex
from provenance.training import adapters
from provenance.training.captions import Captions
from provenance.training.places import Places
from provenance.training.reader import Reader
from provenance.training.reads import ReadLog
from provenance.training.watch import Watch

if TYPE_CHECKING:
    from provenance.training.torch_data import AdmittedItems, Decode, IterableItems, Sample


class Material:
    """The items of one decision. places: all that were admitted; terms: the decision, as a receipt tells it.

    reads: how the path of the record of what is read begins; None for a temporary file. earlier: what the same run has
    read under decisions before this one. captions: of the pictures; sources: places of the items they were taken from,
    which count as read with them.
    """

    def __init__(
        self,
        store: Store,
        terms: Terms,
        places: Places,
        watch: Watch,
        reads: str | None = None,
        earlier: Sequence[Part] = (),
        captions: Captions | None = None,
        sources: Places | None = None,
    ) -> None:
        self.store, self.terms, self.places, self.watch, self._earlier = store, terms, places, watch, tuple(earlier)
        self.captions, self._sources = captions, sources
        told = terms.as_json()
        identity = [told[name] for name in ("dataset", "version_digest", "ledger", "policy_digest", "gate")]
        digest = sha256_hex(canonical_json(identity))
        # Named by the decision: a run that goes on under another one keeps a record of its own beside it.
        self.log = ReadLog(f"{reads}.{digest[:16]}.reads" if reads is not None else None, terms.rows, digest)

    def of_kind(self, kind: Kind | str | None) -> Places:
        """Return the places of one kind; of the only one there is, when None. UsageError where that is not clear."""
        there = self.places.kinds
        if kind is None and len(there) == 1:
            kind = there[0]
        if kind not in list(Kind):
            named = f"no kind is called {kind!r}" if kind is not None else "there are items of several kinds, or none"
            raise UsageError(named, next_step=f"name one of {', '.join(there) or ', '.join(Kind)}")
        return self.places.of_kind(Kind(kind))

    def torch(
        self,
        kind: Kind | str | None = None,
        *,
        decode: Decode = "pil",
        transform: Callable[[Sample], Any] | None = None,
    ) -> AdmittedItems:
        """Return the items of a kind as a map-style torch dataset; see `torch_data.AdmittedItems`."""
        from provenance.training.torch_data import AdmittedItems

        reader = Reader(self.store.root, self.of_kind(kind))
        return AdmittedItems(reader, self.log, self.watch, decode, transform, self.captions)

    def iterable(self, kind: Kind | str | None = None, *, shuffle: int | None = None, **how: Any) -> IterableItems:
        """Return them as a torch stream that splits itself by rank and worker; see `torch_data.IterableItems`."""
        from provenance.training.torch_data import IterableItems

        return IterableItems(self.torch(kind, **how), shuffle)

    def hf(self, kind: Kind | str | None = None) -> Any:
        """Return them as a `datasets.Dataset` without a copy of the payloads; see `adapters.hugging_face`."""
        self.watch.require_law()
        return adapters.hugging_face(Reader(self.store.root, self.of_kind(kind)), self.log, self.watch, self.captions)

    def arrow_batches(
        self, kind: Kind | str | None = None, *, columns: Sequence[str] | None = None, rows: int = 256
    ) -> Iterator[pa.RecordBatch]:
        """Yield the admitted rows with their columns; see `adapters.arrow_batches`."""
        self.watch.require_law()
        places = self.of_kind(kind)
        dataset, captions = self.terms.dataset, self.captions
        return adapters.arrow_batches(self.store, dataset, places, self.log, self.watch, columns, rows, captions)

    def parts(self) -> tuple[Part, ...]:
        """Return what was read until now, by every process that shares the record, under this decision and earlier."""
        read, rows, ids = self.log.marked(), self.places.row, self.places.item_id
        if self._sources is not None:
            rows, first = np.unique(np.concatenate([rows, self._sources.row]), return_index=True)
            ids = np.concatenate([ids, self._sources.item_id])[first]
        return (*self._earlier, receipts.part_of(self.terms, read, ids[read[rows]]))

    def write_receipt(
        self,
        path: Path | str | None = None,
        *,
        model: Path | str | None = None,
        model_id: str | None = None,
        code: str | None = None,
        continues: Receipt | Path | str | None = None,
        captions: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Sign what was read until now and put it at `path`, at one stroke; by default beside the model file.

        model: the checkpoint it stands beside, whole by now. code: an id of the training code, by default the SHA-256
        of the program. continues: the receipt of the checkpoint this run went on from: its parts are carried. captions:
        where captions came from that no version brings, by digest.
        InputError when the model cannot be read, CommitError when the disk refuses.
        """
        if path is None:
            if model is None:
                raise UsageError("a receipt needs a path, or a model file to stand beside")
            path = f"{model}{receipts.SUFFIX}"
        key = signing.own_key(Role.TRAIN)
        before = receipts.read(continues, [key.public]) if isinstance(continues, (str, Path)) else continues
        receipt = Receipt(
            created=clock.now(),
            parts=(*(before.parts if before is not None else ()), *self.parts()),
            model=(Path(model).name, file_digest(model)) if model is not None else None,
            code=code if code is not None else _program(),
            model_id=model_id,
            continues=before.digest if before is not None else None,
            tool={"provenance": _version()},
            captions=captions,
        )
        return receipts.write(path, receipt, key)


def trusted_signers(named: Sequence[PublicKey] = ()) -> tuple[PublicKey, ...]:
    """Return whose receipts are believed: this person's own, and those named."""
    own = signing.home() / "keys" / f"{Role.TRAIN.value}.pem"
    return (*named, signing.own_key(Role.TRAIN).public) if own.exists() else tuple(named)


def file_digest(path: Path | str) -> str:
    """Return the SHA-256 of a file in hex. InputError."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _program() -> str | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return f"sha256:{file_digest(file)}" if file and os.path.isfile(file) else None


def _version() -> str:
    from provenance import __version__

    return __version__
