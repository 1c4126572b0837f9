"""impact: what a revocation or a dispute touches, by what each grant says must happen, as a list of work.

Nothing is signed and nothing is changed. Items are found through the statements that are bound to them, copies through
the groups of the index, models through the receipts that are given.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provenance import rightsdesk, whatif
from provenance.admit import TrustedKeys
from provenance.auditing import reach
from provenance.auditing.reach import Reach, Rows, Target, Touch
from provenance.dataset import receipt as receipts
from provenance.dataset.index import digests, load_table
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.signing import Role
from provenance.judgement import prepare
from provenance.rights.policy import Policy
from provenance.rights.statement import Duty, DutyKind, RightsStatement, Survival
from provenance.training.material import trusted_signers
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
    gc has taken its index.
    """

    name: str
    items: int | None


@dataclass(frozen=True)
class Trained:
    """A receipt whose run read touched items. items: how many, copies of the same file among them. unknown: parts of
    datasets and releases that were not given.
    """

    file: str
    model: str | None
    items: int
    unknown: int


@dataclass(frozen=True)
class Task:
    """One line of the work list."""

    who: str
    what: str


@dataclass(frozen=True)
class Impact:
    """All that one thing touches. exact, near: copies that are not among the items themselves.

    assets, copies: names with how many items. survivals: how many items under each clause. flips: what the gate would
    answer differently, for the policy, if the order were signed.
    """

    target: Target
    version: int
    on: dt.date
    policy: Policy
    statements: tuple[RightsStatement, ...]
    items: int
    cleared_now: int
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


def impact(
    dataset: str | Path,
    target: Target,
    policy: Policy,
    *,
    receipt_files: Sequence[str | Path] = (),
    releases: Sequence[str | Path] = (),
    trusted_keys: TrustedKeys | None = None,
) -> Impact:
    """Return what a target touches in the newest version of a dataset, and where its items have gone since.

    receipt_files, releases: where to look for models and copies handed over; others are not known of. UsageError when
    nothing is called so; the kinds of TamperError.
    """
    desk = rightsdesk.open_desk(dataset)
    opened, head, state = desk.dataset, desk.dataset.head, desk.book.state
    on = policy.moment(desk.moment.date())
    case = prepare(opened, head, state, policy)
    verdicts = case.decide(policy, desk.moment.date())
    if target.what in (Touch.ASSET, Touch.ITEM):
        found = reach.of_material(target, opened, head, case.classes)
    else:
        found = reach.of_statements(target, state, case.classes, on)
    exact = reach.twins(found.rows, case.exact_group)
    near = np.setdiff1d(reach.twins(found.rows, case.near_group), exact)
    index = load_table(opened.store, "index", head.content.tables["index"], opened.id, ["item_id", "asset", "shard"])
    shown = (
        load_table(opened.store, "assets", head.content.tables["assets"], opened.id, ["asset"]).column(0).to_pylist()
    )
    asset, shard = (index.column(name).to_numpy() for name in ("asset", "shard"))
    ids = digests(index.column("item_id"))[found.rows]
    places = [each.path for each in head.content.shards]
    others = [open_dataset(place, trusted=trusted_keys) for place in releases]
    keys = trusted_signers((trusted_keys or {}).get(Role.TRAIN, ()))
    impact = Impact(
        target=target,
        version=head.number,
        on=on,
        policy=policy,
        statements=found.statements,
        items=len(found.rows),
        cleared_now=int(verdicts.cleared[found.rows].sum()),
        exact=len(exact),
        near=len(near),
        assets=_named(shown, asset[found.rows]),
        copies=_named(shown, asset[np.union1d(exact, near)]),
        shards=_named(places, shard[found.rows]),
        versions=tuple(_versions(opened, ids)),
        releases=tuple(Held(str(place), _count(other, ids)) for place, other in zip(releases, others, strict=True)),
        receipts=tuple(_trained(file, [opened, *others], ids, keys) for file in receipt_files),
        survivals=_survivals(found, case.classes.of_item, case.classes.evidence),
        duties=tuple(sorted({duty for each in found.statements for duty in each.duties}, key=repr)),
        flips=whatif.of_entries(desk, [found.order], policy),
    )
    return Impact(**{**impact.__dict__, "tasks": tuple(_tasks(impact))})


def _named(names: Sequence[str], numbers: Rows) -> dict[str, int]:
    counts = Counter(numbers.tolist())
    return {names[number]: counts[number] for number in sorted(counts)}


