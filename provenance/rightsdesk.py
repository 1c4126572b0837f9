"""The rights desk's door: sheets in, ledger entries out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.dataset.store import Store
from provenance.model.words import sha256_hex
from provenance.rights.matcher import Matcher
from provenance.rights.sources import register
from provenance.rights.statement import RightsStatement


@dataclass
class State:
    statements: tuple[RightsStatement, ...]


@dataclass
class ForBuild:
    state: State
    evidence: str
    matcher: Matcher[RightsStatement]
    head: dict[str, Any] | None


def for_build(store: Store, dataset: str, rights: Sequence[str], at: dt.datetime, notices: list[str]) -> ForBuild:
    statements: list[RightsStatement] = []
    for path in rights:
        statements += register.read(Path(path).read_bytes(), Path(path).name)
    return ForBuild(State(tuple(statements)), sha256_hex(repr(statements).encode()), Matcher(statements), None)
