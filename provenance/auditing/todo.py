"""What must be done, and by whom: every figure that asks somebody to act, as a list of work; and what is owed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provenance.admit import RELEASE
from provenance.auditing import terms
from provenance.auditing.census import Census, Class, Tally
from provenance.auditing.counts import heading
from provenance.auditing.naming import Naming
from provenance.reports.content import ROW, Cell, Column, Form, Section, Table, anchor
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Decision, Reason

DESK, LICENSING, COUNSEL, ARCHIVE, TRAINING, NOBODY = (
    "rights desk",
    "licensing",
    "counsel",
    "archive",
    "training",
    "nobody",
)
_RULE = "then rule"

# Who can change the answer, and how. A reason that is not here is a holder's word: the items stay out.
WORK = {
    Reason.UNDECIDED: (DESK, "Say in the register which uses these records allow."),
    Reason.CONFLICT: (DESK, f"Settle which of the contradicting records is right, {_RULE}."),
    Reason.CONFLICT_IN_FILE: (DESK, f"Compare what the file says of its rights with its record, {_RULE}."),
    Reason.CONSTRAINED_IN_FILE: (DESK, f"Read the condition that the file names, {_RULE}."),
    Reason.BROKEN_CREDENTIAL: (DESK, f"Find the file as it was signed, or learn what was changed, {_RULE}."),
    Reason.REMOTE_CREDENTIAL: (DESK, f"Read the Content Credentials on their server by hand, {_RULE}."),
    Reason.TWIN_CONFLICT: (DESK, f"Settle who holds the copies that are recorded under two names, {_RULE}."),
    Reason.NEAR_TWIN_CONFLICT: (DESK, f"Look at the near copies under another holder or basis, {_RULE}."),
    Reason.NEAR_TWIN_OPT_OUT: (DESK, f"Look whether the near copy that opts out is the same picture, {_RULE}."),
    Reason.NEAR_TWIN_REVOKED: (DESK, f"Look whether the near copy that was revoked is the same picture, {_RULE}."),
    Reason.NEAR_TWIN_CONSENT: (DESK, f"Look whether the near copy shows the same person, {_RULE}."),
    Reason.NEAR_BLANK: (DESK, f"Look at the nearly empty pictures, {_RULE}."),
    Reason.NO_RECORD: (DESK, "Find out whose these are and record it, or take them out of the archive."),
    Reason.ON_HOLD: (DESK, "When the dispute is settled, end the hold: provenance rights lift."),
    Reason.SUPERSEDED: (DESK, "Record the agreement that took the place of this one."),
    Reason.EXPIRED: (LICENSING, "Renew the licences that ended, or leave these out."),
    Reason.EXPIRED_IN_FILE: (LICENSING, "The file says that its licence ended: renew it, or leave these out."),
    Reason.USE_NOT_GRANTED: (LICENSING, "Ask the licensor for this use."),
    Reason.PURPOSE: (LICENSING, "Ask the licensor for this purpose."),
    Reason.TERRITORY: (LICENSING, "Ask the licensor for this territory."),
    Reason.RECIPIENT: (LICENSING, "Ask the licensor for this recipient."),
    Reason.MODEL: (LICENSING, "Ask the licensor for this model."),
    Reason.MEDIA: (LICENSING, "Ask the licensor for this kind of material."),
    Reason.CONSTRAINED: (LICENSING, "Read the condition in the grant and agree on it with the licensor."),
    Reason.PROCESSING_GEOGRAPHY: (TRAINING, "Process these where the grant allows it, and say so in the policy."),
    Reason.STORAGE_GEOGRAPHY: (TRAINING, "Store these where the grant allows it, and say so in the policy."),
    Reason.DUTY_UNDONE: (DESK, "Do what the grant asks before use, and record that it is done."),
    Reason.INTEREST_NOT_CLEARED: (DESK, "Clear the interest that is declared (likeness, voice, music, ...)."),
    Reason.CONSENT_MISSING: (DESK, "Obtain the person's consent and record it, or leave these out."),
    Reason.CONSENT_EXPIRED: (DESK, "Ask the person for a new consent, or leave these out."),
    Reason.NOT_YET_VALID: (NOBODY, "Wait: the grant begins later."),
    Reason.NOT_YET_VALID_IN_FILE: (NOBODY, "Wait: the file says that its licence begins later."),
}


@dataclass(frozen=True)
class _Task:
    who: str
    what: str
    items: int | None = None
    seconds: float = 0.0
    by: dt.date | None = None
    leads: str | None = None
    reason: str | None = None


def todo(census: Census, state: LedgerState, naming: Naming, days: int) -> Section:
    """Return the section that says who must do what: what has a day first, then the largest gain."""
    tasks = [*_dated(census, state, days), *_recalled(census), *_mendable(census), *_papers(census), *_left(census)]
    rows: list[tuple[Cell, ...]] = [
        (number, each.who, each.items, each.what, each.reason, each.seconds / 3600 or None, each.by)
        for number, each in enumerate(tasks, 1)
    ]
    columns = (
        Column("number", "No.", Form.COUNT),
        Column("who", "Who"),
        Column("items", "Items", Form.COUNT, leads=ROW),
        Column("what", "What", Form.PROSE),
        Column("reason", "Reason", leads="reason"),
        Column("hours", "Footage (h:mm:ss)", Form.HOURS),
        Column("by", "By", Form.DAY),
    )
    work = Table("todo", "Work list", columns, rows, leads=[each.leads for each in tasks])
    about = (
        "Whatever keeps items out, or may soon, and who can change it. A ruling is signed with 'provenance rights "
        "decide', a corrected register with 'provenance rights import'; until then the items stay out."
    )
    return Section("todo", "What must be done, and by whom", about, tables=(work, _owed(census, naming)))


def _dated(census: Census, state: LedgerState, days: int) -> Iterator[_Task]:
    last = census.admission.on + dt.timedelta(days=days)
    if state.valid_until is not None and state.valid_until.date() <= last:
        what = "Sign a new head of the ledger (provenance rights renew). Past that day nothing is admitted."
        yield _Task(DESK, what, by=state.valid_until.date())
    soon = [(day, each) for day, each in terms.ending(census) if day <= last]
    if soon:
        total = sum((each.total for _, each in soon), Tally())
        what = f"Renew the grants that end within {days} days, or stop using these items."
        yield _Task(LICENSING, what, total.items, total.seconds, soon[0][0] - dt.timedelta(days=1), "expiries")


def _recalled(census: Census) -> Iterator[_Task]:
    """A release that holds what is not cleared: whoever has it must hear of it."""
    out = sum((each.total for each in census.classes if not each.verdict.cleared), Tally())
    if out.items and RELEASE in census.admission.version.content.options:
        what = "Call this release back: it holds items that are no longer cleared. Make it anew from its dataset."
        yield _Task(ARCHIVE, what, out.items, out.seconds, leads="reasons")


def _mendable(census: Census) -> Iterator[_Task]:
    """The reasons that somebody can take away: what a person must decide first, then most items first."""
    found: dict[Reason, Tally] = {}
    for each in census.classes:
        if each.verdict.reasons and each.verdict.reasons[0] in WORK:
            found[each.verdict.reasons[0]] = found.get(each.verdict.reasons[0], Tally()) + each.total
    order = {DESK: 0, LICENSING: 1, TRAINING: 2, NOBODY: 3}
    for reason, total in sorted(found.items(), key=lambda pair: (order[WORK[pair[0]][0]], -pair[1].items, pair[0])):
        who, what = WORK[reason]
        leads = anchor("reason", reason.value)
        yield _Task(who, what, total.items, total.seconds, leads=leads, reason=reason.value)


def _papers(census: Census) -> Iterator[_Task]:
    def of(wanted: Callable[[Class], bool]) -> Tally:
        return sum((each.total for each in census.classes if each.verdict.cleared and wanted(each)), Tally())

    for who, what, wanted in (
        (COUNSEL, "Read the licences of cleared items for what their end means for a trained model.", no_survival),
        (DESK, "Cite evidence for the records by which items are cleared.", no_evidence),
        (DESK, "Name the holder in the records by which items are cleared.", no_holder),
    ):
        total = of(wanted)
        if total.items:
            yield _Task(who, what, total.items, total.seconds, leads="unknowns")
    if census.quarantine:
        number = len(census.quarantine)
        what = f"Look at {number:,} files in quarantine: put sound copies in their place, or remove them."
        yield _Task(ARCHIVE, what, leads="quarantine")


def _left(census: Census) -> Iterator[_Task]:
    """What stays out by somebody's word."""
    left = [e for e in census.classes if e.decision is Decision.REFUSED and e.verdict.reasons[0] not in WORK]
    if left:
        total = sum((each.total for each in left), Tally())
        names = ", ".join(sorted({heading(each) for each in left}))
        what = f"Leave these out: their holder or the file itself refuses ({names})."
        yield _Task(NOBODY, what, total.items, total.seconds, leads="reasons")


