"""The story of one item or path: what it is, where it came from, what is claimed of it, which claim decides, and what
would change the answer."""

from __future__ import annotations

import datetime as dt
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from provenance import rightsdesk
from provenance.admit import in_words
from provenance.dataset.index import load_table
from provenance.judgement import Case, prepare, read_signals
from provenance.model.errors import UsageError
from provenance.model.names import display
from provenance.model.words import Outcome
from provenance.rights.explanations import EXPLANATIONS
from provenance.rights.gate import Evidence, Verdict
from provenance.rights.policy import Policy
from provenance.rights.statement import RightsStatement
from provenance.rightsdesk import Desk


@dataclass(frozen=True)
class Told:
    """One verdict on some items of the asset that was asked about. items: their index rows."""

    verdict: Verdict
    evidence: Evidence
    rows: tuple[int, ...]
    twins: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """All there is to say of one asset. asset: its row in the assets or the quarantine table."""

    asset: dict[str, Any]
    item: str | None
    policy: Policy
    on: dt.date
    told: tuple[Told, ...]
    statements: dict[str, RightsStatement]

    @property
    def quarantined(self) -> bool:
        return "cause" in self.asset


def explain(dataset: str | Path, what: str, policy: Policy, *, known_at: dt.datetime | None = None) -> Story:
    """Return the story of a path below the archive root, or of an item by its id (eight digits or more will do).

    UsageError when the dataset has neither. known_at: what the ledger knew then.
    """
    desk = rightsdesk.open_desk(dataset)
    state = desk.book.known_at(known_at)
    asset, rows, item = _find(desk, what)
    at = desk.moment.date()
    told: tuple[Told, ...] = ()
    if rows is not None and len(rows):
        case = prepare(desk.dataset, desk.dataset.head, state, policy)
        told = _tell(desk, case, policy, at, rows)
    statements = {each.id: each for each in state.statements}
    return Story(asset, item, policy, policy.moment(at), told, statements)


def _find(desk: Desk, what: str) -> tuple[dict[str, Any], np.ndarray[Any, Any] | None, str | None]:
    """Return the asset's row, the index rows that were asked about (None for quarantine), and the item's id."""
    store, name, tables = desk.store, desk.dataset.id, desk.dataset.head.content.tables
    hexadecimal = len(what) >= 8 and not what.strip("0123456789abcdef")
    index = load_table(store, "index", tables["index"], name, ["item_id", "asset", "frame"])
    asset = index.column("asset").to_numpy()
    if hexadecimal:
        ids = [found.hex() for found in index.column("item_id").to_pylist()]
        rows = np.array([row for row, found in enumerate(ids) if found.startswith(what)], np.int64)
        if len({ids[row] for row in rows.tolist()}) > 1:
            raise UsageError(f"{what} begins the ids of several items", next_step="give more of its digits")
        if len(rows):
            return _row(desk, "assets", int(asset[rows[0]])), rows, ids[rows[0]]
    wanted = what.encode("utf-8", "surrogateescape")
    for table in ("assets", "quarantine"):
        shown = load_table(store, table, tables[table], name, ["asset", "asset_path", "files"])
        at = _where(shown, what, wanted)
        if at is not None:
            row = _row(desk, table, at)
            return row, np.flatnonzero(asset == at) if table == "assets" else None, None
    raise UsageError(
        f"the dataset has no item and no path {display(wanted)}",
        next_step="give a path from the archive root as `provenance admit --list` prints it, or an item's id",
    )


def _where(shown: Any, what: str, wanted: bytes) -> int | None:
    for column, value in (("asset", what), ("asset_path", wanted)):
        found = pc.index(shown.column(column), value).as_py()
        if found >= 0:
            return int(found)
    for at, files in enumerate(shown.column("files").to_pylist()):
        if len(files) > 1 and any(file["path"] == wanted for file in files):
            return at
    return None


def _row(desk: Desk, table: str, at: int) -> dict[str, Any]:
    info = desk.dataset.head.content.tables[table]
    found: dict[str, Any] = load_table(desk.store, table, info, desk.dataset.id).slice(at, 1).to_pylist()[0]
    return found


def _tell(desk: Desk, case: Case, policy: Policy, at: dt.date, rows: np.ndarray[Any, Any]) -> tuple[Told, ...]:
    verdicts = case.decide(policy, at)
    tables, name = desk.dataset.head.content.tables, desk.dataset.id
    asset = load_table(desk.store, "index", tables["index"], name, ["asset"]).column(0).to_numpy()
    shown = load_table(desk.store, "assets", tables["assets"], name, ["asset"]).column(0).to_pylist()
    out = []
    for number in dict.fromkeys(verdicts.of_item[rows].tolist()):
        mine = rows[verdicts.of_item[rows] == number]
        twins: dict[str, None] = {}
        for group in (case.exact_group, case.near_group):
            for row in np.flatnonzero(np.isin(group, group[mine])).tolist():
                if asset[row] != asset[mine[0]]:
                    twins[shown[asset[row]]] = None
        out.append(Told(verdicts.verdicts[number], verdicts.evidence[number], tuple(mine.tolist()), tuple(twins)))
    return tuple(out)


