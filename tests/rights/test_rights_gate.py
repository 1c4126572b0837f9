"""The gate's rules one by one, each on the smallest case that shows it."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from provenance.model.words import Locator, Use
from provenance.rights.decisions import Outcome, Ruling, Waiver
from provenance.rights.gate import Evidence, Verdict, decide
from provenance.rights.matcher import Bound, Matcher, narrow
from provenance.rights.policy import Policy
from provenance.rights.reasons import Decision, Reason
from provenance.rights.restriction import Restriction
from provenance.rights.selector import LocatorRange, Selector
from provenance.rights.statement import (
    Alteration,
    Basis,
    Consent,
    ConsentKind,
    Duty,
    DutyKind,
    Event,
    Interest,
    RightsStatement,
    Status,
    Survival,
)
from provenance.rights.territory import Geography
from provenance.rights.twins import Twin, view

DAY = dt.date(2026, 11, 23)
JOB = Policy("job", Use.AI_GENERATIVE_TRAINING, "commercial", frozenset({"US"}))
OPT_OUT = Restriction(Reason.OPT_OUT_IN_FILE, "panel.png#c2pa", spreads=True)
PATH = "art/reel/panel.png"


def grant(path: str = "art/**", name: str = "S-1", **more: object) -> RightsStatement:
    given: dict[str, object] = {
        "id": name,
        "source": "register.csv:2",
        "applies_to": Selector(path=path),
        "basis": Basis.OWNERSHIP,
        "holder": "Lantern Hill",
        "allowed": frozenset(Use),
        "territory": Geography(frozenset({"worldwide"})),
    }
    return RightsStatement(**{**given, **more})  # type: ignore[arg-type]


def bound(*statements: RightsStatement, locator: Locator | None = None) -> tuple[Bound[RightsStatement], ...]:
    return narrow(Matcher(statements).match(PATH.encode()), locator)


def ask(*statements: RightsStatement, policy: Policy = JOB, at: dt.date = DAY, **more: object) -> Verdict:
    restrictions = more.pop("restrictions", ())
    return decide(bound(*statements), restrictions, policy, at, **more)  # type: ignore[arg-type]


def reasons(*statements: RightsStatement, **more: object) -> tuple[Reason, ...]:
    return ask(*statements, **more).reasons  # type: ignore[arg-type]


def consent(person: str = "ada", **more: object) -> Consent:
    return Consent(person, ConsentKind.ACTOR_LIKENESS, "this film", **more)  # type: ignore[arg-type]


def face(path: str = "art/**", name: str = "F-1", **more: object) -> RightsStatement:
    given = {"basis": Basis.RELEASE, "interest": Interest.LIKENESS, "consent": consent()}
    return grant(path, name, **{**given, **more})


def copy_of(*statements: RightsStatement, exact: bool = True, restrictions: tuple[Restriction, ...] = ()) -> Twin:
    return Twin(exact, view(bound(*statements), restrictions))


def test_a_grant_clears_and_no_record_refuses() -> None:
    assert ask(grant()).decision is Decision.CLEARED
    assert ask(grant()).deciding == ("S-1",)
    assert reasons() == (Reason.NO_RECORD,)
    assert reasons(grant("film/**")) == (Reason.NO_RECORD,)
    assert reasons(grant(basis=Basis.NONE, allowed=frozenset())) == (Reason.NO_RECORD,)


def test_the_closest_record_decides_whatever_a_wider_one_grants() -> None:
    refusal = grant(PATH, "S-2", allowed=frozenset(), refused=frozenset(Use))
    verdict = ask(grant(), refusal)
    assert verdict.reasons == (Reason.USE_REFUSED,)
    assert verdict.deciding == ("S-2",)
    assert (verdict.nearest, verdict.nearest_objections) == ("S-1", ())
    assert reasons(grant("art/**", allowed=frozenset(), refused=frozenset(Use)), grant(PATH, "S-2")) == ()


def test_of_equally_close_records_a_refusal_wins_and_two_bases_conflict() -> None:
    assert reasons(grant(), grant(name="S-2", allowed=frozenset(), refused=frozenset(Use))) == (Reason.USE_REFUSED,)
    conflict = ask(grant(), grant(name="S-2", basis=Basis.LICENSE))
    assert conflict.reasons == (Reason.CONFLICT,)
    assert conflict.decision is Decision.REVIEW
    assert conflict.findings[0].source == "S-1, S-2"


def test_a_ruling_chooses_the_record_that_rules_and_only_that() -> None:
    rules = Ruling(
        "L-9",
        Selector(path="**"),
        frozenset({Reason.CONFLICT}),
        Outcome.CLEAR,
        "counsel",
        "chain of title",
        statement="S-1",
    )
    other = grant(name="S-2", basis=Basis.LICENSE, end=dt.date(2025, 1, 1))
    verdict = ask(grant(), other, rulings=[rules])
    assert verdict.cleared
    assert verdict.lifted == ("L-9",)
    third = grant(name="S-3", basis=Basis.ASSIGNMENT)
    assert reasons(grant(name="S-4", basis=Basis.LICENSE), third, rulings=[rules]) == (Reason.CONFLICT,)
    refuses = Ruling("L-10", Selector(path="**"), frozenset(), Outcome.REFUSE, "counsel", "not ours")
    assert reasons(grant(), rulings=[refuses]) == (Reason.DECIDED_AGAINST,)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"basis": Basis.REFERENCE_ONLY, "allowed": frozenset()}, Reason.REFERENCE_ONLY),
        ({"status": Status.REVOKED, "status_date": DAY}, Reason.REVOKED),
        ({"status": Status.SUPERSEDED}, Reason.SUPERSEDED),
        ({"status": Status.ON_HOLD}, Reason.ON_HOLD),
        ({"end": dt.date(2026, 11, 22)}, Reason.EXPIRED),
        ({"end_event": Event("premiere", 30, dt.date(2026, 10, 1))}, Reason.EXPIRED),
        ({"start": dt.date(2026, 11, 24)}, Reason.NOT_YET_VALID),
        ({"start_event": Event("delivery")}, Reason.NOT_YET_VALID),
        ({"allowed": frozenset({Use.EVALUATION})}, Reason.USE_NOT_GRANTED),
        ({"allowed": frozenset(), "refused": frozenset({JOB.use})}, Reason.USE_REFUSED),
        ({"allowed": frozenset(), "constrained": frozenset({JOB.use})}, Reason.CONSTRAINED),
        ({"purposes": frozenset({"non-commercial"})}, Reason.PURPOSE),
        ({"territory": Geography(frozenset({"DE"}))}, Reason.TERRITORY),
        ({"territory": Geography()}, Reason.TERRITORY),
        ({"processing_geography": Geography(frozenset({"US"}))}, Reason.PROCESSING_GEOGRAPHY),
        ({"storage_geography": Geography(frozenset({"US"}))}, Reason.STORAGE_GEOGRAPHY),
        ({"recipients": frozenset({"lab"})}, Reason.RECIPIENT),
        ({"models": frozenset({"m1"})}, Reason.MODEL),
        ({"media": frozenset({"broadcast"})}, Reason.MEDIA),
        ({"duties": (Duty(DutyKind.PAY, "fee", before_use=True),)}, Reason.DUTY_UNDONE),
        ({"allowed": frozenset()}, Reason.UNDECIDED),
        ({"declares": frozenset({Interest.MUSIC})}, Reason.INTEREST_NOT_CLEARED),
        ({"declares": frozenset({Interest.VOICE})}, Reason.CONSENT_MISSING),
        ({"separated_rights_reserved": True}, Reason.INTEREST_NOT_CLEARED),
    ],
)
def test_what_a_record_lacks_is_the_reason(more: dict[str, object], reason: Reason) -> None:
    verdict = ask(grant(**more))
    assert verdict.reasons == (reason,)
    assert verdict.decision is (Decision.REVIEW if reason is Reason.UNDECIDED else Decision.REFUSED)


def test_the_narrowest_reason_is_told_and_undecided_never_hides_a_refusal() -> None:
    late = grant(end=dt.date(2025, 1, 1), territory=Geography(frozenset({"DE"})), allowed=frozenset({Use.EVALUATION}))
    assert reasons(late) == (Reason.EXPIRED,)
    assert reasons(grant(allowed=frozenset(), territory=Geography(frozenset({"DE"})))) == (Reason.TERRITORY,)


def test_terms_count_whole_days_and_a_revocation_its_own_day() -> None:
    term = grant(start=dt.date(2026, 1, 1), end=dt.date(2026, 6, 30))
    assert reasons(term, at=dt.date(2025, 12, 31)) == (Reason.NOT_YET_VALID,)
    assert reasons(term, at=dt.date(2026, 1, 1)) == ()
    assert reasons(term, at=dt.date(2026, 6, 30)) == ()
    assert reasons(term, at=dt.date(2026, 7, 1)) == (Reason.EXPIRED,)
    assert ask(term, at=dt.date(2026, 2, 1)).valid_until == dt.date(2026, 7, 1)
    taken = grant(status=Status.REVOKED, status_date=dt.date(2026, 9, 1))
    assert reasons(taken, at=dt.date(2026, 8, 31)) == ()
    assert reasons(taken, at=dt.date(2026, 9, 1)) == (Reason.REVOKED,)
    assert ask(grant()).valid_until is None


def test_a_policy_with_a_day_of_its_own_is_judged_on_that_day() -> None:
    past = Policy("past", JOB.use, "commercial", frozenset({"US"}), on=dt.date(2025, 1, 1))
    assert reasons(grant(start=dt.date(2026, 1, 1)), policy=past) == (Reason.NOT_YET_VALID,)


def test_every_interest_needs_its_own_clearance() -> None:
    song = grant(name="M-1", interest=Interest.MUSIC, basis=Basis.NONE, allowed=frozenset())
    assert reasons(grant(), song) == (Reason.INTEREST_NOT_CLEARED,)
    licensed = grant(PATH, "M-2", interest=Interest.MUSIC, basis=Basis.LICENSE)
    assert reasons(grant(declares=frozenset({Interest.MUSIC})), licensed) == ()
    assert reasons(licensed) == (Reason.NO_RECORD,)


def test_two_persons_in_one_frame_must_both_agree() -> None:
    bo = face(name="F-2", consent=consent("bo", revoked=dt.date(2026, 11, 1)))
    assert reasons(grant(), face()) == ()
    assert reasons(grant(), face(), bo) == (Reason.CONSENT_REVOKED,)


def test_a_persons_no_is_not_overridden_by_a_closer_yes() -> None:
    no = face("art/**", consent=consent(revoked=dt.date(2026, 1, 1)))
    yes = face(PATH, "F-2")
    assert reasons(grant(), no, yes) == (Reason.CONSENT_REVOKED,)
    replaced = face("art/**", consent=consent(revoked=dt.date(2026, 1, 1)), status=Status.SUPERSEDED)
    assert reasons(grant(), replaced, yes) == ()
    assert reasons(grant(), twins=[copy_of(grant(), no, yes)]) == (Reason.TWIN_CONSENT,)
    assert reasons(grant(), twins=[copy_of(grant(), replaced, yes)]) == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"consent": None}, Reason.CONSENT_MISSING),
        ({"consent": consent(minor=True)}, Reason.CONSENT_MISSING),
        ({"consent": consent(expiry=dt.date(2026, 1, 1))}, Reason.CONSENT_EXPIRED),
        ({"status": Status.REVOKED, "status_date": DAY}, Reason.CONSENT_REVOKED),
        ({"basis": Basis.NONE, "allowed": frozenset(), "consent": None}, Reason.CONSENT_MISSING),
    ],
)
def test_a_consent_that_does_not_count_is_missing(given: dict[str, object], reason: Reason) -> None:
    assert reasons(grant(), face(**given)) == (reason,)


def test_a_policy_may_ask_for_a_consent_signed_separately() -> None:
    careful = Policy("careful", JOB.use, "commercial", frozenset({"US"}), separate_signature=True)
    assert reasons(grant(), face(), policy=careful) == (Reason.CONSENT_MISSING,)
    assert reasons(grant(), face(consent=consent(separately_signed=True)), policy=careful) == ()


def test_a_range_decides_where_it_holds_and_restricts_where_nobody_can_tell() -> None:
    scene = grant(
        "art/**",
        "cue",
        applies_to=Selector(path="art/**", range=LocatorRange(start=Fraction(10), end=Fraction(20))),
        allowed=frozenset(),
        refused=frozenset(Use),
    )

    def at(place: Locator | None) -> tuple[Reason, ...]:
        return decide(bound(grant(PATH), scene, locator=place), (), JOB, DAY).reasons

    assert at(Locator(time=Fraction(9))) == ()
    assert at(Locator(time=Fraction(10))) == (Reason.USE_REFUSED,)
    assert at(Locator(time=Fraction(20))) == ()
    assert at(None) == (Reason.USE_REFUSED,)
    free = grant(name="free", applies_to=Selector(path=PATH, range=LocatorRange(start=Fraction(0), end=Fraction(9))))
    assert decide(bound(free, locator=Locator(time=Fraction(1))), (), JOB, DAY).cleared
    assert decide(bound(free), (), JOB, DAY).reasons == (Reason.NO_RECORD,)


def test_a_source_in_a_cut_does_not_stand_in_for_the_cuts_own_record() -> None:
    assert reasons(grant(subject="stock/clip.mov")) == (Reason.NO_RECORD,)
    shown = grant(name="clip", subject="stock/clip.mov", basis=Basis.LICENSE, end=dt.date(2026, 1, 1))
    assert reasons(grant(), shown) == (Reason.EXPIRED,)


def test_a_restriction_holds_against_the_closest_permission_until_it_is_waived() -> None:
    assert reasons(grant(PATH), restrictions=[OPT_OUT]) == (Reason.OPT_OUT_IN_FILE,)
    waiver = Waiver(
        "W-1",
        Selector(path=PATH),
        frozenset({Reason.OPT_OUT_IN_FILE}),
        "counsel",
        "letter of the holder",
        until=dt.date(2026, 12, 31),
        about=frozenset({OPT_OUT.source}),
    )
    verdict = ask(grant(PATH), restrictions=[OPT_OUT], waivers=[waiver])
    assert verdict.cleared
    assert (verdict.lifted, verdict.valid_until) == (("W-1",), dt.date(2027, 1, 1))
    other = Restriction(Reason.OPT_OUT_IN_FILE, "panel.png#xmp")
    assert reasons(grant(PATH), restrictions=[OPT_OUT, other], waivers=[waiver]) == (Reason.OPT_OUT_IN_FILE,)
    late = dt.date(2027, 1, 1)
    assert reasons(grant(PATH), restrictions=[OPT_OUT], waivers=[waiver], at=late) == (Reason.OPT_OUT_IN_FILE,)


def test_a_restriction_for_another_use_does_not_bite() -> None:
    mining = Restriction(Reason.OPT_OUT_IN_FILE, "a#xmp", uses=frozenset({Use.DATA_MINING}))
    assert reasons(grant(), restrictions=[mining]) == ()


def test_an_opt_out_reaches_exact_copies_as_a_refusal_and_near_ones_as_a_review() -> None:
    exact = copy_of(grant(), restrictions=(OPT_OUT,))
    near = copy_of(grant(), exact=False, restrictions=(OPT_OUT,))
    assert reasons(grant(), twins=[exact]) == (Reason.TWIN_OPT_OUT,)
    assert ask(grant(), twins=[near]).decision is Decision.REVIEW
    assert reasons(grant(), twins=[near]) == (Reason.NEAR_TWIN_OPT_OUT,)
    assert reasons(twins=[near]) == (Reason.NO_RECORD, Reason.NEAR_TWIN_OPT_OUT)
    own = Restriction(Reason.EXPIRED_IN_FILE, "a#xmp", spreads=False)
    assert reasons(grant(), twins=[copy_of(grant(), restrictions=(own,))]) == ()


def test_a_revocation_reaches_copies_and_an_expiry_or_a_territory_does_not() -> None:
    revoked = grant(PATH, status=Status.REVOKED, status_date=dt.date(2026, 9, 1))
    assert reasons(grant(), twins=[copy_of(revoked)]) == (Reason.TWIN_REVOKED,)
    assert reasons(grant(), twins=[copy_of(revoked, exact=False)]) == (Reason.NEAR_TWIN_REVOKED,)
    assert ask(grant(), twins=[copy_of(revoked)], at=dt.date(2026, 8, 1)).valid_until == dt.date(2026, 9, 1)
    over = grant(PATH, end=dt.date(2026, 1, 1), territory=Geography(frozenset({"DE"})))
    assert reasons(grant(), twins=[copy_of(over)]) == ()


def test_a_missing_or_withdrawn_consent_reaches_copies() -> None:
    for spoken in (face(consent=None), face(consent=consent(revoked=dt.date(2026, 1, 1)))):
        assert reasons(grant(), twins=[copy_of(grant(), spoken)]) == (Reason.TWIN_CONSENT,)
    declared = grant(declares=frozenset({Interest.LIKENESS}))
    assert reasons(grant(), twins=[copy_of(declared, exact=False)]) == (Reason.NEAR_TWIN_CONSENT,)


def test_rival_claims_on_copies_are_reviewed_and_records_that_claim_nothing_are_silent() -> None:
    agency = grant(basis=Basis.LICENSE, holder="Agence", end=dt.date(2024, 1, 1))
    assert reasons(grant(), twins=[copy_of(agency)]) == (Reason.TWIN_CONFLICT,)
    assert reasons(grant(), twins=[copy_of(agency, exact=False)]) == (Reason.NEAR_TWIN_CONFLICT,)
    assert reasons(grant(), twins=[copy_of(grant(holder="lantern  hill"))]) == ()
    quiet = grant(basis=Basis.REFERENCE_ONLY, holder="unknown", allowed=frozenset())
    assert reasons(grant(), twins=[copy_of(quiet), copy_of()]) == ()
    assert reasons(quiet, twins=[copy_of(grant())]) == (Reason.REFERENCE_ONLY,)
    free = grant(basis=Basis.PUBLIC_DOMAIN, holder=None)
    assert reasons(free, twins=[copy_of(grant(basis=Basis.PUBLIC_DOMAIN, holder="NASA"))]) == ()


def test_a_refused_item_is_not_reviewed_for_its_rivals_as_well() -> None:
    over = grant(end=dt.date(2026, 1, 1))
    assert reasons(over, twins=[copy_of(grant(holder="Agence"))]) == (Reason.EXPIRED,)


def test_a_ruling_on_twins_settles_what_was_looked_at_and_not_what_turns_up_later() -> None:
    ruling = Ruling(
        "L-3",
        Selector(path=PATH),
        frozenset({Reason.NEAR_TWIN_OPT_OUT, Reason.NEAR_TWIN_CONFLICT}),
        Outcome.CLEAR,
        "counsel",
        "two different drawings",
        about=frozenset({OPT_OUT.source, "Agence (license)"}),
    )
    seen = copy_of(grant(basis=Basis.LICENSE, holder="Agence"), exact=False, restrictions=(OPT_OUT,))
    assert ask(grant(), twins=[seen], rulings=[ruling]).cleared
    later = copy_of(grant(), exact=False, restrictions=(Restriction(Reason.OPT_OUT_IN_FILE, "b#xmp", spreads=True),))
    assert reasons(grant(), twins=[seen, later], rulings=[ruling]) == (Reason.NEAR_TWIN_OPT_OUT,)


def test_nothing_derived_is_wider_than_its_parents() -> None:
    parent = Evidence(bound=bound(grant(end=dt.date(2026, 1, 1))))
    assert reasons(grant(), parents=[parent]) == (Reason.PARENT_NOT_CLEARED,)
    assert reasons(grant(), parents=[Evidence(bound=bound(grant()))]) == ()


def test_a_superseded_exception_does_not_bring_the_folders_grant_back() -> None:
    gone = grant(PATH, "S-2", status=Status.SUPERSEDED)
    assert reasons(grant(), gone) == (Reason.SUPERSEDED,)
    assert reasons(grant(), gone, grant(PATH, "S-3")) == ()


def test_a_permission_in_the_file_counts_only_by_policy_and_where_no_register_speaks() -> None:
    inside = grant(PATH, "xmp", in_file="cc:license", basis=Basis.PUBLIC_LICENSE, license="CC-BY-4.0")
    trusting = Policy("t", JOB.use, "commercial", frozenset({"US"}), in_file_permissions=frozenset({"cc:license"}))
    assert reasons(inside) == (Reason.NO_RECORD,)
    assert reasons(inside, policy=trusting) == ()
    refusal = grant("**", allowed=frozenset(), refused=frozenset(Use))
    assert reasons(inside, refusal, policy=trusting) == (Reason.USE_REFUSED,)
    signed = Policy("s", JOB.use, "commercial", frozenset({"US"}), trusted_signers=frozenset({"ab12"}))
    assert reasons(grant(PATH, in_file="cawg", signer="ab12"), policy=signed) == ()
    assert reasons(grant(PATH, in_file="cawg", signer="ffff"), policy=signed) == (Reason.NO_RECORD,)


def test_duties_credits_limits_and_survival_travel_with_the_verdict() -> None:
    credit = Duty(DutyKind.CREDIT, "in the end titles")
    rich = grant(
        credit="(c) Lantern Hill",
        duties=(credit,),
        alteration=frozenset({Alteration.NO_FLIP, Alteration.NO_CROP}),
        survival=Survival.RETRAIN,
    )
    verdict = ask(rich, face(credit="Ada"))
    assert verdict.cleared
    assert verdict.duties == (credit,)
    assert verdict.credits == ("(c) Lantern Hill", "Ada")
    assert verdict.alterations == (Alteration.NO_CROP, Alteration.NO_FLIP)
    assert verdict.survivals == (Survival.RETRAIN,)


def test_of_several_records_the_one_that_came_nearest_is_named() -> None:
    near = grant("art/**", "S-near", end=dt.date(2025, 12, 31))
    far = grant("art/reel/**", "S-far", end=dt.date(2025, 1, 1), territory=Geography(frozenset({"DE"})))
    verdict = ask(near, far)
    assert (verdict.nearest, verdict.nearest_objections) == ("S-near", (Reason.EXPIRED,))
