"""Restrictions: what narrows an item from outside its register record, and accumulates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from provenance.model.words import Use
from provenance.rights.reasons import Reason


@dataclass(frozen=True, slots=True)
class Restriction:
    """One narrowing that no closer permission overrides; only a waiver in the ledger lifts it.

    uses: the uses it touches; empty means every use. purposes_refused: only these purposes are touched, empty for all.
    effective, lapses: first and last UTC day on which it bites, None for open. spreads: whether it holds for twins too
    (an opt-out does; an expiry stays with its own record). source: where it was read.
    """

    reason: Reason
    source: str
    uses: frozenset[Use] = frozenset()
    purposes_refused: frozenset[str] = frozenset()
    effective: dt.date | None = None
    lapses: dt.date | None = None
    spreads: bool = False

    def bites(self, use: Use, purpose: str | None, on: dt.date) -> bool:
        """Return whether it touches this use, for this purpose, on this day. An unstated purpose is touched."""
        if self.uses and use not in self.uses:
            return False
        if self.purposes_refused and purpose is not None and purpose not in self.purposes_refused:
            return False
        if self.effective is not None and on < self.effective:
            return False
        return self.lapses is None or on <= self.lapses
