"""What must hold of the gate whatever is said: RIGHTS.md section 3, its last paragraph."""

from __future__ import annotations

import random
from dataclasses import replace

import cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.model.words import Use
from provenance.rights.reasons import Decision
from provenance.rights.selector import LocatorRange, Selector
from provenance.rights.statement import Basis, Interest, RightsStatement, Status
from provenance.rights.territory import Geography

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
seeds = st.integers(0, 2**32)


def _drawn(seed: int) -> tuple[random.Random, cases.Policy, cases.World]:
    draw = random.Random(seed)
    return draw, cases.policy(draw), cases.world(draw)


def _never_clears(before: cases.World, after: cases.World, policy: cases.Policy) -> None:
    assert before.verdict(policy).cleared or not after.verdict(policy).cleared


@FEW
@given(seeds)
def test_a_refusing_statement_never_clears_anything(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    refusal = RightsStatement(
        id="S-no",
        source="late.csv:2",
        applies_to=Selector(path=draw.choice(cases.PATTERNS)),
        basis=draw.choice(list(Basis)),
        interest=draw.choice([Interest.COPYRIGHT, Interest.MUSIC, Interest.LIKENESS]),
        holder="Lantern Hill",
        refused=frozenset(Use),
        territory=Geography(frozenset({"worldwide"})),
    )
    _never_clears(world, replace(world, statements=[*world.statements, refusal]), policy)


@FEW
@given(seeds)
def test_a_restriction_never_clears_anything(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    _never_clears(world, replace(world, restrictions=[*world.restrictions, cases.restriction(draw)]), policy)


@FEW
@given(seeds)
def test_a_declared_interest_never_clears_anything(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    touched = frozenset({draw.choice([Interest.MUSIC, Interest.LIKENESS, Interest.FONT])})
    more = [replace(one, declares=one.declares | touched - {one.interest}) for one in world.statements]
    _never_clears(world, replace(world, statements=more), policy)


@FEW
@given(seeds)
def test_a_statement_on_another_interest_never_clears_a_clear_or_unclear_item(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    drawn = cases.statement(draw, 99)
    other = replace(
        drawn, id="S-other", interest=Interest.TRADEMARK, subject="a logo", consent=None, declares=frozenset()
    )
    _never_clears(world, replace(world, statements=[*world.statements, other]), policy)


@FEW
@given(seeds)
def test_a_twin_link_never_clears_anything(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    twin = (draw.random() < 0.5, cases.world(draw, 0))
    _never_clears(world, replace(world, twins=[*world.twins, twin]), policy)


@FEW
@given(seeds)
def test_a_parent_never_clears_anything_and_an_uncleared_one_refuses(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    parent = cases.world(draw, 0)
    child = replace(world, parents=[*world.parents, parent])
    _never_clears(world, child, policy)
    if not parent.verdict(policy).cleared:
        assert child.verdict(policy).decision is Decision.REFUSED


@FEW
@given(seeds)
def test_without_statements_nothing_is_admitted(seed: int) -> None:
    _, policy, world = _drawn(seed)
    assert replace(world, statements=[]).verdict(policy).decision is Decision.REFUSED


@FEW
@given(seeds)
def test_the_order_of_everything_changes_nothing(seed: int) -> None:
    draw, policy, world = _drawn(seed)

    def shuffled(some: list) -> list:  # type: ignore[type-arg]
        return draw.sample(some, len(some))

    other = replace(
        world,
        statements=shuffled(world.statements),
        restrictions=shuffled(world.restrictions),
        waivers=shuffled(world.waivers),
        rulings=shuffled(world.rulings),
        twins=shuffled(world.twins),
        parents=shuffled(world.parents),
    )
    assert other.verdict(policy) == world.verdict(policy)


@FEW
@given(seeds)
def test_a_revocation_of_any_record_never_clears_anything(seed: int) -> None:
    draw, policy, world = _drawn(seed)
    if not world.statements:
        return
    hit = draw.randrange(len(world.statements))
    revoked = [
        replace(one, status=Status.REVOKED, status_date=cases.FIRST) if number == hit else one
        for number, one in enumerate(world.statements)
    ]
    if world.statements[hit].status is not Status.SUPERSEDED:
        _never_clears(world, replace(world, statements=revoked), policy)


@FEW
@given(seeds)
def test_a_part_of_an_item_never_clears_what_the_rest_does_not(seed: int) -> None:
    """A range that only touches the item, since nobody knows where it lies, can only restrict."""
    draw, policy, world = _drawn(seed)
    somewhere = replace(world, locator=None)
    more = cases.statement(draw, 99)
    part = replace(more, id="S-part", applies_to=replace(more.applies_to, range=LocatorRange(pages=(2, 3))))
    part = replace(part, status=Status.ACTIVE if part.status is Status.SUPERSEDED else part.status)
    _never_clears(somewhere, replace(somewhere, statements=[*world.statements, part]), policy)
