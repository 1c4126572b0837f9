"""Verdicts from cold: ten million items against ten thousand statements, one in twenty with a time range.

    python tests/benchmarks/bench_gate.py [--items N] [--statements N] [--assets N]

"Cold" starts with statements, paths and columns in memory and nothing compiled: patterns, folders, cells, verdicts and
the mapping are all inside the time. The limit is the floor that PERFORMANCE.md names: looking up ten million small
integers in an array.
"""

from __future__ import annotations

import argparse
import datetime as dt
from fractions import Fraction

import numpy as np
from _report import best, measure, report

from provenance.model.words import Use
from provenance.rights.law import Law
from provenance.rights.ledger import LedgerState
from provenance.rights.policy import Policy
from provenance.rights.selector import Glob, LocatorRange, Selector
from provenance.rights.statement import Basis, RightsStatement
from provenance.rights.territory import Geography
from provenance.rights.verdicts import Items, Verdicts, classify, decide_all

POLICY = Policy("bench", Use.AI_GENERATIVE_TRAINING, "commercial", frozenset({"US"}))
DAY = dt.date(2026, 11, 23)
GRANT = frozenset({Use.AI_GENERATIVE_TRAINING, Use.EVALUATION})


def archive(assets: int) -> list[bytes]:
    """Paths like a studio's: shows, sequences, shots; fifty files in a folder."""
    return [b"show%03d/seq%03d/shot%05d.mov" % (at % 97, at // 50 % 400, at) for at in range(assets)]


def statements(count: int, paths: list[bytes]) -> list[RightsStatement]:
    """Half file records, a third folder records, some patterns, and one in twenty a range of seconds in a file."""
    draw = np.random.default_rng(7)
    chosen = draw.choice(len(paths), count, replace=False)
    out = []
    for number, at in enumerate(chosen.tolist()):
        path, span = paths[at].decode(), None
        kind = number % 20
        if kind == 0:
            start = int(draw.integers(0, 60))
            span = LocatorRange(start=Fraction(start), end=Fraction(start + 20))
        elif kind < 8:
            path = (
                path.rsplit("/", 1)[0] + "/**" if number < 1000 else f"show{number % 97:03d}/seq{number % 400:03d}/**"
            )
        elif kind == 8:
            path = f"{path.rsplit('/', 1)[0]}/shot{number % 10}*.mov"
        refused = kind == 19
        out.append(
            RightsStatement(
                id=f"B-{number:06d}",
                source=f"bench.csv:{number + 2}",
                applies_to=Selector(path=path, range=span),
                basis=Basis.OWNERSHIP if number % 3 else Basis.LICENSE,
                holder=f"holder {number % 50}",
                allowed=frozenset() if refused else GRANT,
                refused=GRANT if refused else frozenset(),
                territory=Geography(frozenset({"worldwide"})),
                start=dt.date(2020, 1, 1),
                end=dt.date(2024 + number % 8, 12, 31),
            )
        )
    return out


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=10_000_000)
    options.add_argument("--statements", type=int, default=10_000)
    options.add_argument("--assets", type=int, default=100_000)
    chosen = options.parse_args()
    paths = archive(chosen.assets)
    rows = np.arange(chosen.items, dtype=np.int64)
    each = -(-chosen.items // chosen.assets)
    columns = Items(
        asset=(rows // each).astype(np.int32),
        time_numerator=rows % each,
        time_denominator=np.ones(chosen.items, np.int64),
    )
    state = LedgerState(statements=tuple(statements(chosen.statements, paths)))
    verdicts: list[Verdicts] = []
    cleared: list[np.ndarray] = []

    def cold() -> None:
        Glob.of.cache_clear()
        verdicts.append(decide_all(classify(Law(state), paths, columns), POLICY, DAY))
        cleared.append(verdicts[-1].cleared)

    # One thread throughout: on an idle machine CPU and wall seconds are one, on a shared one only CPU is ours.
    cost = best(cold, 2)
    table = np.arange(len(verdicts[0].verdicts)) % 2 == 0
    floor = measure(lambda: table[verdicts[0].of_item])
    detail = (
        f"{chosen.items:,} items in {chosen.assets:,} assets, {chosen.statements:,} statements,"
        f" {len(verdicts[0].verdicts):,} verdicts, {int(cleared[0].sum()):,} cleared, {cost.wall:.2f} s by the wall"
    )
    reached = report("gate from cold", cost.cpu, 5.0, at_least=False, unit=" CPU-s", detail=detail)
    print(f"  against the floor of one lookup each ({floor.cpu:.3f} CPU-s): {cost.cpu / floor.cpu:.1f}x")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
