"""Links to groups, and one of each group to stand for it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Rows = npt.NDArray[np.int64]


class Joined:
    """Rows that are linked so far, over any number of links."""

    def __init__(self, count: int) -> None:
        self._up = list(range(count))

    def first(self, row: int) -> int:
        """Return the row that stands for all that this one is linked with."""
        up = self._up
        while up[row] != row:
            up[row] = up[up[row]]
            row = up[row]
        return row

    def join(self, a: int, b: int) -> None:
        a, b = self.first(a), self.first(b)
        self._up[max(a, b)] = min(a, b)


def grouped(count: int, a: Rows, b: Rows) -> Rows:
    """Return for each of `count` rows the first row of those it is linked with, over any number of links; int64[count].

    The order of the links changes nothing.
    """
    if not len(a):
        return np.arange(count, dtype=np.int64)
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    first = np.full(count, count, np.int64)
    np.minimum.at(first, label, np.arange(count, dtype=np.int64))
    return first[label]


def representatives(groups: Rows, quality: npt.NDArray[np.generic], cleared: npt.NDArray[np.bool_]) -> Rows:
    """Return the rows to keep, one of each group, rising: of the cleared ones the best; none where none is cleared.

    groups: for each row the number of its group. quality: more is better (pixels, say); of equals the first row is
    kept. Whether a copy may be cleared beside a restricted original is the gate's to say: here nothing is widened.
    """
    rows = np.flatnonzero(cleared)
    order = rows[np.lexsort((rows, -quality[rows].astype(np.float64), groups[rows]))]
    return np.sort(order[np.flatnonzero(np.diff(groups[order], prepend=-1))])
