"""T18: names and titles that are SQL, and a package in which no text ever becomes a part of a query."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hostile_studio import MARKUP, SQL, hostile
from studio import Studio

import provenance
from provenance import audit as verb
from provenance import impact
from provenance.auditing.reach import Target, Touch

CALLS = {"execute", "executemany", "sql", "query", "executescript"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return hostile(tmp_path_factory.mktemp("t18"))


def test_titles_that_are_sql_are_counted_as_the_titles_they_are(studio: Studio) -> None:
    report = verb.report(verb.audit(studio.dataset, studio.policy()), thumbnails=0)
    works = next(table for table in report.tables() if table.key == "work")
    assert {row[0]: row[1] for row in works.rows}[SQL] == 1
    assert {row[0]: row[1] for row in works.rows}[MARKUP] == 10
    assets = {name for batch in report.big["items"].batches() for name in batch.column("asset").to_pylist()}
    assert "a/'; DROP TABLE items; --.png" in assets


def test_a_question_that_is_sql_finds_what_is_called_so_and_no_more(studio: Studio) -> None:
    found = impact.impact(studio.dataset, Target(Touch.WORK, SQL), studio.policy())
    assert list(found.assets) == ["a/sold.png"]


def test_no_query_of_the_package_is_put_together_from_text() -> None:
    for place in sorted(Path(provenance.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(place.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
                for argument in node.args[:1]:
                    constant = isinstance(argument, ast.Name) and argument.id.isupper()
                    assert constant or isinstance(argument, ast.Constant), f"{place.name}:{node.lineno}"
