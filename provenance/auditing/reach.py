"""How far one thing reaches: from an agreement, a work, a person, an asset or an item to statements and items."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from provenance.dataset.index import digests, load_table
from provenance.dataset.opening import Opened
from provenance.dataset.version import Version
from provenance.model.errors import MissingError, UsageError
from provenance.rights.decisions import Hold
from provenance.rights.ledger import Body, LedgerState, PutOnHold, Revoke
from provenance.rights.selector import Selector
from provenance.rights.statement import RightsStatement
from provenance.rights.verdicts import Classes

Rows = npt.NDArray[np.int64]


class Touch(StrEnum):
    """What a revocation or a dispute is about."""

    STATEMENT = "statement"
    AGREEMENT = "agreement"
    WORK = "work"
    PERSON = "person"
    ASSET = "asset"
    ITEM = "item"


@dataclass(frozen=True)
class Target:
    what: Touch
    name: str

    def __str__(self) -> str:
        return f"{self.what.value} {self.name}"


@dataclass(frozen=True)
class Reach:
    """statements: that are hit. rows: index rows it touches; deciding: those of them that it decides. order: the ledger
    entry that would carry it out, never signed here.
    """

    statements: tuple[RightsStatement, ...]
    rows: Rows
    deciding: Rows
    order: Body


def of_statements(target: Target, state: LedgerState, classes: Classes, on: dt.date) -> Reach:
    """Return the reach of a statement, an agreement, a work or a person. UsageError when no statement names it."""
    parts = {target.what.value: target.name}
    order = Revoke(by="nobody", why="asked what would follow", effective=on, **parts)
    hit = tuple(sorted((each for each in state.statements if order.hits(each)), key=lambda each: each.id))
    if not hit:
        raise UsageError(
            f"no statement of the ledger names the {target}",
            next_step="provenance rights show DATASET lists agreements, works, people and statements",
        )
    ids = {each.id for each in hit}
    touched = [any(bound.statement.id in ids for bound in each.bound) for each in classes.evidence]
    rows = np.flatnonzero(np.array(touched, bool)[classes.of_item]) if len(classes.of_item) else np.empty(0, np.int64)
    return Reach(hit, rows, rows, order)


def of_material(target: Target, dataset: Opened, version: Version, classes: Classes) -> Reach:
    """Return the reach of an asset (by its path) or an item (by its id or its beginning). UsageError."""
    tables, name = version.content.tables, dataset.id
    index = load_table(dataset.store, "index", tables["index"], name, ["item_id", "asset"])
    assets = load_table(dataset.store, "assets", tables["assets"], name, ["asset"]).column(0)
    asset = index.column("asset").to_numpy()
    if target.what is Touch.ASSET:
        at = pc.index(assets, target.name).as_py()
        rows = np.flatnonzero(asset == at)
        if at < 0 or not len(rows):
            raise UsageError(f"no item comes from {target.name}", next_step="give a path as `admit --list` prints it")
    else:
        wanted = target.name.lower()
        if not re.fullmatch(r"[0-9a-f]{8,64}", wanted):
            raise UsageError(f"{target.name!r} is no item's id", next_step="give eight or more of its hex digits")
        ids = digests(index.column("item_id"))
        prefix = np.frombuffer(bytes.fromhex(wanted[: len(wanted) // 2 * 2]), np.uint8)
        rows = np.flatnonzero((ids[:, : len(prefix)] == prefix).all(axis=1)) if len(ids) else np.empty(0, np.int64)
        rows = np.array([row for row in rows.tolist() if ids[row].tobytes().hex().startswith(wanted)], np.int64)
        if not len(rows) or len(np.unique(ids[rows], axis=0)) > 1:
            what = "begins the ids of several items" if len(rows) else "begins the id of no item"
            raise UsageError(f"{target.name} {what}", next_step="give more of its digits")
    path = re.sub(r"([*?[])", r"[\1]", assets[int(asset[rows[0]])].as_py())
    order = PutOnHold(Hold("what-if", Selector(path=path), "nobody", "asked what would follow"))
    found: dict[str, RightsStatement] = {}
    for number in np.unique(classes.of_item[rows]).tolist():
        found |= {bound.statement.id: bound.statement for bound in classes.evidence[number].bound}
    return Reach(tuple(found[key] for key in sorted(found)), rows, rows, order)


def twins(rows: Rows, group: Rows) -> Rows:
    """Return the index rows that are copies of these and not among them."""
    inside = np.zeros(len(group), bool)
    inside[rows] = True
    return np.flatnonzero(np.isin(group, np.unique(group[rows])) & ~inside)


def same_items(dataset: Opened, version: Version, ids: npt.NDArray[np.uint8]) -> Rows | None:
    """Return the index rows of a version whose item is one of these (uint8[n, 32]); None when gc took the index."""
    info = version.content.tables["index"]
    try:
        column = load_table(dataset.store, "index", info, dataset.id, ["item_id"]).column(0)
    except MissingError:
        return None
    here = np.ascontiguousarray(digests(column)).view("V32").reshape(-1)
    wanted = np.ascontiguousarray(ids).view("V32").reshape(-1)
    return np.flatnonzero(np.isin(here, wanted))
