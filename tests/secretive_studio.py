"""A studio with secrets in all that a register cannot say, on top of those of the hostile one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hostile_studio import CANARIES, hostile, orders
from PIL import Image
from studio import Studio, picture

from provenance.audit import Audit
from provenance.rights.policy import Policy

# What a register cannot say, each with a secret of its own: agreements, people, consents, limits, duties, events.
MANIFEST = """
manifest: 1
agreements:
  Canary Contract:
    basis: license
    licensor: Canary Agency
    licensee: Canary Licensee
    license: LicenseRef-Canary-Stock
    clause: Canary Clause
    allowed: [ai_generative_training, evaluation]
    constrained: [ai_inference]
    refused: [license_out_training]
    purposes: [commercial]
    recipients: [Canary Recipient]
    models: [canary-model]
    media: [Canary Medium]
    territory: {places: [worldwide], excluded: [CN]}
    processing_geography: [US, NO]
    start: 2026-01-01
    end: 2028-12-31
    survival: retrain
    alteration: [no-flip, no-translation]
    verified_by: Canary Verifier
    duties:
      - {kind: credit, text: Canary Duty}
      - {kind: pay, text: Canary Fee, before_use: true, done: true}
  Canary Open Contract:
    basis: public-license
    licensor: Canary Commons
    license: CC-BY-4.0
    allowed: [ai_generative_training]
    territory: worldwide
    end_event: {name: Canary Premiere, lag_days: 30}
people:
  canary-actor:
    kind: actor-likeness
    scope: Canary Scope
    guardian: Canary Guardian
    minor: true
    expiry: 2027-06-30
statements:
  - id: canary-stock
    agreement: Canary Contract
    applies_to: licensed/stock.png
  - id: canary-open
    agreement: Canary Open Contract
    applies_to: licensed/open.png
  - id: canary-film
    applies_to: licensed/film.jpg
    basis: ownership
    holder: Canary House
    declares: [likeness]
    allowed: [ai_generative_training]
    territory: [US, NO]
    generative_ai_material: true
    notes: Canary Note
  - id: canary-face
    applies_to: licensed/film.jpg
    interest: likeness
    person: canary-actor
    basis: release
    allowed: [ai_generative_training]
    territory: worldwide
"""

SECRETS = (
    *CANARIES,
    *("Canary Contract", "Canary Agency", "Canary Licensee", "Canary Clause", "Canary Recipient", "canary-model"),
    *("Canary Medium", "Canary Verifier", "Canary Duty", "Canary Fee", "Canary Open", "Canary Commons"),
    *("Canary Premiere", "canary-actor", "Canary Scope", "Canary Guardian", "canary-stock", "canary-film"),
    *(
        "Canary House",
        "canary-archive",
        "Canary Note",
        "canary-face",
        "Canary Artist",
        "token-canary-1234",
        "stock.png",
        "film.jpg",
    ),
)


@dataclass(frozen=True)
class Case:
    """A place that was audited, and where its archive lies."""

    place: Path
    found: Audit
    archive: Path


def secretive(home: Path) -> Studio:
    """Return a dataset of two versions; the second has a manifest, and a film still of a person."""
    studio = hostile(home)
    orders(studio)
    studio.archive = studio.archive.rename(studio.home / "canary-archive")
    exif = Image.Exif()
    exif[0x013B], exif[0x010E] = "Canary Artist", "token-canary-1234"
    studio.add("licensed/stock.png", picture(60))
    studio.add("licensed/open.png", picture(61))
    studio.add("licensed/film.jpg", picture(62, form="JPEG", exif=exif.tobytes()))
    manifest = studio.home / "manifest.yaml"
    manifest.write_text(MANIFEST, "utf-8")
    told = studio.build(rights=(str(studio.write_register()), str(manifest)))
    assert told.version == 2
    return studio


def asked(studio: Studio) -> Policy:
    """Return the policy by which its licensed still is cleared: it says who, into which model, where and for what."""
    return studio.policy(
        recipient="Canary Recipient",
        model="canary-model",
        media=frozenset({"Canary Medium"}),
        processing=frozenset({"US"}),
    )
