"""Statements, policies and ledger entries as JSON, and the schemas that describe them."""

from __future__ import annotations

import datetime as dt
import json
import random
from fractions import Fraction
from pathlib import Path

import cases
import jsonschema
import pytest

from provenance.model.words import Use
from provenance.rights import codec, ledger, schemas
from provenance.rights.codec import DecodeError
from provenance.rights.policy import PolicyError, loads
from provenance.rights.policy import from_json as policy_from_json
from provenance.rights.selector import Selector
from provenance.rights.statement import (
    Basis,
    Identifier,
    Interest,
    RightsStatement,
    Share,
    Status,
    Work,
    from_json,
    to_json,
)
from provenance.rights.territory import Geography

MANIFESTS = Path(__file__).resolve().parent.parent.parent / "manifests"


def test_every_statement_survives_json_and_fits_the_schema() -> None:
    schema = jsonschema.Draft202012Validator(schemas.documents()["rights-statement.schema.json"])
    for seed in range(300):
        statement = cases.statement(random.Random(seed), seed)
        value = json.loads(json.dumps(to_json(statement)))
        schema.validate(value)
        assert from_json(value) == statement


def test_the_rich_fields_survive_json_too() -> None:
    rich = RightsStatement(
        id="R",
        source="m.yaml:3",
        applies_to=Selector(path="a/**"),
        basis=Basis.LICENSE,
        work=Work("Film", edit="director's cut", identifiers=(Identifier("EIDR", "10.5240/XXXX"),)),
        shares=(Share("A", Fraction(1, 3)), Share("B", Fraction(2, 3))),
        territory=Geography(frozenset({"worldwide"}), frozenset({"CN", "US-CA"})),
        document_sha256="0" * 64,
    )
    assert from_json(json.loads(json.dumps(to_json(rich)))) == rich
    assert to_json(rich)["shares"][0] == {"holder": "A", "share": "1/3"}


@pytest.mark.parametrize("name", sorted(schemas.documents()))
def test_the_schema_files_are_those_of_the_words(name: str) -> None:
    written = json.loads((MANIFESTS / "schemas" / name).read_text("utf-8"))
    assert written == schemas.documents()[name], f"python -m provenance.rights.schemas {name}"
    jsonschema.Draft202012Validator.check_schema(written)


def test_no_schema_file_is_left_over() -> None:
    ours = {
        path.name for path in (MANIFESTS / "schemas").glob("*.json") if path.name.startswith(("rights-", "policy."))
    }
    assert ours <= set(schemas.documents())


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"colour": "red"}, "colour"),
        ({"basis": "owned"}, "basis"),
        ({"start": "2026-02-30"}, "start"),
        ({"start": "26-02-03"}, "start"),
        ({"allowed": ["evaluation", "evaluation"]}, "allowed"),
        ({"allowed": "evaluation"}, "allowed"),
        ({"agreement": 3310}, "agreement"),
        ({"holder": None}, "holder"),
        ({"separated_rights_reserved": 1}, "separated_rights_reserved"),
        ({"territory": {"places": ["USA"]}}, "territory.places"),
        ({"territory": {"places": ["worldwide", "US"]}}, "territory.places"),
        ({"applies_to": {"path": "a", "work": "b"}}, "applies_to"),
        ({"shares": [{"holder": "a", "share": "3/2"}]}, "shares.0.share"),
        ({"consent": {"person": "a", "kind": "voice"}}, "consent"),
    ],
)
def test_a_value_that_is_no_statement_is_refused_by_its_place(change: dict[str, object], where: str) -> None:
    good = {"id": "R", "source": "x:1", "applies_to": {"path": "a"}, "basis": "ownership"}
    assert from_json(good).basis is Basis.OWNERSHIP
    with pytest.raises(DecodeError) as raised:
        from_json({**good, **change})
    assert str(raised.value).startswith(where)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"allowed": frozenset({Use.EVALUATION}), "refused": frozenset({Use.EVALUATION})}, "both allowed and refused"),
        ({"basis": Basis.REFERENCE_ONLY, "allowed": frozenset({Use.EVALUATION})}, "basis is reference-only"),
        ({"start": dt.date(2026, 2, 1), "end": dt.date(2026, 1, 1)}, "end is before start"),
        ({"status": Status.REVOKED}, "the day is missing"),
        ({"purposes": frozenset({"fun"})}, "unknown value"),
        ({"declares": frozenset({Interest.COPYRIGHT})}, "its own, or copyright"),
        ({"shares": (Share("a", Fraction(2, 3)), Share("b", Fraction(2, 3)))}, "more than the whole"),
        ({"document_sha256": "XYZ"}, "SHA-256"),
    ],
)
def test_a_statement_that_contradicts_itself_is_refused(change: dict[str, object], what: str) -> None:
    good = {"id": "R", "source": "x:1", "applies_to": Selector(path="a"), "basis": Basis.OWNERSHIP}
    with pytest.raises(DecodeError, match=what):
        RightsStatement(**{**good, **change})  # type: ignore[arg-type]


