"""Ledger entries and changes in words: for the log, for a preview, for a notice."""

from __future__ import annotations

from typing import Any

from provenance.dataset.chain import Entry
from provenance.model import clock
from provenance.rights import ledger
from provenance.rights.ledger import Body, Changes, Import


def told(entry: Entry) -> dict[str, Any]:
    """Return an entry of the chain in the form that `rights.ledger` folds."""
    return dict(entry.body) | {"number": entry.number, "recorded": clock.stamp(entry.created)}


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry of the ledger with a summary in one line."""
    told_ = told(entry)
    return told_ | {"summary": _in_words(ledger.from_json(told_))}


def changes_json(body: Import, changes: Changes) -> dict[str, Any]:
    return {
        "source": body.source,
        "sha256": body.sha256,
        "added": [each.id for each in changes.added],
        "changed": [each.id for each in changes.changed],
        "moved": [each.id for each in changes.moved],
        "withdrawn": list(changes.withdrawn),
        "still_revoked": list(changes.still_revoked),
    }


def changes_text(body: Import, changes: Changes) -> str:
    """Return what a sheet would change in the ledger, for people."""
    lines = [summary(body) if not changes.empty else f"{body.source}: nothing new"]
    for name in ("added", "changed", "withdrawn"):
        ids = changes_json(body, changes)[name]
        if ids:
            more = f" and {len(ids) - 8} more" if len(ids) > 8 else ""
            lines.append(f"  {name}: {', '.join(ids[:8])}{more}")
    if changes.still_revoked:
        lines.append(f"  stay revoked, whatever the sheet says: {', '.join(changes.still_revoked)}")
    return "\n".join(lines)


def _in_words(body: Body) -> str:
    if isinstance(body, Import):
        return f"{summary(body)}, by {body.by}"
    if isinstance(body, ledger.Revoke):
        what = body.statement or body.agreement or body.work or body.person
        return f"revoked {what} from {body.effective} on, by {body.by}: {body.why}"
    if isinstance(body, ledger.Waive):
        waiver = body.waiver
        reasons = ", ".join(sorted(waiver.reasons))
        return f"{waiver.id} waives {reasons} on {waiver.applies_to} until {waiver.until}, by {waiver.by}: {waiver.why}"
    if isinstance(body, ledger.Decide):
        ruling = body.ruling
        settled = ", ".join(sorted(ruling.settles))
        verb = "clears" if ruling.outcome == "clear" else "refuses"
        return f"{ruling.id} {verb} {ruling.applies_to} ({settled}), by {ruling.by}: {ruling.why}"
    if isinstance(body, ledger.PutOnHold):
        return f"{body.hold.id} holds {body.hold.applies_to}, by {body.hold.by}: {body.hold.why}"
    which = f"entry {body.entry}" if body.entry is not None else f"the revocation of {body.statement}"
    return f"lifted {which}, by {body.by}: {body.why}"


def summary(body: Import) -> str:
    counts = (("added", body.added), ("changed", body.changed), ("moved", body.moved), ("withdrawn", body.withdrawn))
    parts = ", ".join(f"{len(which)} {name}" for name, which in counts if which)
    return f"{body.source}: {parts or 'unchanged'}"
