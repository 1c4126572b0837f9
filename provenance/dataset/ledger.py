"""The ledger's chain at rest: rights statements and revocations, signed, in `ledger/`. What they mean, `rights` knows.

Same shape as the versions, signed by the rights key, of the dataset's own chain id. Its head says until when it may be
believed: whoever holds back newer revocations gains no more than that time (T09).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from provenance.dataset import chain
from provenance.dataset.chain import Entry
from provenance.dataset.keyring import Keyring
from provenance.dataset.signing import PrivateKey
from provenance.dataset.store import Store
from provenance.model import clock

FOLDER = "ledger"
PREDICATE = "https://provenance.example/rights-ledger/v1"


def append_entry(
    store: Store,
    dataset: str,
    body: Mapping[str, Any],
    key: PrivateKey,
    parent: Entry | None,
    at: dt.datetime,
    valid_until: dt.datetime,
) -> Entry:
    """Commit the entry after `parent` and return it. body: JSON of any shape. For the outcomes see `chain.append`."""
    told = {**body, "valid_until": clock.stamp(valid_until)}
    return chain.append(store, FOLDER, PREDICATE, dataset, told, (), [key], parent, at)


def read_ledger(store: Store, keys: Keyring) -> tuple[Entry, ...]:
    """Return every entry, verified, by number; none when there is none. The kinds of TamperError."""
    return chain.read_all(store, FOLDER, PREDICATE, keys.signers, keys.chain)