def test_a_grant_for_a_country_holds_in_its_parts_and_an_exclusion_cuts_them_out() -> None:
    america = Geography(frozenset({"US"}), frozenset({"US-CA"}))
    assert america.covers("US-NY")
    assert not america.covers("US-CA")
    assert not america.covers("US")
    assert not Geography(frozenset({"US-NY"})).covers("US")
    world = Geography(frozenset({"worldwide"}), frozenset({"CN"}))
    assert world.covers("DE")
    assert not world.covers("CN")
    assert not world.covers("worldwide")
    assert not Geography().covers("DE")


@pytest.mark.parametrize("path", sorted((MANIFESTS / "policies").glob("*.toml")), ids=lambda path: path.stem)
def test_every_ready_policy_reads_and_fits_its_schema(path: Path) -> None:
    policy = loads(path.read_text("utf-8"), path.name)
    jsonschema.validate(policy.to_json(), schemas.documents()["policy.schema.json"])
    assert policy_from_json(policy.to_json()) == policy
    assert len(policy.digest) == 64


def test_a_policy_digest_ignores_layout_and_heeds_content() -> None:
    text = 'name = "p"\nuse = "evaluation"\npurpose = "research"\nterritories = ["US", "DE"]\n'
    again = '# why\nterritories = ["DE", "US"]\npurpose = "research"\nuse = "evaluation"\nname = "p"\n'
    assert loads(text, "p.toml").digest == loads(again, "p.toml").digest
    assert loads(text + "on = 2026-11-23\n", "p.toml").digest != loads(text, "p.toml").digest
    assert loads(text + "on = 2026-11-23\n", "p.toml").on == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "p.toml", "empty policy"),
        ("# nothing\n", "p.toml", "empty policy"),
        ('name = "p"\nuse = \n', "p.toml:2", "not TOML"),
        ('name = "p"\n\nuse = "training"\n', "p.toml:3", 'unknown value "training"'),
        ('name = "p"\nuse = "evaluation"\npurpose = "research"\n', "p.toml", '"territories" is missing'),
        ('territories = []\nname = "p"\nuse = "evaluation"\npurpose = "research"\n', "p.toml:1", "empty"),
        ('name="p"\nuse="evaluation"\npurpose="fun"\nterritories=["US"]', "p.toml:3", 'unknown value "fun"'),
        ('name="p"\nuse="evaluation"\npurpose="research"\nterritories=["USA"]', "p.toml:4", '"USA"'),
        ('name="p"\nuse="evaluation"\npurpose="research"\nterritories=["US", "worldwide"]', "p.toml:4", "contradict"),
        ('name="p"\nuse="license_out_training"\npurpose="commercial"\nterritories=["US"]', "p.toml", "recipient"),
        (
            'name="p"\nuse="evaluation"\npurpose="research"\nterritories=["US"]\nterritory="US"',
            "p.toml:5",
            "unknown key",
        ),
    ],
)
def test_an_empty_or_contradictory_policy_is_refused_by_file_line_and_key(text: str, where: str, what: str) -> None:
    with pytest.raises(PolicyError) as raised:
        loads(text, "p.toml")
    assert raised.value.where == where
    assert what in raised.value.what


def test_every_kind_of_ledger_entry_survives_json_and_fits_the_schema() -> None:
    schema = jsonschema.Draft202012Validator(schemas.documents()["ledger-entry.schema.json"])
    draw = random.Random(3)
    bodies: list[ledger.Body] = [
        ledger.Import("register.csv", "0" * 64, "desk", added=tuple(cases.statement(draw, n) for n in range(20))),
        ledger.Revoke("desk", "letter", dt.date(2026, 1, 1), agreement="C-1"),
        ledger.Waive(cases.waiver(draw, 1)),
        ledger.Decide(cases.ruling(draw, 1)),
        ledger.Lift("desk", "entered by mistake", entry=2),
    ]
    head = {"number": 1, "recorded": "2026-11-23T10:00:00Z", "valid_until": "2026-11-30T10:00:00Z"}
    for body in bodies:
        entry = json.loads(json.dumps({**ledger.to_json(body), **head}))
        schema.validate(entry)
        assert ledger.from_json(entry) == body


def test_a_deeply_wrong_type_never_passes_for_a_number() -> None:
    with pytest.raises(DecodeError, match="whole number"):
        codec.decode(Selector, {"path": "a", "range": {"track": True}})
