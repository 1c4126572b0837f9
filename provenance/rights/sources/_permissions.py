"""Permissions found inside a file, as statements that count only where a written policy says so.

The gate hears them only where no record from outside speaks, and only for a standard or a signer that the policy names;
a credential counts only when its proof holds. Whatever restricts in the same file still restricts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from provenance.model.words import Signal, Use
from provenance.rights.selector import Selector
from provenance.rights.sources._meaning import GENERATIVE, day_of, entry_uses, licence_code
from provenance.rights.sources._textlines import licences
from provenance.rights.statement import Basis, RightsStatement
from provenance.rights.territory import WORLDWIDE, Geography

_OWN_USES = frozenset(Use) - {Use.LICENSE_OUT_TRAINING}
_EVERYWHERE = Geography(frozenset({WORLDWIDE}))


def permissions(signals: Sequence[Signal], source: str, target: Selector) -> tuple[RightsStatement, ...]:
    """Return what a file permits of itself, one statement per standard and licence, in the order of its signals.

    target: the asset. A licence term in the file bounds each of them; `in_file` and `signer` are set.
    """
    start, end = _term(signals)
    found: dict[str, RightsStatement] = {}
    for made in (*_licences(signals, source, target), *_dedication(signals, source, target)):
        found.setdefault(made.id, made)
    for made in (*_plus(signals, source, target), *_credentials(signals, source, target)):
        found.setdefault(made.id, made)
    if start and end and end < start:
        return ()
    return tuple(_bounded(made, start, end) for made in found.values())


def _licences(signals: Sequence[Signal], source: str, target: Selector) -> Iterator[RightsStatement]:
    for signal in signals:
        if signal.standard not in ("cc:license", "dcterms:license"):
            continue
        for name in licences(signal.value):
            code = licence_code(name).split("-")
            free = code[0] in ("0", "PDM")
            yield RightsStatement(
                id=f"in-file:{source}#{name}",
                source=f"{source}#{signal.where}",
                applies_to=target,
                basis=Basis.PUBLIC_DOMAIN if free else Basis.PUBLIC_LICENSE,
                license=name,
                allowed=_OWN_USES - GENERATIVE if "ND" in code else _OWN_USES,
                purposes=frozenset({"non-commercial"}) if "NC" in code else frozenset(),
                territory=_EVERYWHERE,
                in_file="cc:license",
            )


def _dedication(signals: Sequence[Signal], source: str, target: Selector) -> Iterator[RightsStatement]:
    marks = {signal.value.strip().lower() for signal in signals if signal.standard == "xmpRights:Marked"}
    if marks == {"false"}:
        yield _grant(source, target, "xmpRights:Marked", "xmp", Basis.PUBLIC_DOMAIN, _OWN_USES)


def _plus(signals: Sequence[Signal], source: str, target: Selector) -> Iterator[RightsStatement]:
    for signal in signals:
        if signal.standard == "plus:DataMining" and signal.value.upper().endswith("/DMI-ALLOWED"):
            yield _grant(source, target, signal.standard, signal.where, Basis.LICENSE, _OWN_USES)


def _credentials(signals: Sequence[Signal], source: str, target: Selector) -> Iterator[RightsStatement]:
    """The active manifest's own word, where signature, assertions and binding hold; ingredients permit nothing."""
    proof = next((signal for signal in signals if signal.standard == "c2pa.validation"), None)
    if proof is None or proof.value != "valid":
        return
    allowed: dict[str, set[Use]] = {}
    for signal in signals:
        if signal.standard.endswith(".training-mining") and signal.where == "c2pa" and signal.value == "allowed":
            allowed.setdefault(signal.standard, set()).update(entry_uses(signal) & _OWN_USES)
    for standard, uses in allowed.items():
        signer = proof.detail.get("signer_sha256")
        yield _grant(source, target, standard, "c2pa", Basis.LICENSE, frozenset(uses), signer)


def _grant(
    source: str,
    target: Selector,
    standard: str,
    where: str,
    basis: Basis,
    uses: frozenset[Use],
    signer: str | None = None,
) -> RightsStatement:
    return RightsStatement(
        id=f"in-file:{source}#{standard}",
        source=f"{source}#{where}",
        applies_to=target,
        basis=basis,
        allowed=uses,
        territory=_EVERYWHERE,
        in_file=standard,
        signer=signer,
    )


def _term(signals: Sequence[Signal]) -> tuple[dt.date | None, dt.date | None]:
    """The narrowest term that the file gives: the latest start and the earliest end."""
    days: dict[str, list[tuple[dt.date, dt.date]]] = {"Start": [], "End": []}
    for signal in signals:
        for name, into in days.items():
            if signal.standard == f"plus:License{name}Date" and (day := day_of(signal.value)):
                into.append(day)
    start = max((max(day) for day in days["Start"]), default=None)
    return start, min((min(day) for day in days["End"]), default=None)


def _bounded(made: RightsStatement, start: dt.date | None, end: dt.date | None) -> RightsStatement:
    return replace(made, start=start, end=end)