def no_holder(each: Class) -> bool:
    return not each.names(lambda record: record.holder)


def no_evidence(each: Class) -> bool:
    return bool(each.records) and any(not one.evidence and not one.document_sha256 for one in each.records)


def no_survival(each: Class) -> bool:
    return any(one.basis.value == "license" for one in each.records) and not each.verdict.survivals


def _owed(census: Census, naming: Naming) -> Table:
    """What is owed or limited for items that are cleared."""
    found: Counter[tuple[str, str]] = Counter()
    for each in census.classes:
        if each.verdict.cleared:
            told = [("credit", naming.words(line) or "") for line in each.verdict.credits]
            for duty in each.verdict.duties:
                done = "done" if duty.done else "before use" if duty.before_use else "owed"
                told.append((f"{duty.kind.value}, {done}", naming.words(duty.text) or ""))
            told += [("no alteration", limit.value) for limit in each.verdict.alterations]
            told += [("when the grant ends", f"models already trained: {one.value}") for one in each.verdict.survivals]
            for pair in set(told):
                found[pair] += each.total.items
    rows = [(what, text, items) for (what, text), items in sorted(found.items(), key=lambda p: (p[0][0], -p[1], p[0]))]
    columns = (
        Column("condition", "Condition"),
        Column("text", "Text", Form.PROSE),
        Column("items", "Items", Form.COUNT),
    )
    about = "What the deciding records ask for in return. It travels with the items into training and releases."
    return Table("conditions", "Conditions on cleared items", columns, rows[:200], about, total=len(rows))
