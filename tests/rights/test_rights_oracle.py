"""The gate against an oracle written apart, and the end of every verdict against a walk through the days."""

from __future__ import annotations

import datetime as dt
import random

import cases
import oracle
import pytest

from provenance.rights.gate import Verdict

EVERY_RUN = 5_000
CHUNKS = 5


def _agree(seed: int) -> Verdict:
    draw = random.Random(seed)
    policy, world = cases.policy(draw), cases.world(draw)
    day = draw.choice(cases.DAYS)
    verdict = world.verdict(policy, day)
    expected, reasons = oracle.judge(world, policy, day)
    told = (verdict.decision.value, {reason.value for reason in verdict.reasons})
    assert told == (expected, reasons), f"seed {seed}"
    return verdict


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_gate_and_a_slow_oracle_written_apart_agree(chunk: int) -> None:
    size = EVERY_RUN // CHUNKS
    verdicts = [_agree(seed) for seed in range(chunk * size, (chunk + 1) * size)]
    counts = {name: sum(each.decision == name for each in verdicts) for name in ("cleared", "refused", "review")}
    # A generator that clears nothing would agree with any oracle that refuses.
    assert min(counts.values()) > size // 100, counts


@pytest.mark.on_demand
def test_the_gate_and_the_oracle_agree_on_a_million_cases() -> None:
    for seed in range(1_000_000, 2_000_000):
        _agree(seed)


def test_a_verdict_holds_on_every_day_before_its_end_and_differs_on_that_day() -> None:
    ended = 0
    for seed in range(10_000, 10_400):
        draw = random.Random(seed)
        policy, evidence = cases.policy(draw), cases.world(draw).evidence()
        today = cases.judge(evidence, policy, cases.TODAY)
        day = cases.TODAY
        for _ in range(60):
            day += dt.timedelta(days=1)
            then = cases.judge(evidence, policy, day)
            differs = _content(then) != _content(today)
            if today.valid_until is None or day < today.valid_until:
                assert not differs, f"seed {seed}: differs on {day}, but promised until {today.valid_until}"
            else:
                assert differs, f"seed {seed}: nothing changes on {day}"
                ended += 1
                break
    assert ended > 50


def _content(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.decision,
        verdict.findings,
        verdict.deciding,
        verdict.nearest,
        verdict.nearest_objections,
        verdict.duties,
        verdict.lifted,
    )
