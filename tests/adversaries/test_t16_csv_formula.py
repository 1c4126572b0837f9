"""T16: names and titles that a spreadsheet would run as formulas, in everything that a spreadsheet opens."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from hostile_studio import FORMULA, hostile
from studio import Studio

from provenance import audit as verb
from provenance.reports import forms
from provenance.reports.content import Report

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return hostile(tmp_path_factory.mktemp("t16"))


@pytest.fixture(scope="module")
def report(studio: Studio) -> Report:
    return verb.report(verb.audit(studio.dataset, studio.policy()), thumbnails=0)


def test_no_cell_of_a_csv_report_begins_like_a_formula(report: Report, tmp_path: Path) -> None:
    forms.write(report, "csv", tmp_path / "tables")
    seen = []
    for place in sorted((tmp_path / "tables").iterdir()):
        with open(place, encoding="utf-8-sig", newline="") as file:
            seen += [cell for row in csv.reader(file) for cell in row]
    texts = [cell for cell in seen if not cell.lstrip("-").replace(".", "").isdigit()]
    assert not [cell for cell in texts if cell.lstrip(" ").startswith(STARTS)]
    assert "'" + FORMULA in seen


def test_no_cell_of_a_workbook_is_a_formula(report: Report, tmp_path: Path) -> None:
    forms.write(report, "xlsx", tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert FORMULA in {cell.value for cell in cells}
