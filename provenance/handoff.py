"""The hand-off to training: an admission whose items can be read, that ends in time, and that leaves a receipt.

`provenance.admit(...)` is `for_training` of this module.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.admit import Admission, TrustedKeys, admit, read_policy
from provenance.captioning import Standing, standing
from provenance.dataset import ledger as chains
from provenance.dataset import receipt as receipts
from provenance.dataset.index import load_table
from provenance.dataset.receipt import Part, Receipt, Terms
from provenance.dataset.store import Store
from provenance.model.errors import UnlicensedError, UsageError
from provenance.model.names import raw
from provenance.model.words import Kind
from provenance.rights.policy import Policy
from provenance.training.captions import Captions, load_captions
from provenance.training.material import Material
from provenance.training.places import load_places
from provenance.training.watch import Watch

if TYPE_CHECKING:
    from provenance.training.torch_data import AdmittedItems, IterableItems

NAMED = 3  # assets that a refusal names


class NoticeWarning(UserWarning):
    """Something that a person should know, such as a key that is trusted because it is the first one seen."""


class RevokedWarning(UserWarning):
    """Items that were admitted are refused now, and left out from here on."""


@dataclass(frozen=True)
class Question:
    """What was asked for training, so that it can be asked again: see `for_training`."""

    dataset: str
    policy: Policy
    version: int | None
    ledger: str | None
    trusted_keys: TrustedKeys | None
    kinds: frozenset[Kind]
    under: str
    on_unlicensed: str
    receipt: str | None


@dataclass(frozen=True)
class TrainingAdmission(Admission):
    """An admission to train on. scope: which items it is about, bool[items]. earlier: what the run has read before.

    standing: captions that go with its pictures, and those that may not; None where there are none.
    """

    question: Question
    scope: npt.NDArray[np.bool_]
    earlier: tuple[Part, ...] = ()
    standing: Standing | None = None

    @property
    def valid_until(self) -> dt.datetime | None:
        """As for every admission; what captions were taken from counts too."""
        ends = [super().valid_until]
        if self.standing is not None and self.standing.until is not None and self.policy.on is None:
            ends.append(dt.datetime.combine(self.standing.until, dt.time(), dt.UTC))
        return min((end for end in ends if end is not None), default=None)

    @property
    def captions(self) -> Captions | None:
        return self.standing.captions if self.standing is not None else None

    def captioned(self, standing: Standing) -> TrainingAdmission:
        """Return the same admission with other captions."""
        return replace(self, standing=standing)

    @cached_property
    def admitted(self) -> npt.NDArray[np.int64]:
        """The index rows that training gets, rising: cleared, asked about, and of copies the best only, as the policy
        wants it.
        """
        return self.once(np.flatnonzero(self.verdicts.cleared & self.scope))

    @cached_property
    def material(self) -> Material:
        """The admitted items, to be read, with the record of what is read."""
        store = self.dataset.store
        watch = Watch(self.moment, self.valid_until, self._ask_again)
        places = load_places(store, self.version, self.admitted)
        captions = self.captions
        sources = load_places(store, self.version, captions.scripts) if captions is not None else None
        return Material(store, self.terms, places, watch, self.question.receipt, self.earlier, captions, sources)

    @property
    def terms(self) -> Terms:
        """The decision, as a receipt tells it."""
        return Terms(
            dataset=self.dataset.id,
            version=self.version.number,
            version_digest=self.version.digest,
            index=self.version.content.tables["index"].sha256,
            rows=self.version.rows,
            admitted=len(self.rows),
            gate=receipts.GATE,
            decided=self.moment,
            ledger=self.book.head,
            policy=self.policy.to_json(),
            policy_digest=self.policy.digest,
            on=self.on,
            valid_until=self.valid_until,
        )

    def torch(self, kind: Kind | str | None = None, **how: Any) -> AdmittedItems:
        """Return the items of a kind as a map-style torch dataset; see `training.torch_data.AdmittedItems`."""
        return self.material.torch(kind, **how)

    def iterable(self, kind: Kind | str | None = None, **how: Any) -> IterableItems:
        """Return them as a torch stream that splits itself by rank and worker; see `training.torch_data`."""
        return self.material.iterable(kind, **how)

    def hf(self, kind: Kind | str | None = None) -> Any:
        """Return them as a `datasets.Dataset`; no payload is copied. See `training.adapters.hugging_face`."""
        return self.material.hf(kind)

    def arrow_batches(self, kind: Kind | str | None = None, **how: Any) -> Iterator[pa.RecordBatch]:
        """Yield the admitted rows with their columns, as Arrow; see `training.adapters.arrow_batches`."""
        return self.material.arrow_batches(kind, **how)

    def write_receipt(self, path: str | Path | None = None, **what: Any) -> Receipt:
        """Sign what was read until now, and put it at `path` or beside the model; see `Material.write_receipt`."""
        return self.material.write_receipt(path, **what)

    def refresh(self) -> TrainingAdmission:
        """Return the admission asked anew today, of the same version. What was read until now stays in its receipts.

        Items that are refused now: UnlicensedError, or a RevokedWarning where the unlicensed are dropped.
        """
        fresh = _ask(replace(self.question, version=self.version.number))
        refused = self._refused_now(fresh)
        if refused is not None:
            if self.question.on_unlicensed == "raise":
                raise refused
            warnings.warn(f"left out from here on: {refused.what}", RevokedWarning, stacklevel=2)
        return replace(fresh, earlier=self.material.parts())

    def _ask_again(self, ended: bool) -> dt.datetime | None:
        """Return until when the admission holds, once nothing that it admitted is refused today. For Watch."""
        terms = self.material.terms
        numbers = Store(self.question.ledger or self.question.dataset).numbers(chains.FOLDER)
        if not ended and terms.ledger is not None and numbers[-1:] == [terms.ledger["number"]]:
            return terms.valid_until
        fresh = _ask(replace(self.question, version=self.version.number))
        refused = self._refused_now(fresh)
        if refused is not None:
            raise refused
        self.material.terms = fresh.terms  # all that was read is cleared under the newer head too
        return fresh.valid_until

    def _refused_now(self, fresh: TrainingAdmission) -> UnlicensedError | None:
        gone = np.setdiff1d(self.material.places.row, fresh.rows, assume_unique=True)
        if len(gone):
            return unlicensed(fresh, gone, "that were admitted are refused now")
        lost = (
            fresh.standing is not None
            and self.captions is not None
            and len(fresh.standing.captions) < len(self.captions)
        )
        return unlicensed_captions(fresh) if lost else None


def for_training(
    dataset: str | Path,
    policy: Policy | str | Path,
    *,
    ledger: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
    receipt: str | Path | None = None,
    on_unlicensed: str = "raise",
    version: int | None = None,
    kinds: Collection[Kind | str] = tuple(Kind),
    under: str = "",
    notify: Callable[[str], object] | None = None,
) -> TrainingAdmission:
    """Return the admission of a dataset or release, to train on. UnlicensedError while anything in it is unlicensed.

    policy: one, or the TOML file of one. ledger: the folder with the current ledger, where the dataset does not hold it
    itself, as a release does not. trusted_keys: by role, for what this machine has not seen. receipt: a first receipt
    is written here, and beside it the record of what is read is kept; ranks of one machine share it. on_unlicensed:
    "drop" leaves out, and counts by reason. kinds, under: what it is about, by kind and by how the asset's path begins;
    the rest is neither asked for nor admitted. notify: is told what a person should know; by default a NoticeWarning.
    Other errors as `admit`.
    """
    if on_unlicensed not in ("raise", "drop"):
        raise UsageError(f'on_unlicensed is "raise" or "drop", not "{on_unlicensed}"')
    question = Question(
        dataset=str(dataset),
        policy=policy if isinstance(policy, Policy) else read_policy(policy),
        version=version,
        ledger=str(ledger) if ledger is not None else None,
        trusted_keys=trusted_keys,
        kinds=frozenset(map(Kind, kinds)),
        under=under,
        on_unlicensed=on_unlicensed,
        receipt=str(receipt) if receipt is not None else None,
    )
    admission = _ask(question)
    for notice in admission.notices:
        notify(notice) if notify is not None else warnings.warn(notice, NoticeWarning, stacklevel=3)
    refused = np.flatnonzero(admission.scope & ~admission.verdicts.cleared)
    if on_unlicensed == "raise" and len(refused):
        raise unlicensed(admission, refused, "are not licensed")
    if on_unlicensed == "raise" and admission.standing is not None and admission.standing.named is not None:
        raise unlicensed_captions(admission)
    if receipt is not None:
        admission.write_receipt(receipt)
    return admission


def unlicensed_captions(admission: TrainingAdmission) -> UnlicensedError:
    """Return the refusal of captions whose sources are not licensed, naming the first."""
    assert admission.standing is not None and admission.standing.named is not None
    row, why = admission.standing.named
    asset = int(_column(admission, "index", "asset")[row].as_py())
    shown = _column(admission, "assets", "asset")[asset].as_py()
    return UnlicensedError(
        f"{sum(admission.standing.withheld.values())} captions may not go with their pictures: that of {shown} ({why})",
        where=str(admission.dataset.store.root),
        next_step='on_unlicensed="drop" leaves these captions out',
    )


def unlicensed(admission: Admission, rows: npt.NDArray[np.int64], what: str) -> UnlicensedError:
    """Return the refusal that names the first assets of these index rows, each with its reasons."""
    asset = _column(admission, "index", "asset").to_numpy()[rows]
    shown = _column(admission, "assets", "asset")
    _, first = np.unique(asset, return_index=True)
    named = []
    for at in np.sort(first)[:NAMED].tolist():
        verdict = admission.verdicts.verdicts[int(admission.verdicts.of_item[rows[at]])]
        reasons = ", ".join(reason.value for reason in verdict.reasons)
        named.append(f"{shown[int(asset[at])].as_py()} ({reasons})")
    more = f" and {len(first) - NAMED} more assets" if len(first) > NAMED else ""
    return UnlicensedError(
        f"{len(rows)} items {what}: {', '.join(named)}{more}",
        where=str(admission.dataset.store.root),
        next_step='provenance explain DATASET PATH tells why; on_unlicensed="drop" leaves them out',
    )


def _ask(question: Question) -> TrainingAdmission:
    found = admit(
        question.dataset,
        question.policy,
        version=question.version,
        ledger=question.ledger,
        trusted_keys=question.trusted_keys,
    )
    told = {field.name: getattr(found, field.name) for field in fields(Admission)}
    scope, captions = _scope(found, question), load_captions(found.dataset.store, found.version)
    if captions is None:
        return TrainingAdmission(**told, question=question, scope=scope)
    about = captions.take(scope[captions.row] & found.verdicts.cleared[captions.row])
    return TrainingAdmission(**told, question=question, scope=scope, standing=standing(found, about))


def _scope(admission: Admission, question: Question) -> npt.NDArray[np.bool_]:
    """Return which items are asked about, bool[items]."""
    scope = np.ones(admission.version.rows, bool)
    if question.kinds != frozenset(Kind):
        wanted = np.array([shard.kind in question.kinds for shard in admission.version.content.shards], bool)
        scope &= wanted[_column(admission, "index", "shard").to_numpy()]
    if question.under:
        try:
            begins = raw(question.under)
        except ValueError as error:
            raise UsageError("is no path as `provenance admit --list` shows it", where=question.under) from error
        paths = _column(admission, "assets", "asset_path").to_pylist()
        inside = np.array([path.startswith(begins) for path in paths], bool)
        scope &= inside[_column(admission, "index", "asset").to_numpy()]
    return scope


def _column(admission: Admission, table: str, column: str) -> pa.ChunkedArray:
    info, opened = admission.version.content.tables[table], admission.dataset
    return load_table(opened.store, table, info, opened.id, [column]).column(0)
