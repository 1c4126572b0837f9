"""Checkpoints: weights, all that is needed to go on as if nothing had happened, and the receipt, in that order.

    tune-000050.safetensors               the weights that training changes
    tune-000050.state.safetensors         the optimizer's moments, random states, the place in the epoch
    tune-000050.safetensors.receipt.json  what was read until then, signed, over the weights' digest

The receipt is written last: cut off before it, a checkpoint is passed over and the one before it counts. No pickles.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from provenance.dataset.receipt import SUFFIX, Receipt
from provenance.receipts import verify_model

STATE = ".state.safetensors"


@dataclass(frozen=True)
class Place:
    """Where a run stands. taken: batches of this epoch. items: which items it learns from, by digest."""

    step: int = 0
    epoch: int = 0
    taken: int = 0
    items: str = ""


def vouched(checkpoint: Path) -> Receipt:
    """Return the receipt of a checkpoint; weights are only taken from one whose receipt stands."""
    checked = verify_model(checkpoint)
    if not checked.good:
        raise SystemExit(f"{checkpoint}: {checked.problems[0]}")
    return checked.receipt


def newest(out: Path, stage: str) -> Path | None:
    """Return the newest checkpoint of a stage that has a receipt; None when there is none yet."""
    for place in sorted(out.glob(f"{stage}-[0-9]*[0-9].safetensors"), reverse=True):
        if Path(f"{place}{SUFFIX}").exists():
            return place
        print(f"{place.name} has no receipt: it was cut off, and is passed over", file=sys.stderr)
    return None


def checkpoint(
    place: Path, model: Any, optimizer: torch.optim.Optimizer, at: Place, admission: Any, before: Receipt | None
) -> Path:
    """Put weights, state and receipt beside each other, and return the path of the weights."""
    _save({name: value.detach().cpu().contiguous() for name, value in own(model).items()}, place)
    state = {f"random.{name}": value for name, value in _random().items()}
    for name, moments in _moments(model, optimizer).items():
        state |= {f"optimizer.{name}.{part}": torch.as_tensor(value).cpu() for part, value in moments.items()}
    _save(state, place.with_suffix(STATE), {"place": json.dumps(asdict(at))})
    admission.write_receipt(f"{place}{SUFFIX}", model=place, model_id=place.stem, continues=before)
    return place


def restore(place: Path, model: Any, optimizer: torch.optim.Optimizer, device: str) -> Place:
    """Take weights, moments and random states from a checkpoint, and return where the run stood."""
    model.load_state_dict(load_file(place, device=device), strict=False)
    held = load_file(place.with_suffix(STATE))
    names = {id(value): name for name, value in model.named_parameters()}
    numbers = [names[id(each)] for group in optimizer.param_groups for each in group["params"]]
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in held.items():
        kind, _, rest = key.partition(".")
        if kind == "optimizer":
            name, _, part = rest.rpartition(".")
            moments.setdefault(numbers.index(name), {})[part] = value
    # `load_state_dict` moves the moments to the device and type of their parameter.
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(held["random.cpu"])
    if device == "cuda" and "random.cuda" in held:
        torch.cuda.set_rng_state(held["random.cuda"])
    with safe_open(place.with_suffix(STATE), "pt") as file:
        return Place(**json.loads(file.metadata()["place"]))


def own(model: Any) -> dict[str, torch.Tensor]:
    """The weights that training changes: all of a base, the LoRA alone of a tuned model."""
    named = dict(model.named_parameters())
    state = model.state_dict()
    return {name: value for name, value in state.items() if name not in named or named[name].requires_grad}


def _moments(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, dict[str, Any]]:
    names = {id(value): name for name, value in model.named_parameters()}
    return {names[id(weight)]: dict(moments) for weight, moments in optimizer.state.items()}


def _random() -> dict[str, torch.Tensor]:
    found = {"cpu": torch.get_rng_state()}
    return found | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_initialized() else {})


def _save(tensors: dict[str, torch.Tensor], place: Path, told: dict[str, str] | None = None) -> None:
    """At one stroke: a name never stands for half a file."""
    temporary = place.with_name(f".{place.name}")
    save_file(tensors, temporary, told)
    os.replace(temporary, place)
