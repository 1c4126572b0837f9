"""Which of the statements that apply to an item decide: for each concern, the closest."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.rights.matcher import Bound
from provenance.rights.statement import Interest, RightsStatement, Status

Concern = tuple[Interest, str | None]
Record = Bound[RightsStatement]


def deciding(bound: Sequence[Record]) -> tuple[dict[Concern, list[Record]], list[Record]]:
    """Return the closest statements of each concern, and those that hold of a part of the item only.

    A superseded statement gives way to another as close, and only to that: what it was an exception to must not come
    back to life when it goes.
    """
    groups: dict[Concern, list[Record]] = {}
    partial = []
    for each in bound:
        if each.partial:
            partial.append(each)
            continue
        group = groups.setdefault(each.statement.concern, [])
        if not group or each.closeness == group[0].closeness:
            group.append(each)
        elif each.closeness > group[0].closeness:
            group[:] = [each]
    for concern, group in groups.items():
        current = [each for each in group if each.statement.status is not Status.SUPERSEDED]
        groups[concern] = current or group
    return groups, partial


def interests_unanswered(bound: Sequence[Record]) -> set[Interest]:
    """Return the interests that some record declares, however far away, and that no statement on the item speaks to."""
    declared: set[Interest] = set()
    answered = {Interest.COPYRIGHT}
    for each in bound:
        declared |= each.statement.declares
        if each.statement.separated_rights_reserved:
            declared.add(Interest.UNDERLYING_WORK)
        if not each.partial:
            answered.add(each.statement.interest)
    return declared - answered
