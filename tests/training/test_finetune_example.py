"""The training stage of examples/finetune: it learns, it only gets what is licensed, and each checkpoint says what."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from handoff_samples import ask, revoke
from studio import Studio, picture

import provenance
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


def test_a_base_and_a_title_are_trained_on_what_is_licensed_and_can_prove_it(
    studio: Studio, tmp_path: Path, finetune: Run
) -> None:
    out, policy, release = tmp_path / "run", tmp_path / "policy.toml", tmp_path / "release"
    policy.write_text(POLICY)
    provenance.release(studio.dataset, ask(), release)
    common = ["--policy", policy, "--out", out]

    base = finetune("base", release, *common, "--ledger", studio.dataset, "--steps", 30, "--every", 15)
    before, after = base["held_out_loss"]
    assert after < 0.8 * before
    weights = out / "base.safetensors"
    checked = verify_model(weights, [release], ledger_at=studio.dataset)
    assert checked.good and checked.recomputed == 1
    admission = provenance.admit(release, ask(), ledger=studio.dataset)
    assert checked.receipt.parts[0].read.tolist() == admission.material.places.row.tolist()

    with pytest.raises(UnlicensedError, match=r"found/unknown\.png \(no-record\)"):
        finetune("base", studio.dataset, *common, "--steps", 1)

    title = ["--base", weights, "--under", "lantern/", "--every", 10]
    tuned = finetune("tune", studio.dataset, *common, *title, "--steps", 12)
    assert tuned["held_out_loss"][1] < tuned["held_out_loss"][0]
    lora = out / "tune.safetensors"
    assert lora.stat().st_size < weights.stat().st_size / 2
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and checked.recomputed == 2

    studio.add("lantern/art/new.png", picture(70))
    studio.build()
    more = finetune("tune", studio.dataset, *common, *title, "--steps", 6, "--resume")
    assert (more["steps"], more["admitted"]) == (18, tuned["admitted"] + 1)
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and [part.terms.version for part in checked.receipt.parts] == [1, 1, 2]

    revoke(studio.dataset, "L")
    with pytest.raises(UnlicensedError, match=r"\(revoked\)"):
        finetune("tune", studio.dataset, *common, *title, "--steps", 1, "--resume")
    checked = verify_model(lora, [release, studio.dataset], ledger_at=studio.dataset)
    assert checked.good and set(checked.refused_today or {}) == {1, 2, 3}
