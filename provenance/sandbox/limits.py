"""How much one locked child may take."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one child, and of one job in it. Reaching one costs the asset, never the run.

    memory_bytes: address space, libraries included. cpu_seconds: processor time of one job, all threads together.
    stall_seconds: longest wait for the next message. wall_seconds: all waiting for one job, so that a drip also ends.
    output_bytes, messages: of one job. header_bytes, body_bytes: of one message. descriptors: open files besides those
    of the job. Time in which the caller itself is busy between two messages counts against nobody.
    """

    memory_bytes: int = 3 * GIB
    cpu_seconds: float = 600
    stall_seconds: float = 60
    wall_seconds: float = 6 * 3600
    output_bytes: int = 64 * GIB
    messages: int = 10_000_000
    header_bytes: int = 16 * 1024 * 1024
    body_bytes: int = GIB // 2
    descriptors: int = 64
