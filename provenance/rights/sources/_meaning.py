"""What in-file signals mean for the gate: pure functions from evidence to restrictions.

Signals that restrict are honoured always, also from a broken or unknown signature. Signals that permit never clear
anything, so they give nothing here: an item is cleared by its statements alone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from provenance.model.words import Signal, Use
from provenance.rights.reasons import Reason
from provenance.rights.restriction import Restriction
from provenance.rights.sources._textlines import licences

# PLUS, TDMRep and RSL speak of others' training as well, so licensing out falls with training.
EVERY_USE = frozenset(Use)
GENERATIVE = frozenset({Use.AI_GENERATIVE_TRAINING, Use.LICENSE_OUT_TRAINING})
TRAINING = GENERATIVE | {Use.AI_TRAINING}
MINING = TRAINING | {Use.DATA_MINING}
INFERENCE = frozenset({Use.AI_INFERENCE, Use.EVALUATION})

_DMI_SEE = ("SEECONSTRAINT", "SEEEMBEDDEDRIGHTSEXPR", "SEELINKEDRIGHTSEXPR")
_ENTRY_USES = {
    "data_mining": frozenset({Use.DATA_MINING}),
    "ai_inference": INFERENCE,
    "ai_training": frozenset({Use.AI_TRAINING, Use.LICENSE_OUT_TRAINING}),
    "ai_generative_training": GENERATIVE,
}
_RSL_USES = {
    "all": EVERY_USE,
    "ai-all": EVERY_USE,
    "ai-train": TRAINING,
    "ai-input": INFERENCE,
    "ai-index": frozenset({Use.DATA_MINING}),
}
_COMMERCIAL = frozenset({"commercial"})
_LIMITS = re.compile(
    r"\bonly\b|\beditorial\b|\bnon-?\s?commercial\b|\binternal\s+use\b|\bnot\s+(?:be\s+)?(?:for|used|to\s+be)\b|"
    r"\bno\s+(?:commercial|derivative|resale|model|ai\b)|\bprohibited\b|\bforbidden\b",
    re.I,
)
_PLAIN_NO = re.compile(
    r"\b(?:no|not\s+(?:for|to\s+be\s+used\s+(?:for|to|in)))\s+(?:generative\s+)?"
    r"(?:AI|artificial\s+intelligence|machine[\s-]learning)\b|\bno_?ai\b",
    re.I,
)
_RUNNING_TEXT = ("text", "page")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?")


def restrictions(signals: Sequence[Signal], source: str, *, sidecar: bool = False) -> tuple[Restriction, ...]:
    """Return what the signals of one file narrow, without doubles, in the order of the signals.

    source: where the file stands, such as `panel.png`; `#` and the signal's own place are added. sidecar: the signals
    come from a file beside the asset (XMP, LICENSE), which changes the reason's name, not its weight.
    """
    found: dict[Restriction, None] = {}
    for signal in signals:
        reader = _READERS.get(signal.standard)
        if reader is not None:
            for restriction in reader(signal, f"{source}#{signal.where}"):
                found[_beside(restriction) if sidecar else restriction] = None
    for restriction in _licence_texts(signals, source):
        found[restriction] = None
    return tuple(found)


def conflicts(signals: Sequence[Signal], source: str, basis: str, license: str = "") -> tuple[Restriction, ...]:
    """Return where the file contradicts the basis and licence that the register records for it; a person reviews.

    A public-domain record is contradicted by a copyright claim (a notice, `All rights reserved`, Marked) or by a
    licence that keeps rights, unless the file itself dedicates the work. A public licence is contradicted by another
    one, and by `All rights reserved` where the file names no public licence; a bare notice is not a contradiction,
    since licensed works keep their notices.
    """
    claims: list[Signal] = []
    dedications: list[Signal] = []
    named: list[Signal] = []
    for signal in signals:
        if signal.standard in ("copyright-line", "rights-reserved"):
            claims.append(signal)
        elif signal.standard == "xmpRights:Marked":
            (claims if signal.value.strip().lower() in ("true", "1") else dedications).append(signal)
        elif signal.standard == "plus:CopyrightStatus":
            claims.extend([signal] if signal.value.endswith("CS-PRO") else [])
            dedications.extend([signal] if signal.value.endswith("CS-PUB") else [])
        elif signal.standard == "public-domain-line":
            dedications.append(signal)
        for name in _licence_names(signal):
            (dedications if licence_code(name) in ("0", "PDM") else named).append(signal)
    recorded = {licence_code(name) for name in licences(license.replace("CC0", "CC 0"))}
    against: list[Signal] = []
    if basis == "public-domain" or recorded & {"0", "PDM"}:
        against = [] if dedications and not named else [*claims, *named]
    elif basis == "public-license":
        others = [
            signal for signal in named if recorded and not recorded & {licence_code(n) for n in _licence_names(signal)}
        ]
        agreed = len(others) < len(named)
        reserved = [signal for signal in claims if signal.standard == "rights-reserved" and not named]
        against = [*([] if agreed else others), *reserved]
    return tuple(
        dict.fromkeys(
            Restriction(Reason.CONFLICT_IN_FILE, f"{source}#{signal.where}", spreads=True) for signal in against
        )
    )


def _beside(found: Restriction) -> Restriction:
    if found.reason is not Reason.OPT_OUT_IN_FILE:
        return found
    return Restriction(Reason.OPT_OUT_IN_SIDECAR, found.source, found.uses, spreads=True)


def _refuse(source: str, uses: frozenset[Use]) -> Restriction:
    return Restriction(Reason.OPT_OUT_IN_FILE, source, frozenset() if uses == EVERY_USE else uses, spreads=True)


def _review(source: str, uses: frozenset[Use] = frozenset()) -> Restriction:
    """A holder's limit that only a person can weigh. It spreads: it speaks of the picture, not of this copy."""
    return Restriction(Reason.CONSTRAINED_IN_FILE, source, frozenset() if uses == EVERY_USE else uses, spreads=True)


