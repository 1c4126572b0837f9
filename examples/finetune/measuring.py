"""How fast a run went: items a second, how long it waited, how busy the GPU was, what the gate cost of each step."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch

T = TypeVar("T")

SAMPLED = 64  # items that the gate's cost is measured on
MOST_EVENTS = 1024  # before they are added up
TURNS = 5  # the best of several: a shared machine is noisy


class Meter:
    """Counts while a run goes on. On a GPU the work of a step is timed by events in its stream, which stop nothing.

    gpu_busy is the share of the time between the first and the last kernel of a step: an upper limit, since a GPU that
    waits for its next kernel within a step counts as busy.
    """

    def __init__(self, device: str) -> None:
        self.items, self._waited, self._busy = 0, 0.0, 0.0
        self._events: list[tuple[Any, Any]] = []
        self._cuda, self._began = device == "cuda", time.perf_counter()

    def waiting(self, read: Callable[[], T]) -> T:
        """Return what a read brings, and count the time until then."""
        began = time.perf_counter()
        try:
            return read()
        finally:
            self._waited += time.perf_counter() - began

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Count the time of one step: on the GPU from its first to its last kernel."""
        if self._cuda:
            pair = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            pair[0].record()
            yield
            pair[1].record()
            self._events.append(pair)
            if len(self._events) == MOST_EVENTS:
                self._add_up()
        else:
            yield

    def steps_per_second(self, steps: int) -> float:
        return steps / self._seconds()

    def told(self, steps: int) -> dict[str, float]:
        """Return the figures of the run, checkpoints included."""
        seconds = self._seconds()
        told = {
            "items_per_second": round(self.items / seconds, 1),
            "steps_per_second": round(steps / seconds, 2),
            "waiting_for_items": round(self._waited / seconds, 3),
        }
        if self._cuda:
            self._add_up()
            told["gpu_busy"] = round(self._busy / seconds, 3)
        return told

    def _add_up(self) -> None:
        for first, last in self._events:
            last.synchronize()
            self._busy += first.elapsed_time(last) / 1000  # from milliseconds
        self._events.clear()

    def _seconds(self) -> float:
        if not hasattr(self, "_ended"):
            if self._cuda:
                torch.cuda.synchronize()  # the last kernels count too
            self._ended = time.perf_counter() - self._began
        return self._ended


def gate(admission: Any, items: Any, held: Sequence[int], items_per_second: float) -> dict[str, float]:
    """Return what the gate costs: milliseconds of CPU an item (proof, clock, record; beyond one plain read of the same
    bytes), and the share of a step's time that this is, however many workers bear it.
    """
    from provenance.model.words import Kind

    raw, store = admission.torch(Kind.ART, decode="bytes"), admission.material.store
    places, spent = items.places, 0.0
    sample = list(held)[:SAMPLED]
    for at in sample:
        handle = store.open(places.shards[int(places.shard[at])].path)
        where = int(places.length[at]), int(places.offset[at])
        with_gate = min(_seconds(lambda at=at: raw[at]) for _ in range(TURNS))
        plain = min(_seconds(lambda handle=handle, where=where: os.pread(handle, *where)) for _ in range(TURNS))
        os.close(handle)
        spent += max(0.0, with_gate - plain)
    each = spent / len(sample)
    return {"gate_ms_per_item": round(1000 * each, 3), "gate_share_of_step": round(each * items_per_second, 4)}


def _seconds(read: Callable[[], object]) -> float:
    began = time.thread_time()
    read()
    return time.thread_time() - began
