"""Links to groups, and one of each group to stand for it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    # Imported here: whoever only picks representatives never waits for it.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    first = np.full(count, count, np.int64)
    np.minimum.at(first, label, np.arange(count, dtype=np.int64))
    return first[label]


def representatives(rows: Rows, groups: Rows, quality: Rows) -> Rows:
    """Return of some rows (rising) one of each group, rising: the best, and of equals the first.

    groups: for every row there is, the first row of its group. quality: for every row there is; more is better. Only
    what is given can stand for a group: of rows that are cleared nothing else comes back.
    """
    group = groups[rows]
    crowded = np.bincount(group, minlength=len(groups))[group] > 1
    many = rows[crowded]
    order = many[np.lexsort((many, -quality[many], groups[many]))]
    return np.sort(np.concatenate([rows[~crowded], order[np.diff(groups[order], prepend=-1) != 0]]))