def _data_mining(signal: Signal, source: str) -> Iterator[Restriction]:
    """PLUS LDF data mining vocabulary. Both the doubled and the plain vocabulary address occur; the name decides."""
    name = re.split(r"[/#:]", signal.value.strip())[-1].upper()
    if name in ("DMI-UNSPECIFIED", "DMI-ALLOWED"):
        return
    if name.endswith(_DMI_SEE):
        yield _review(source)
    elif name == "DMI-PROHIBITED-AIMLTRAINING":
        yield _refuse(source, TRAINING)
    elif name == "DMI-PROHIBITED-GENAIMLTRAINING":
        yield _refuse(source, GENERATIVE)
    elif name.startswith("DMI-PROHIBITED"):  # plain, all but search indexing, and whatever comes later
        yield _refuse(source, EVERY_USE)
    else:
        yield _review(source)


def _reservation(signal: Signal, source: str) -> Iterator[Restriction]:
    if signal.value.strip().lower() not in ("0", "false"):
        yield _refuse(source, MINING)


def _rsl(signal: Signal, source: str) -> Iterator[Restriction]:
    uses = frozenset[Use]().union(
        *(_RSL_USES.get(word, frozenset()) for word in re.split(r"[\s,]+", signal.value.lower()))
    )
    if uses:
        yield _refuse(source, uses)


def entry_uses(signal: Signal) -> frozenset[Use]:
    """Return the uses that an entry of a training-mining assertion names; every use for a name nobody knows."""
    return _ENTRY_USES.get(str(signal.detail.get("entry", "")).rsplit(".", 1)[-1], EVERY_USE)


def _training_mining(signal: Signal, source: str) -> Iterator[Restriction]:
    """One entry of a training-mining assertion. Bare `constrained` means not allowed; an unknown word is reviewed."""
    uses = entry_uses(signal)
    use = re.sub(r"[^a-z]", "", signal.value.lower())
    if use == "allowed":
        return
    if use == "notallowed" or (use == "constrained" and not signal.detail.get("constraint_info")):
        yield _refuse(source, uses)
    else:
        yield _review(source, uses)


def day_of(value: str) -> tuple[dt.date, dt.date] | None:
    """Return the day as written and the same moment's day in UTC; None for what is no full date."""
    match = _DATE.match(value.strip())
    if not match:
        return None
    try:
        written = dt.date(int(match[1]), int(match[2]), int(match[3]))
        if match[4] and match[5]:
            zone = match[5].replace("Z", "+00:00")
            moment = dt.datetime.fromisoformat(f"{written.isoformat()}T{match[4]}{zone}")
            return written, moment.astimezone(dt.UTC).date()
    except (ValueError, OverflowError):
        return None
    return written, written


def _end(signal: Signal, source: str) -> Iterator[Restriction]:
    """The date is the last valid day; of the written day and the UTC day the earlier one counts."""
    days = day_of(signal.value)
    if days is None:
        yield Restriction(Reason.CONSTRAINED_IN_FILE, source)
    elif min(days) < dt.date.max:
        yield Restriction(Reason.EXPIRED_IN_FILE, source, effective=min(days) + dt.timedelta(days=1))


def _start(signal: Signal, source: str) -> Iterator[Restriction]:
    days = day_of(signal.value)
    if days is None:
        yield Restriction(Reason.CONSTRAINED_IN_FILE, source)
    elif max(days) > dt.date.min:
        yield Restriction(Reason.NOT_YET_VALID_IN_FILE, source, lapses=max(days) - dt.timedelta(days=1))


