"""The training stage of examples/finetune: it learns, it only gets what is licensed, and each checkpoint says what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from handoff_samples import ask, revoke
from studio import Studio, picture

import provenance
from provenance.receipts import verify_model

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "finetune" / "finetune.py"
POLICY = """
name = "a model of our own"
use = "ai_generative_training"
purpose = "commercial"
territories = ["US"]
duplicates = "keep"
"""


def finetune(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_base_and_a_title_are_trained_on_what_is_licensed_and_can_prove_it(studio: Studio, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    out, policy, release = tmp_path / "run", tmp_path / "policy.toml", tmp_path / "release"
    policy.write_text(POLICY)
    provenance.release(studio.dataset, ask(), release)
    common = ["--policy", policy, "--out", out]

    base = told(finetune("base", release, *common, "--ledger", studio.dataset, "--steps", 40, "--every", 20))
    before, after = base["held_out_loss"]  # type: ignore[misc]
    assert after < 0.8 * before
    weights = out / "base.safetensors"
    checked = verify_model(weights, [release], ledger_at=studio.dataset)
    assert checked.good and checked.recomputed == 1
    admission = provenance.admit(release, ask(), ledger=studio.dataset)
    assert checked.receipt.parts[0].read.tolist() == admission.material.places.row.tolist()

    stopped = finetune("base", studio.dataset, *common, "--steps", 1)
    assert stopped.returncode != 0 and "found/unknown.png (no-record)" in stopped.stderr

    title = ["--base", weights, "--under", "lantern/", "--every", 10]
    tuned = told(finetune("tune", studio.dataset, *common, *title, "--steps", 20))
    assert tuned["held_out_loss"][1] < tuned["held_out_loss"][0]  # type: ignore[index]
    lora = out / "tune.safetensors"
    assert lora.stat().st_size < weights.stat().st_size / 2
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and checked.recomputed == 2

    studio.add("lantern/art/new.png", picture(70))
    studio.build()
    more = told(finetune("tune", studio.dataset, *common, *title, "--steps", 6, "--resume"))
    assert (more["steps"], more["admitted"]) == (26, tuned["admitted"] + 1)  # type: ignore[operator]
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and [part.terms.version for part in checked.receipt.parts] == [1, 1, 2]

    revoke(studio.dataset, "L")
    refused = finetune("tune", studio.dataset, *common, *title, "--steps", 1, "--resume")
    assert refused.returncode != 0 and "(revoked)" in refused.stderr
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and set(checked.refused_today or {}) == {1, 2, 3}
