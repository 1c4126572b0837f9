"""Train a small picture model on licensed items only: a base, then a LoRA on one title's art and script text.

    finetune.py base DATASET --policy P.toml --out RUN [--ledger FOLDER] [--steps N]
    finetune.py tune DATASET --policy P.toml --out RUN --base RUN/base-000150.safetensors --under titles/lantern/

Each checkpoint is a safetensors file with a signed receipt beside it. `--resume` goes on from the newest one whose
receipt stands, as if nothing had happened: weights, the optimizer's moments, random states and the place in the epoch.
After new art was built into the dataset it goes on too, with a new epoch; the receipt then carries what was read
before. It claims nothing about the quality of pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parent))

import keeping
import measuring
from loading import Order, Shrunk, Told
from model import Flow, loss

import provenance
from provenance.model.errors import ProvenanceError

SIZES = {"small": {}, "large": {"size": 64, "width": 512, "depth": 12, "heads": 8}}
HELD_OUT = 5  # one picture in so many is only looked at, never learned from


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
    model: Any = Flow(**SIZES[asked.size])
    before = None
    if asked.stage == "tune":
        before = keeping.vouched(Path(asked.base))
        model.load_state_dict(load_file(asked.base))
        model = with_lora(model)
    model.to(asked.device)
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=asked.rate)
    begun = keeping.Place()
    last = keeping.newest(out, asked.stage) if asked.resume else None
    if last is not None:
        before = keeping.vouched(last)
        begun = keeping.restore(last, model, optimizer, asked.device)
    run(asked, admission, model, optimizer, begun, before)


def run(
    asked: argparse.Namespace, admission: Any, model: Any, optimizer: Any, begun: keeping.Place, before: Any
) -> None:
    """Train for the steps asked for; print the held-out loss before and after, and how fast it went, as JSON."""
    size = int(SIZES[asked.size].get("size", 32))
    items = admission.torch("art", decode=Shrunk(size), transform=Told(script_of(admission)))
    order = Order(items, asked.batch, asked.seed, lambda at: at % HELD_OUT != 0)
    order.go_on(begun)
    loader = DataLoader(
        items,
        batch_sampler=order,
        generator=torch.Generator().manual_seed(asked.seed),  # its own: an epoch begun twice must not turn ours
        num_workers=asked.workers,
        pin_memory=asked.device == "cuda",
        prefetch_factor=4 if asked.workers else None,
        persistent_workers=asked.workers > 0,
    )
    held = range(0, len(items), HELD_OUT)
    checks = [items[at] for at in held]
    first = evaluate(model, checks, asked.device)
    meter = measuring.Meter(asked.device)
    for step in range(begun.step, begun.step + asked.steps):
        pictures, words = meter.waiting(lambda: order.batch_of(loader))
        with meter.working():
            pictures, words = (each.to(asked.device, non_blocking=True) for each in (pictures, words))
            with torch.autocast(asked.device, torch.bfloat16, enabled=asked.precision == "bf16"):
                found = loss(model, pictures, words, torch.tensor(asked.seed * 1_000_003 + step))
            optimizer.zero_grad(set_to_none=True)
            found.backward()
            optimizer.step()
        meter.items += len(pictures)
        if (step + 1) % asked.every == 0 or step + 1 == begun.step + asked.steps:
            name = f"{asked.stage}-{step + 1:06}.safetensors"
            place = keeping.Place(step + 1, order.epoch, order.taken, order.identity)
            last = keeping.checkpoint(Path(asked.out) / name, model, optimizer, place, admission, before)
    told = {
        "stage": asked.stage,
        "held_out_loss": [round(first, 4), round(evaluate(model, checks, asked.device), 4)],
        "steps": begun.step + asked.steps,
        "epoch": order.epoch,
        "admitted": len(admission.admitted),
        "checkpoint": last.name,
        **meter.told(asked.steps),
        **measuring.gate(admission, items, held, asked.batch * meter.steps_per_second(asked.steps)),
    }
    print(json.dumps(told))


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


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["base", "tune"])
    parser.add_argument("dataset")
    parser.add_argument("--policy", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--ledger")
    parser.add_argument("--base", help="the checkpoint that tune begins with")
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
    parser.add_argument("--precision", choices=["fp32", "bf16"], help="default: bf16 on cuda, fp32 on cpu")
    asked = parser.parse_args(words)
    if asked.stage == "tune" and asked.base is None:
        parser.error("tune needs --base")
    asked.precision = asked.precision or ("bf16" if asked.device == "cuda" else "fp32")
    return asked


if __name__ == "__main__":
    try:
        main()
    except ProvenanceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
