"""What the rights desk of the studio keeps: one record for each right that matters in the story."""

from __future__ import annotations

import csv
from pathlib import Path

COLUMNS = (
    "record_id", "applies_to", "work", "rights_holder", "licensor", "licensee", "basis", "license", "agreement",
    "uses_allowed", "uses_refused", "purposes", "territories", "start", "end", "status", "status_date", "credit",
    "evidence", "notes",
)  # fmt: skip

_US = "Tin Kettle Pictures"
_ALL = "data_mining;ai_inference;ai_training;ai_generative_training;evaluation"
_GRANT = {"uses_allowed": _ALL, "territories": "worldwide", "status": "active", "licensee": _US}
_OWN = _GRANT | {"work": "Night Ferry", "rights_holder": _US, "basis": "ownership", "licensee": ""}

# No record covers 08_unsorted: nobody knows where those files came from.
RECORDS: list[dict[str, str]] = [
    _OWN | {"record_id": "TK-001", "applies_to": "01_story/**", "evidence": "staff contract, M. Halloran"},
    _OWN | {"record_id": "TK-002", "applies_to": "02_art/**", "evidence": "staff contracts 2024"},
    _OWN | {"record_id": "TK-003", "applies_to": "03_production/**"},
    _OWN | {"record_id": "TK-004", "applies_to": "05_deliverables/**"},
    _GRANT
    | {
        "record_id": "TK-005",
        "applies_to": "02_art/guest/ink_whale.png",
        "work": "Night Ferry",
        "rights_holder": "Ana Kowalczyk-Reyes",
        "licensor": "Ana Kowalczyk-Reyes",
        "basis": "license",
        "license": "LicenseRef-TK-Guest-3",
        "agreement": "guest artist letter 2025-05-02",
        "start": "2025-05-02",
        "status": "revoked",
        "status_date": "2026-09-01",
        "credit": "Ink whale by Ana Kowalczyk-Reyes",
        "notes": "withdrawn by her letter of 2026-08-20",
    },
    _GRANT
    | {
        "record_id": "TK-006",
        "applies_to": "06_stock/harbour_*",
        "work": "stock",
        "rights_holder": "Pelican Stock, Ltd.",
        "licensor": "Pelican Stock, Ltd.",
        "basis": "license",
        "license": "LicenseRef-Pelican-AI-2025",
        "agreement": "PS-88102, schedule B",
        "start": "2025-01-01",
        "end": "2035-12-31",
        "credit": "Pelican Stock",
    },
    _GRANT
    | {
        "record_id": "TK-007",
        "applies_to": "06_stock/rope_texture.png",
        "work": "stock",
        "rights_holder": "Pelican Stock, Ltd.",
        "licensor": "Pelican Stock, Ltd.",
        "basis": "license",
        "license": "LicenseRef-Pelican-2023",
        "agreement": "PS-61740",
        "start": "2023-07-01",
        "end": "2026-06-30",
    },
    _GRANT
    | {
        "record_id": "TK-008",
        "applies_to": "06_stock/lantern_study.jpg",
        "work": "stock",
        "rights_holder": "Ilse Brandt",
        "licensor": "Pelican Stock, Ltd.",
        "basis": "license",
        "license": "LicenseRef-Pelican-AI-2025",
        "agreement": "PS-88102, schedule B",
        "start": "2025-01-01",
        "end": "2035-12-31",
        "notes": "the paper allows it; look into the file",
    },
    _GRANT
    | {
        "record_id": "TK-009",
        "applies_to": "06_stock/research_poster.jpg",
        "work": "stock",
        "rights_holder": "Maritime College, Bergen",
        "licensor": "Maritime College, Bergen",
        "basis": "public-license",
        "license": "CC-BY-NC-4.0",
        "purposes": "non-commercial;research",
        "credit": "Maritime College, CC BY-NC 4.0",
    },
    {
        "record_id": "TK-010",
        "applies_to": "07_reference/**",
        "work": "reference",
        "rights_holder": "unknown",
        "basis": "reference-only",
        "uses_refused": "data_mining;ai_inference;ai_training;ai_generative_training",
        "territories": "worldwide",
        "status": "active",
        "notes": "to look at, nothing else",
    },
]


def draw_register(path: Path) -> None:
    """Write the register as the desk's spreadsheet saves it: UTF-8 with a BOM, CRLF, a blank line at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(RECORDS)
        file.write("\r\n")
