"""Train a small picture model on licensed items only: a base, then a LoRA on one title's art and script text.

    finetune.py base DATASET --policy P.toml --out RUN [--ledger FOLDER] [--steps N]
    finetune.py tune DATASET --policy P.toml --out RUN --base RUN/base.safetensors --under titles/lantern/ [--resume]

Each checkpoint is a safetensors file with a signed receipt beside it. `--resume` goes on from the last one, also after
new art was added: the receipt then carries what was read before. It claims nothing about the quality of pictures.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader, Subset

sys.path.insert(0, str(Path(__file__).resolve().parent))

from model import Flow, loss, tokens

import provenance
from provenance.dataset.receipt import SUFFIX, Receipt
from provenance.model.errors import ProvenanceError
from provenance.receipts import verify_model

SIZES = {"small": {}, "large": {"size": 64, "width": 512, "depth": 12, "heads": 8}}
HELD_OUT = 5  # one picture in so many is only looked at, never learned from


class Shrunk:
    """Decodes a picture no larger than the model wants it: JPEG gives an eighth of it for a fraction of the work.

    A class, so that workers can be spawned.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, payload: bytes) -> torch.Tensor:
        with Image.open(io.BytesIO(payload)) as image:
            image.draft("RGB", (self.size, self.size))
            picture = image.convert("RGB").resize((self.size, self.size))
        return torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1).contiguous()


class Told:
    """Puts the words of the title beside each picture."""

    def __init__(self, script: str) -> None:
        self.words = tokens(script)

    def __call__(self, sample: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        return sample["image"], self.words


def main(words: Sequence[str] | None = None) -> None:
    asked = arguments(words)
    torch.manual_seed(asked.seed)
    torch.set_num_threads(1)
    out = Path(asked.out)
    out.mkdir(parents=True, exist_ok=True)
    # Everything that follows reads through this; one unlicensed item in what was asked for stops the run here.
    admission = provenance.admit(
        asked.dataset,
        asked.policy,
        ledger=asked.ledger,
        kinds=["art", "scripts"],
        under=asked.under,
        on_unlicensed="drop" if asked.drop else "raise",
        receipt=out / f"{asked.stage}.receipt.json",
    )
    shape = SIZES[asked.size]
    model = Flow(**shape)
    if asked.stage == "tune":
        model.load_state_dict(load_file(asked.base))
        model = with_lora(model)
    model.to(asked.device)
    last = out / f"{asked.stage}.safetensors"
    begun, before = 0, None
    if asked.resume and last.exists():
        before = vouched(last)
        model.load_state_dict(load_file(last, device=asked.device), strict=False)
        begun = int(json.loads((out / f"{asked.stage}.json").read_text())["step"])
    elif asked.stage == "tune":
        before = vouched(Path(asked.base))
    run(asked, admission, model, last, begun, before)


def vouched(checkpoint: Path) -> Receipt:
    """Return the receipt of a checkpoint; weights are only taken from one whose receipt stands."""
    checked = verify_model(checkpoint)
    if not checked.good:
        raise SystemExit(f"{checkpoint}: {checked.problems[0]}")
    return checked.receipt


def run(asked: argparse.Namespace, admission: Any, model: Any, last: Path, begun: int, before: Any) -> None:
    """Train to the step asked for; print the held-out loss before and after as JSON."""
    items = admission.torch("art", decode=Shrunk(model_size(asked)), transform=Told(script_of(admission)))
    learned = [at for at in range(len(items)) if at % HELD_OUT]
    held = [at for at in range(len(items)) if at % HELD_OUT == 0]
    loader = DataLoader(
        Subset(items, learned),
        batch_size=asked.batch,
        shuffle=True,
        num_workers=asked.workers,
        pin_memory=asked.device == "cuda",
        prefetch_factor=4 if asked.workers else None,
    )
    checks = [items[at] for at in held]
    first = evaluate(model, checks, asked.device)
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=asked.rate)
    batches, waited, began = endless(loader), 0.0, time.perf_counter()
    for step in range(begun, begun + asked.steps):
        clock = time.perf_counter()
        pictures, words = (each.to(asked.device, non_blocking=True) for each in next(batches))
        waited += time.perf_counter() - clock
        with torch.autocast(asked.device, torch.bfloat16, enabled=asked.device == "cuda"):
            found = loss(model, pictures, words, torch.tensor(asked.seed * 1_000_003 + step))
        optimizer.zero_grad(set_to_none=True)
        found.backward()
        optimizer.step()
        if (step + 1) % asked.every == 0 or step + 1 == begun + asked.steps:
            checkpoint(asked, admission, model, last, step + 1, before)
    seconds = time.perf_counter() - began
    told = {
        "stage": asked.stage,
        "held_out_loss": [round(first, 4), round(evaluate(model, checks, asked.device), 4)],
        "steps": begun + asked.steps,
        "items_per_second": round(asked.steps * asked.batch / seconds, 1),
        "waiting_for_items": round(waited / seconds, 3),
        "admitted": len(admission.admitted),
        "checkpoint": last.name,
    }
    print(json.dumps(told))


def checkpoint(asked: argparse.Namespace, admission: Any, model: Any, last: Path, step: int, before: Any) -> None:
    """Put weights, step and receipt beside each other. Cut off between them, the checkpoint has no valid receipt."""
    whole = last.with_suffix(".tmp")
    save_file({name: value.detach().cpu().contiguous() for name, value in own(model).items()}, whole)
    os.replace(whole, last)
    last.with_suffix(".json").write_text(json.dumps({"step": step}))
    admission.write_receipt(f"{last}{SUFFIX}", model=last, model_id=f"{asked.stage}-{asked.size}", continues=before)


def own(model: Any) -> dict[str, torch.Tensor]:
    """The weights that training changes: all of a base, the LoRA alone of a tuned model."""
    named = dict(model.named_parameters())
    state = model.state_dict()
    return {name: value for name, value in state.items() if name not in named or named[name].requires_grad}


def with_lora(model: Flow) -> Any:
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=["query", "key", "value", "out"]))


def script_of(admission: Any) -> str:
    """The words of the title: its scenes, read through the same gate, and so in the same receipt."""
    if "scripts" not in admission.material.places.kinds:
        return ""
    scenes = admission.torch("scripts")
    return " ".join(scenes[at]["text"] for at in range(min(len(scenes), 4)))


def evaluate(model: Any, checks: list[Any], device: str) -> float:
    """The mean loss on pictures that are never learned from, with the same noise each time."""
    model.eval()
    with torch.no_grad():
        pictures, words = (torch.stack(each).to(device) for each in zip(*checks, strict=True))
        found = float(np.mean([float(loss(model, pictures, words, torch.tensor(seed))) for seed in range(8)]))
    model.train()
    return found


def endless(loader: DataLoader[Any]) -> Iterator[Any]:
    while True:
        yield from loader  # each turn is an epoch: the admission is looked at again


def model_size(asked: argparse.Namespace) -> int:
    return int(SIZES[asked.size].get("size", 32))


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["base", "tune"])
    parser.add_argument("dataset")
    parser.add_argument("--policy", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--ledger")
    parser.add_argument("--base")
    parser.add_argument("--under", default="", help="how the paths of the title begin")
    parser.add_argument("--drop", action="store_true", help="leave unlicensed items out instead of stopping")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--every", type=int, default=50, help="steps between checkpoints")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    asked = parser.parse_args(words)
    if asked.stage == "tune" and asked.base is None:
        parser.error("tune needs --base")
    return asked


if __name__ == "__main__":
    try:
        main()
    except ProvenanceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
