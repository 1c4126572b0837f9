"""After kill -9 or a power cut at any operation: the old head or the new one, never between; and the rerun mends it.

The explorer counts distinct contents of the disk. It must also be able to fail: with any one fsync of the store taken
out, it has to find a state that is neither.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from forgetful import ForgetfulDisk, Killed, Tree
from small_build import OBJECTS, build, first_version, head, outside_temps

from provenance.dataset.store import Store
from provenance.model.errors import ChangedError

FIRST = first_version()


def operations() -> list[str]:
    disk = ForgetfulDisk.holding(FIRST)
    build(disk)
    return disk.trace


def stopped_at(step: int, forget: Callable[[ForgetfulDisk], None] = lambda disk: None) -> tuple[ForgetfulDisk, bool]:
    """Run the build until the given number of operations is done; return the disk and whether the build ended."""
    disk = ForgetfulDisk.holding(FIRST)
    forget(disk)
    inner, dead = disk.hook, False

    def kill(name: str, args: tuple[object, ...], when: str) -> None:
        nonlocal dead
        dead = dead or (when == "before" and len(disk.trace) >= step)
        if dead:
            raise Killed
        inner(name, args, when)

    disk.hook = kill
    try:
        build(disk)
        ended = True
    except Killed:
        ended = False
    disk.hook = inner
    disk.killed()
    return disk, ended


def check(tree: Tree, ended: bool, known: dict[bytes, int], whole: Tree) -> None:
    """Old head or new; new, once the build has said so. The rerun ends with the bytes of an undisturbed run.

    known: heads of contents that were checked before. Temps do not count: the rerun sweeps them, and no reader looks.
    """
    beside = outside_temps(tree)
    key = digest(beside)
    if key not in known:
        known[key] = head(beside)
        disk = ForgetfulDisk.holding(tree)
        build(disk)
        assert disk.tree() == whole, "the rerun ends elsewhere"
        assert head(disk.power_cut()) == 2
    assert known[key] == 2 or not ended, "the build ended, and its version is gone"


def digest(tree: Tree) -> bytes:
    return hashlib.sha256(repr(sorted(tree.items())).encode()).digest()


def explore(wanted: int, seed: int, forget: Callable[[ForgetfulDisk], None] = lambda disk: None) -> int:
    """Look at crash states until `wanted` distinct ones are seen, or no new ones come; return how many there were."""
    undisturbed = ForgetfulDisk.holding(FIRST)
    build(undisturbed)
    whole = undisturbed.tree()
    seen: set[bytes] = set()
    known: dict[bytes, int] = {}
    chance = random.Random(seed)
    stops = [stopped_at(step, forget) for step in range(len(undisturbed.trace) + 1)]
    for disk, ended in stops:
        for tree in (disk.power_cut(), disk.tree()):
            check(tree, ended, known, whole)
            seen.add(digest(tree))
    barren = dict.fromkeys(range(len(stops)), 0)
    while len(seen) < wanted and barren:
        # Where little is at stake there are few states: stay where new ones come.
        for step in [step for step, tries in barren.items() if tries < 50]:
            disk, ended = stops[step]
            tree = disk.power_cut(chance)
            key = digest(tree)
            barren[step] += 1
            if key not in seen:
                check(tree, ended, known, whole)
                seen.add(key)
                barren[step] = 0
        barren = {step: tries for step, tries in barren.items() if tries < 50}
    return len(seen)


def test_a_power_cut_at_any_operation_leaves_the_old_head_or_the_new_one() -> None:
    assert explore(20_000, seed=1) >= 20_000


@pytest.mark.on_demand
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_million_power_cuts_leave_the_old_head_or_the_new_one(seed: int) -> None:
    assert explore(100_000, seed) >= 100_000


def test_after_a_kill_the_rerun_is_safe_against_a_power_cut_too() -> None:
    """What the killed run left visible but not durable, the rerun has to make durable: it was not synced by anybody."""
    for step in range(len(operations()) + 1):
        disk, _ = stopped_at(step)
        build(disk)
        assert head(disk.power_cut()) == 2, f"killed after operation {step}"


def promises(forget: Callable[[ForgetfulDisk], None] = lambda disk: None) -> list[str]:
    """Put and commit on an empty disk, and hold the store to its word after each call; return the operations."""
    disk = ForgetfulDisk()
    forget(disk)
    store = Store("/forgetful", disk)
    for folder, data in OBJECTS:
        stored = store.put_bytes(folder, ".parquet", data)
        assert disk.power_cut().get(stored.path) == data, f"{stored.path} is gone or torn"
    path = store.commit("versions", 1, b"an entry")
    assert disk.power_cut().get(path) == b"an entry", f"{path} is gone or torn"
    return disk.trace


SYNCS = [name for name in promises() if name in ("fsync", "fsync_folder")]


def without(drop: Callable[[int, str], bool]) -> Callable[[ForgetfulDisk], None]:
    """Return a mutation: the syncs for which `drop` says so, by ordinal and name, report success and do nothing."""

    def forget(disk: ForgetfulDisk) -> None:
        count = 0

        def or_nothing(act: Callable[[Any], None], name: str) -> Callable[[Any], None]:
            def sync(argument: object) -> None:
                nonlocal count
                count += 1
                if drop(count - 1, name):
                    disk.hook(name, (argument,), "before")
                    disk.trace.append(name)
                else:
                    act(argument)

            return sync

        for name in ("fsync", "fsync_folder"):
            setattr(disk, name, or_nothing(getattr(disk, name), name))

    return forget


@pytest.mark.parametrize("ordinal", range(len(SYNCS)))
def test_every_single_fsync_is_needed_for_what_the_store_promises(ordinal: int) -> None:
    with pytest.raises(AssertionError, match="is gone or torn"):
        promises(without(lambda at, name: at == ordinal))


LAST = sum(name in ("fsync", "fsync_folder") for name in operations()) - 1


@pytest.mark.parametrize(
    "drop",
    [
        pytest.param(lambda at, name: name == "fsync", id="of files"),
        pytest.param(lambda at, name: name == "fsync_folder", id="of folders"),
        pytest.param(lambda at, name: at == LAST - 1, id="of the entry"),
        pytest.param(lambda at, name: at == LAST, id="of the folder of entries"),
    ],
)
def test_the_explorer_goes_red_without_an_fsync(drop: Callable[[int, str], bool]) -> None:
    with pytest.raises((AssertionError, ChangedError), match=r"is gone|is torn|not the ones that were signed"):
        explore(20_000, seed=1, forget=without(drop))
