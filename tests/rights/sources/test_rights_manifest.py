"""The rights manifest in YAML: what it can say, and how it is complained of."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from provenance.model.words import Use
from provenance.rights import schemas
from provenance.rights.sources import _yaml
from provenance.rights.sources.manifest import ManifestError, load_manifest, read
from provenance.rights.statement import Basis, Interest
from provenance.rights.territory import Geography

PAGE = Path(__file__).resolve().parent.parent.parent.parent / "manifests" / "RIGHTS_MANIFEST.md"

GOOD = """\
manifest: 1
agreements:
  AE-7:
    basis: license
    holder: Agence Étoile
    license: LicenseRef-Stock
    allowed: [ai_generative_training, evaluation]
    territory: [US, NO]
    end: 2027-12-31
    duties:
      - {kind: credit, text: in the end titles}
people:
  ada:
    kind: voice
    scope: the whole series
    separately_signed: true
statements:
  - id: E-1
    agreement: AE-7
    applies_to: stock/**
  - id: E-2
    agreement: AE-7
    applies_to:
      path: film/cut.mov
      range: {timecode: {start: "01:00:00:00", end: "01:00:10:00", rate: 24/1}}
    interest: music
    work: Title song
    territory: worldwide
  - id: E-3
    applies_to: film/**
    basis: release
    interest: voice
    person: ada
    allowed: [ai_training]
    territory: ["worldwide", "!CN"]
policies:
  in-house:
    use: ai_training
    purpose: commercial
    territories: [US]
"""


def complaints(text: str) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        read(text.encode(), "m.yaml")
    return [str(each) for each in raised.value.complaints]


def test_statements_take_over_their_agreement_and_may_say_otherwise() -> None:
    manifest = load_manifest(GOOD.encode(), "rights/m.yaml")
    first, second, third = manifest.statements
    assert (first.id, first.source, first.agreement) == ("E-1", "m.yaml:18", "AE-7")
    assert (first.basis, first.holder, first.license) == (Basis.LICENSE, "Agence Étoile", "LicenseRef-Stock")
    assert first.allowed == {Use.AI_GENERATIVE_TRAINING, Use.EVALUATION}
    assert first.territory == Geography(frozenset({"US", "NO"}))
    assert second.territory == Geography(frozenset({"worldwide"}))
    assert second.interest is Interest.MUSIC
    assert second.applies_to.range is not None
    assert second.applies_to.range.timecode is not None
    assert second.applies_to.range.timecode.rate == Fraction(24)
    assert second.duties == first.duties
    assert third.consent is not None
    assert (third.consent.person, third.consent.separately_signed) == ("ada", True)
    assert not third.territory.covers("CN")
    (policy,) = manifest.policies
    assert (policy.name, policy.use) == ("in-house", Use.AI_TRAINING)


def test_the_schema_accepts_what_the_reader_accepts() -> None:
    schema = schemas.documents()["rights-manifest.schema.json"]
    value = _yaml.load(GOOD.encode()).value
    jsonschema.validate(value, schema)
    value["statements"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema)


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("manifest: 1", "manifest: 2", "m.yaml:1: manifest", "expected manifest: 1"),
        ("people:", "peple:", "m.yaml:12: peple", 'unknown key "peple" (people?)'),
        ("    holder: A", "    owner: A", "m.yaml:5: owner", 'unknown key "owner"'),
        ("basis: license", "basis: licence", "m.yaml:4: basis", 'unknown value "licence"'),
        ("[ai_generative_training, evaluation]", "[ai_traning]", "m.yaml:7: allowed", 'unknown value "ai_traning"'),
        ("[US, NO]", "[USA]", "m.yaml:8: territory", '"USA" is not an ISO'),
        ("2027-12-31", "2027-02-30", "m.yaml:9: end", "no such day"),
        ("LicenseRef-Stock", "СC-BY-4.0", "m.yaml:6: license", "Cyrillic"),
        ("{kind: credit,", "{kind: kudos,", "m.yaml:11: kind", 'unknown value "kudos"'),
        ("kind: voice", "kind: voices", "m.yaml:14: kind", 'unknown value "voices"'),
        (
            "agreement: AE-7\n    applies_to: stock",
            "agreement: AE-8\n    applies_to: stock",
            "m.yaml:19: agreement",
            "AE-8",
        ),
        ("person: ada", "person: eve", "m.yaml:33: person", 'unknown person "eve"'),
        ("id: E-3", "id: E-1", "m.yaml:29: id", "used twice in the file (E-1, first on line 18)"),
        ("applies_to: stock/**", "applies_to: /stock/**", "m.yaml:20: applies_to", "absolute path"),
        ("rate: 24/1", "rate: 0/1", "m.yaml:25: rate", "not above zero"),
        ("use: ai_training\n", "use: all\n", "m.yaml:38: use", 'unknown value "all"'),
        ("    basis: release\n", "", "m.yaml:29: ", '"basis" is missing'),
    ],
)
def test_a_mistake_is_told_by_file_line_and_the_users_own_key(old: str, new: str, where: str, what: str) -> None:
    assert old in GOOD
    told = complaints(GOOD.replace(old, new, 1))
    assert any(each.startswith(where) and what in each for each in told), told


def test_a_mistake_in_an_agreement_is_told_once_and_where_it_stands() -> None:
    told = complaints(GOOD.replace("[US, NO]", "[USA]"))
    assert told == ['m.yaml:8: territory: "USA" is not an ISO 3166-1 alpha-2 code']


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "expected the keys"),
        ("- 1", "expected the keys"),
        ("manifest: 1\nmanifest: 1", 'm.yaml:2: the key "manifest" stands there twice'),
        ("manifest: 1\npeople: !!python/object/apply:os.system [ls]", "m.yaml:2: the tag"),
        ("manifest: 1\nagreements:\n  A: &x {basis: license}\n  B: *x", "an alias"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "an alias"),
        ("manifest: 1\n---\nmanifest: 1", "not YAML"),
        ("manifest: [1", "not YAML"),
        ("manifest: 1\npeople: \u202eabc", "U+202E"),
        ("[" * 5_000, "not YAML"),
        ("manifest: 1\nstatements: 3", "m.yaml:2: statements: expected a list"),
        ("manifest: 1\npolicies:\n  p: {}", "m.yaml:3: p: an empty policy allows nothing"),
        (
            "manifest: 1\nstatements:\n- {id: a, applies_to: '**', basis: ownership, allowed: [evaluation]}",
            "whole archive",
        ),
        ("manifest: 1\nstatements:\n- {id: a, applies_to: a, basis: license}", "all empty"),
        ("manifest: 1\nstatements:\n- {id: a, applies_to: a, basis: ownership, agreement: 3310}", "put it in quotes"),
    ],
)
def test_what_is_no_manifest_is_told_so(text: str, what: str) -> None:
    told = complaints(text)
    assert any(what in each for each in told), told


def test_norway_is_a_country_and_not_a_no() -> None:
    (first, *_) = read(GOOD.encode(), "m.yaml")
    assert first.territory.covers("NO")


def test_the_examples_of_the_format_page_read() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        manifest = load_manifest(block.encode(), "example.yaml")
        assert manifest.statements
