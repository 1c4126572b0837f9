"""impact: what a revocation or a dispute touches, by what each grant says must happen, as a list of work.

Nothing is signed and nothing is changed. Items are found through the statements that are bound to them, copies through
the groups of the index, models through the receipts that are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from provenance import rightsdesk, whatif
from provenance.admit import RELEASE, TrustedKeys
from provenance.auditing import reach
from provenance.auditing.impacted import MEANING, NOT_STATED, Held, Impact, Trained, as_json, text, work_list
from provenance.auditing.reach import Reach, Rows, Target, Touch
from provenance.dataset import receipt as receipts
from provenance.dataset.index import digests, load_table
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.signing import Role
from provenance.judgement import prepare
from provenance.rights.policy import Policy
from provenance.training.material import trusted_signers

__all__ = ["Impact", "as_json", "impact", "text"]


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
    columns = ["item_id", "asset", "shard", "time_numerator", "time_denominator"]
    index = load_table(opened.store, "index", head.content.tables["index"], opened.id, columns)
    shown = (
        load_table(opened.store, "assets", head.content.tables["assets"], opened.id, ["asset"]).column(0).to_pylist()
    )
    asset, shard = (index.column(name).to_numpy() for name in ("asset", "shard"))
    ids = digests(index.column("item_id"))[found.rows]
    places = [each.path for each in head.content.shards]
    clauses = {
        clause: np.ascontiguousarray(digests(index.column("item_id"))[rows])
        for clause, rows in _by_clause(found, case.classes.of_item, case.classes.evidence).items()
    }
    others = [open_dataset(place, trusted=trusted_keys) for place in releases]
    keys = trusted_signers((trusted_keys or {}).get(Role.TRAIN, ()))
    impact = Impact(
        target=target,
        version=head.number,
        on=on,
        policy=policy,
        statements=found.statements,
        items=len(found.rows),
        seconds=float(whatif.seconds_of_footage(asset, whatif.times(index))[found.rows].sum()),
        cleared_now=int(verdicts.cleared[found.rows].sum()),
        siblings=int(np.isin(asset, asset[found.rows]).sum()) - len(found.rows),
        exact=len(exact),
        near=len(near),
        assets=_named(shown, asset[found.rows]),
        copies=_named(shown, asset[np.union1d(exact, near)]),
        shards=_named(places, shard[found.rows]),
        versions=tuple(_versions(opened, ids)),
        releases=tuple(_held(place, other, ids) for place, other in zip(releases, others, strict=True)),
        receipts=tuple(_trained(file, [opened, *others], ids, clauses, keys) for file in receipt_files),
        survivals={clause: len(these) for clause, these in clauses.items()},
        duties=tuple(sorted({duty for each in found.statements for duty in each.duties}, key=repr)),
        flips=whatif.of_entries(desk, [found.order], policy),
    )
    return Impact(**{**impact.__dict__, "tasks": tuple(work_list(impact))})


def _named(names: Sequence[str], numbers: Rows) -> dict[str, int]:
    counts = Counter(numbers.tolist())
    return {names[number]: counts[number] for number in sorted(counts)}


def _versions(opened: Opened, ids: Any) -> list[Held]:
    held = []
    for entry in opened.entries:
        rows = reach.same_items(opened, opened.version(entry.number), ids)
        held.append(Held(f"version {entry.number}", None if rows is None else len(rows)))
    return held


def _held(place: str | Path, release: Opened, ids: Any) -> Held:
    rows = reach.same_items(release, release.head, ids)
    policy = release.head.content.options.get(RELEASE, {}).get("policy") or {}
    return Held(str(place), None if rows is None else len(rows), policy.get("recipient"))


def _trained(file: str | Path, known: Sequence[Opened], ids: Any, clauses: Mapping[str, Any], keys: Any) -> Trained:
    receipt = receipts.read(file, keys)
    by_id = {opened.id: opened for opened in known}
    items, unknown, under = 0, 0, Counter[str]()
    for part in receipt.parts:
        opened = by_id.get(part.terms.dataset)
        if opened is None or not 1 <= part.terms.version <= len(opened.entries):
            unknown += 1
            continue
        version = opened.version(part.terms.version)
        rows = reach.same_items(opened, version, ids)
        if rows is None:
            unknown += 1
            continue
        items += len(np.intersect1d(rows, part.read))
        for clause, these in clauses.items():
            rows = reach.same_items(opened, version, these)
            under[clause] += len(np.intersect1d(rows, part.read)) if rows is not None else 0
    model = receipt.model[0] if receipt.model is not None else receipt.model_id
    return Trained(str(file), model, items, unknown, {clause: count for clause, count in under.items() if count})


def _by_clause(found: Reach, of_item: Any, evidence: Any) -> dict[str, Rows]:
    """The rows under each survival clause of the statements that are hit, in the order of MEANING."""
    hit = {each.id: each.survival.value if each.survival else NOT_STATED for each in found.statements}
    rows: dict[str, list[Rows]] = {}
    number = of_item[found.rows]
    for each in np.unique(number).tolist():
        clauses = {hit[bound.statement.id] for bound in evidence[each].bound if bound.statement.id in hit}
        for clause in clauses or {NOT_STATED}:
            rows.setdefault(clause, []).append(found.rows[number == each])
    return {clause: np.concatenate(rows[clause]) for clause in MEANING if clause in rows}
