"""A census as the subject of public documents: numbers, digests, and words from closed lists only."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from provenance.admit import RELEASE
from provenance.auditing import archived
from provenance.auditing.census import KINDS, Census, Class, Tally, rules_version
from provenance.auditing.naming import Naming
from provenance.dataset.schema import PAYLOAD
from provenance.model.words import Kind
from provenance.reports.subject import Counts, Grant, Limit, Object, Release, Subject
from provenance.rights.ledger import LedgerState
from provenance.rights.licenses import license_problem
from provenance.rights.reasons import Reason
from provenance.rights.statement import Event, Interest, RightsStatement, Status
from provenance.rights.territory import Geography

_OPT_OUT = {Reason.OPT_OUT_IN_FILE, Reason.OPT_OUT_IN_SIDECAR, Reason.TWIN_OPT_OUT, Reason.NEAR_TWIN_OPT_OUT}


def subject(census: Census, state: LedgerState, naming: Naming, archive: Path | None = None) -> Subject:
    """Return what documents may say of a census. naming: a public one, unless the archive is there to be read again."""
    admission = census.admission
    version, content = admission.version, admission.version.content
    head = next(entry for entry in admission.book.entries if entry.number == state.head)
    shards = [Object(s.path, s.sha256, s.bytes, s.kind.value, s.rows, _columns(s.kind)) for s in content.shards]
    tables = [Object(t.path, t.sha256, t.bytes, name, t.rows) for name, t in sorted(content.tables.items())]
    cleared = [each for each in census.classes if each.verdict.cleared]
    bases: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    interests: Counter[str] = Counter()
    unlicensed = generated = 0
    for each in cleared:
        items = each.total.items
        bases[each.names(lambda record: record.basis.value) or "not recorded"] += items
        named = {_licence(naming, record.license) for record in each.records if record.license}
        licences.update(dict.fromkeys(sorted(named), items))
        unlicensed += 0 if named else items
        interests.update(dict.fromkeys(sorted(_interests(each)), items))
        generated += items if any(record.generative_ai_material for record in each.records) else 0
    policy = {
        key: value for key, value in admission.policy.to_json().items() if key in ("use", "purpose", "territories")
    }
    entries = admission.dataset.entries
    return Subject(
        dataset=admission.dataset.id,
        version=version.number,
        created=version.created,
        previous=entries[version.number - 2].created if version.number > 1 else None,
        root=content.root,
        build_key=admission.dataset.keys.signers(version.number, {})[0].fingerprint,
        ledger=(head.number, head.digest),
        on=admission.on,
        valid_until=_valid_until(cleared, state),
        policy=policy,
        policy_digest=admission.policy.digest,
        tool=dict(content.tool),
        rules=rules_version(),
        objects=(*shards, *tables),
        all=_by_kind(census.classes),
        cleared=_by_kind(cleared),
        bases=dict(sorted(bases.items())),
        licences=dict(sorted(licences.items())),
        unlicensed=unlicensed,
        interests=dict(sorted(interests.items())),
        generated=generated,
        conditions=dict(sorted(admission.conditions().items())),
        reasons={reason.value: count for (_, reason), count in sorted(admission.by_reason().items(), key=str)},
        opted_out=sum(each.total.items for each in census.classes if _OPT_OUT & set(each.verdict.reasons)),
        quarantined=len(census.quarantine),
        grants=_grants(census, naming),
        release=_release(content.options.get(RELEASE)),
        read=partial(archived.reading, census, naming, archive),
    )


def _valid_until(cleared: Iterable[Class], state: LedgerState) -> dt.datetime | None:
    """The first moment at which a cleared item may be so no longer, or the ledger's head is stale."""
    days = [each.verdict.valid_until for each in cleared]
    ends = [dt.datetime.combine(day, dt.time(), dt.UTC) for day in days if day is not None]
    return min([*ends, *([state.valid_until] if state.valid_until is not None else [])], default=None)


def _release(told: Any) -> Release | None:
    if told is None:
        return None
    return Release(
        source=told["dataset"],
        source_version=told["version"],
        decided=told["decided"],
        ledger=told["ledger"]["number"],
        policy_digest=told["policy_digest"],
        valid_until=told["valid_until"],
        files=tuple((path, sha256, size) for path, (sha256, size) in sorted(told["files"].items())),
    )


