"""The join through a directory tells the very pairs that the join in memory tells, over any engine, killed or not."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hashes import random_hashes, slates

from provenance import engines
from provenance.dedup import _multi_index, _order, _spilled
from provenance.dedup.neighbours import EVERY, Pairs, spilled, within
from provenance.engines import local
from provenance.model.errors import CommitError


def _set(parts: list[Pairs]) -> list[tuple[int, int, int]]:
    return sorted(
        each for part in parts for each in zip(*map(np.ndarray.tolist, (part.a, part.b, part.distance)), strict=True)
    )


def _in_memory(hashes: np.ndarray, radius: int, others: np.ndarray | None = None) -> list[tuple[int, int, int]]:
    found = (
        _multi_index.self_join(hashes, radius, EVERY)
        if others is None
        else _multi_index.cross_join(hashes, others, radius, EVERY)
    )
    return sorted(zip(*(each.tolist() for each in found[:3]), strict=True))


@pytest.mark.parametrize("draw", [random_hashes, slates])
@pytest.mark.parametrize(("width", "radius"), [(1, 8), (4, 31)])
@pytest.mark.parametrize("piece", [97, 400, 5000])
def test_small_pieces_tell_the_very_pairs_that_memory_tells(
    tmp_path: Path, draw: Callable[..., np.ndarray], width: int, radius: int, piece: int
):
    hashes = draw(1500, width, 4)
    expected = _in_memory(hashes, radius)
    assert _set(list(spilled(hashes, radius, tmp_path, piece=piece))) == expected and len(expected) > 3
    assert list(tmp_path.iterdir()) == []


def test_two_sets_give_the_pairs_between_them(tmp_path: Path):
    hashes, others = slates(700, 1, 1), slates(1200, 1, 1)
    found = _set(list(spilled(hashes, 8, tmp_path, others, piece=300)))
    assert found == _in_memory(hashes, 8, others) and len(found) > 1000


def test_beyond_what_memory_should_hold_the_join_goes_through_a_directory(monkeypatch: pytest.MonkeyPatch):
    hashes = random_hashes(6500, 1, 2)
    pieces = []
    through = _spilled.spilled_join
    monkeypatch.setattr(_spilled, "spilled_join", lambda *given: pieces.append(given[4]) or through(*given))
    kept, gone_through = within(hashes, 8), within(hashes, 8, in_memory=20_000)
    assert pieces == [312]
    assert gone_through.a.tolist() == kept.a.tolist() and gone_through.b.tolist() == kept.b.tolist()
    assert gone_through.distance.tolist() == kept.distance.tolist() and len(kept) > 3


@pytest.mark.parametrize("name", engines.names())
def test_every_engine_runs_the_join(tmp_path: Path, name: str):
    if name == "ray":
        pytest.importorskip("ray")
    hashes = slates(900, 1, 3)
    parts = list(spilled(hashes, 8, tmp_path, piece=300, engine=engines.find(name), workers=2))
    alone = list(spilled(hashes, 8, tmp_path, piece=300))
    assert _set(parts) == _in_memory(hashes, 8)
    assert [part.a.tolist() for part in parts] == [part.a.tolist() for part in alone]  # part by part in one order


class _Twice:
    """An engine that runs every unit twice and backwards, as one may that lost an answer."""

    def map_unordered(self, fn: Callable[[Any], Any], units: Any, workers: int) -> Iterator[Any]:
        for unit in reversed(list(units)):
            fn(unit)
            yield fn(unit)


def test_units_may_run_twice_and_in_any_order(tmp_path: Path):
    hashes = slates(900, 1, 6)
    assert _set(list(spilled(hashes, 8, tmp_path, piece=200, engine=_Twice()))) == _in_memory(hashes, 8)
    assert list(tmp_path.iterdir()) == []


def _die_once(inner: Callable[[Any], Any], mark: Path, unit: Any) -> Any:
    """Die in the midst of writing, the first time that anybody comes here."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return inner(unit)
    _spilled.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    return inner(unit)


class _Deadly:
    def __init__(self, mark: Path) -> None:
        self._mark, self._maps = mark, 0

    def map_unordered(self, fn: Callable[[Any], Any], units: Any, workers: int) -> Iterator[Any]:
        self._maps += 1
        yield from local.map_unordered(partial(_die_once, fn, self._mark / f"map-{self._maps}"), units, workers)


def test_a_worker_killed_while_it_writes_costs_nothing_but_time(tmp_path: Path):
    hashes = slates(900, 1, 7)
    marks, folder = tmp_path / "marks", tmp_path / "folder"
    marks.mkdir()
    found = _set(list(spilled(hashes, 8, folder, piece=450, engine=_Deadly(marks), workers=2)))
    assert found == _in_memory(hashes, 8)
    assert len(list(marks.iterdir())) == 2  # one died in each map


def test_what_a_killed_run_left_does_no_harm(tmp_path: Path):
    """Other hashes, other pieces: nothing of them may come back."""
    (tmp_path / "kept.txt").write_text("not of the join")
    half = spilled(slates(900, 1, 8), 8, tmp_path, piece=100)
    next(half)
    half.close()
    assert len(list(tmp_path.iterdir())) > 1
    hashes = random_hashes(800, 1, 9)
    assert _set(list(spilled(hashes, 8, tmp_path, piece=300))) == _in_memory(hashes, 8)
    assert [each.name for each in tmp_path.iterdir()] == ["kept.txt"]


class _Losing:
    def map_unordered(self, fn: Callable[[Any], Any], units: Any, workers: int) -> Iterator[Any]:
        yield engines.Lost(next(iter(units)), "killed by signal 9")


def test_a_unit_that_is_lost_stops_the_join_with_a_reason(tmp_path: Path):
    with pytest.raises(CommitError, match="killed by signal 9"):
        list(spilled(random_hashes(500, 1, 1), 8, tmp_path, piece=100, engine=_Losing()))


def test_no_unit_holds_more_than_a_piece_of_a_crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A million copies of one slate lie in one part: it is joined stretch by stretch."""
    held = []
    ordered = _order.ordered
    monkeypatch.setattr(_order, "ordered", lambda *given: held.append(len(given[0])) or ordered(*given))
    hashes = np.zeros((400, 1), np.uint64)
    told = list(spilled(hashes, 8, tmp_path, piece=64))
    assert sum(map(len, told)) == 400 * 399 // 2
    assert max(held) == 64


def test_a_crowd_is_capped_beyond_memory_too(tmp_path: Path):
    parts = list(spilled(np.zeros((1200, 1), np.uint64), 8, tmp_path, most=5, piece=400))
    assert 1200 <= sum(map(len, parts)) < 1200 * 5 * 6
    assert sum(part.oversized for part in parts) > 0 and sum(part.capped for part in parts) > 0
