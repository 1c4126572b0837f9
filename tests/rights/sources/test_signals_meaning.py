"""What signals mean: what restricts is honoured, what permits gives nothing, and dates are days."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.model.words import Signal, Use
from provenance.rights.reasons import Decision, Reason, decision
from provenance.rights.selector import Selector
from provenance.rights.sources.signals import conflicts, permissions, restrictions
from provenance.rights.statement import Basis

GENERATIVE = Use.AI_GENERATIVE_TRAINING
DAY = dt.date(2026, 11, 23)


def dmi(name: str) -> Signal:
    return Signal("plus:DataMining", f"http://ns.useplus.org/ldf/vocab/{name}", "xmp")


def entry(use: str, name: str = "cawg.ai_generative_training", where: str = "c2pa", **detail: str) -> Signal:
    return Signal("cawg.training-mining", use, where, {"entry": name, **detail})


def reasons(*found: Signal, use: Use = GENERATIVE, purpose: str = "commercial", on: dt.date = DAY) -> set[Reason]:
    return {each.reason for each in restrictions(found, "a.jpg") if each.bites(use, purpose, on)}


REFUSED, REVIEW = {Reason.OPT_OUT_IN_FILE}, {Reason.CONSTRAINED_IN_FILE}


@pytest.mark.parametrize(
    ("name", "generative", "training", "mining", "evaluation"),
    [
        ("DMI-UNSPECIFIED", set(), set(), set(), set()),
        ("DMI-ALLOWED", set(), set(), set(), set()),
        ("DMI-PROHIBITED", REFUSED, REFUSED, REFUSED, REFUSED),
        ("DMI-PROHIBITED-AIMLTRAINING", REFUSED, REFUSED, set(), set()),
        ("DMI-PROHIBITED-GENAIMLTRAINING", REFUSED, set(), set(), set()),
        ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", REFUSED, REFUSED, REFUSED, REFUSED),
        ("DMI-PROHIBITED-SEECONSTRAINT", REVIEW, REVIEW, REVIEW, REVIEW),
        ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", REVIEW, REVIEW, REVIEW, REVIEW),
        ("DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", REVIEW, REVIEW, REVIEW, REVIEW),
        ("DMI-PROHIBITED-OFTHEFUTURE", REFUSED, REFUSED, REFUSED, REFUSED),
        ("DMI-BANANA", REVIEW, REVIEW, REVIEW, REVIEW),
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED", REFUSED, REFUSED, REFUSED, REFUSED),
        ("dmi-prohibited", REFUSED, REFUSED, REFUSED, REFUSED),
    ],
)
def test_each_plus_value_touches_its_uses(
    name: str, generative: set[Reason], training: set[Reason], mining: set[Reason], evaluation: set[Reason]
) -> None:
    asked = (GENERATIVE, Use.AI_TRAINING, Use.DATA_MINING, Use.EVALUATION)
    assert [reasons(dmi(name), use=use) for use in asked] == [generative, training, mining, evaluation]


def test_whoever_prohibits_training_prohibits_licensing_out_for_it() -> None:
    for name in ("DMI-PROHIBITED", "DMI-PROHIBITED-AIMLTRAINING", "DMI-PROHIBITED-GENAIMLTRAINING"):
        assert reasons(dmi(name), use=Use.LICENSE_OUT_TRAINING) == REFUSED


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (entry("allowed"), set()),
        (entry("notAllowed"), REFUSED),
        (entry("not_allowed"), REFUSED),
        (entry("constrained"), REFUSED),
        (entry("constrained", constraint_info="storyboards only"), REVIEW),
        (entry("BANANA"), REVIEW),
        (entry("unreadable", name="*"), REVIEW),
        (entry("notAllowed", name="cawg.ai_inference"), set()),
        (entry("notAllowed", name="cawg.something_new"), REFUSED),
        (entry("notAllowed", where="c2pa-ingredient:urn:x"), REFUSED),
    ],
)
def test_each_credential_value_is_checked_here(signal: Signal, expected: set[Reason]) -> None:
    assert reasons(signal) == expected


def test_an_opt_out_counts_also_when_the_signature_is_broken() -> None:
    found = reasons(entry("notAllowed"), Signal("c2pa.validation", "broken", "c2pa"))
    assert found == {Reason.OPT_OUT_IN_FILE, Reason.BROKEN_CREDENTIAL}
    assert decision(frozenset(found)) is Decision.REFUSED


def test_a_broken_or_remote_credential_alone_is_for_a_person() -> None:
    assert reasons(Signal("c2pa.validation", "broken", "c2pa")) == {Reason.BROKEN_CREDENTIAL}
    assert reasons(Signal("c2pa.remote", "example.org", "xmp")) == {Reason.REMOTE_CREDENTIAL}
    assert reasons(Signal("c2pa.validation", "valid", "c2pa")) == set()


def test_an_opt_out_holds_for_twins_and_a_term_does_not() -> None:
    (opt_out,) = restrictions([dmi("DMI-PROHIBITED")], "a.jpg")
    (term,) = restrictions([Signal("plus:LicenseEndDate", "2026-06-30", "xmp")], "a.jpg")
    assert (opt_out.spreads, term.spreads) == (True, False)
    assert (opt_out.source, term.source) == ("a.jpg#xmp", "a.jpg#xmp")


def test_in_a_sidecar_an_opt_out_has_its_own_name() -> None:
    (found,) = restrictions([dmi("DMI-PROHIBITED-AIMLTRAINING")], "a.xmp", sidecar=True)
    assert found.reason is Reason.OPT_OUT_IN_SIDECAR
    assert found.spreads
    assert not found.bites(Use.DATA_MINING, None, DAY)


@pytest.mark.parametrize(
    ("value", "last"),
    [
        ("2026-06-30", dt.date(2026, 6, 30)),
        ("2026-06-30T23:00:00-08:00", dt.date(2026, 6, 30)),  # already the 1st of July in UTC: the earlier day
        ("2026-06-30T01:00:00+09:00", dt.date(2026, 6, 29)),
    ],
)
def test_the_end_date_is_the_last_valid_day(value: str, last: dt.date) -> None:
    end = Signal("plus:LicenseEndDate", value, "xmp")
    assert reasons(end, on=last) == set()
    assert reasons(end, on=last + dt.timedelta(days=1)) == {Reason.EXPIRED_IN_FILE}


def test_before_the_start_date_nothing_is_licensed() -> None:
    start = Signal("plus:LicenseStartDate", "2027-01-01", "xmp")
    assert reasons(start, on=dt.date(2026, 12, 31)) == {Reason.NOT_YET_VALID_IN_FILE}
    assert reasons(start, on=dt.date(2027, 1, 1)) == set()


@pytest.mark.parametrize("value", ["2026", "2026-06", "June 2026", "2026-02-31", "9999-99-99", ""])
def test_a_date_that_is_no_day_is_for_a_person(value: str) -> None:
    assert reasons(Signal("plus:LicenseEndDate", value, "xmp")) == REVIEW


def test_a_non_commercial_licence_touches_commercial_purposes_only() -> None:
    licence = Signal("cc:license", "https://creativecommons.org/licenses/by-nc/4.0/", "xmp")
    assert reasons(licence) == {Reason.PURPOSE_IN_FILE}
    assert reasons(licence, purpose="research") == set()


def test_no_derivatives_asks_a_person_about_generation() -> None:
    licence = Signal("cc:license", "https://creativecommons.org/licenses/by-nd/4.0/", "xmp")
    assert (reasons(licence), reasons(licence, use=Use.DATA_MINING)) == (REVIEW, set())


def test_a_text_that_names_several_licences_leaves_the_choice_to_a_person() -> None:
    both = [Signal("license-text", "CC-BY-4.0", "text:1"), Signal("license-text", "CC-BY-NC-4.0", "text:2")]
    assert reasons(*both) == REVIEW
    assert reasons(both[1]) == {Reason.PURPOSE_IN_FILE}


def test_tdmrep_reserves_mining_and_training() -> None:
    reserved = Signal("tdm:reservation", "1", "xmp")
    assert [reasons(reserved, use=use) for use in (GENERATIVE, Use.DATA_MINING, Use.AI_INFERENCE)] == [REFUSED] * 2 + [
        set()
    ]
    assert reasons(Signal("tdm:reservation", "0", "xmp")) == set()


def test_rsl_prohibitions_touch_what_they_name() -> None:
    assert reasons(Signal("rsl:prohibits", "ai-train search", "xmp")) == REFUSED
    assert reasons(Signal("rsl:prohibits", "search", "xmp")) == set()


def test_a_plain_no_in_a_metadata_field_refuses_and_in_running_text_asks() -> None:
    assert reasons(Signal("ai-reservation", "No AI training", "iptc-iim")) == REFUSED
    assert reasons(Signal("ai-reservation", "No AI training", "text:12")) == REVIEW


def test_usage_terms_that_limit_are_for_a_person() -> None:
    assert reasons(Signal("xmpRights:UsageTerms", "Editorial use only", "xmp")) == REVIEW
    assert reasons(Signal("xmpRights:UsageTerms", "Use as you like", "xmp")) == set()


def test_metadata_that_nobody_could_read_is_never_rounded_up_to_clear() -> None:
    assert decision(frozenset(reasons(Signal("unreadable-metadata", "broken", "xmp")))) is Decision.REVIEW


NOTICE = Signal("copyright-line", "Copyright: 2018 Richard Roe", "text:3")
RESERVED = Signal("rights-reserved", "All rights reserved", "xmp")
DEDICATION = Signal("public-domain-line", "Dedicated to the Public Domain", "text:3")
BY = Signal("cc:license", "https://creativecommons.org/licenses/by/4.0/", "xmp")


@pytest.mark.parametrize(
    ("found", "basis", "license", "contradicts"),
    [
        ([NOTICE], "public-domain", "", True),
        ([NOTICE, DEDICATION], "public-domain", "", False),
        ([DEDICATION], "public-domain", "", False),
        ([BY], "public-domain", "", True),
        ([Signal("xmpRights:Marked", "True", "xmp")], "public-domain", "", True),
        ([Signal("xmpRights:Marked", "False", "xmp")], "public-domain", "", False),
        ([NOTICE], "public-license", "CC0-1.0", True),
        ([NOTICE, BY], "public-license", "CC-BY-4.0", False),
        ([BY], "public-license", "CC-BY-3.0", False),
        ([BY], "public-license", "CC-BY-NC-4.0", True),
        ([RESERVED], "public-license", "CC-BY-4.0", True),
        ([RESERVED, BY], "public-license", "CC-BY-4.0", False),
        ([NOTICE], "ownership", "", False),
        ([RESERVED], "license", "LicenseRef-1", False),
    ],
)
def test_a_file_contradicts_its_record(found: list[Signal], basis: str, license: str, contradicts: bool) -> None:
    assert bool(conflicts(found, "a", basis, license)) is contradicts
    assert all(each.reason is Reason.CONFLICT_IN_FILE for each in conflicts(found, "a", basis, license))


def test_permissions_in_a_file_become_statements_that_a_policy_must_name() -> None:
    made = permissions([BY, dmi("DMI-ALLOWED")], "a.jpg", Selector(path="a.jpg"))
    assert [(each.in_file, each.basis, each.license) for each in made] == [
        ("cc:license", Basis.PUBLIC_LICENSE, "CC-BY-4.0"),
        ("plus:DataMining", Basis.LICENSE, None),
    ]
    assert all(Use.LICENSE_OUT_TRAINING not in each.allowed for each in made)


def test_a_credential_permits_only_with_a_whole_proof_and_names_its_signer() -> None:
    proof = Signal("c2pa.validation", "valid", "c2pa", {"signer_sha256": "ab"})
    (made,) = permissions([entry("allowed"), proof], "a.jpg", Selector(path="a.jpg"))
    assert (made.in_file, made.signer, made.allowed) == ("cawg.training-mining", "ab", frozenset({GENERATIVE}))
    broken = Signal("c2pa.validation", "broken", "c2pa", {"signer_sha256": "ab"})
    assert permissions([entry("allowed"), broken], "a.jpg", Selector(path="a.jpg")) == ()
    assert permissions([entry("allowed", where="c2pa-ingredient:x"), proof], "a.jpg", Selector(path="a.jpg")) == ()


def test_a_permission_ends_with_the_term_in_the_file() -> None:
    end = Signal("plus:LicenseEndDate", "2026-06-30", "xmp")
    (made,) = permissions([BY, end], "a.jpg", Selector(path="a.jpg"))
    assert made.end == dt.date(2026, 6, 30)


ANY_SIGNAL = st.one_of(
    st.sampled_from(["DMI-PROHIBITED", "DMI-ALLOWED", "DMI-UNSPECIFIED", "DMI-PROHIBITED-AIMLTRAINING"]).map(dmi),
    st.sampled_from(["allowed", "notAllowed", "constrained", "BANANA"]).map(entry),
    st.builds(Signal, st.sampled_from(["plus:LicenseEndDate", "cc:license", "tdm:reservation", "c2pa.validation",
                                       "xmpRights:UsageTerms", "rsl:prohibits", "license-text"]), st.text(max_size=30),
              st.just("xmp")),
)  # fmt: skip


@given(st.lists(ANY_SIGNAL, max_size=6), ANY_SIGNAL, st.sampled_from(list(Use)))
def test_one_more_signal_never_lifts_a_refusal_into_clearance(found: list[Signal], more: Signal, use: Use) -> None:
    before = decision(frozenset(reasons(*found, use=use)))
    after = decision(frozenset(reasons(*found, more, use=use)))
    order = [Decision.CLEARED, Decision.REVIEW, Decision.REFUSED]
    if before is Decision.CLEARED:
        return
    assert after is not Decision.CLEARED
    if more.standard != "license-text":  # a second licence in words turns a refusal into a question
        assert order.index(after) >= order.index(before)


@given(st.permutations([dmi("DMI-PROHIBITED"), entry("constrained", constraint_info="x"), BY, RESERVED]))
def test_the_order_of_signals_changes_nothing(found: list[Signal]) -> None:
    assert set(restrictions(found, "a")) == set(restrictions(sorted(found, key=repr), "a"))