def text(story: Story) -> str:
    """Return the story in plain words."""
    asset = story.asset
    size = f"{asset['bytes']:,} bytes"
    lines = [
        asset["asset"],
        f"  {asset['media_type'] or 'unknown content'}, {size}, sha256 {asset['sha256'] or 'unread'}",
    ]
    lines += [f"  custody: {asset['custody']}"] if asset["custody"] else []
    lines += [f"  sidecars and licence texts: {', '.join(asset['sidecars'])}"] if asset["sidecars"] else []
    lines += [f"  note: {asset['note']}"] if asset["note"] else []
    if asset["missing_frames"]:
        lines.append(f"  frames missing from the sequence: {', '.join(map(str, asset['missing_frames']))}")
    if story.quarantined:
        return "\n".join([*lines, f"in quarantine ({asset['cause']}): {asset['message']}", "so no item of it exists"])
    if asset["outcome"] == Outcome.CONTEXT.value:
        return "\n".join([*lines, "context: there is no training item in it"])
    lines += _said(asset["signals"])
    lines.append(f"asked: {in_words(story.policy)}, on {story.on}")
    for told in story.told:
        lines += _verdict(story, told)
    return "\n".join(lines)


def _said(signals: str) -> list[str]:
    lines = []
    for one in read_signals(signals):
        for signal in one.signals:
            where = "a sidecar" if one.sidecar else "the file"
            lines.append(f"  {where} says: {signal.standard} = {signal.value[:120]} ({one.source}#{signal.where})")
    if len(lines) > 12:
        lines = [*lines[:12], f"  ... and {len(lines) - 12} more signals"]
    return lines


def _verdict(story: Story, told: Told) -> list[str]:
    verdict = told.verdict
    whole = len(story.told) == 1
    which = f"all {len(told.rows)} items" if whole and len(told.rows) > 1 else f"{len(told.rows)} of its items"
    lines = [f"{verdict.decision.value.upper()}: {'the item' if whole and len(told.rows) == 1 else which}"]
    touching = sorted(told.evidence.bound, key=lambda bound: bound.closeness, reverse=True)
    for bound in touching:
        statement = bound.statement
        mark = "decides" if statement.id in verdict.deciding else "is farther away"
        if bound.partial and statement.id not in verdict.deciding:
            mark = "touches a part"
        lines.append(f"  {statement.id} ({statement.source}) on {statement.applies_to} {mark}: {_claim(statement)}")
    if not touching:
        lines.append("  no statement touches it")
    for finding in verdict.findings:
        lines.append(f"  because: {finding.reason.value}" + (f" ({finding.source})" if finding.source else ""))
    if told.twins:
        more = f" and {len(told.twins) - 6} more" if len(told.twins) > 6 else ""
        lines.append(f"  copies and near copies: {', '.join(told.twins[:6])}{more}")
    for reason in verdict.reasons:
        lines.append(
            textwrap.fill(f"{reason.value}: {EXPLANATIONS[reason]}", 110, initial_indent="  ", subsequent_indent="    ")
        )
    if verdict.nearest is not None:
        missing = ", ".join(reason.value for reason in verdict.nearest_objections)
        why = f"short of {missing}" if missing else "but a closer one, or something else, stands before it"
        lines.append(f"  nearest to a yes: {verdict.nearest} ({story.statements[verdict.nearest].source}), {why}")
    for credit in verdict.credits:
        lines.append(f"  credit due: {credit}")
    for identity in verdict.lifted:
        lines.append(f"  lifted by {identity}")
    until = verdict.valid_until
    lines.append(f"  this answer changes by itself on {until}" if until else "  nothing changes this by itself")
    return lines


def _claim(statement: RightsStatement) -> str:
    parts = [statement.basis.value]
    parts += [statement.license] if statement.license else []
    parts += [f"held by {statement.holder}"] if statement.holder else []
    parts += [f"until {statement.end}"] if statement.end else []
    parts += [f"from {statement.start}"] if statement.start else []
    if statement.status.value != "active":
        parts.append(f"{statement.status.value} {statement.status_date or ''}".strip())
    allowed = ", ".join(sorted(statement.allowed)) or "nothing"
    return ", ".join(parts) + f"; allows {allowed}"


def as_json(story: Story) -> dict[str, Any]:
    """Return the story for machines."""
    return {
        "asset": story.asset["asset"],
        "item": story.item,
        "outcome": "quarantine" if story.quarantined else story.asset["outcome"],
        "cause": story.asset.get("cause"),
        "policy": story.policy.to_json(),
        "on": story.on.isoformat(),
        "verdicts": [
            {
                "decision": told.verdict.decision.value,
                "reasons": [reason.value for reason in told.verdict.reasons],
                "findings": [[each.reason.value, each.source] for each in told.verdict.findings],
                "deciding": list(told.verdict.deciding),
                "touching": sorted({bound.statement.id for bound in told.evidence.bound}),
                "nearest": told.verdict.nearest,
                "valid_until": str(told.verdict.valid_until) if told.verdict.valid_until else None,
                "twins": list(told.twins),
                "items": len(told.rows),
            }
            for told in story.told
        ],
    }
