"""No planted secret and no name of a file reaches what is made to be published, in any form, of any command."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_studio import CANARIES, MARKUP, hostile, orders
from studio import Studio, picture

from provenance import cli

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US"]
FORMS = ("html", "json", "csv", "xlsx", "parquet")
NAMES = ("one.png", "copy of one", "sold.png", "broken.png", "register.csv", "DROP TABLE", "later.png")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = hostile(tmp_path_factory.mktemp("secrets"))
    orders(made)
    made.add("canary-folder/later.png", picture(50))
    made.build()
    return made


def commands(studio: Studio) -> dict[str, list[str]]:
    place = str(studio.dataset)
    return {
        "audit": ["audit", place, *ASK, "--thumbnails", "4", "--unlocked"],
        "impact": ["impact", place, *ASK, "--agreement", "Canary Agreement"],
        "diff": ["diff", place, "1", "2", *ASK],
    }


def words(place: Path) -> Iterator[str]:
    """Everything that is written there, packed or not, its names too."""
    import pyarrow.parquet as pq

    for file in [place] if place.is_file() else sorted(place.iterdir()):
        yield file.name
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as package:
                yield from (package.read(name).decode() for name in package.namelist())
        elif file.suffix == ".parquet":
            yield str(pq.read_table(file).to_pylist()) + str(pq.read_schema(file))
        else:
            yield file.read_text("utf-8-sig")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", ["audit", "impact", "diff"])
def test_no_secret_and_no_name_stands_in_a_public_report(
    studio: Studio, tmp_path: Path, command: str, form: str
) -> None:
    asked, out = commands(studio)[command], tmp_path / (form if form in ("csv", "parquet") else f"public.{form}")
    assert cli.run([*asked, "--public", "--format", form, "--out", str(out)]) == 0
    told = "\n".join(words(out)).lower()
    assert len(told) > 200
    shown = [secret for secret in (*CANARIES, *NAMES, MARKUP, "x'); drop") if secret.lower() in told]
    assert shown == []
    assert str(studio.home).lower() not in told


@pytest.mark.parametrize("command", ["audit", "impact", "diff"])
def test_a_private_report_says_so_and_a_public_one_says_that(studio: Studio, tmp_path: Path, command: str) -> None:
    asked = commands(studio)[command]
    for options, marking in (([], "Private: names people and works"), (["--public"], "Public: names of people")):
        for form in ("html", "json", "xlsx"):
            out = tmp_path / f"{marking[:6]}.{form}"
            assert cli.run([*asked, *options, "--out", str(out)]) == 0
            assert marking in "\n".join(words(out))


def test_a_private_report_does_hold_the_names_so_that_the_search_above_means_something(
    studio: Studio, tmp_path: Path
) -> None:
    for command, asked in commands(studio).items():
        assert cli.run([*asked, "--out", str(tmp_path / f"{command}.html")]) == 0
        told = (tmp_path / f"{command}.html").read_text("utf-8")
        assert "canary-folder" in told or "canary-record" in told, command
    assert cli.run([*commands(studio)["audit"], "--out", str(tmp_path / "a.json")]) == 0
    told = (tmp_path / "a.json").read_text("utf-8")
    # What a picture says of its author, and where the dataset lies, has no place in a private one either.
    assert "Canary Holder" in told and "canary@mail.example" not in told and str(studio.home) not in told
