"""A ledger's state made ready for questions: what is claimed of any asset, and of any place in it."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.model.words import Locator
from provenance.rights.decisions import Hold, Ruling, Waiver
from provenance.rights.gate import Evidence
from provenance.rights.ledger import LedgerState
from provenance.rights.matcher import Bound, Matcher, T, narrow, works_of
from provenance.rights.restriction import Restriction
from provenance.rights.statement import RightsStatement
from provenance.rights.twins import Twin


class Law:
    """The matchers over a state's statements, waivers, rulings and holds. Build it once for a ledger head."""

    def __init__(self, state: LedgerState) -> None:
        self.state = state
        self.statements: Matcher[RightsStatement] = Matcher(state.statements)
        self.waivers: Matcher[Waiver] = Matcher(state.waivers)
        self.rulings: Matcher[Ruling] = Matcher(state.rulings)
        self.holds: Matcher[Hold] = Matcher(state.holds)

    @property
    def ranged(self) -> bool:
        """Whether anything in it is about a part of an asset only."""
        state = self.state
        targets = [each.applies_to for each in state.statements]
        for orders in (state.waivers, state.rulings, state.holds):
            targets += [each.applies_to for each in orders]
        return any(target.range is not None for target in targets)

    def evidence(
        self,
        path: bytes,
        sha256: str | None = None,
        restrictions: Sequence[Restriction] = (),
        *,
        locator: Locator | None = None,
        twins: Sequence[Twin] = (),
        parents: Sequence[Evidence] = (),
    ) -> Evidence:
        """Return all that is claimed of one item. Without a locator it is the whole asset: every range counts."""
        bound = self.statements.match(path, sha256)
        works = works_of(bound)
        return assemble(
            bound,
            restrictions,
            holds=_all(self.holds, path, sha256, works),
            waivers=_all(self.waivers, path, sha256, works),
            rulings=_all(self.rulings, path, sha256, works),
            locator=locator,
            twins=twins,
            parents=parents,
        )


def assemble(
    bound: Sequence[Bound[RightsStatement]],
    restrictions: Sequence[Restriction],
    *,
    holds: Sequence[Bound[Hold]] = (),
    waivers: Sequence[Bound[Waiver]] = (),
    rulings: Sequence[Bound[Ruling]] = (),
    locator: Locator | None = None,
    twins: Sequence[Twin] = (),
    parents: Sequence[Evidence] = (),
) -> Evidence:
    """Return the evidence on the item at a place. A hold counts where it touches it, a waiver where it covers it."""
    return Evidence(
        bound=narrow(bound, locator),
        restrictions=(*restrictions, *(each.statement.restriction() for each in narrow(holds, locator))),
        waivers=tuple(each.statement for each in narrow(waivers, locator) if not each.partial),
        rulings=tuple(each.statement for each in narrow(rulings, locator) if not each.partial),
        twins=tuple(twins),
        parents=tuple(parents),
    )


def _all(matcher: Matcher[T], path: bytes, sha256: str | None, works: set[str]) -> tuple[Bound[T], ...]:
    if not matcher.statements:
        return ()
    return (*matcher.match(path, sha256), *matcher.named(works))
