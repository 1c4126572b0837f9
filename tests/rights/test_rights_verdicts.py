"""Verdicts for many items are those that each item would get alone."""

from __future__ import annotations

import random
from fractions import Fraction

import cases
import numpy as np
import pytest

from provenance.model.words import Locator
from provenance.rights.decisions import Hold
from provenance.rights.gate import Evidence, judge
from provenance.rights.law import Law
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Reason
from provenance.rights.restriction import Restriction
from provenance.rights.selector import LocatorRange, Selector, TimecodeRange
from provenance.rights.twins import Twin, view
from provenance.rights.verdicts import Items, classify, decide_all


def _times(draw: random.Random, count: int) -> list[Fraction | None]:
    return [draw.choice([None, Fraction(draw.randrange(0, 25), draw.choice([1, 2, 3]))]) for _ in range(count)]


def _groups(draw: random.Random, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups as the index has them: for each row the first of its group; exact twins are near twins too."""
    exact, near = list(range(count)), list(range(count))
    for row in range(count):
        exact[row] = exact[draw.choice([row, row, draw.randrange(row + 1)])]
        near[row] = near[draw.choice([row, draw.randrange(row + 1)])] if exact[row] == row else near[exact[row]]
    return np.array(exact), np.array(near)


@pytest.mark.parametrize("seed", range(40))
def test_a_whole_archive_is_judged_as_item_by_item(seed: int) -> None:
    draw = random.Random(seed)
    policy = cases.policy(draw)
    state = LedgerState(
        statements=tuple(cases.statement(draw, number) for number in range(8)),
        waivers=tuple(cases.waiver(draw, number) for number in range(2)),
        rulings=tuple(cases.ruling(draw, number) for number in range(2)),
        holds=(
            Hold("H", Selector(path="art/cover.png", range=LocatorRange(pages=(2, 3))), "c", "w"),
            Hold("H2", Selector(path="film/**", range=LocatorRange(scenes=(4, 4))), "c", "w"),
        ),
    )
    law = Law(state)
    paths = [path.encode() for path in cases.PATHS]
    digests = [draw.choice([None, cases.DIGEST]) for _ in paths]
    limits: list[tuple[Restriction, ...]] = [(), (cases.restriction(draw),), (cases.restriction(draw),)]
    restricted = np.array([draw.randrange(3) for _ in paths])
    count = 60
    asset = np.array([draw.randrange(len(paths)) for _ in range(count)], np.int32)
    times = _times(draw, count)
    page = np.array([draw.randrange(0, 5) for _ in range(count)])
    scene = np.array([draw.randrange(0, 6) for _ in range(count)])
    items = Items(
        asset,
        np.array([time.numerator if time is not None else 0 for time in times]),
        np.array([time.denominator if time is not None else 0 for time in times]),
        page,
        scene,
    )
    exact, near = _groups(draw, count)
    classes = classify(law, paths, items, digests=digests, restrictions=limits, restricted=restricted)
    verdicts = decide_all(classes, policy, cases.TODAY, exact_group=exact, near_group=near)

    alone = [
        law.evidence(
            paths[asset[row]],
            digests[asset[row]],
            limits[restricted[asset[row]]],
            locator=Locator(time=times[row], page=int(page[row]) or None, scene=int(scene[row]) or None),
        )
        for row in range(count)
    ]
    for row in range(count):
        own = alone[row]
        twins = []
        for other in range(count):
            if other != row and alone[other] != own and (exact[other] == exact[row] or near[other] == near[row]):
                twins.append(
                    Twin(bool(exact[other] == exact[row]), view(alone[other].bound, alone[other].restrictions))
                )
        same = {each.view for each in twins if each.exact}
        twins = [each for each in twins if each.exact or each.view not in same]
        expected = judge(Evidence(**{**_fields(own), "twins": tuple(twins)}), policy, cases.TODAY)
        assert verdicts.verdicts[verdicts.of_item[row]] == expected, row
    assert verdicts.cleared.tolist() == [verdicts.verdicts[number].cleared for number in verdicts.of_item]
    assert int(verdicts.counts.sum()) == count


def _fields(evidence: Evidence) -> dict[str, object]:
    return {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}


def _film(*spans: LocatorRange) -> Law:
    grant = cases.plain(random.Random(1), 0)
    statements = [cases.replace_path(grant, "film/cut.mov", "S0")]
    statements += [
        cases.replace_path(grant, "film/cut.mov", f"no{number}", span=span) for number, span in enumerate(spans)
    ]
    return Law(LedgerState(statements=tuple(statements)))


def test_edges_of_ranges_are_exact_for_rates_that_no_float_can_hold() -> None:
    frame = Fraction(1001, 30000)
    law = _film(LocatorRange(start=1000 * frame, end=2000 * frame))
    numbers = np.array([999, 1000, 1999, 2000, 10**6])
    items = Items(np.zeros(5, np.int32), numbers * 1001, np.full(5, 30000))
    huge = Items(np.zeros(5, np.int32), numbers * 1001 * 10**9, np.full(5, 30000 * 10**9))
    for each in (items, huge):
        classes = classify(law, [b"film/cut.mov"], each)
        inside = [len(classes.evidence[number].bound) == 2 for number in classes.of_item]
        assert inside == [False, True, True, False, False]


def test_a_timecode_without_an_origin_touches_every_frame() -> None:
    span = LocatorRange(timecode=TimecodeRange("01:00:00:00", "01:00:01:00", Fraction(25)))
    classes = classify(_film(span), [b"film/cut.mov"], Items(np.zeros(3, np.int32), np.arange(3), np.ones(3, int)))
    assert [each.partial for number in classes.of_item for each in classes.evidence[number].bound] == [False, True] * 3


def test_an_empty_dataset_has_no_verdicts() -> None:
    nothing = np.empty(0, np.int32)
    classes = classify(Law(LedgerState()), [], Items(nothing))
    verdicts = decide_all(classes, cases.policy(random.Random(1)), cases.TODAY, exact_group=nothing, near_group=nothing)
    assert verdicts.cleared.tolist() == []
    assert verdicts.valid_until is None


def test_a_crowd_of_twins_is_judged_by_what_they_say_and_not_one_by_one() -> None:
    """Ten thousand black frames of as many films: what they say to each other is the same few things."""
    grant = cases.plain(random.Random(1), 0)
    count = 2_000
    statements = [
        cases.replace_path(grant, f"film/{number}.mov", f"S{number}", holder=f"holder {number % 3}")
        for number in range(count)
    ]
    items = Items(np.arange(count, dtype=np.int32))
    paths = [f"film/{number}.mov".encode() for number in range(count)]
    classes = classify(Law(LedgerState(statements=tuple(statements))), paths, items)
    verdicts = decide_all(classes, cases.policy(random.Random(2)), cases.TODAY, exact_group=np.zeros(count, np.int64))
    assert {verdict.reasons for verdict in verdicts.verdicts} == {(Reason.TWIN_CONFLICT,)}
    assert max(len(each.twins) for each in verdicts.evidence) == 3
