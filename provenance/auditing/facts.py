"""A census as the subject of public documents: numbers, digests, and words from closed lists only."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from provenance.auditing.census import KINDS, Census, Tally, rules_version
from provenance.auditing.naming import Naming
from provenance.dataset.schema import PAYLOAD
from provenance.model.words import Kind
from provenance.reports.subject import Counts, Object, Subject
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Reason

_OPT_OUT = {Reason.OPT_OUT_IN_FILE, Reason.OPT_OUT_IN_SIDECAR, Reason.TWIN_OPT_OUT, Reason.NEAR_TWIN_OPT_OUT}


def subject(census: Census, state: LedgerState, naming: Naming) -> Subject:
    """Return what documents may say of a census; `naming` must be a public one."""
    admission = census.admission
    version, content = admission.version, admission.version.content
    head = next(entry for entry in admission.book.entries if entry.number == state.head)
    shards = [Object(s.path, s.sha256, s.bytes, s.kind.value, s.rows, _columns(s.kind)) for s in content.shards]
    tables = [Object(t.path, t.sha256, t.bytes, name, t.rows) for name, t in sorted(content.tables.items())]
    bases: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    for each in census.classes:
        if each.verdict.cleared:
            bases[each.names(lambda record: record.basis.value) or "not recorded"] += each.total.items
            licence = naming.license(each.names(lambda record: record.license))
            if licence is not None:
                licences[licence] += each.total.items
    policy = {
        key: value for key, value in admission.policy.to_json().items() if key in ("use", "purpose", "territories")
    }
    return Subject(
        dataset=admission.dataset.id,
        version=version.number,
        created=version.created,
        root=content.root,
        build_key=admission.dataset.keys.signers(version.number, {})[0].fingerprint,
        ledger=(head.number, head.digest),
        on=admission.on,
        policy=policy,
        policy_digest=admission.policy.digest,
        tool=dict(content.tool),
        rules=rules_version(),
        objects=(*shards, *tables),
        all=_by_kind(census, cleared=False),
        cleared=_by_kind(census, cleared=True),
        bases=dict(sorted(bases.items())),
        licences=dict(sorted(licences.items())),
        reasons={reason.value: count for (_, reason), count in sorted(admission.by_reason().items(), key=str)},
        opted_out=sum(each.total.items for each in census.classes if _OPT_OUT & set(each.verdict.reasons)),
        quarantined=len(census.quarantine),
    )


def _by_kind(census: Census, cleared: bool) -> dict[str, Counts]:
    counts = {}
    for at, kind in enumerate(KINDS):
        chosen = [each.by_kind[at] for each in census.classes if each.verdict.cleared or not cleared]
        total = sum(chosen, Tally())
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
