"""The doors: exit codes by who must act, one sentence instead of a traceback, quiet when piped, quick help."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from studio import Studio, picture, small

from provenance import cli
from provenance.dataset import signing

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = small(tmp_path_factory.mktemp("cli"))
    made.build()
    return made


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = cli.run([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_some_assets_in_quarantine_is_exit_code_10(capsys: pytest.CaptureFixture[str], studio: Studio) -> None:
    code, out, err = run(capsys, "build", studio.archive, "--rights", studio.register, "--out", studio.dataset)
    assert code == 10
    assert "broken/half.png: truncated" in out
    assert err == ""


def test_results_are_json_for_machines(capsys: pytest.CaptureFixture[str], studio: Studio) -> None:
    code, out, _ = run(capsys, "admit", studio.dataset, *ASK, "--json", "--list")
    told = json.loads(out)
    assert code == 0
    assert told["items"] == {"cleared": 9, "review": 0, "refused": 2}
    assert {each["asset"]: each["reasons"] for each in told["assets"]}["art/stock/a.jpg"] == ["expired"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["build", "/nowhere", "--out", "x"], 2, "does not exist"),
        (["build", "ARCHIVE", "--out", "OUT", "--frames", "often"], 2, "no way to sample"),
        (["build", "ARCHIVE", "--out", "OUT", "--engine", "cloud"], 2, "no engine is called"),
        (["admit", "DATASET", "--use", "ai_training"], 2, "a policy needs --purpose and --territory"),
        (["admit", "DATASET", *ASK, "--territory", "USA"], 2, "USA"),
        (["admit", "ARCHIVE", *ASK], 10, "is no dataset"),
        (["admit", "DATASET", *ASK, "--use", "license_out_training"], 2, "recipient"),
        (["explain", "DATASET", "no/such/path.png"], 2, "no path no/such/path.png"),
        (["explain", "because"], 2, "is no reason"),
        (["rights", "lint", "ARCHIVE/edit/cut.edl"], 10, ""),
        (["nonsense"], 2, "No such command"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence_and_the_right_code(
    capsys: pytest.CaptureFixture[str], studio: Studio, tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    places = {"ARCHIVE": str(studio.archive), "DATASET": str(studio.dataset), "OUT": str(tmp_path / "out")}
    for name, place in places.items():
        words = [word.replace(name, place) for word in words]
    found, out, err = run(capsys, *words)
    assert found == code
    assert sentence in err
    assert "Traceback" not in out + err


def test_a_policy_that_clears_nothing_is_exit_code_20(capsys: pytest.CaptureFixture[str], studio: Studio) -> None:
    ask = ["--use", "license_out_training", "--purpose", "commercial", "--territory", "US", "--recipient", "somebody"]
    code, out, _ = run(capsys, "admit", studio.dataset, *ask)
    assert code == 20
    assert "0  cleared" in out


def test_a_changed_byte_is_exit_code_30(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.record("a.png")
    studio.build()
    shard = next((studio.dataset / "data").rglob("*.parquet"))
    data = bytearray(shard.read_bytes())
    data[200] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(data)
    code, out, _ = run(capsys, "verify", studio.dataset)
    assert code == 30
    assert "changed: data/art/" in out


def test_a_dataset_folder_that_cannot_be_written_is_exit_code_40(
    capsys: pytest.CaptureFixture[str], studio: Studio, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder must be")
    code, _, err = run(capsys, "build", studio.archive, "--out", blocked / "dataset")
    assert code == 40
    assert "Next:" in err


def test_only_the_trusted_keys_that_were_named_are_accepted(capsys: pytest.CaptureFixture[str], studio: Studio) -> None:
    own = signing.own_key(signing.Role.BUILD).public
    other = signing.PublicKey(bytes(range(32)))
    assert run(capsys, "verify", studio.dataset, "--trusted-key", f"build:{own.text}")[0] == 0
    assert run(capsys, "verify", studio.dataset, "--trusted-key", f"build:{other.text}")[0] == 30
    assert run(capsys, "admit", studio.dataset, *ASK, "--trusted-key", f"build:{other.text}")[0] == 30
    assert run(capsys, "admit", studio.dataset, *ASK, "--trusted-key", "build:nonsense")[0] == 2


def test_explain_names_file_and_line_and_what_decides(capsys: pytest.CaptureFixture[str], studio: Studio) -> None:
    code, out, _ = run(capsys, "explain", studio.dataset, "art/stock/a.jpg", *ASK)
    assert code == 0
    assert "R-002 (register.csv:3) on art/stock/a.jpg decides: license, LicenseRef-Stock" in out
    assert "because: expired (R-002)" in out
    assert "nearest to a yes: R-002 (register.csv:3), short of expired" in out


def test_explain_finds_an_item_by_its_id(capsys: pytest.CaptureFixture[str], studio: Studio) -> None:
    _, out, _ = run(capsys, "explain", studio.dataset, "art/owned/00.png", *ASK, "--json")
    assert json.loads(out)["verdicts"][0]["decision"] == "cleared"


def test_what_is_piped_holds_no_progress(studio: Studio) -> None:
    command = [sys.executable, "-m", "provenance", "build", str(studio.archive), "--out", str(studio.dataset)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_help_imports_nothing_heavy() -> None:
    probe = "import sys; from provenance import cli; cli.run(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert not any(f"'{name}'" in loaded for name in ("pyarrow", "numpy", "PIL", "av", "rich", "duckdb", "datasets"))
