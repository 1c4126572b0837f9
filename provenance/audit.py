"""audit: what is in, what is out, why, until when, by whose word; for the rights desk, counsel and a regulator.

The report follows from a verified dataset, its ledger, a policy and a day, and from nothing else: the same give the
same bytes again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.admit import RELEASE, TrustedKeys, admit, in_words
from provenance.auditing import (
    answer,
    copies,
    counts,
    crawled,
    desk,
    facts,
    gaps,
    naming,
    scope,
    sheet,
    terms,
    todo,
    whose,
)
from provenance.auditing import census as counting
from provenance.auditing.census import Census
from provenance.auditing.naming import Naming
from provenance.dataset import keyring
from provenance.dataset.keyring import Keyring
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.model.errors import UsageError
from provenance.reports import docindex, documents
from provenance.reports.content import PRIVATE, PUBLIC, Report
from provenance.reports.subject import Subject
from provenance.rights.ledger import LedgerState
from provenance.rights.policy import Policy

# What a scheduled job may fail on, and the exit code of who must act.
FAILURES = {
    "expiring": 20,
    "review": 20,
    "refused": 20,
    "unknown": 20,
    "conflict": 20,
    "ledger-expiring": 20,
    "quarantine": 10,
}


@dataclass(frozen=True)
class Audit:
    """A dataset's version, judged and counted. state: the ledger as it was known; rights_keys: of those who sign it."""

    census: Census
    state: LedgerState
    rights_keys: Keyring
    replayed: bool

    def failures(self, asked: Collection[str], days: int) -> dict[str, int]:
        """Return those of the named kinds that there are any of, with their number; days: what counts as expiring."""
        unknown = sorted(set(asked) - set(FAILURES))
        if unknown:
            choices = ", ".join(FAILURES)
            raise UsageError(f"{unknown[0]!r} is nothing to fail on", next_step=f"name some of: {choices}")
        found = terms.fails(self.census, self.state, days)
        return {name: found[name] for name in FAILURES if name in asked and found[name]}


def audit(
    dataset: str | Path,
    policy: Policy,
    *,
    version: int | None = None,
    known_at: dt.datetime | None = None,
    ledger: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
) -> Audit:
    """Return a version of a dataset or release judged by a policy and counted.

    The arguments and the errors are those of `admit`: StaleLedgerError, RightsError, TamperError kinds.
    """
    admission = admit(dataset, policy, version=version, known_at=known_at, ledger=ledger, trusted_keys=trusted_keys)
    release = admission.version.content.options.get(RELEASE)
    law = release["dataset"] if release is not None else admission.dataset.id
    keys = keyring.load(Store(ledger) if ledger is not None else admission.dataset.store, Role.RIGHTS, law)
    return Audit(counting.take(admission), admission.book.known_at(known_at), keys, known_at is not None)


def report(
    found: Audit, *, public: bool = False, thumbnails: int = 48, unlocked: bool = False, days: int = 90
) -> Report:
    """Return the report of an audit. public: for strangers, with salted digests in place of names, without pictures."""
    named = Naming(naming.salt() if public else None)
    census, state, admission = found.census, found.state, found.census.admission
    sections = [
        scope.scope(census, state, found.rights_keys, named, found.replayed),
        crawled.crawl(census, named),
        counts.reasons(census, named),
        whose.rights(census, named),
        terms.expiries(census, state, named),
        desk.conflicts(census, state, named),
        desk.orders(census, state, found.rights_keys, named),
        gaps.unknowns(census, state, named),
        copies.duplicates(census, named),
        gaps.quarantine(census, named),
    ]
    if not public:
        sections.insert(0, todo.todo(census, state, named, days))
        if thumbnails:
            sections.append(sheet.sheet(census, thumbnails, unlocked))
        sections.append(counts.assets(census, named))
    sections.append(scope.not_covered(census, named))
    name = admission.version.content.archive
    what = "release" if RELEASE in admission.version.content.options else "dataset"
    what = f"A {what}" if public else f"{what.capitalize()} of the archive “{naming.safe(name)}”"
    return Report(
        title="Rights audit",
        subtitle=f"{what}, version {admission.version.number}, on {admission.on}",
        marking=PUBLIC if public else PRIVATE,
        public=public,
        figures=answer.figures(census, state, days),
        answer=answer.answer(census, state, named),
        sections=tuple(sections),
        big={} if public else {"items": counts.Items(census, named)},
    )


def document(found: Audit, name: str, archive: Path | None = None) -> tuple[bytes, tuple[str, ...]]:
    """Return a public document of the shelf, and what its form cannot express. UsageError names those there are.

    archive: where the files lie that were built from, for a document that has a private form; it is read again.
    InputError for a file that is not the one that was read.
    """
    chosen = documents.document(name)
    if archive is not None and not documents.private(chosen):
        raise UsageError(f"{name} has no private form, so that it needs no archive", next_step="leave out --archive")
    data: bytes = chosen.write(_subject(found, archive))
    return data, chosen.WITHOUT


def every_document(found: Audit, archive: Path | None = None) -> dict[str, bytes]:
    """Return all documents of the shelf by the names of their files, and their index. Errors as of `document`."""
    public = _subject(found, None)
    named = public if archive is None else _subject(found, archive)
    written = []
    for each in documents.names().values():
        private = archive is not None and documents.private(each)
        file = f"{public.name}-v{public.version}{each.SUFFIX}"
        data = each.write(named if private else public)
        written.append(docindex.Told(each.NAME, file, data, each.WITHOUT, private))
    return {each.file: each.data for each in written} | dict(docindex.index(public, written))


def _subject(found: Audit, archive: Path | None) -> Subject:
    named = Naming(naming.salt() if archive is None else None)
    return facts.subject(found.census, found.state, named, archive)


def summary(found: Audit, days: int = 90) -> dict[str, Any]:
    """Return the audit in numbers, as JSON."""
    admission, census = found.census.admission, found.census
    decided = census.by_decision()
    return {
        "dataset": admission.dataset.id,
        "version": admission.version.number,
        "root": admission.version.content.root,
        "ledger": found.state.head,
        "policy": in_words(admission.policy),
        "policy_digest": admission.policy.digest,
        "on": admission.on.isoformat(),
        "items": {each.value: tally.items for each, tally in decided.items()},
        "hours": {each.value: round(tally.seconds / 3600, 4) for each, tally in decided.items()},
        "reasons": {
            reason.value: count
            for (_, reason), count in sorted(admission.by_reason().items(), key=lambda pair: pair[0][1])
        },
        "within_days": days,
        "watched": terms.fails(census, found.state, days),
    }


def text(told: dict[str, Any]) -> str:
    """Return a summary for people."""
    watched = told["watched"]
    counts = ", ".join(f"{count:,} {name}" for name, count in told["items"].items())
    lines = [
        f"version {told['version']} under ledger entry {told['ledger']}, on {told['on']}: {counts}",
        f"policy: {told['policy']}",
        f"within {told['within_days']} days: {watched['expiring']:,} cleared items end"
        + ("; the ledger's head ends too" if watched["ledger-expiring"] else ""),
        f"without a record or a decision: {watched['unknown']:,}; in conflict: {watched['conflict']:,}; "
        f"in quarantine: {watched['quarantine']:,} assets",
    ]
    return "\n".join(lines)
