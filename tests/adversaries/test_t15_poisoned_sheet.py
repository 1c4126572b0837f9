"""T15: a rights sheet made to clear what nobody licensed. Nothing of a poisoned sheet is taken, and it says why."""

from __future__ import annotations

import csv
import io

import pytest

from provenance.rights.ledger import Import, LedgerError, diff_import, fold, to_json
from provenance.rights.sources import manifest, register
from provenance.rights.sources._record import COLUMNS
from provenance.rights.sources.manifest import ManifestError
from provenance.rights.sources.register import RegisterError
from provenance.rights.statement import RightsStatement

HONEST = {
    "record_id": "R-1",
    "applies_to": "art/cover.png",
    "basis": "license",
    "license": "LicenseRef-Stock",
    "agreement": "AE-1",
    "uses_allowed": "evaluation",
    "territories": "worldwide",
    "status": "active",
}
EVERY = "data_mining;ai_inference;ai_training;ai_generative_training;evaluation"


def sheet(*rows: dict[str, str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("poison", "column"),
    [
        ({"applies_to": "**", "uses_allowed": EVERY, "basis": "ownership", "agreement": ""}, "applies_to"),
        ({"applies_to": "*/**", "uses_allowed": EVERY, "agreement": "AE-1", "evidence": ""}, "applies_to"),
        ({"applies_to": "**/*", "uses_allowed": EVERY, "agreement": "", "evidence": "mail"}, "applies_to"),
        ({"applies_to": "[!~]*/**", "uses_allowed": EVERY}, "applies_to"),
        ({"applies_to": "art/../**"}, "applies_to"),
        ({"applies_to": "art/\u202egnp.cover"}, "applies_to"),
        ({"applies_to": "art/co\u200bver.png"}, "applies_to"),
        ({"license": "СC-BY-4.0"}, "license"),
        ({"license": "CC-ΒY-4.0"}, "license"),
        ({"license": "CC–BY–4.0"}, "license"),
        ({"license": "CC-BY-9.9"}, "license"),
        ({"license": "(" * 150 + "MIT"}, "license"),
        ({"record_id": "R-\u0410"}, "record_id"),
        ({"rights_holder": "=cmd|' /C calc'!A0"}, "rights_holder"),
        ({"rights_holder": "+SUM(1,2)"}, "rights_holder"),
        ({"rights_holder": "@IMPORTXML(A1)"}, "rights_holder"),
        ({"rights_holder": "Lantern\u202eHill"}, "rights_holder"),
        ({"notes": "null\x00byte"}, "notes"),
        ({"uses_allowed": "evaluation;everything"}, "uses_allowed"),
        ({"uses_allowed": "evaluation", "uses_refused": "evaluation"}, "uses_refused"),
        ({"territories": ""}, "territories"),
        ({"territories": "worldwide;US"}, "territories"),
        ({"status": "Active"}, "status"),
        ({"end": "9999-99-99"}, "end"),
    ],
)
def test_one_poisoned_row_spoils_the_whole_sheet(poison: dict[str, str], column: str) -> None:
    assert len(register.read(sheet(HONEST), "r.csv")) == 1
    with pytest.raises(RegisterError) as raised:
        register.read(sheet({**HONEST, "record_id": "R-0"}, {**HONEST, **poison}), "r.csv")
    assert [(each.where, each.column) for each in raised.value.complaints] == [("r.csv:3", column)]


def test_two_records_of_one_id_are_one_too_many() -> None:
    with pytest.raises(RegisterError, match="used twice"):
        register.read(sheet(HONEST, {**HONEST, "uses_allowed": EVERY}), "r.csv")


def test_ordinary_words_are_not_mistaken_for_formulas() -> None:
    fine = {**HONEST, "rights_holder": "-ism & Co. (Berlin)", "notes": "+49 30 1234", "credit": "@studio"}
    with pytest.raises(RegisterError):
        register.read(sheet(fine), "r.csv")  # a bracket after a leading minus could call a function
    fine["rights_holder"] = "ism & Co. (Berlin)"
    (statement,) = register.read(sheet(fine), "r.csv")
    assert (statement.notes, statement.credit) == ("+49 30 1234", "@studio")


def test_a_wildcard_over_everything_is_taken_only_with_its_papers() -> None:
    papers = {"applies_to": "**", "agreement": "work for hire", "evidence": "binder 3"}
    assert len(register.read(sheet({**HONEST, **papers}), "r.csv")) == 1
    refusal = {"applies_to": "**", "agreement": "", "uses_allowed": "", "uses_refused": EVERY}
    assert len(register.read(sheet({**HONEST, **refusal}), "r.csv")) == 1


def test_a_manifest_is_held_to_the_same_rules() -> None:
    text = "manifest: 1\nstatements:\n- {id: R, applies_to: '**', basis: ownership, allowed: [ai_training]}"
    with pytest.raises(ManifestError, match="whole archive"):
        manifest.read(text.encode(), "m.yaml")


def test_a_sheet_cannot_take_over_another_sources_records_or_wipe_out_a_revocation() -> None:
    (honest,) = register.read(sheet(HONEST), "r.csv")
    revoked = register.read(sheet({**HONEST, "status": "revoked", "status_date": "2026-09-01"}), "r.csv")
    state = fold([_entry(1, revoked)])
    with pytest.raises(LedgerError, match=r"already held by r\.csv"):
        diff_import(state, [honest], "mallory.csv")
    changes = diff_import(state, [honest], "r.csv")
    assert changes.still_revoked == ("R-1",)
    after = fold([_entry(1, revoked), _entry(2, (honest,))])
    assert after.statements[0].status == "revoked"


def _entry(number: int, statements: tuple[RightsStatement, ...]) -> dict[str, object]:
    moment = {"recorded": "2026-11-01T00:00:00Z", "valid_until": "2026-11-08T00:00:00Z"}
    return {**to_json(Import("r.csv", "0" * 64, "desk", added=statements)), "number": number, **moment}
