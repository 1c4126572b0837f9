"""A small studio that stands in for the world: an archive on disk, a rights desk, and the commands they run."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import os
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from provenance import admit as admission
from provenance import build as building
from provenance.admit import Admission, AssetVerdict
from provenance.building.report import BuildReport
from provenance.media.shelf import Options
from provenance.model.words import Use
from provenance.rights.policy import Policy

COLUMNS = (
    "record_id",
    "applies_to",
    "work",
    "rights_holder",
    "licensor",
    "licensee",
    "basis",
    "license",
    "agreement",
    "uses_allowed",
    "uses_refused",
    "purposes",
    "territories",
    "start",
    "end",
    "status",
    "status_date",
    "credit",
    "evidence",
    "notes",
)
EVERY_USE = "data_mining;ai_inference;ai_training;ai_generative_training;evaluation"
TODAY = dt.date(2026, 11, 23)

SCRIPT = """Title: The Lantern
Credit: written by
Author: A. Writer

INT. WORKSHOP - NIGHT

A lamp flickers.

MIRA
Who goes there?

EXT. ROOF - DAY

Wind.
"""


EDL = b"""TITLE: CUT
FCM: NON-DROP FRAME

001  AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00
"""


def picture(seed: int, size: tuple[int, int] = (96, 64), form: str = "PNG", **options: Any) -> bytes:
    """Return a drawn picture: the same seed gives the same bytes, another seed another picture."""
    image = Image.new("RGB", size, (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256))
    draw = ImageDraw.Draw(image)
    for at in range(6):
        x, y = (seed * 17 + at * 29) % size[0], (seed * 41 + at * 23) % size[1]
        colour = ((at * 60 + seed * 7) % 256, (at * 90 + seed * 11) % 256, (255 - at * 40) % 256)
        draw.ellipse([x - 14, y - 10, x + 14, y + 10], fill=colour)
        draw.line([x, y, (x * 3 + seed) % size[0], (y * 5 + 9) % size[1]], fill=(255, 255, 255), width=2)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


class Studio:
    """An archive and its register in a folder; `build` and `admit` do what the command line does."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.archive = home / "archive"
        self.dataset = home / "dataset"
        self.register = home / "register.csv"
        self.archive.mkdir(parents=True)
        self.records: list[dict[str, str]] = []

    def add(self, path: str | bytes, data: bytes) -> Path:
        """Put a file into the archive; its times are long past, so that the build may remember it."""
        place = Path(os.fsdecode(os.path.join(os.fsencode(self.archive), os.fsencode(path))))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return place

    def record(self, applies_to: str, **cells: str) -> None:
        """Add a record: owned and cleared for everything, unless told otherwise."""
        row = dict.fromkeys(COLUMNS, "")
        row |= {
            "record_id": f"R-{len(self.records) + 1:03}",
            "applies_to": applies_to,
            "work": "The Lantern",
            "rights_holder": "Lantern Studio",
            "basis": "ownership",
            "agreement": "work for hire",
            "evidence": "binder 1",
            "uses_allowed": EVERY_USE,
            "territories": "worldwide",
            "status": "active",
        }
        self.records.append(row | cells)

    def write_register(self) -> Path:
        with open(self.register, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in self.records for name in row)), "")
            writer.writeheader()
            writer.writerows(self.records)
        return self.register

    def plan(self, **changes: Any) -> building.Plan:
        rights = (str(self.write_register()),) if self.records else ()
        told: dict[str, Any] = {"archive": str(self.archive), "out": str(self.dataset), "rights": rights}
        return building.Plan(**(told | changes))

    def build(self, **changes: Any) -> BuildReport:
        return building.build(self.plan(**changes))

    def policy(self, **changes: Any) -> Policy:
        told: dict[str, Any] = {
            "name": "test",
            "use": Use.AI_GENERATIVE_TRAINING,
            "purpose": "commercial",
            "territories": frozenset({"US"}),
            "on": TODAY,
        }
        return Policy(**(told | changes))

    def admit(self, **changes: Any) -> Admission:
        return admission.admit(self.dataset, self.policy(**changes))

    def verdicts(self, **changes: Any) -> dict[str, AssetVerdict]:
        return {each.asset: each for each in admission.by_asset(self.admit(**changes))}

    def objects(self) -> dict[str, str]:
        """Return path and digest of what a version lists: shards and tables, not what is signed and dated."""
        found = {}
        for folder in ("data", "index", "assets", "quarantine"):
            for place in sorted((self.dataset / folder).rglob("*.parquet")):
                found[str(place.relative_to(self.dataset))] = hashlib.sha256(place.read_bytes()).hexdigest()
        return found


def small(home: Path) -> Studio:
    """Return a studio with a dozen files: pictures, a script, a damaged file and a timeline."""
    studio = Studio(home)
    for number in range(6):
        studio.add(f"art/owned/{number:02}.png", picture(number))
    studio.add("art/stock/a.jpg", picture(20, form="JPEG"))
    studio.add("art/stock/b.jpg", picture(21, form="JPEG"))
    studio.add("scripts/lantern.fountain", SCRIPT.encode())
    studio.add("edit/cut.edl", EDL)
    studio.add("broken/half.png", picture(30)[:90])
    studio.record("art/owned/**")
    studio.record("art/stock/a.jpg", basis="license", license="LicenseRef-Stock", agreement="S-1", end="2026-06-30")
    studio.record("scripts/**")
    return studio


__all__ = ["Options", "Studio", "picture", "small"]
