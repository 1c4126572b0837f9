"""A report in the form that was asked for: one page, one JSON file, one workbook, or a folder of tables."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from provenance.model.errors import CommitError, UsageError
from provenance.reports import page, pdf, sheets, workbook
from provenance.reports.content import Report

_FORMS = ("html", "json", "csv", "xlsx", "parquet", "pdf")
_SUFFIXES = {f".{form}": form for form in _FORMS} | {".htm": "html"}


def form_of(name: str) -> str | None:
    """Return the form that a file's name speaks of, or None."""
    return _SUFFIXES.get(os.path.splitext(name)[1].lower())


def write(report: Report, form: str, out: Path) -> None:
    """Put a report where it is wanted. csv and parquet: a folder, one file for each table. CommitError, UsageError."""
    if form == "html":
        put(out, page.render(report))
    elif form == "pdf":
        put(out, pdf.pdf(page.render(report, paper=True)))
    elif form == "json":
        text = json.dumps(report.as_json(), indent=1, ensure_ascii=False, sort_keys=True)
        put(out, text.encode("utf-8", "replace") + b"\n")
    elif form == "xlsx":
        put(out, workbook.workbook(report))
    elif form in ("csv", "parquet"):
        if out.exists() and not out.is_dir():
            raise UsageError(f"{form} makes a folder with a file for each table, and this is a file", where=str(out))
        for name, data in sheets.csv_files(report) if form == "csv" else sheets.parquet_files(report):
            put(out / name, data)
    else:
        raise UsageError(f"a report has no form {form!r}", next_step=f"choose one of: {', '.join(_FORMS)}")


def put(place: Path, data: bytes | Iterable[bytes]) -> None:
    """Put a file in place at one stroke. CommitError."""
    parts = [data] if isinstance(data, bytes) else data
    temp = place.with_name(f".{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(temp, "wb") as file:
            file.writelines(parts)
        temp.replace(place)
    except OSError as error:
        with contextlib.suppress(OSError):
            temp.unlink()
        raise CommitError(f"cannot be written: {error.strerror}", where=str(place)) from error
