"""An impact in words: what is touched, what each clause means, and the work that follows; as text and as JSON."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from provenance.auditing.reach import Target, Touch
from provenance.reports.content import PRIVATE
from provenance.reports.numbers import length
from provenance.rights.policy import Policy
from provenance.rights.statement import Duty, DutyKind, RightsStatement, Survival
from provenance.whatif import Difference

NOT_STATED = "not stated"

# What the end of a grant means for a model that was trained under it.
MEANING = {
    Survival.PERPETUAL.value: "models already trained may be kept and used; nothing new is trained with the items",
    Survival.FREEZE.value: "models already trained may be used as they are, and not be trained further",
    Survival.RETRAIN.value: "models already trained must be trained again without the items",
    Survival.DESTROY.value: "models already trained must be destroyed",
    NOT_STATED: "no record says what becomes of models already trained: counsel reads the agreement",
}


@dataclass(frozen=True)
class Held:
    """A version or a release that holds touched items. items: how many, copies of the same file among them; None when
    gc has taken its index. recipient: for whom a release was made, where its policy says so.
    """

    name: str
    items: int | None
    recipient: str | None = None


@dataclass(frozen=True)
class Trained:
    """A receipt whose run read touched items. items: how many, copies of the same file among them. unknown: parts of
    datasets and releases that were not given. clauses: how many of the items stand under each survival clause.
    """

    file: str
    model: str | None
    items: int
    unknown: int
    clauses: dict[str, int]


@dataclass(frozen=True)
class Task:
    """One line of the work list."""

    who: str
    what: str


@dataclass(frozen=True)
class Impact:
    """All that one thing touches. exact, near: copies that are not among the items themselves. siblings: other items
    that were taken from the same files. seconds: of footage touched.

    assets, copies: names with how many items. survivals: how many items under each clause. flips: what the gate would
    answer differently, for the policy, if the order were signed.
    """

    target: Target
    version: int
    on: dt.date
    policy: Policy
    statements: tuple[RightsStatement, ...]
    items: int
    seconds: float
    cleared_now: int
    siblings: int
    exact: int
    near: int
    assets: dict[str, int]
    copies: dict[str, int]
    shards: dict[str, int]
    versions: tuple[Held, ...]
    releases: tuple[Held, ...]
    receipts: tuple[Trained, ...]
    survivals: dict[str, int]
    duties: tuple[Duty, ...]
    flips: Difference
    tasks: tuple[Task, ...] = ()


def work_list(found: Impact) -> list[Task]:
    """Return the work list: who does what, in the order in which it must be done."""
    target = found.target
    order = (
        "hold DATASET --path PATH"
        if target.what in (Touch.ASSET, Touch.ITEM)
        else (f"revoke DATASET --{target.what.value} {_quoted(target.name)} --effective DAY")
    )
    tasks = [Task("rights desk", f"record it, dated and signed: provenance rights {order} --by WHO --why REASON")]
    flips = found.flips.newly_refused + found.flips.newly_in_review
    tasks.append(
        Task("training", f"stop runs that read the {found.items:,} items; once it is recorded, {flips:,} are kept out")
    )
    if found.exact or found.near:
        words = f"look at {found.exact:,} exact and {found.near:,} near copies under other records, and rule on them"
        tasks.append(Task("rights desk", words))
    for each in found.receipts:
        for clause, count in each.clauses.items():
            what = f"{each.model or 'a model without a name'} ({each.file}) read {count:,} of the items"
            who = "counsel" if clause == NOT_STATED else "model owner"
            tasks.append(Task(who, f"{what}; {clause}: {MEANING[clause]}"))
    unknown = [each.file for each in found.receipts if each.unknown]
    if unknown:
        tasks.append(
            Task("model owner", f"name the datasets and releases behind {', '.join(unknown)}: not all were given")
        )
    if not found.receipts:
        tasks.append(Task("model owner", "no receipt was given: collect those of all models trained on this dataset"))
    for held in found.releases:
        if held.items:
            tasks.append(
                Task("data", f"call back release {held.name}{_whom(held)}: it holds {held.items:,} items; make it anew")
            )
    if any(duty.kind is DutyKind.DELETE for duty in found.duties):
        shards = f"{len(found.shards):,} shards"
        words = (
            f"delete: take the assets out of the archive, build again, provenance gc --keep 1 ({shards} hold the items)"
        )
        tasks.append(Task("data", words))
    for duty in found.duties:
        if not duty.done and duty.kind is not DutyKind.DELETE:
            tasks.append(Task("rights desk", f"owed under the grant: {duty.kind.value}: {duty.text}"))
    return tasks


def _whom(held: Held) -> str:
    return f" from {held.recipient}" if held.recipient else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def as_json(found: Impact) -> dict[str, Any]:
    """Return the impact for machines."""
    return {
        "schema": {"name": "provenance-impact", "version": 2},
        "marking": PRIVATE,
        "target": {"what": found.target.what.value, "name": found.target.name},
        "version": found.version,
        "on": found.on.isoformat(),
        "policy_digest": found.policy.digest,
        "statements": [
            {
                "id": each.id,
                "source": each.source,
                "basis": each.basis.value,
                "holder": each.holder,
                "agreement": each.agreement,
                "clause": each.clause,
                "survival": each.survival.value if each.survival else None,
            }
            for each in found.statements
        ],
        "items": {"touched": found.items, "cleared_now": found.cleared_now, "hours": round(found.seconds / 3600, 4)},
        "siblings": found.siblings,
        "copies": {"exact": found.exact, "near": found.near, "assets": found.copies},
        "assets": found.assets,
        "shards": found.shards,
        "versions": {each.name: each.items for each in found.versions},
        "releases": {each.name: each.items for each in found.releases},
        "receipts": [each.__dict__ for each in found.receipts],
        "survival": {clause: {"items": count, "meaning": MEANING[clause]} for clause, count in found.survivals.items()},
        "flips": found.flips.as_json(),
        "work": [each.__dict__ for each in found.tasks],
    }


def _record(each: RightsStatement) -> str:
    """A record as counsel looks for it: what it is, by whom, under which paper, and where it was read."""
    by = f" of {each.holder}" if each.holder else ""
    paper = f", agreement {each.agreement}" if each.agreement else ""
    clause = f", clause {each.clause}" if each.clause else ""
    return f"{each.id}: {each.basis.value}{by}{paper}{clause}, on {each.applies_to} ({each.source})"


def text(found: Impact, most: int = 12) -> str:
    """Return the impact for people; it ends in the work list."""
    lines = [f"{found.target} on version {found.version}, for {found.policy.use.value} on {found.on}"]
    lines.append(f"statements: {len(found.statements):,}")
    lines += [f"  {_record(each)}" for each in found.statements[:most]]
    lines += [f"  and {len(found.statements) - most:,} more"] if len(found.statements) > most else []
    footage = f" ({length(found.seconds)} of footage)" if found.seconds else ""
    shards = f"{len(found.shards)} {'shard' if len(found.shards) == 1 else 'shards'}"
    lines.append(f"items: {found.items:,} touched{footage}, {found.cleared_now:,} of them cleared now, in {shards}")
    lines += [f"  {count:>7,}  {name}" for name, count in list(found.assets.items())[:most]]
    lines += [f"  and {len(found.assets) - most:,} more assets"] if len(found.assets) > most else []
    lines.append(f"copies elsewhere: {found.exact:,} exact, {found.near:,} near")
    lines += [f"  {count:>7,}  {name}" for name, count in list(found.copies.items())[:most]]
    if found.siblings:
        lines.append(f"other items from the same files: {found.siblings:,}")
    for clause, count in found.survivals.items():
        lines.append(f"survival, {clause}: {count:,} items; {MEANING[clause]}")
    for held in (*found.versions, *found.releases):
        told = "its index was collected" if held.items is None else f"{held.items:,} of the items"
        lines.append(f"{held.name}{_whom(held)}: {told}")
    for each in found.receipts:
        unknown = f"; {each.unknown} parts of datasets that were not given" if each.unknown else ""
        lines.append(
            f"receipt {each.file}: {each.items:,} of the items read for {each.model or 'an unnamed model'}{unknown}"
        )
    counts = f"{found.flips.newly_refused:,} newly refused, {found.flips.newly_in_review:,} newly in review"
    lines.append(f"once recorded: {counts}, {found.flips.newly_cleared:,} newly cleared")
    lines.append("work:")
    lines += [f"  {number}. {task.who}: {task.what}" for number, task in enumerate(found.tasks, 1)]
    return "\n".join(lines)
