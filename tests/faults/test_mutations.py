"""Seeded changes to the bytes of a dataset at rest: every one is found, whatever file and whatever kind of change."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dataset_samples import publish, write_ledger

from provenance.dataset.trust import Trust
from provenance.model.words import Kind
from provenance.verify import verify


def flip_a_bit(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def put_another_byte(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at] = (data[at] + chance.randrange(1, 256)) % 256


def insert_bytes(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice([b" ", b"\n", b"\0", b"0", b"A", chance.randbytes(4)])


def take_bytes(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice([1, 1, 7, 512])]


def cut_the_end(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def turn_a_piece_round(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    piece = data[at : at + 64]
    data[at : at + 64] = bytes(255 - byte for byte in reversed(piece))


def fill_with_zeros(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    while at and not data[at]:
        at -= 1
    data[at] = data[at] or 1
    data[at : at + 512] = bytes(len(data[at : at + 512]))


CHANGES: list[Callable[[bytearray, random.Random], None]] = [
    flip_a_bit,
    put_another_byte,
    insert_bytes,
    take_bytes,
    cut_the_end,
    turn_a_piece_round,
    fill_with_zeros,
]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A sound dataset of two versions with a ledger, in memory where there is such a folder."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as found:
        dataset, home = Path(found) / "ds", Path(found) / "home"
        publish(dataset, home, {Kind.FRAMES: range(3), Kind.SCRIPTS: range(2)})
        publish(dataset, home, {Kind.FRAMES: range(4), Kind.ART: range(2), Kind.SCRIPTS: range(2)})
        write_ledger(dataset, home, {"statements": ["RS-1"]}, {"revoked": ["RS-1"]})
        yield Path(found)


def mutate(place: Path, seed: int, count: int) -> None:
    dataset, trust, chance = place / "ds", Trust(place / "home"), random.Random(seed)
    files = sorted(file for file in dataset.rglob("*") if file.is_file())
    for _ in range(count):
        file, change = chance.choice(files), chance.choice(CHANGES)
        before = file.read_bytes()
        data = bytearray(before)
        change(data, chance)
        if data == before:
            continue
        file.write_bytes(data)
        try:
            findings = verify(dataset, trust=trust)
            assert not findings.sound, f"{change.__name__} in {file.relative_to(dataset)} was not found"
        finally:
            file.write_bytes(before)
    assert verify(dataset, trust=trust).sound


@pytest.mark.parametrize("seed", range(4))
def test_every_one_of_2000_changes_to_shards_versions_ledger_keys_and_card_is_found(place: Path, seed: int) -> None:
    mutate(place, seed, 500)


@pytest.mark.on_demand
@pytest.mark.parametrize("seed", range(100, 120))
def test_every_one_of_200000_changes_is_found(place: Path, seed: int) -> None:
    mutate(place, seed, 10_000)