def _versions(opened: Opened, ids: Any) -> list[Held]:
    held = []
    for entry in opened.entries:
        rows = reach.same_items(opened, opened.version(entry.number), ids)
        held.append(Held(f"version {entry.number}", None if rows is None else len(rows)))
    return held


def _count(opened: Opened, ids: Any) -> int | None:
    rows = reach.same_items(opened, opened.head, ids)
    return None if rows is None else len(rows)


def _trained(file: str | Path, known: Sequence[Opened], ids: Any, keys: Any) -> Trained:
    receipt = receipts.read(file, keys)
    by_id = {opened.id: opened for opened in known}
    items, unknown = 0, 0
    for part in receipt.parts:
        opened = by_id.get(part.terms.dataset)
        if opened is None or not 1 <= part.terms.version <= len(opened.entries):
            unknown += 1
            continue
        rows = reach.same_items(opened, opened.version(part.terms.version), ids)
        if rows is None:
            unknown += 1
        else:
            items += len(np.intersect1d(rows, part.read))
    return Trained(str(file), receipt.model[0] if receipt.model is not None else receipt.model_id, items, unknown)


def _survivals(found: Reach, of_item: Any, evidence: Any) -> dict[str, int]:
    """How many of the items stand under each survival clause of the statements that are hit."""
    hit = {each.id: each.survival.value if each.survival else NOT_STATED for each in found.statements}
    counts: Counter[str] = Counter()
    for number, items in Counter(of_item[found.rows].tolist()).items():
        clauses = {hit[bound.statement.id] for bound in evidence[number].bound if bound.statement.id in hit}
        for clause in clauses or {NOT_STATED}:
            counts[clause] += items
    return {clause: counts[clause] for clause in MEANING if counts[clause]}


def _tasks(found: Impact) -> list[Task]:
    """The work list: who does what, in the order in which it must be done."""
    target = found.target
    order = (
        "hold DATASET --path PATH"
        if target.what in (Touch.ASSET, Touch.ITEM)
        else (f"revoke DATASET --{target.what.value} {_quoted(target.name)} --effective DAY")
    )
    tasks = [Task("rights desk", f"record it, dated and signed: provenance rights {order} --by WHO --why REASON")]
    flips = found.flips.newly_refused + found.flips.newly_in_review
    tasks.append(
        Task("training", f"stop runs that read the {found.items:,} items; once recorded, {flips:,} flip at the gate")
    )
    if found.exact or found.near:
        words = f"look at {found.exact:,} exact and {found.near:,} near copies under other records, and rule on them"
        tasks.append(Task("rights desk", words))
    trained = [each for each in found.receipts if each.items]
    for each in trained:
        for clause in found.survivals:
            what = f"{each.model or 'a model without a name'} ({each.file}) read {each.items:,} of the items"
            tasks.append(Task("model owner", f"{what}; {clause}: {MEANING[clause]}"))
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
                Task("data", f"call back release {held.name}: it holds {held.items:,} of the items; make it anew")
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


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def as_json(found: Impact) -> dict[str, Any]:
    """Return the impact for machines."""
    return {
        "target": {"what": found.target.what.value, "name": found.target.name},
        "version": found.version,
        "on": found.on.isoformat(),
        "policy_digest": found.policy.digest,
        "statements": [{"id": each.id, "source": each.source} for each in found.statements],
        "items": {"touched": found.items, "cleared_now": found.cleared_now},
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


def text(found: Impact, most: int = 12) -> str:
    """Return the impact for people; it ends in the work list."""
    lines = [f"{found.target} on version {found.version}, for {found.policy.use.value} on {found.on}"]
    ids = ", ".join(each.id for each in found.statements[:most])
    more = f" and {len(found.statements) - most} more" if len(found.statements) > most else ""
    lines.append(f"statements: {len(found.statements):,} ({ids}{more})")
    lines.append(
        f"items: {found.items:,} touched, {found.cleared_now:,} of them cleared now, in {len(found.shards)} shards"
    )
    lines += [f"  {count:>7,}  {name}" for name, count in list(found.assets.items())[:most]]
    lines += [f"  and {len(found.assets) - most:,} more assets"] if len(found.assets) > most else []
    lines.append(f"copies elsewhere: {found.exact:,} exact, {found.near:,} near")
    lines += [f"  {count:>7,}  {name}" for name, count in list(found.copies.items())[:most]]
    for clause, count in found.survivals.items():
        lines.append(f"survival, {clause}: {count:,} items; {MEANING[clause]}")
    for held in (*found.versions, *found.releases):
        told = "its index was collected" if held.items is None else f"{held.items:,} of the items"
        lines.append(f"{held.name}: {told}")
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