def _interests(each: Class) -> set[str]:
    """What the records of a class declare besides copyright, and what other statements on it are about."""
    spoken = {statement.interest for statement in each.statements}
    declared = {interest for record in each.records for interest in record.declares}
    return {interest.value for interest in (spoken | declared) - {Interest.COPYRIGHT}}


def _licence(naming: Naming, value: str) -> str:
    """A licence by name where every part of it is on the SPDX list, else as a report would name it."""
    known = "Ref-" not in value and license_problem(value) is None
    return value.strip() if known else naming.license(value) or ""


def _grants(census: Census, naming: Naming) -> tuple[Grant, ...]:
    """Every statement that touches items, once, by its digest."""
    statements = {bound.statement.id: bound.statement for each in census.classes for bound in each.evidence.bound}
    grants = (_grant(statement, census.touched[key], naming) for key, statement in statements.items())
    return tuple(sorted(grants, key=lambda grant: grant.record))


def _grant(of: RightsStatement, items: int, naming: Naming) -> Grant:
    consent = of.consent
    ends = [day for day in (of.last_day, consent.expiry if consent is not None else None) if day is not None]
    taken = of.status_date if of.status is Status.REVOKED else None
    revoked = [day for day in (taken, consent.revoked if consent is not None else None) if day is not None]
    return Grant(
        record=naming.name("record", of.id) or "",
        interest=of.interest.value,
        basis=of.basis.value,
        status=Status.REVOKED.value if revoked else of.status.value,
        items=items,
        license=_licence(naming, of.license) if of.license else None,
        agreement=naming.name("agreement", of.agreement),
        licensor=naming.name("holder", of.licensor or of.holder),
        licensee=naming.name("licensee", of.licensee),
        person=naming.name("person", consent.person) if consent is not None else None,
        consent=consent.kind.value if consent is not None else None,
        survival=of.survival.value if of.survival is not None else None,
        allowed=tuple(sorted(use.value for use in of.allowed)),
        refused=tuple(sorted(use.value for use in of.refused)),
        constrained=tuple(sorted(use.value for use in of.constrained)),
        purposes=tuple(sorted(of.purposes)),
        recipients=_digests(naming, "recipient", of.recipients),
        models=_digests(naming, "model", of.models),
        media=_digests(naming, "media", of.media),
        territory=_limit(of.territory),
        processing=_limit(of.processing_geography) if of.processing_geography is not None else None,
        storage=_limit(of.storage_geography) if of.storage_geography is not None else None,
        start=of.first_day if of.first_day != dt.date.max else of.start,
        end=min(ends, default=None),
        revoked=min(revoked, default=None),
        after=_event(naming, of.start_event),
        before=_event(naming, of.end_event),
        duties=tuple(sorted({(duty.kind.value, duty.done) for duty in of.duties} | _credit(of))),
        alterations=tuple(sorted(limit.value for limit in of.alteration)),
    )


def _event(naming: Naming, event: Event | None) -> tuple[str, int] | None:
    """An event that sets a day and has not happened; of one that has, the day says all."""
    return (naming.name("event", event.name) or "", event.lag_days) if event is not None and event.day is None else None


def _credit(of: RightsStatement) -> set[tuple[str, bool]]:
    """A record that says how to credit asks for a credit, whether or not it lists the duty."""
    listed = any(duty.kind.value == "credit" for duty in of.duties)
    return {("credit", False)} if of.credit and not listed else set()


def _digests(naming: Naming, what: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(naming.name(what, name) or "" for name in names))


def _limit(of: Geography) -> Limit:
    return Limit(tuple(sorted(of.places)), tuple(sorted(of.excluded)))


def _by_kind(classes: Iterable[Class]) -> dict[str, Counts]:
    counts = {}
    chosen = list(classes)
    for at, kind in enumerate(KINDS):
        total = sum((each.by_kind[at] for each in chosen), Tally())
        counts[kind.value] = Counts(total.items, total.seconds / 3600, total.bytes)
    return counts


def _columns(kind: Kind) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, _type(field.type)) for field in PAYLOAD[kind])


def _type(type: pa.DataType) -> str:
    plain = (
        ("text", pa.types.is_string),
        ("integer", pa.types.is_integer),
        ("float", pa.types.is_floating),
        ("boolean", pa.types.is_boolean),
        ("date", pa.types.is_date),
    )
    return next((name for name, fits in plain if fits(type)), "other")
