"""Dataset, ledger and policy to an Admission: what training may have today, and why the rest may not.

Everything is verified before one row is judged: signatures and numbering, that neither dataset nor ledger is older than
this machine has seen, that the ledger's head is still good, and that the index is the one that was signed.

`admit` answers and counts. Training takes `handoff.for_training`, which is what `provenance.admit` calls.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance import rightsdesk
from provenance.dataset.index import load_table
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.signing import PublicKey, Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import Version
from provenance.dedup.groups import representatives
from provenance.judgement import prepare
from provenance.model import clock
from provenance.model.errors import InputError, RightsError
from provenance.rights import policy as policies
from provenance.rights.ledger import check_fresh
from provenance.rights.policy import Duplicates, Policy
from provenance.rights.reasons import Decision, Reason
from provenance.rights.statement import Alteration
from provenance.rights.verdicts import Verdicts
from provenance.rightsdesk import Book

RELEASE = "release"  # the option by which a version says that it is a release, and of which dataset

TrustedKeys = Mapping[Role, Sequence[PublicKey]]


@dataclass(frozen=True)
class Admission:
    """The answer for one policy, at one moment, against one ledger head.

    verdicts: for every item of the version, in the order of its index. notices: to show to people. exact_group,
    copy_group: for every item, the row of the first item with the same content, and of the first that it is a copy of.
    quality: of every item; more is better.
    """

    dataset: Opened
    version: Version
    book: Book
    policy: Policy
    moment: dt.datetime
    verdicts: Verdicts
    notices: tuple[str, ...]
    exact_group: npt.NDArray[np.int64]
    copy_group: npt.NDArray[np.int64]
    quality: npt.NDArray[np.int64]

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The index rows of the admitted items, rising."""
        return np.flatnonzero(self.verdicts.cleared)

    def once(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return of some admitted rows (rising) those that training takes: of each group of copies the best one.

        What counts as a copy is the policy's to say. A copy that is not among the rows never stands for one that is.
        """
        if self.policy.duplicates == Duplicates.KEEP:
            return rows
        near = self.policy.duplicates == Duplicates.NEAR
        return representatives(rows, self.copy_group if near else self.exact_group, self.quality)

    @property
    def on(self) -> dt.date:
        """The day that counted."""
        return self.policy.moment(self.moment.date())

    @property
    def valid_until(self) -> dt.datetime | None:
        """The earliest moment at which this answer could change: a verdict's day, or the end of the ledger's head."""
        days = self.verdicts.valid_until
        ends = [self.book.state.valid_until]
        if days is not None and self.policy.on is None:
            ends.append(dt.datetime.combine(days, dt.time(), dt.UTC))
        return min((end for end in ends if end is not None), default=None)

    def by_decision(self) -> dict[Decision, int]:
        """How many items are cleared, up for review, refused."""
        counts: Counter[Decision] = Counter()
        for verdict, count in zip(self.verdicts.verdicts, self.verdicts.counts.tolist(), strict=True):
            counts[verdict.decision] += count
        return {decision: counts[decision] for decision in Decision}

    def limits(self, row: int) -> tuple[Alteration, ...]:
        """What may not be done to an item, by index row: no-crop, no-flip and the like bind augmentation."""
        return self.verdicts.verdicts[self.verdicts.of_item[row]].alterations

    def conditions(self) -> dict[str, int]:
        """What the admitted items come with: how many under each duty and each limit on alteration."""
        counts: Counter[str] = Counter()
        for verdict, count in zip(self.verdicts.verdicts, self.verdicts.counts.tolist(), strict=True):
            if verdict.cleared and count:
                duties = {duty.kind.value for duty in verdict.duties} | ({"credit"} if verdict.credits else set())
                for name in sorted(duties) + [limit.value for limit in verdict.alterations]:
                    counts[name] += count
        return dict(counts.most_common())

    def by_reason(self) -> dict[tuple[Decision, Reason], int]:
        """How many items are not cleared for each reason, by their first and most fundamental one."""
        counts: Counter[tuple[Decision, Reason]] = Counter()
        for verdict, count in zip(self.verdicts.verdicts, self.verdicts.counts.tolist(), strict=True):
            if verdict.reasons and count:
                counts[verdict.decision, verdict.reasons[0]] += count
        return dict(counts.most_common())


def admit(
    dataset: str | Path,
    policy: Policy,
    *,
    version: int | None = None,
    known_at: dt.datetime | None = None,
    ledger: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
) -> Admission:
    """Return what a policy lets into training today.

    version: an older one, by number. known_at: replay what the ledger knew then; its head's valid-until is then not
    asked. ledger: the folder with the current ledger, where the dataset does not hold it itself, as a release does not.
    trusted_keys: by role, for what this machine has not seen. StaleLedgerError past the head's valid-until, RightsError
    without a ledger, TamperError kinds.
    """
    trust = Trust()
    opened = open_dataset(dataset, trust=trust, trusted=trusted_keys)
    chosen = opened.version(version) if version is not None else opened.head
    # A release has a history of its own; the law is that of the dataset it was taken from.
    release = chosen.content.options.get(RELEASE)
    law = release["dataset"] if release is not None else opened.id
    book = rightsdesk.read_book(Store(ledger) if ledger is not None else opened.store, law, trust, trusted_keys)
    if not book.entries:
        sheet = f"provenance rights import {dataset} SHEET"
        raise RightsError(
            "there is no rights ledger, so nothing is licensed",
            where=str(ledger or dataset),
            next_step="name the folder that holds the current ledger" if release is not None else sheet,
        )
    moment = trust.moment(book.entries[-1].created)
    state = book.known_at(known_at)
    if known_at is None:
        check_fresh(state, moment)
    case = prepare(opened, chosen, state, policy)
    verdicts = case.decide(policy, moment.date())
    notices = (*opened.notices, *book.notices)
    return Admission(
        opened, chosen, book, policy, moment, verdicts, notices, case.exact_group, case.copy_group, case.quality
    )


def read_policy(path: str | Path) -> Policy:
    """Return the policy in a TOML file. PolicyError says file, line and key; InputError when it cannot be read."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the policy cannot be read: {error}", where=str(path)) from error
    return policies.loads(text, Path(path).name)


