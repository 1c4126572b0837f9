"""Seeded mutants of every script format: whatever the bytes, an item or a refusal, never an error of ours."""

from __future__ import annotations

import random
from typing import Any

import pytest
import script_samples as samples

from provenance.media import celtx, context, fadein, fdx, fountain, plaintext, subtitles
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined

VTT = b"WEBVTT\n\n1\n00:01.000 --> 00:02.000\n<v Anna>Hello\n\n00:03.500 --> 00:04.000\nHi\n"
SEEDS: list[tuple[Any, bytes, str]] = [
    (fountain, samples.fountain(samples.SHORT), "a.fountain"),
    (fdx, samples.fdx(samples.SHORT), "a.fdx"),
    (fadein, samples.osf(samples.SHORT), "a.osf"),
    (fadein, samples.fadein(samples.SHORT), "a.fadein"),
    (celtx, samples.celtx(samples.SHORT), "a.celtx"),
    (plaintext, samples.columns(samples.SHORT), "a.txt"),
    (subtitles, VTT, "a.vtt"),
]
TELLING = b"\n\n:#*_[]()<>@!^~=/ \x00\xff\xe2\x80\xa8INT.EXT-->"


def mutant(data: bytes, rng: random.Random) -> bytes:
    """Bytes replaced, put in, cut out or repeated, at 1, 3 or 20 places."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        at = rng.randrange(len(out) + 1)
        way = rng.random()
        if way < 0.4:
            out[at : at + 1] = bytes([rng.choice(TELLING)])
        elif way < 0.6:
            out[at:at] = bytes(rng.choice(TELLING) for _ in range(rng.randint(1, 8)))
        elif way < 0.8:
            del out[at : at + rng.randint(1, 30)]
        else:
            start = rng.randrange(len(out) + 1)
            out[at:at] = out[start : start + rng.randint(1, 60)]
    return bytes(out)


def run(medium: Any, data: bytes, name: str, rounds: int) -> int:
    """Read mutants and return how many still gave items."""
    rng = random.Random(name)
    read = 0
    for _ in range(rounds):
        source = samples.source(mutant(data, rng), name)
        for asked in (medium, context, plaintext, fountain):
            asked.sniff(source)
        try:
            read += bool(list(medium.extract(source, Options())))
        except Quarantined as refusal:
            assert refusal.what
    return read


@pytest.mark.parametrize(("medium", "data", "name"), SEEDS, ids=[name for _, _, name in SEEDS])
def test_a_mutant_is_read_or_refused(medium: Any, data: bytes, name: str) -> None:
    assert 0 < run(medium, data, name, 300) < 300


@pytest.mark.on_demand
@pytest.mark.parametrize(("medium", "data", "name"), SEEDS, ids=[name for _, _, name in SEEDS])
def test_ten_thousand_mutants_are_read_or_refused(medium: Any, data: bytes, name: str) -> None:
    assert 0 < run(medium, data, name, 10_000) < 10_000
