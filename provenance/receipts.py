"""Receipts checked: is it signed, do the history and the ledger say the same, was every item that it lists admitted?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provenance import deskwords, rightsdesk
from provenance.admit import RELEASE, TrustedKeys
from provenance.dataset import receipt as receipts
from provenance.dataset.index import digests, load_table
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.receipt import Part, Receipt
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import Version
from provenance.judgement import prepare
from provenance.model import clock
from provenance.model.errors import MissingError
from provenance.model.words import canonical_json, sha256_hex
from provenance.rights import ledger, policy
from provenance.rights.codec import DecodeError
from provenance.rights.ledger import LedgerState
from provenance.rightsdesk import Book
from provenance.training.material import file_digest, trusted_signers


@dataclass(frozen=True)
class Checked:
    """What a receipt amounts to. problems: why it cannot stand; empty for a good one. notes: what to know besides.

    recomputed: how many of its parts were asked of the gate again, on the day and ledger that they name. read: items.
    refused_today: index rows that were read and that the gate refuses today, by part; only of recomputed ones.
    """

    receipt: Receipt
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    recomputed: int = 0
    refused_today: Mapping[int, tuple[int, ...]] | None = None

    @property
    def good(self) -> bool:
        return not self.problems

    @property
    def read(self) -> int:
        return sum(len(part.read) for part in self.receipt.parts)

    def as_json(self) -> dict[str, Any]:
        return {
            "good": self.good,
            "digest": self.receipt.digest,
            "created": clock.stamp(self.receipt.created),
            "model": self.receipt.model[0] if self.receipt.model is not None else None,
            "read": self.read,
            "parts": len(self.receipt.parts),
            "recomputed": self.recomputed,
            "refused_today": sum(len(rows) for rows in (self.refused_today or {}).values()),
            "problems": list(self.problems),
            "captions": dict(self.receipt.captions) if self.receipt.captions is not None else None,
            "notes": list(self.notes),
        }


def verify_receipt(
    receipt: str | Path,
    datasets: Sequence[str | Path] = (),
    *,
    ledger_at: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
) -> Checked:
    """Return what a receipt amounts to, recomputed from every dataset or release given that it names.

    1 it is signed by a key that is trusted for training   2 every part came through the gate
    3 its version and its ledger head are in the verified histories   4 the policy has the digest that is told
    5 the gate, asked again as of then, clears every item that was read, and as many as are told
    6 the items of the rows that were read have the digest that is told
    ledger_at: the folder with the ledger, for a release. BadSignatureError, SchemaError when it is no receipt at all.
    """
    trust = Trust()
    keys = trusted_signers((trusted_keys or {}).get(Role.TRAIN, ()))
    found = receipts.read(receipt, keys)  # 1
    problems, notes, refused = list[str](), list[str](), dict[int, tuple[int, ...]]()
    books = {}
    for place in datasets:
        opened = open_dataset(place, trust=trust, trusted=trusted_keys)
        release = opened.head.content.options.get(RELEASE)
        store = Store(ledger_at) if ledger_at is not None else opened.store
        source = release["dataset"] if release is not None else opened.id
        books[opened.id] = opened, rightsdesk.read_book(store, source, trust, trusted_keys)
    recomputed = 0
    for number, part in enumerate(found.parts, 1):
        name = f"part {number}"
        if part.terms.gate != receipts.GATE:  # 2
            problems.append(f"{name} was read through {part.terms.gate}: nobody asked whether it may be used")
            continue
        if part.terms.dataset not in books:
            notes.append(f"{name} is of dataset {part.terms.dataset[:16]}, which was not given: not recomputed")
            continue
        told = _part(part, *books[part.terms.dataset], trust.moment(), refused, number)
        problems += [f"{name}: {each}" for each in told]
        recomputed += 1
    if found.captions is not None:
        source, digest = found.captions.get("source"), str(found.captions.get("sha256"))
        notes.append(
            f"captions came from {source} (SHA-256 {digest[:16]}); texts of unknown origin in it were not judged"
        )
    revoked = sum(map(len, refused.values()))
    if revoked:
        notes.append(f"{revoked} of the items read are refused today; provenance impact says what follows")
    return Checked(found, tuple(problems), tuple(notes), recomputed, refused)


def verify_model(
    model: str | Path,
    datasets: Sequence[str | Path] = (),
    *,
    receipt: str | Path | None = None,
    ledger_at: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
) -> Checked:
    """Return what the receipt of a model file amounts to: the one beside it, unless another is named.

    A problem when it is not of these bytes. MissingError without a receipt; otherwise as `verify_receipt`.
    """
    place = Path(receipt) if receipt is not None else Path(f"{model}{receipts.SUFFIX}")
    digest = file_digest(model)
    if not place.exists():
        raise MissingError(
            "has no receipt: nobody knows what it was trained on",
            where=str(model),
            next_step=f"find {place.name}, or train it again through provenance.admit",
        )
    checked = verify_receipt(place, datasets, ledger_at=ledger_at, trusted_keys=trusted_keys)
    if checked.receipt.model is None or checked.receipt.model[1] != digest:
        problem = f"the receipt is not of this model file: it tells of {_told(checked.receipt)}"
        return Checked(
            checked.receipt, (problem, *checked.problems), checked.notes, checked.recomputed, checked.refused_today
        )
    return checked


def _told(receipt: Receipt) -> str:
    return f"{receipt.model[0]}, sha256 {receipt.model[1][:16]}" if receipt.model is not None else "no model at all"


def _part(
    part: Part, opened: Opened, book: Book, today: dt.datetime, refused: dict[int, tuple[int, ...]], number: int
) -> list[str]:
    """Return what is wrong with one part; note in `refused` what today's ledger refuses of it."""
    terms = part.terms
    if (
        not 1 <= terms.version <= len(opened.entries)
        or opened.entries[terms.version - 1].digest != terms.version_digest
    ):
        return [f"the dataset has no such version {terms.version}"]  # 3
    version = opened.version(terms.version)
    if version.content.tables["index"].sha256 != terms.index or version.rows != terms.rows:
        return ["it tells of another index than that of the version"]
    state = _state(book, terms.ledger)
    if state is None:
        return ["the ledger has no such head"]
    try:
        asked = policy.from_json(terms.policy)
    except DecodeError as error:
        return [f"the policy cannot be understood ({error})"]
    if sha256_hex(canonical_json(terms.policy)) != terms.policy_digest or asked.digest != terms.policy_digest:  # 4
        return ["the policy is not the one whose digest is told"]
    if terms.on != asked.moment(terms.decided.date()):
        return ["the day that counted is not that of the decision"]
    problems = []
    if state.valid_until is not None and terms.decided > state.valid_until:
        problems.append("the ledger was stale when it was asked")
    read = part.read
    cleared = _cleared(opened, version, state, asked, terms.decided.date())  # 5
    beyond = np.count_nonzero(~cleared[read])
    if beyond:
        problems.append(f"{beyond} of the items read were not cleared")
    if np.count_nonzero(cleared) != terms.admitted:
        problems.append(f"{np.count_nonzero(cleared)} items were cleared, {terms.admitted} are told")
    ids = load_table(opened.store, "index", version.content.tables["index"], opened.id, ["item_id"]).column(0)
    if receipts.items_digest(digests(ids)[read]) != part.items:  # 6
        problems.append("the items of these rows are not the ones whose digest is told")
    now = _cleared(opened, version, book.state, asked, today.date())
    gone = read[~now[read]]
    if len(gone):
        refused[number] = tuple(gone.tolist())
    return problems


def _state(book: Book, told: Mapping[str, Any] | None) -> LedgerState | None:
    """Return what the ledger amounted to at the head that a receipt names; None when it never had this head."""
    if told is None or set(told) != {"number", "digest"} or type(told["number"]) is not int:
        return None
    number = told["number"]
    if not 1 <= number <= len(book.entries) or book.entries[number - 1].digest != told["digest"]:
        return None
    return ledger.fold(deskwords.told(entry) for entry in book.entries[:number])


def _cleared(opened: Opened, version: Version, state: LedgerState, asked: policy.Policy, on: dt.date) -> Any:
    return prepare(opened, version, state, asked).decide(asked, on).cleared
