"""The documents tell the truth: every command, exit code and reason stands in them, and nothing else does."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import click
import pytest

from provenance import cli, engines
from provenance.building.toolset import toolset
from provenance.cli import rights
from provenance.fingerprint import picture
from provenance.media import shelf
from provenance.model import errors
from provenance.model.declared import declared
from provenance.rights.reasons import Reason
from provenance.rights.sources import signals

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_every_command_stands_in_readme() -> None:
    named = set(re.findall(r"^\| `provenance (\w+)", README, re.MULTILINE))
    assert named == set(cli.COMMANDS)


def test_every_command_of_the_rights_desk_stands_in_readme() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| `provenance rights`"))
    assert set(re.findall(r"`(\w+)`", row.split("|")[2])) == set(rights.COMMANDS)


def test_every_exit_code_stands_in_readme() -> None:
    families = {
        error.exit_code for _, error in inspect.getmembers(errors, inspect.isclass) if hasattr(error, "exit_code")
    }
    told = {int(code) for code in re.findall(r"^\| (\d+)", README, re.MULTILINE)}
    assert families - {1} <= told


def test_every_reason_is_explained() -> None:
    text = (ROOT / "manifests/REASONS.md").read_text()
    assert set(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == {reason.value for reason in Reason}


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_has_help_that_opens_with_its_promise(name: str) -> None:
    command = cli.cli.get_command(click.Context(cli.cli), name)
    assert command is not None and command.help
    assert command.help.splitlines()[0].endswith((".", ",", ":")) or len(command.help) > 40


def test_links_of_the_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "manifests").glob("*.md"), *(ROOT / "examples").rglob("README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def shelf_files() -> list[Path]:
    folders = ["media", "engines", "rights/sources", "exports"]
    places = [ROOT / "provenance" / folder for folder in folders]
    return [
        file for place in places if place.is_dir() for file in sorted(place.glob("[!_]*.py")) if file.stem != "shelf"
    ]


@pytest.mark.parametrize("file", shelf_files(), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_files_of_a_shelf_do_not_know_each_other(file: Path) -> None:
    package = ".".join(file.relative_to(ROOT).with_suffix("").parts[:-1])
    siblings = {f"{package}.{other.stem}" for other in shelf_files() if other.parent == file.parent and other != file}
    known = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            known |= {alias.name for alias in node.names}
    assert known & siblings == set()


def test_every_medium_keeps_the_contract() -> None:
    media = shelf.media()
    assert len({medium.NAME for medium in media}) == len(media)
    for medium in media:
        assert isinstance(medium.VERSION, int) and medium.VERSION >= 1
        assert set(medium.OPTIONS) <= set(shelf.Options.__dataclass_fields__)
        assert callable(medium.sniff) and callable(medium.extract)


def test_what_a_build_reads_of_a_medium_without_loading_it_is_what_the_medium_says() -> None:
    told = [(label.NAME, label.VERSION, label.PRIORITY, label.OPTIONS) for label in shelf.labels()]
    assert told == [(medium.NAME, medium.VERSION, medium.PRIORITY, medium.OPTIONS) for medium in shelf.media()]
    assert toolset(shelf.Options())[-2:] == [f"signals/{signals.VERSION}", f"fingerprints/{picture.VERSION}"]


def test_a_constant_that_must_be_worked_out_is_not_taken_for_declared(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "declaring.py").write_text("raise SystemExit\nNAME: str = 'seen'  # so\nVERSION = 1 + len('a')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert declared("declaring", "NAME") == ("seen",)
    for module, name in (("declaring", "VERSION"), ("declaring", "OPTIONS"), ("declaring_nowhere", "NAME")):
        with pytest.raises(LookupError):
            declared(module, name)


def test_the_local_engine_is_on_its_shelf() -> None:
    assert "local" in engines.names()
