"""The gate: what may be done with an item, for one policy, on one day. RIGHTS.md section 3, rule by rule.

1. No statement of basis covers the item: refused.
2. For each interest the closest statement decides; equally close ones must all agree, and be of one basis.
3. The deciding statement must fit the policy on the day; the narrowest objection is the reason.
4. Restrictions from elsewhere accumulate, whatever a closer record permits; only a waiver lifts them.
5. Exact twins pass their opt-outs, revocations and missing consents on as refusals, near twins as reviews; rival
   claims in the records of twins are reviewed for items that are not refused anyway.
6. A derived item is not clear unless every parent is.

Pure: no disk, no clock. The order of statements, restrictions and twins changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from provenance.rights.closest import Record, deciding, interests_unanswered
from provenance.rights.decisions import WAIVABLE, Outcome, Ruling, Waiver
from provenance.rights.fit import nothing_known, objections, revoked
from provenance.rights.policy import Policy
from provenance.rights.reasons import REVIEW_REASONS, Decision, Reason, decision
from provenance.rights.restriction import Restriction
from provenance.rights.statement import PERSONAL, Alteration, Duty, Interest, RightsStatement, Status, Survival
from provenance.rights.twins import NEAR, Twin, spread_reason, view

_RANK = {reason: rank for rank, reason in enumerate(Reason)}
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is claimed of an item. Items with equal evidence share one verdict."""

    bound: tuple[Record, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    twins: tuple[Twin, ...] = ()
    parents: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands in the way: why, and the statement id, file place or claim that says so."""

    reason: Reason
    source: str = ""

    @property
    def rank(self) -> tuple[int, str]:
        return _RANK[self.reason], self.source


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer. reasons: distinct, most fundamental first; none when cleared.

    deciding: ids of the statements that decided. nearest: the statement on the item that would have allowed it, or that
    came nearest to it, and what stood in its way (nothing: a closer one overrode it). valid_until: the first UTC day
    on which anything in this answer differs if nobody does anything; None for never. duties, credits, alterations,
    survivals travel with the item. lifted: ids of the waivers and rulings that were needed.
    """

    decision: Decision
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    deciding: tuple[str, ...]
    nearest: str | None = None
    nearest_objections: tuple[Reason, ...] = ()
    valid_until: dt.date | None = None
    duties: tuple[Duty, ...] = ()
    credits: tuple[str, ...] = ()
    alterations: tuple[Alteration, ...] = ()
    survivals: tuple[Survival, ...] = ()
    lifted: tuple[str, ...] = ()

    @property
    def cleared(self) -> bool:
        return self.decision is Decision.CLEARED


def decide(
    bound: Sequence[Record],
    restrictions: Sequence[Restriction],
    policy: Policy,
    at: dt.date,
    *,
    twins: Sequence[Twin] = (),
    waivers: Sequence[Waiver] = (),
    rulings: Sequence[Ruling] = (),
    parents: Sequence[Evidence] = (),
) -> Verdict:
    """Return the verdict on an item for a policy on a day; `policy.on`, where it is set, is the day that counts."""
    evidence = Evidence(
        bound=tuple(bound),
        restrictions=tuple(restrictions),
        waivers=tuple(waivers),
        rulings=tuple(rulings),
        twins=tuple(twins),
        parents=tuple(parents),
    )
    return judge(evidence, policy, at)


def judge(evidence: Evidence, policy: Policy, at: dt.date) -> Verdict:
    """Return the verdict on an item, as `decide` does."""
    on = policy.moment(at)
    verdict = _answer(evidence, policy, on)
    for day in sorted({day for day in _turning_days(evidence) if day > on}):
        if _answer(evidence, policy, day) != verdict:
            return replace(verdict, valid_until=day)
    return verdict


def _answer(evidence: Evidence, policy: Policy, on: dt.date) -> Verdict:
    """The verdict without `valid_until`."""
    bound = _heard(evidence.bound, policy)
    rulings = [each for each in evidence.rulings if each.in_force(on)]
    waivers = [each for each in evidence.waivers if each.in_force(on)]
    groups, partial = deciding(bound)
    findings, deciders, used = _records(bound, groups, partial, rulings, policy, on)
    findings |= {Finding(each.reason, each.source) for each in evidence.restrictions if _bites(each, policy, on)}
    for twin in evidence.twins:
        findings |= _tainted(twin, policy, on)
    for parent in evidence.parents:
        judged = _answer(parent, policy, on)
        if not judged.cleared:
            findings.add(Finding(Reason.PARENT_NOT_CLEARED, ", ".join(judged.reasons)))
    findings |= {Finding(Reason.DECIDED_AGAINST, each.id) for each in rulings if each.outcome is Outcome.REFUSE}
    findings, lifted = _lift(findings, waivers, rulings)
    if decision(frozenset(each.reason for each in findings)) is not Decision.REFUSED:
        rivals, settled = _lift(_rivals(bound, evidence.twins), waivers, rulings)
        findings, lifted = findings | rivals, lifted | settled
    ordered = tuple(sorted(findings, key=lambda each: each.rank))
    reasons = tuple(dict.fromkeys(each.reason for each in ordered))
    nearest, missing = _nearest(bound, policy, on) if reasons else (None, ())
    return Verdict(
        decision=decision(reasons),
        reasons=reasons,
        findings=ordered,
        deciding=tuple(sorted(each.id for each in deciders)),
        nearest=nearest,
        nearest_objections=missing,
        duties=tuple(sorted({duty for each in deciders for duty in each.duties}, key=repr)),
        credits=tuple(sorted({each.credit for each in deciders if each.credit})),
        alterations=tuple(sorted({limit for each in deciders for limit in each.alteration})),
        survivals=tuple(sorted({each.survival for each in deciders if each.survival})),
        lifted=tuple(sorted(lifted | used)),
    )


def _heard(bound: Sequence[Record], policy: Policy) -> list[Record]:
    """Without permissions inside files where a record from outside speaks, or where the policy trusts them not."""
    outside = [each for each in bound if each.statement.in_file is None]
    if any(each.statement.is_record and not each.partial for each in outside):
        return outside
    return outside + [
        each
        for each in bound
        if each.statement.in_file is not None
        and (each.statement.in_file in policy.in_file_permissions or each.statement.signer in policy.trusted_signers)
    ]


def _records(
    bound: Sequence[Record],
    groups: dict[tuple[Interest, str | None], list[Record]],
    partial: Sequence[Record],
    rulings: Sequence[Ruling],
    policy: Policy,
    on: dt.date,
) -> tuple[set[Finding], list[RightsStatement], set[str]]:
    """What the item's own records object to (rules 1 to 3), who decided, and the rulings that chose between them."""
    findings: set[Finding] = set()
    deciders: list[RightsStatement] = []
    used: set[str] = set()
    if (Interest.COPYRIGHT, None) not in groups:
        findings.add(Finding(Reason.NO_RECORD))
    for interest in interests_unanswered(bound):
        findings.add(Finding(nothing_known(interest), f"declared: {interest}"))
    for group in groups.values():
        statements = [each.statement for each in group]
        if len({each.basis for each in statements}) > 1:
            chosen = {each.statement: each.id for each in rulings if _chooses(each)}
            ruling = [each for each in statements if each.id in chosen]
            if ruling:
                statements = ruling
                used.update(chosen[each.id] for each in ruling)
            if len({each.basis for each in statements}) > 1:
                names = ", ".join(sorted(each.id for each in statements))
                findings.add(Finding(Reason.CONFLICT, names))
        deciders += statements
    deciders += [each.statement for each in partial]
    for statement in deciders:
        missing = objections(statement, policy, on)
        if missing:
            findings.add(Finding(missing[0], statement.id))
    # A person's no is not overridden by a closer yes.
    for each in bound:
        superseded = each.statement.status is Status.SUPERSEDED
        if each.statement.interest in PERSONAL and not superseded and revoked(each.statement, on):
            findings.add(Finding(Reason.CONSENT_REVOKED, each.statement.id))
    return findings, deciders, used


def _bites(restriction: Restriction, policy: Policy, on: dt.date) -> bool:
    return restriction.bites(policy.use, policy.purpose, on)


def _tainted(twin: Twin, policy: Policy, on: dt.date) -> set[Finding]:
    """What a twin passes on (rule 5), but for rival claims."""
    found = {Finding(each.reason, each.source) for each in twin.view.taints if each.since is None or on >= each.since}
    found |= {Finding(spread_reason(each), each.source) for each in twin.view.restrictions if _bites(each, policy, on)}
    return found if twin.exact else {Finding(NEAR[each.reason], each.source) for each in found}


def _rivals(bound: Sequence[Record], twins: Sequence[Twin]) -> set[Finding]:
    """The claims in twins' records that cannot be true beside the item's own."""
    own = view(bound, ()).claims if twins else frozenset()
    return {
        Finding(Reason.TWIN_CONFLICT if twin.exact else Reason.NEAR_TWIN_CONFLICT, str(theirs))
        for twin in twins
        for theirs in twin.view.claims
        if any(theirs.rivals(ours) for ours in own)
    }


def _lift(
    findings: set[Finding], waivers: Sequence[Waiver], rulings: Sequence[Ruling]
) -> tuple[set[Finding], set[str]]:
    """What stands after waivers and rulings, and the ids of those that lifted something."""
    left, lifted = set(), set()
    for finding in findings:
        if finding.reason in REVIEW_REASONS:
            by = [each.id for each in rulings if each.outcome is Outcome.CLEAR and _settles(each, finding)]
        else:
            by = [each.id for each in waivers if _waives(each, finding)]
        lifted.update(by)
        if not by:
            left.add(finding)
    return left, lifted


def _chooses(ruling: Ruling) -> bool:
    """Whether it names the one of several conflicting records that rules."""
    return ruling.outcome is Outcome.CLEAR and ruling.statement is not None and Reason.CONFLICT in ruling.settles


def _settles(ruling: Ruling, finding: Finding) -> bool:
    if finding.reason is Reason.CONFLICT and ruling.statement is not None:
        return False  # it named the record that rules; what is still in conflict, it did not foresee
    return finding.reason in ruling.settles and (not ruling.about or finding.source in ruling.about)


def _waives(waiver: Waiver, finding: Finding) -> bool:
    if finding.reason not in WAIVABLE or finding.reason not in waiver.reasons:
        return False
    return not waiver.about or finding.source in waiver.about


def _nearest(bound: Sequence[Record], policy: Policy, on: dt.date) -> tuple[str | None, tuple[Reason, ...]]:
    """The copyright statement with the fewest objections, the closest of these, and what it objects to."""
    best: tuple[int, tuple[int, ...], str, tuple[Reason, ...]] | None = None
    for each in bound:
        if each.statement.is_record and not each.partial:
            missing = objections(each.statement, policy, on)
            rank = (len(missing), tuple(-part for part in each.closeness), each.statement.id, missing)
            best = rank if best is None else min(best, rank)
    return (best[2], best[3]) if best else (None, ())


def _turning_days(evidence: Evidence) -> Iterator[dt.date]:
    """Every day on which some part of the evidence starts or stops to count."""
    for each in evidence.bound:
        statement = each.statement
        yield from _days((statement.first_day, statement.status_date), (statement.last_day,))
        if statement.consent is not None:
            yield from _days((statement.consent.revoked,), (statement.consent.expiry,))
    for restriction in evidence.restrictions:
        yield from _days((restriction.effective,), (restriction.lapses,))
    for waiver in evidence.waivers:
        yield from _days((waiver.start,), (waiver.until,))
    for ruling in evidence.rulings:
        yield from _days((ruling.start,), (ruling.until,))
    for twin in evidence.twins:
        yield from _days([taint.since for taint in twin.view.taints], ())
        for restriction in twin.view.restrictions:
            yield from _days((restriction.effective,), (restriction.lapses,))
    for parent in evidence.parents:
        yield from _turning_days(parent)


def _days(firsts: Sequence[dt.date | None], lasts: Sequence[dt.date | None]) -> Iterator[dt.date]:
    yield from (day for day in firsts if day is not None)
    yield from (day + _DAY for day in lasts if day is not None and day < dt.date.max)
