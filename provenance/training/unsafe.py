"""The unsafe door, called what it is: items without asking the gate. It warns, and every receipt says so."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from provenance.dataset import receipt as receipts
from provenance.dataset.opening import open_dataset
from provenance.dataset.receipt import Terms
from provenance.dataset.trust import Trust
from provenance.training.material import Material
from provenance.training.places import load_places
from provenance.training.watch import Watch


class UnsafeNoGateWarning(UserWarning):
    """Items are read that nobody has cleared."""


class UnsafeNoGate(Material):
    """Every item of a dataset, licensed or not, in the forms of an admission. For looking into a fault, not to train.

    Signatures and digests are still proven. It warns when it is made; its receipts are stamped UnsafeNoGate, and
    `provenance verify --model` refuses a model that has one. TamperError kinds.
    """

    def __init__(self, dataset: Path | str, reads: str | None = None) -> None:
        warnings.warn(
            f"UnsafeNoGate reads every item of {dataset}, licensed or not; the receipt will say so",
            UnsafeNoGateWarning,
            stacklevel=2,
        )
        trust = Trust()
        opened = open_dataset(dataset, trust=trust)
        moment, head = trust.moment(), opened.head
        terms = Terms(
            dataset=opened.id,
            version=head.number,
            version_digest=head.digest,
            index=head.content.tables["index"].sha256,
            rows=head.rows,
            admitted=head.rows,
            gate=receipts.NO_GATE,
            decided=moment,
        )
        places = load_places(opened.store, head, np.arange(head.rows))
        super().__init__(opened.store, terms, places, Watch(moment, None), reads)
