"""The training stage of examples/finetune: it learns, it only gets what is licensed, and each checkpoint says what."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from handoff_samples import ask, revoke
from safetensors.torch import load_file
from studio import Studio, picture

import provenance
from provenance import cli
from provenance.model.errors import UnlicensedError
from provenance.receipts import verify_model

Run = Callable[..., dict[str, Any]]

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "finetune" / "finetune.py"
POLICY = """
name = "a model of our own"
use = "ai_generative_training"
purpose = "commercial"
territories = ["US"]
duplicates = "keep"
"""


@pytest.fixture
def finetune(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The example's program, run in this process: torch and peft are imported once."""
    pytest.importorskip("peft")
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    program, threads = importlib.import_module("finetune"), torch.get_num_threads()

    def run(*words: object) -> dict[str, Any]:
        program.main([str(word) for word in words])
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    yield run
    torch.set_num_threads(threads)
    for name in ("finetune", "keeping", "loading", "measuring", "model"):
        sys.modules.pop(name, None)


def test_a_base_and_a_title_are_trained_on_what_is_licensed_and_can_prove_it(
    studio: Studio, tmp_path: Path, finetune: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    out, policy, release = tmp_path / "run", tmp_path / "policy.toml", tmp_path / "release"
    policy.write_text(POLICY)
    provenance.release(studio.dataset, ask(), release)
    common = ["--policy", policy, "--out", out]

    base = finetune("base", release, *common, "--ledger", studio.dataset, "--steps", 30, "--every", 15)
    before, after = base["held_out_loss"]
    assert after < 0.8 * before
    assert base["items_per_second"] > 0 and 0 < base["gate_share_of_step"] < 1
    weights = out / "base-000030.safetensors"
    assert base["checkpoint"] == weights.name and (out / "base-000015.safetensors").exists()
    checked = verify_model(weights, [release], ledger_at=studio.dataset)
    assert checked.good and checked.recomputed == 1
    admission = provenance.admit(release, ask(), ledger=studio.dataset)
    assert checked.receipt.parts[0].read.tolist() == admission.material.places.row.tolist()

    with pytest.raises(UnlicensedError, match=r"found/unknown\.png \(no-record\)"):
        finetune("base", studio.dataset, *common, "--steps", 1)

    title = ["--base", weights, "--under", "lantern/", "--every", 10]
    tuned = finetune("tune", studio.dataset, *common, *title, "--steps", 12)
    assert tuned["held_out_loss"][1] < tuned["held_out_loss"][0]
    lora = out / "tune-000012.safetensors"
    assert lora.stat().st_size < weights.stat().st_size / 2
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and checked.recomputed == 2

    # New art comes: training goes on from where it was, on all of it, and says what it had read before.
    studio.add("lantern/art/new.png", picture(70))
    studio.build()
    more = finetune("tune", studio.dataset, *common, *title, "--steps", 6, "--resume")
    assert (more["steps"], more["admitted"]) == (18, tuned["admitted"] + 1)
    assert more["epoch"] > tuned["epoch"]
    assert more["held_out_loss"][0] < tuned["held_out_loss"][0]
    grown = out / "tune-000018.safetensors"
    assert load_file(grown.with_suffix(".state.safetensors"))[STEP].item() == 18
    checked = verify_model(grown, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and [part.terms.version for part in checked.receipt.parts] == [1, 1, 2]

    where = [str(studio.dataset), "--dataset", str(release), "--ledger", str(studio.dataset)]
    assert cli.run(["verify", *where, "--model", str(grown)]) == 0
    assert "3 of 3 parts recomputed" in capsys.readouterr().out

    revoke(studio.dataset, "L")
    with pytest.raises(UnlicensedError, match=r"\(revoked\)"):
        finetune("tune", studio.dataset, *common, *title, "--steps", 1, "--resume")
    checked = verify_model(grown, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and set(checked.refused_today or {}) == {1, 2, 3}
    capsys.readouterr()
    receipts = [word for each in (weights, lora, grown) for word in ("--receipt", f"{each}.receipt.json")]
    asked = ["--statement", "L", *receipts, "--release", str(release)]
    assert cli.run(["impact", str(studio.dataset), *asked]) == 0
    told = capsys.readouterr().out
    assert all(each.name in told for each in (weights, lora, grown)), told


STEP = "optimizer.base_model.model.blocks.0.query.lora_A.default.weight.step"


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_that_is_cut_off_and_resumed_ends_with_the_weights_of_an_undisturbed_one(
    built: Studio, tmp_path: Path, finetune: Run, workers: int
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)

    def base(name: str, steps: int, *more: object) -> Path:
        how = ["--under", "lantern/", "--batch", 5, "--every", 2, "--steps", steps, "--workers", workers]
        told = finetune("base", built.dataset, "--policy", policy, "--out", tmp_path / name, *how, *more)
        return tmp_path / name / str(told["checkpoint"])

    undisturbed = base("whole", 8)
    cut = base("cut", 5)
    assert cut.name == "base-000005.safetensors"
    Path(f"{cut}.receipt.json").unlink()  # killed before the receipt: this checkpoint does not count
    again = base("cut", 4, "--resume")
    assert again.name == undisturbed.name == "base-000008.safetensors"
    for suffix in (".safetensors", ".state.safetensors"):
        one, other = load_file(undisturbed.with_suffix(suffix)), load_file(again.with_suffix(suffix))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(load_file(undisturbed)["leave.weight"], load_file(cut)["leave.weight"])


def test_the_large_model_keeps_its_shapes_and_bf16_trains(built: Studio, tmp_path: Path, finetune: Run) -> None:
    """What a GPU is given, as far as a machine without one can tell: shapes of the large one, bf16 on the CPU."""
    program, flow = sys.modules["finetune"], importlib.import_module("model")
    with torch.device("meta"):
        large = program.with_lora(flow.Flow(**program.SIZES["large"]))
        pictures, words = torch.empty(4, 3, 64, 64), torch.zeros(4, flow.WORDS, dtype=torch.int64)
        out = large(pictures, torch.rand(4), words)
    assert out.shape == pictures.shape and sum(each.numel() for each in large.parameters()) > 30_000_000
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    how = ["--under", "lantern/", "--batch", 8, "--steps", 12, "--precision", "bf16"]
    told = finetune("base", built.dataset, "--policy", policy, "--out", tmp_path, *how)
    assert told["held_out_loss"][1] < told["held_out_loss"][0]
    weights = load_file(tmp_path / "base-000012.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.float32}  # bf16 is how it computes, not what it keeps
