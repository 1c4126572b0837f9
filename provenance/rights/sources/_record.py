"""One row of a register, as text by column, to one statement: or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provenance.rights.codec import DecodeError
from provenance.rights.licenses import license_problem, lookalike
from provenance.rights.selector import Glob, Selector, path_problem
from provenance.rights.sources import _cells
from provenance.rights.statement import (
    CLAIMS_NOTHING,
    Alteration,
    Basis,
    Interest,
    RightsStatement,
    Status,
    Survival,
    Work,
)

COLUMNS = (
    "record_id", "applies_to", "work", "rights_holder", "licensor", "licensee", "basis", "license", "agreement",
    "uses_allowed", "uses_refused", "purposes", "territories", "start", "end", "status", "status_date", "credit",
    "evidence", "notes",
)  # fmt: skip
OPTIONAL = (
    "interest", "subject", "clause", "uses_constrained", "recipients", "models", "media", "processing", "storage",
    "survival", "alteration", "superseded_by", "verified_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong in one place, in the words of whoever wrote it."""

    where: str
    column: str | None
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.column}: {self.what}" if self.column else f"{self.where}: {self.what}"


def statement(row: Mapping[str, str], source: str) -> tuple[RightsStatement | None, list[Complaint]]:
    """Return the statement of a row, or None and every complaint. Columns that are not there count as empty."""
    complaints: list[Complaint] = []
    cells: dict[str, str] = {}

    def complain(column: str | None, what: str) -> None:
        complaints.append(Complaint(source, column, what))

    for column in (*COLUMNS, *OPTIONAL):
        try:
            cells[column] = row.get(column, "").strip() if column == "applies_to" else _cells.clean(row.get(column, ""))
        except ValueError as error:
            cells[column] = ""
            complain(column, str(error))
    if complaints:
        return None, complaints

    def read(column: str, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(cells[column])
        except ValueError as error:
            complain(column, str(error))
            return None

    given = {name: read(column, reader) for name, (column, reader) in _READERS.items()}
    mistakes = _by_hand(cells)
    if not complaints and not mistakes:
        mistakes = _together(cells, given)
    for name, what in mistakes:
        complain(name, what)
    if complaints:
        return None, complaints
    try:
        return RightsStatement(source=source, **given), []
    except DecodeError as error:
        complain(_COLUMN_OF.get(str(error.path[0]), str(error.path[0])) if error.path else None, error.what)
        return None, complaints


def _text(text: str) -> str | None:
    return text or None


def _selector(text: str) -> Selector:
    problem = path_problem(text)
    if problem:
        raise ValueError(problem)
    return Selector(path=text)


def _id(text: str) -> str:
    if not text:
        raise ValueError("empty")
    # An id in one script is fine; a Latin one with a foreign letter in it is another id that looks the same.
    problem = lookalike(text)
    if (
        problem is not None
        and problem.startswith("looks like")
        and any(char.isascii() and char.isalpha() for char in text)
    ):
        raise ValueError(problem)
    return text


def _license(text: str) -> str | None:
    problem = license_problem(text) if text else None
    if problem:
        raise ValueError(problem)
    return text or None


def _work(text: str) -> Work | None:
    return Work(text) if text else None


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "id": ("record_id", _id),
    "applies_to": ("applies_to", _selector),
    "work": ("work", _work),
    "holder": ("rights_holder", _text),
    "licensor": ("licensor", _text),
    "licensee": ("licensee", _text),
    "basis": ("basis", lambda text: _cells.choice(Basis, text)),
    "license": ("license", _license),
    "agreement": ("agreement", _text),
    "allowed": ("uses_allowed", _cells.uses),
    "refused": ("uses_refused", _cells.uses),
    "constrained": ("uses_constrained", _cells.uses),
    "purposes": ("purposes", _cells.purposes),
    "territory": ("territories", _cells.geography),
    "start": ("start", _cells.day),
    "end": ("end", _cells.day),
    "status": ("status", lambda text: _cells.choice(Status, text)),
    "status_date": ("status_date", _cells.day),
    "credit": ("credit", _text),
    "evidence": ("evidence", _text),
    "notes": ("notes", _text),
    "interest": ("interest", lambda text: _cells.choice(Interest, text) if text else Interest.COPYRIGHT),
    "subject": ("subject", _text),
    "clause": ("clause", _text),
    "recipients": ("recipients", _cells.words),
    "models": ("models", _cells.words),
    "media": ("media", _cells.words),
    "processing_geography": ("processing", lambda text: _cells.geography(text) if text else None),
    "storage_geography": ("storage", lambda text: _cells.geography(text) if text else None),
    "survival": ("survival", lambda text: _cells.choice(Survival, text) if text else None),
    "alteration": ("alteration", lambda text: _cells.choices(Alteration, text)),
    "superseded_by": ("superseded_by", _text),
    "verified_by": ("verified_by", _text),
}
_COLUMN_OF = {name: column for name, (column, _) in _READERS.items()}


def _by_hand(cells: Mapping[str, str]) -> list[tuple[str | None, str]]:
    """Mistakes between two cells that are better told in the columns' own names, readable or not."""
    found: list[tuple[str | None, str]] = []
    if cells["status"] == Status.REVOKED and not cells["status_date"]:
        found.append(("status_date", "revoked, but status_date is empty"))
    if cells["basis"] == Basis.LICENSE and not (cells["license"] or cells["agreement"] or cells["evidence"]):
        found.append(("license", "basis is license, but license, agreement and evidence are all empty"))
    if cells["basis"] == Basis.PUBLIC_LICENSE and not cells["license"]:
        found.append(("license", "basis is public-license, but license is empty"))
    return found


def _together(cells: Mapping[str, str], given: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """Mistakes between cells that were all readable."""
    found: list[tuple[str | None, str]] = []
    both = given["allowed"] & given["refused"]
    if both:
        found.append(("uses_refused", f"{min(both)} is both allowed and refused"))
    granted = given["allowed"] | given["constrained"]
    if given["basis"] in CLAIMS_NOTHING and granted:
        found.append(("uses_allowed", f"basis is {given['basis']}, but {min(granted)} is allowed"))
    if granted and everything(given["applies_to"]) and not (cells["agreement"] and cells["evidence"]):
        uses = "every use" if len(given["allowed"]) >= 5 else ", ".join(sorted(granted))
        lacking = [name for name in ("agreement", "evidence") if not cells[name]]
        found.append(("applies_to", f"grants {uses} on the whole archive with no {' and no '.join(lacking)}"))
    return found


def everything(selector: Selector) -> bool:
    """Return whether a path pattern names no folder and next to nothing of a file: `**`, `*/**`, `**/*.*`."""
    if selector.path is None:
        return False
    glob = Glob.of(selector.path)
    return glob.literal is None and not glob.prefix and glob.literals <= 1
