"""How every benchmark speaks: one line with the ratio, the goal beside it, and both sides as measured."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds of one run; CPU counts this process and its waited-for children."""

    wall: float
    cpu: float


def measure(run: Callable[[], object]) -> Cost:
    def cpu() -> float:
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime

    wall_before, cpu_before = time.perf_counter(), cpu()
    run()
    return Cost(time.perf_counter() - wall_before, cpu() - cpu_before)


def best(run: Callable[[], object], repeats: int = 3) -> Cost:
    """The cheapest of several runs, by CPU: the machine is shared and noisy."""
    return min((measure(run) for _ in range(repeats)), key=lambda cost: cost.cpu)


def apart(run: Callable[..., Any], *given: Any) -> Any:
    """Return what a function answers in a process of its own, with nothing in its memory that it did not put there."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        return fresh.submit(run, *given).result()


def report(what: str, value: float, goal: float, *, at_least: bool, unit: str = "x", detail: str = "") -> bool:
    """Print `what: value (goal) detail` and return whether the goal is reached."""
    reached = value >= goal if at_least else value <= goal
    sign = ">=" if at_least else "<="
    verdict = "reached" if reached else "MISSED"
    print(f"{what}: {value:.3g}{unit} (goal {sign} {goal:g}{unit}: {verdict}) {detail}".rstrip())
    return reached
