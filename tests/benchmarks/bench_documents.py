"""All documents of a dataset of 10⁶ items in 10⁵ assets, and how much of the time the heaviest of them takes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from _report import measure, report
from bench_audit import _studio

from provenance import audit as verb
from provenance.audit import Audit
from provenance.reports import documents

ITEMS = 1_000_000


def main() -> bool:
    with tempfile.TemporaryDirectory() as place:
        os.environ["PROVENANCE_HOME"] = str(Path(place) / "home")
        studio = _studio(Path(place), ITEMS)
        found = _with_files(verb.audit(studio.dataset, studio.policy(on=None)))
        written: dict[str, bytes] = {}
        cost = measure(lambda: written.update(verb.every_document(found)))
        size = sum(map(len, written.values())) / 1e6
        detail = f"({cost.cpu:.1f} CPU-s, {size:.1f} MB)"
        what = f"{len(documents.names())} documents of {ITEMS:,} items"
        quick = report(what, cost.wall, 30, at_least=False, unit=" s", detail=detail)
        for name in documents.names():
            one = measure(lambda name=name: verb.document(found, name))  # type: ignore[misc]
            print(f"  {name}: {one.cpu:.2f} CPU-s")
        return quick


def _with_files(found: Audit) -> Audit:
    """Give every asset a file of its own, as a crawl would: the synthetic assets have none."""
    rows = found.census.assets.num_rows
    files = [
        [{"path": f"{at // 250:04}/{at:07}.mov".encode(), "sha256": f"{at:064x}", "bytes": at, "number": None}]
        for at in range(rows)
    ]
    place = found.census.assets.schema.get_field_index("files")
    field = found.census.assets.schema.field(place)
    assets = found.census.assets.set_column(place, field, pa.chunked_array([pa.array(files, field.type)]))
    return replace(found, census=replace(found.census, assets=assets))


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
