"""The answer that the reader came for: may we train on this, how much of it, until when, and what it rests on."""

from __future__ import annotations

import datetime as dt

from provenance.admit import Admission
from provenance.auditing import terms
from provenance.auditing.census import Census, Tally
from provenance.auditing.counts import EVERY
from provenance.auditing.naming import Naming
from provenance.model.words import Use
from provenance.reports.content import Answer, Bar, Bars, Figure, Part, anchor
from provenance.reports.numbers import length
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Decision

USES = {
    Use.DATA_MINING: "data mining",
    Use.AI_INFERENCE: "AI inference",
    Use.AI_TRAINING: "AI training",
    Use.AI_GENERATIVE_TRAINING: "generative AI training",
    Use.EVALUATION: "evaluating models",
    Use.LICENSE_OUT_TRAINING: "licensing out for the training of others",
}
_LEADS = {
    Decision.CLEARED: anchor("reason", "cleared"),
    Decision.REVIEW: anchor("verdict", "review"),
    Decision.REFUSED: anchor("verdict", "refused"),
}


def answer(census: Census, state: LedgerState, naming: Naming) -> Answer:
    """Return the answer with its question and what it depends on."""
    admission = census.admission
    policy, total = admission.policy, census.total
    places = ", ".join(sorted(policy.territories))
    what = "this item" if total.items == 1 else f"these {total.items:,} items"
    question = (
        f"May {what} be used for {USES[policy.use]}, for {policy.purpose} purposes, in {places}, on {admission.on}?"
    )
    if not naming.public:
        question = question[:-1] + _narrowed(admission) + "?"
    head = next(entry for entry in admission.book.entries if entry.number == state.head)
    told = [
        ("This answer holds until", _until(state)),
        ("First rights to end", _first_end(census)),
        ("Conditions", _conditions(census)),
        ("Policy", f"{naming.words(policy.name)}, digest {policy.digest}"),
        ("Rests on", f"dataset {admission.dataset.id}, version {admission.version.number}; ledger entry {head.number}"),
    ]
    return Answer(question, _verdict(census), tuple(told), tuple(_bars(census)) if total.items else ())


def _narrowed(admission: Admission) -> str:
    policy = admission.policy
    told = f", by {policy.recipient}" if policy.recipient else ""
    return told + (f", for model {policy.model}" if policy.model else "")


def _verdict(census: Census) -> str:
    total, by = census.total, census.by_decision()
    cleared, review, refused = (by[each] for each in (Decision.CLEARED, Decision.REVIEW, Decision.REFUSED))
    if not total.items:
        return "There are no items to judge."
    if cleared.items == total.items:
        return f"Yes, all of them{_footage(cleared)}."
    if not cleared.items:
        told = "No, none of them."
    else:
        count = "1 item" if cleared.items == 1 else f"{cleared.items:,} items"
        told = f"Yes for {count} ({_share(cleared, total)}{_footage(cleared)})."
        told += f" No for {refused.items:,}." if refused.items else ""
    if review.items:
        verb = "is" if review.items == 1 else "are"
        told += f" {review.items:,} {verb} out until a person decides."
    return told


def _share(part: Tally, total: Tally) -> str:
    """A share in whole per cent, never rounded up to all or down to none."""
    share = 100 * part.items / total.items
    return "less than 1 %" if 0 < share < 1 else f"{min(round(share), 99) if share < 100 else 100} %"


def _footage(tally: Tally) -> str:
    return f", {length(tally.seconds)} of footage" if tally.seconds else ""


def _until(state: LedgerState) -> str:
    if state.valid_until is None:
        return "not stated: the ledger's head has no end"
    return f"{state.valid_until:%Y-%m-%d %H:%M} UTC; by then the rights desk must sign the ledger anew"


def _first_end(census: Census) -> str:
    ending = terms.ending(census)
    if not ending:
        return "none is recorded for what is cleared"
    first = ending[0][0]
    items = sum(each.total.items for day, each in ending if day == first)
    return f"{first - dt.timedelta(days=1)} is the last day for {items:,} cleared items"


def _conditions(census: Census) -> str:
    cleared = [each for each in census.classes if each.verdict.cleared]
    counted = (
        ("a credit line is owed for", [each for each in cleared if each.verdict.credits]),
        ("duties are attached to", [each for each in cleared if each.verdict.duties]),
        ("alteration is limited for", [each for each in cleared if each.verdict.alterations]),
        ("a person's waiver or ruling carries", [each for each in cleared if each.verdict.lifted]),
    )
    told = [f"{what} {sum(each.total.items for each in found):,} items" for what, found in counted if found]
    return "; ".join(told) or "none recorded"


def _bars(census: Census) -> list[Bars]:
    """Items and footage by verdict, each on its own scale: both bars are as long as the page."""
    by, total = census.by_decision(), census.total
    rows = [("Items", [float(by[each].items) for each in Decision], lambda value: f"{value:,.0f}")]
    if total.seconds:
        rows.append(("Footage", [by[each].seconds for each in Decision], length))
    bars = []
    for label, values, words in rows:
        whole = sum(values) or 1
        parts = tuple(Part(d.value, value / whole, _LEADS[d]) for d, value in zip(Decision, values, strict=True))
        bars.append(Bar(label, " / ".join(map(words, values)), parts))
    return [Bars("Items and footage by verdict", tuple(bars), EVERY)]


def figures(census: Census, state: LedgerState, days: int) -> tuple[Figure, ...]:
    """Return the numbers at the head of the page; each leads to what it counts."""
    decided, total = census.by_decision(), census.total
    found = [Figure(f"{total.items:,}", "items in all", leads="crawl")]
    words = {Decision.CLEARED: "cleared", Decision.REVIEW: "up for review", Decision.REFUSED: "refused"}
    for decision, label in words.items():
        tally = decided[decision]
        share = f", {_share(tally, total)}" if tally.items else ""
        found.append(Figure(f"{tally.items:,}", f"{label}{share}{_footage(tally)}", decision.value, _LEADS[decision]))
    soon = terms.fails(census, state, days)
    found.append(Figure(f"{soon['expiring']:,}", f"cleared, and ending within {days} days", leads="expiries"))
    found.append(Figure(f"{soon['quarantine']:,}", "assets in quarantine", leads="quarantine"))
    return tuple(found)
