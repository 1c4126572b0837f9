"""What the report speaks of, what it rests on, and what it does not cover."""

from __future__ import annotations

import platform
from importlib import metadata

from provenance.admit import RELEASE, Admission, in_words
from provenance.auditing.census import Census, rules_version
from provenance.auditing.naming import Naming
from provenance.dataset.keyring import Keyring
from provenance.model import clock
from provenance.model.words import Kind
from provenance.reports.content import Section
from provenance.rights.ledger import LedgerState


def scope(census: Census, state: LedgerState, rights_keys: Keyring, naming: Naming, replayed: bool) -> Section:
    """Return the section that says what was asked, of what, when, by which rules, and how to prove it."""
    admission = census.admission
    version, opened, policy = admission.version, admission.dataset, admission.policy
    build_key = opened.keys.signers(version.number, {})[0]
    head = next(entry for entry in admission.book.entries if entry.number == state.head)
    rights_key = rights_keys.signers(head.number, {})[0]
    size = sum(size for _, size in version.content.proofs.values())
    until = admission.valid_until
    facts = [
        ("Dataset", opened.id),
        ("Archive", naming.name("archive", version.content.archive) or "unnamed"),
        ("Version", f"{version.number} of {opened.head.number}, signed {clock.stamp(version.created)}"),
        ("Signed with build key", build_key.fingerprint),
        ("Merkle root of its objects", version.content.root),
        ("Objects", f"{len(version.content.proofs):,} ({size:,} bytes)"),
        ("Ledger head", f"entry {head.number}, {head.digest}"),
        ("Ledger recorded", clock.stamp(head.created)),
        ("Ledger good until", clock.stamp(state.valid_until) if state.valid_until else "not stated"),
        ("Signed with rights key", rights_key.fingerprint),
        ("Question", _question(admission, naming)),
        ("Policy", f"{naming.words(policy.name)}, digest {policy.digest}"),
        ("Day that counts", f"{admission.on} (UTC calendar day)"),
        ("Answer good until", clock.stamp(until) if until is not None else "nothing changes it by itself"),
        ("Made by", f"provenance {metadata.version('provenance')}, Python {platform.python_version()}"),
        ("Rules", f"provenance.rights, SHA-256 {rules_version()}"),
        ("Dataset built by", ", ".join(f"{name} {number}" for name, number in sorted(version.content.tool.items()))),
    ]
    release = version.content.options.get(RELEASE)
    if release is not None:
        facts.insert(1, ("Release of", f"dataset {release['dataset']}, version {release['version']}"))
    if replayed:
        facts.insert(8, ("Replayed", "the ledger as it was known then; entries recorded later are not counted"))
    about = (
        "One version of one dataset, judged by one policy on one day against one ledger head. Signatures, numbering "
        "and digests of everything read for this report were verified before a row was counted."
    )
    return Section("scope", "Scope and evidence", about, tuple(facts))


def _question(admission: Admission, naming: Naming) -> str:
    policy = admission.policy
    if not naming.public:
        return in_words(policy)
    places = ", ".join(sorted(policy.territories))
    return f"{policy.use.value}, for {policy.purpose} purposes, in {places}"


def not_covered(census: Census, naming: Naming) -> Section:
    """Return what a reader must not conclude from the report. Numbers are of this version."""
    counts = {kind: sum(each.by_kind[at].items for each in census.classes) for at, kind in enumerate(Kind)}
    context = sum(1 for outcome in census.assets.column("outcome").to_pylist() if outcome == "context")
    broken = len(census.quarantine)
    notes = [
        "This report states what the signed records say. It is no legal opinion, and a false record signed with the "
        "right key is not seen; the ledger keeps who recorded what.",
        f"{broken:,} assets in quarantine were not read: nothing in them is judged, cleared or offered to training. "
        f"{context:,} assets are context, such as timelines and licence texts, and hold no item.",
        "Sound is not extracted: music, voice and spoken words matter here only where a record declares them.",
        "Nobody looked for faces, trademarks, fonts or artworks inside pictures. Such interests count where a record "
        "declares them, and are unknown where none does.",
        "Exact copies are found by decoded pixels and normalised text. Near copies are found by perceptual "
        "fingerprints, which miss some, such as strong crops, redrawings and translations.",
        f"Of each film only the frames taken ({counts[Kind.FRAMES]:,} in all) are items; hours are counted from one "
        "taken frame to the next.",
        "Terms are whole UTC calendar days. What a contract says beyond the fields of its record was not read.",
        "Remote rights descriptions and Content Credentials kept on servers are never fetched.",
        "Which models were trained with these items is told by receipts, not by this report.",
    ]
    if RELEASE in census.admission.version.content.options:
        notes.append(
            "A release holds single frames of its films: each counts for the shortest step between two of them here, "
            "so that footage is told low rather than high."
        )
    if naming.public:
        notes.append(
            "Names of people and works, holders, agreements, paths and remarks are left out or replaced by salted "
            "digests; the desk that made this page can tell what one stands for."
        )
    return Section("not-covered", "What is not covered", notes=tuple(notes))