def _cc(signal: Signal, source: str) -> Iterator[Restriction]:
    """A licence stays with its own record: another copy may be licensed otherwise by the same holder."""
    for name in licences(signal.value):
        yield from _cc_terms(licence_code(name).split("-"), source)


def _cc_terms(terms: list[str], source: str) -> Iterator[Restriction]:
    if "NC" in terms:
        yield Restriction(Reason.PURPOSE_IN_FILE, source, purposes_refused=_COMMERCIAL)
    if "ND" in terms:  # whether a model is a derivative is not settled: a person decides
        yield Restriction(Reason.CONSTRAINED_IN_FILE, source, uses=GENERATIVE)


def _prohibits(signal: Signal, source: str) -> Iterator[Restriction]:
    if signal.value.rstrip("/").endswith("CommercialUse"):
        yield Restriction(Reason.PURPOSE_IN_FILE, source, purposes_refused=_COMMERCIAL)
    elif signal.value.rstrip("/").endswith("DerivativeWorks"):
        yield Restriction(Reason.CONSTRAINED_IN_FILE, source, uses=GENERATIVE)


def _terms(signal: Signal, source: str) -> Iterator[Restriction]:
    if _LIMITS.search(signal.value):
        yield Restriction(Reason.CONSTRAINED_IN_FILE, source)


def _words(signal: Signal, source: str) -> Iterator[Restriction]:
    """A plain no in a rights field of the metadata is an opt-out; running text may quote, so a person reads it."""
    in_field = not signal.where.startswith(_RUNNING_TEXT)
    yield _refuse(source, TRAINING) if in_field and _PLAIN_NO.search(signal.value) else _review(source, MINING)


def _validation(signal: Signal, source: str) -> Iterator[Restriction]:
    if signal.value == "broken":
        yield Restriction(Reason.BROKEN_CREDENTIAL, source)


def _remote(signal: Signal, source: str) -> Iterator[Restriction]:
    yield Restriction(Reason.REMOTE_CREDENTIAL, source)


def _unread(signal: Signal, source: str) -> Iterator[Restriction]:
    """What nobody could read may hold an opt-out, and unknown is never rounded up to clear."""
    credential = signal.where.startswith("c2pa")
    yield Restriction(Reason.BROKEN_CREDENTIAL if credential else Reason.CONSTRAINED_IN_FILE, source)


_READERS: dict[str, Callable[[Signal, str], Iterator[Restriction]]] = {
    "plus:DataMining": _data_mining,
    "plus:LicenseEndDate": _end,
    "plus:LicenseStartDate": _start,
    "plus:OtherConstraints": _terms,
    "tdm:reservation": _reservation,
    "rsl:prohibits": _rsl,
    "cc:license": _cc,
    "cc:prohibits": _prohibits,
    "dcterms:license": _cc,
    "xmpRights:WebStatement": _cc,
    "xmpRights:UsageTerms": _terms,
    "photoshop:Instructions": _terms,
    "iptc:SpecialInstructions": _terms,
    "ai-reservation": _words,
    "c2pa.training-mining": _training_mining,
    "cawg.training-mining": _training_mining,
    "c2pa.validation": _validation,
    "c2pa.remote": _remote,
    "unreadable-metadata": _unread,
}


def _licence_texts(signals: Sequence[Signal], source: str) -> Iterator[Restriction]:
    """Licences named in words. Where a text names several, a person says which one holds for this asset."""
    named = [signal for signal in signals if signal.standard == "license-text"]
    terms = [licence_code(signal.value).split("-") for signal in named]
    mixed = len({"NC" in each for each in terms}) > 1 or len({"ND" in each for each in terms}) > 1
    for signal, each in zip(named, terms, strict=True):
        for found in _cc_terms(each, f"{source}#{signal.where}"):
            yield _as_review(found) if mixed else found


def _as_review(found: Restriction) -> Restriction:
    return Restriction(Reason.CONSTRAINED_IN_FILE, found.source, found.uses, found.purposes_refused)


def _licence_names(signal: Signal) -> Iterable[str]:
    if signal.standard == "license-text":
        return (signal.value,)
    if signal.standard in ("cc:license", "dcterms:license", "xmpRights:WebStatement"):
        return licences(signal.value)
    return ()


def licence_code(name: str) -> str:
    """`CC-BY-NC-4.0` is BY-NC, `CC0-1.0` is 0: the licence without its version."""
    return re.sub(r"-\d\.\d$", "", name.removeprefix("CC").removeprefix("-")) if name != "CC0" else "0"
