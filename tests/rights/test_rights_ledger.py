"""What the ledger's entries add up to, and what was known when."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from provenance.model.errors import StaleLedgerError
from provenance.model.words import Locator, Use
from provenance.rights import ledger
from provenance.rights.decisions import Hold, Outcome, Ruling, Waiver
from provenance.rights.gate import judge
from provenance.rights.law import Law
from provenance.rights.ledger import Import, LedgerError, LedgerState, Lift, PutOnHold, Revoke, Waive, diff_import, fold
from provenance.rights.policy import Policy
from provenance.rights.reasons import Reason
from provenance.rights.restriction import Restriction
from provenance.rights.selector import LocatorRange, Selector
from provenance.rights.statement import Basis, Consent, ConsentKind, Interest, RightsStatement, Status, Work
from provenance.rights.territory import Geography

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 23)
JOB = Policy("job", Use.EVALUATION, "commercial", frozenset({"US"}))


def record(name: str = "S-1", path: str = "art/**", **more: Any) -> RightsStatement:
    given: dict[str, Any] = {
        "source": "register.csv:2",
        "applies_to": Selector(path=path),
        "basis": Basis.OWNERSHIP,
        "allowed": frozenset(Use),
        "territory": Geography(frozenset({"worldwide"})),
    }
    return RightsStatement(id=name, **{**given, **more})


def chain(*bodies: ledger.Body) -> list[dict[str, Any]]:
    """Entries as the signed chain holds them, one a day, each head good for a week."""
    out = []
    for number, body in enumerate(bodies, 1):
        recorded = NOON + dt.timedelta(days=number)
        out.append(
            {
                **ledger.to_json(body),
                "number": number,
                "recorded": recorded.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "valid_until": (recorded + dt.timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
    return out


def taken(*statements: RightsStatement, source: str = "register.csv", **more: Any) -> Import:
    return Import(source, "0" * 64, "rights desk", added=statements, **more)


def only(state: LedgerState) -> RightsStatement:
    (statement,) = state.statements
    return statement


def test_imports_add_change_move_and_withdraw() -> None:
    first = taken(record("A"), record("B"), record("C"))
    second = Import(
        "register.csv",
        "1" * 64,
        "rights desk",
        changed=(record("A", agreement="C-2"),),
        moved=(ledger.Moved("B", "register.csv:9"),),
        withdrawn=("C",),
    )
    state = fold(chain(first, second))
    assert [(each.id, each.agreement, each.source) for each in state.statements] == [
        ("A", "C-2", "register.csv:2"),
        ("B", None, "register.csv:9"),
    ]
    assert (state.head, state.recorded) == (2, NOON + dt.timedelta(days=2))


def test_a_revoked_licence_stays_revoked_when_an_older_register_comes_back() -> None:
    old = record()
    revoked = record(status=Status.REVOKED, status_date=dt.date(2026, 9, 1))
    again = Import("register.csv", "2" * 64, "rights desk", changed=(old,))
    state = fold(chain(taken(old), Import("register.csv", "1" * 64, "rights desk", changed=(revoked,)), again))
    assert (only(state).status, only(state).status_date) == (Status.REVOKED, dt.date(2026, 9, 1))
    withdrawn = Import("register.csv", "3" * 64, "rights desk", withdrawn=("S-1",))
    assert only(fold(chain(taken(revoked), withdrawn, taken(old)))).status is Status.REVOKED
    lifted = chain(taken(revoked), again, Lift("rights desk", "entered by mistake", statement="S-1"))
    assert only(fold(lifted)).status is Status.ACTIVE


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ({"statement": "S-1"}, {}),
        ({"agreement": "AE-1"}, {"agreement": "AE-1"}),
        ({"work": "Film"}, {"work": Work("Film")}),
        (
            {"person": "ada"},
            {"interest": Interest.VOICE, "consent": Consent("ada", ConsentKind.VOICE, "all")},
        ),
    ],
)
def test_a_revocation_hits_what_it_names_also_what_is_imported_later(target: Any, more: Any) -> None:
    revoke = Revoke("rights desk", "letter of 2026-09-20", dt.date(2026, 10, 1), **target)
    for entries in (chain(taken(record(**more)), revoke), chain(revoke, taken(record(**more)))):
        assert (only(fold(entries)).status, only(fold(entries)).status_date) == (Status.REVOKED, dt.date(2026, 10, 1))
    other = record("S-2", agreement="AE-2")
    assert only(fold(chain(revoke, taken(other)))).status is Status.ACTIVE
    lifted = chain(taken(record(**more)), revoke, Lift("rights desk", "withdrawn", entry=2))
    assert only(fold(lifted)).status is Status.ACTIVE


def test_the_earliest_of_several_revocations_counts() -> None:
    revokes = [Revoke("d", "w", dt.date(2026, month, 1), statement="S-1") for month in (10, 8, 9)]
    assert only(fold(chain(taken(record()), *revokes))).status_date == dt.date(2026, 8, 1)


def test_what_was_known_and_what_was_effective_are_two_questions() -> None:
    entries = chain(taken(record()), Revoke("d", "w", dt.date(2026, 6, 1), statement="S-1"))
    before, after = fold(entries, NOON + dt.timedelta(days=1)), fold(entries, NOON + dt.timedelta(days=2))
    assert (before.head, after.head) == (1, 2)

    def cleared(state: LedgerState, on: dt.date) -> bool:
        return judge(Law(state).evidence(b"art/a.png"), JOB, on).cleared

    assert cleared(before, dt.date(2026, 7, 1))
    assert not cleared(after, dt.date(2026, 7, 1))
    assert cleared(after, dt.date(2026, 5, 31))


def test_a_hold_stops_everything_it_touches_and_a_waiver_lifts_only_what_it_covers() -> None:
    span = LocatorRange(pages=(2, 3))
    hold = Hold("H-1", Selector(path="art/**", range=span), "counsel", "a claim came in")
    waiver = Waiver(
        "W-1",
        Selector(path="art/a.pdf", range=span),
        frozenset({Reason.ON_HOLD}),
        "counsel",
        "settled",
        until=dt.date(2027, 1, 1),
    )
    law = Law(fold(chain(taken(record()), PutOnHold(hold))))

    def reasons(law: Law, page: int | None) -> tuple[Reason, ...]:
        locator = Locator(page=page) if page else None
        return judge(law.evidence(b"art/a.pdf", locator=locator), JOB, DAY).reasons

    assert reasons(law, 1) == ()
    assert reasons(law, 2) == reasons(law, None) == (Reason.ON_HOLD,)
    waived = Law(fold(chain(taken(record()), PutOnHold(hold), Waive(waiver))))
    assert reasons(waived, 2) == ()
    assert reasons(waived, None) == (Reason.ON_HOLD,)
    assert reasons(Law(fold(chain(taken(record()), PutOnHold(hold), Lift("c", "settled", entry=2)))), 2) == ()


def test_decisions_on_a_work_reach_every_asset_of_it() -> None:
    ruling = Ruling(
        "L-1", Selector(work="Film"), frozenset({Reason.NEAR_BLANK}), Outcome.CLEAR, "counsel", "a slate is fine"
    )
    law = Law(fold(chain(taken(record(work=Work("Film"))), ledger.Decide(ruling))))
    blank = Restriction(Reason.NEAR_BLANK, "dedup")
    assert judge(law.evidence(b"art/a.png", restrictions=[blank]), JOB, DAY).lifted == ("L-1",)
    assert judge(law.evidence(b"film/a.png", restrictions=[blank]), JOB, DAY).reasons[0] is Reason.NO_RECORD


def test_an_import_is_shown_before_it_is_taken() -> None:
    state = fold(chain(taken(record("A"), record("B"), record("C"), record("D")), taken(record("M"), source="m.yaml")))
    new = [record("A"), replace(record("B"), source="register.csv:7"), record("C", agreement="C-9"), record("E")]
    changes = diff_import(state, new, "register.csv")
    assert [each.id for each in changes.added] == ["E"]
    assert [each.id for each in changes.changed] == ["C"]
    assert changes.moved == (ledger.Moved("B", "register.csv:7"),)
    assert changes.withdrawn == ("D",)
    assert diff_import(state, [each for each in state.statements if each.id != "M"], "register.csv").empty
    with pytest.raises(LedgerError, match=r"M is already held by m\.yaml"):
        diff_import(state, [record("M")], "register.csv")


def test_an_import_of_an_active_record_that_the_ledger_knows_revoked_says_so() -> None:
    state = fold(chain(taken(record()), Revoke("d", "w", DAY, statement="S-1")))
    changes = diff_import(state, [record()], "register.csv")
    assert changes.empty
    assert changes.still_revoked == ("S-1",)


def test_a_gap_an_unknown_kind_or_an_unknown_key_is_refused() -> None:
    good = chain(taken(record()))
    for wrong, what in (
        ({**good[0], "number": 2}, "entry 2 follows entry 0"),
        ({**good[0], "kind": "erase"}, 'unknown kind "erase"'),
        ({**good[0], "colour": "red"}, "colour"),
        ({**good[0], "recorded": "yesterday"}, "recorded"),
    ):
        with pytest.raises(LedgerError, match=what):
            fold([wrong])


def test_a_head_past_its_valid_until_admits_nothing() -> None:
    state = fold(chain(taken(record())))
    assert state.valid_until == NOON + dt.timedelta(days=8)
    ledger.check_fresh(state, NOON + dt.timedelta(days=8))
    with pytest.raises(StaleLedgerError, match="good until 2026-11-09T12:00:00Z"):
        ledger.check_fresh(state, NOON + dt.timedelta(days=8, seconds=1))
    with pytest.raises(StaleLedgerError, match="empty"):
        ledger.check_fresh(fold([]), NOON)


def test_a_waiver_never_lifts_the_want_of_a_record_and_always_ends() -> None:
    with pytest.raises(ValueError, match="cannot be waived"):
        Waiver("W", Selector(path="**"), frozenset({Reason.NO_RECORD}), "c", "w", until=DAY)
    with pytest.raises(ValueError, match="who and why"):
        Waiver("W", Selector(path="**"), frozenset({Reason.ON_HOLD}), "c", " ", until=DAY)
    with pytest.raises(ValueError, match="is a refusal"):
        Ruling("R", Selector(path="**"), frozenset({Reason.REVOKED}), Outcome.CLEAR, "c", "w")