@dataclass(frozen=True)
class AssetVerdict:
    """One asset's items taken together: the strictest decision of any of them, and all reasons."""

    asset: str
    decision: Decision
    reasons: tuple[str, ...]
    items: int

    def as_json(self) -> dict[str, Any]:
        return {
            "asset": self.asset,
            "decision": self.decision.value,
            "reasons": list(self.reasons),
            "items": self.items,
        }


def by_asset(admission: Admission) -> list[AssetVerdict]:
    """Return the verdict on every asset that has items, in the order of the archive."""
    tables, store, name = admission.version.content.tables, admission.dataset.store, admission.dataset.id
    asset = load_table(store, "index", tables["index"], name, ["asset"]).column(0).to_numpy()
    shown = load_table(store, "assets", tables["assets"], name, ["asset"]).column(0).to_pylist()
    pairs, counts = np.unique(np.stack([asset, admission.verdicts.of_item]), axis=1, return_counts=True)
    found: dict[int, list[tuple[int, int]]] = {}
    for row, number, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
        found.setdefault(row, []).append((number, count))
    out = []
    for row in sorted(found):
        verdicts = [admission.verdicts.verdicts[number] for number, _ in found[row]]
        reasons = dict.fromkeys(reason.value for verdict in verdicts for reason in verdict.reasons)
        strictest = max((verdict.decision for verdict in verdicts), key=list(Decision).index)
        out.append(AssetVerdict(shown[row], strictest, tuple(reasons), sum(count for _, count in found[row])))
    return out


def summary(admission: Admission) -> dict[str, Any]:
    """Return the admission in numbers, as JSON."""
    until = admission.valid_until
    return {
        "dataset": admission.dataset.id,
        "version": admission.version.number,
        "ledger": admission.book.head,
        "policy": admission.policy.to_json(),
        "policy_digest": admission.policy.digest,
        "on": admission.on.isoformat(),
        "decided": clock.stamp(admission.moment),
        "valid_until": clock.stamp(until) if until is not None else None,
        "items": {decision.value: count for decision, count in admission.by_decision().items()},
        "once": len(admission.once(admission.rows)),
        "conditions": admission.conditions(),
        "reasons": [
            {"decision": decision.value, "reason": reason.value, "items": count}
            for (decision, reason), count in admission.by_reason().items()
        ],
    }


def in_words(policy: Policy) -> str:
    """Return what a policy asks for, in one line."""
    parts = [policy.use.value, f"for {policy.purpose} purposes", f"in {', '.join(sorted(policy.territories))}"]
    parts += [f"by {policy.recipient}"] if policy.recipient else []
    parts += [f"into model {policy.model}"] if policy.model else []
    return ", ".join(parts)
