"""The contract suite of the engines shelf: a new file there is tested here with no line changed."""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance import engines
from provenance.model.errors import CommitError, UsageError


@pytest.fixture(params=engines.names())
def engine(request: pytest.FixtureRequest) -> engines.Engine:
    if request.param == "ray":
        pytest.importorskip("ray")
    return engines.find(request.param)


def double(unit: int) -> int:
    return 2 * unit


def die_once(folder: Path, unit: int) -> int:
    mark = folder / f"{unit}"
    if unit == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return unit


def die_always(unit: int) -> int:
    if unit == 3:
        os.abort()
    return unit


def refuse(unit: int) -> int:
    raise CommitError("the disk is full", where="somewhere")


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_result_comes_back_exactly_once(engine: engines.Engine, workers: int) -> None:
    assert sorted(engine.map_unordered(double, range(20), workers)) == list(range(0, 40, 2))


def test_units_are_drawn_lazily(engine: engines.Engine) -> None:
    drawn: list[int] = []

    def endless() -> Iterator[int]:
        for number in itertools.count():
            drawn.append(number)
            yield number

    results = engine.map_unordered(double, endless(), 2)
    first = [next(results) for _ in range(4)]
    results.close()  # type: ignore[attr-defined]
    assert len(set(first)) == 4
    assert len(drawn) < 50


def test_a_worker_that_dies_costs_its_unit_a_retry_and_nothing_else(engine: engines.Engine, tmp_path: Path) -> None:
    results = list(engine.map_unordered(functools.partial(die_once, tmp_path), range(8), 2))
    assert sorted(results) == list(range(8))


def test_a_unit_that_always_kills_its_worker_is_named_and_its_siblings_live(engine: engines.Engine) -> None:
    results = list(engine.map_unordered(die_always, range(8), 2))
    lost = [result for result in results if isinstance(result, engines.Lost)]
    assert [result.unit for result in lost] == [3]
    assert sorted(result for result in results if not isinstance(result, engines.Lost)) == [0, 1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_work_ends_the_run_with_its_own_sentence(engine: engines.Engine, workers: int) -> None:
    with pytest.raises(CommitError, match="the disk is full"):
        list(engine.map_unordered(refuse, range(3), workers))


def test_an_unknown_engine_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match="local"):
        engines.find("cloud")
