"""The rights manifest: agreements, people, statements and policies in YAML, for what a spreadsheet cannot say.

A statement may rest on an agreement (`agreement: KEY` takes over its terms; what the statement says itself wins) and
on a person's consent (`person: KEY`). manifests/RIGHTS_MANIFEST.md describes the format, manifests/schemas its JSON
Schema. Read whole or not at all; every complaint names file, line and key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from provenance.model.errors import InputError
from provenance.rights import codec
from provenance.rights import policy as policies
from provenance.rights.codec import DecodeError
from provenance.rights.licenses import license_problem
from provenance.rights.policy import Policy
from provenance.rights.sources import _cells
from provenance.rights.sources._record import Complaint, everything
from provenance.rights.sources._yaml import Document, Path, YamlError, load
from provenance.rights.statement import Basis, Consent, RightsStatement, from_json

FORMAT = 1
SECTIONS = ("manifest", "agreements", "people", "statements", "policies")

# What an agreement says for all statements under it, and what each statement has to say itself.
TERMS = (
    "basis", "holder", "licensor", "licensee", "shares", "license", "rights_uri", "clause", "document_sha256",
    "evidence", "evidence_level", "verified_by", "allowed", "refused", "constrained", "purposes", "recipients",
    "models", "media", "territory", "processing_geography", "storage_geography", "start", "end", "start_event",
    "end_event", "survival", "alteration", "duties", "status", "status_date", "credit", "notes",
)  # fmt: skip
GEOGRAPHIES = ("territory", "processing_geography", "storage_geography")


class ManifestError(InputError):
    """A manifest with mistakes. `complaints` holds all of them; nothing of it was taken."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        first, more = self.complaints[0], len(self.complaints) - 1
        what = f"{first.column}: {first.what}" if first.column else first.what
        super().__init__(
            f"{what} (and {more} more)" if more else what,
            where=first.where,
            next_step="correct the manifest and import it again; nothing was taken from it",
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    statements: tuple[RightsStatement, ...]
    policies: tuple[Policy, ...]


def read(data: bytes, name: str) -> tuple[RightsStatement, ...]:
    """Return the statements of a manifest. ManifestError carries every complaint about it."""
    return load_manifest(data, name).statements


def load_manifest(data: bytes, name: str) -> Manifest:
    """Return all that a manifest holds. ManifestError carries every complaint about it."""
    name = PurePosixPath(name).name
    try:
        document = load(data)
    except YamlError as error:
        raise ManifestError([Complaint(f"{name}:{error.line}", None, error.what)]) from None
    reader = _Reader(document, name)
    manifest = reader.manifest()
    if reader.complaints:
        raise ManifestError(reader.complaints)
    return manifest


class _Reader:
    """One pass over a document that gathers what is wrong instead of stopping at it."""

    def __init__(self, document: Document, name: str) -> None:
        self.document, self.name = document, name
        self.complaints: list[Complaint] = []

    def complain(self, path: Path, what: str) -> None:
        # The innermost key that the user wrote. An entry of a list has none of its own, only its line.
        written = self.document.nearest(path)
        inner = written[2:] if len(written) > 1 and isinstance(written[1], int) else written
        key = next((part for part in reversed(inner) if isinstance(part, str)), None)
        found = Complaint(f"{self.name}:{self.document.line(path)}", key, what)
        # A term of an agreement is read again for every statement under it.
        if found not in self.complaints:
            self.complaints.append(found)

    def manifest(self) -> Manifest:
        top = self.document.value
        if not isinstance(top, dict):
            self.complain((), f"expected the keys {', '.join(SECTIONS)}")
            return Manifest((), ())
        for key in top:
            if key not in SECTIONS:
                self.complain((key,), _cells.unknown(key, SECTIONS, "key"))
        if top.get("manifest") != FORMAT:
            self.complain(("manifest",), f"expected manifest: {FORMAT}, the version of this format")
        agreements = self.section("agreements", dict)
        people = self.section("people", dict)
        for key, terms in agreements.items():
            self.agreement(("agreements", key), key, terms)
        for key, consent in people.items():
            self.person(("people", key), key, consent)
        statements, ids = [], dict[str, int]()
        for at, given in enumerate(self.section("statements", list)):
            found = self.statement(("statements", at), given, agreements, people)
            if found is not None:
                if found.id in ids:
                    where = self.document.line(("statements", ids[found.id]))
                    self.complain(
                        ("statements", at, "id"), f"used twice in the file ({found.id}, first on line {where})"
                    )
                ids.setdefault(found.id, at)
                statements.append(found)
        asked = (self.policy(("policies", key), key, given) for key, given in self.section("policies", dict).items())
        return Manifest(tuple(statements), tuple(each for each in asked if each is not None))

    def section(self, key: str, kind: type) -> Any:
        value = self.document.value.get(key)
        if value is None:
            return kind()
        if not isinstance(value, kind):
            self.complain((key,), "expected a list" if kind is list else "expected keys, each with its own entry")
            return kind()
        return value

    def agreement(self, path: Path, key: str, terms: Any) -> None:
        """Read its terms as those of a statement, so that a mistake is told here, also when no statement uses them."""
        if not isinstance(terms, dict):
            self.complain(path, "expected the terms of an agreement")
            return
        strange = [term for term in terms if term not in TERMS]
        for term in strange:
            self.complain((*path, term), _cells.unknown(term, TERMS, "key"))
        if not strange:
            probe = {"id": key, "source": "-", "applies_to": "-", "basis": "ownership", **terms, "agreement": key}
            self.decoded(probe, path, {})

    def person(self, path: Path, key: str, consent: Any) -> None:
        if not isinstance(consent, dict):
            self.complain(path, "expected what the person agreed to")
            return
        try:
            codec.decode(Consent, {"person": key, **consent})
        except DecodeError as error:
            self.complain((*path, *error.path), error.what)

    def statement(
        self, path: Path, given: Any, agreements: dict[str, Any], people: dict[str, Any]
    ) -> RightsStatement | None:
        if not isinstance(given, dict):
            self.complain(path, "expected the keys of a statement")
            return None
        value, lines = dict(given), {key: (*path, key) for key in given}
        agreement, person = value.get("agreement"), value.pop("person", None)
        if agreement is not None and agreements:
            if agreement not in agreements:
                self.complain((*path, "agreement"), _cells.unknown(str(agreement), sorted(agreements), "agreement"))
                return None
            terms = agreements[agreement]
            for key in terms if isinstance(terms, dict) else ():
                if key not in value:
                    value[key], lines[key] = terms[key], ("agreements", str(agreement), key)
        if person is not None:
            if person not in people or not isinstance(people[person], dict):
                self.complain((*path, "person"), _cells.unknown(str(person), sorted(people), "person"))
                return None
            value["consent"], lines["consent"] = {"person": person, **people[person]}, ("people", str(person))
        if "source" in value:
            self.complain((*path, "source"), "is set by the reader: the file and the line")
            return None
        value["source"] = f"{self.name}:{self.document.line(path)}"
        return self.decoded(value, path, lines)

    def decoded(self, value: dict[str, Any], path: Path, lines: dict[str, Path]) -> RightsStatement | None:
        def place(inner: Path) -> Path:
            return (*lines.get(str(inner[0]), (*path, inner[0])), *inner[1:]) if inner else path

        for key, write in _SHORTHANDS.items():
            if key in value:
                try:
                    value[key] = write(value[key])
                except ValueError as error:
                    self.complain(place((key,)), str(error))
                    return None
        try:
            found = from_json(value)
        except DecodeError as error:
            what = error.what + ("; put it in quotes" if error.what == "expected text" else "")
            self.complain(place(error.path), what)
            return None
        wrong = _mistakes(found)
        for key, what in wrong:
            self.complain(place((key,)), what)
        return None if wrong else found

    def policy(self, path: Path, key: str, given: Any) -> Policy | None:
        if not isinstance(given, dict) or not given:
            self.complain(path, "an empty policy allows nothing")
            return None
        try:
            return policies.from_json({"name": key, **given})
        except DecodeError as error:
            self.complain((*path, *error.path), error.what)
            return None


def _selector(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _work(value: Any) -> Any:
    return {"title": value} if isinstance(value, str) else value


def _geography(value: Any) -> Any:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        return codec.encode(_cells.geography(";".join(str(part) for part in value)))
    return value


_SHORTHANDS: dict[str, Callable[[Any], Any]] = {
    "applies_to": _selector,
    "work": _work,
    **dict.fromkeys(GEOGRAPHIES, _geography),
}


def _mistakes(statement: RightsStatement) -> list[tuple[str, str]]:
    """What is wrong with a statement that its fields alone do not show; the same rules as for a register."""
    found = []
    problem = license_problem(statement.license) if statement.license is not None else None
    if problem:
        found.append(("license", problem))
    granted = statement.allowed | statement.constrained
    papers = (statement.license, statement.agreement, statement.evidence)
    if statement.basis is Basis.LICENSE and not any(papers):
        found.append(("basis", "basis is license, but license, agreement and evidence are all empty"))
    if statement.basis is Basis.PUBLIC_LICENSE and not statement.license:
        found.append(("basis", "basis is public-license, but license is empty"))
    if granted and everything(statement.applies_to) and not (statement.agreement and statement.evidence):
        found.append(("applies_to", "grants uses on the whole archive without both an agreement and evidence"))
    return found
