"""Near-duplicate texts: drafts, formats and reprints of one scene or script, by their MinHash.

Candidates share a band of four of the 128 numbers (32 bands); of two texts that are 0.75 alike, one pair in 200,000 is
missed. What the whole MinHash says of a candidate decides.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

NEAR = 0.75  # estimated Jaccard similarity of three-word shingles; the estimate is off by 0.04 or so
COPY = 0.98  # another layout or format of the same words; one line changed in a scene is 0.93 or so, and a draft
BANDS = 32
MOST_IN_BUCKET = 256  # beyond, a band says nothing (a running header, an empty page): compared with the first only

Rows = npt.NDArray[np.int64]


def near_pairs(
    sketches: npt.NDArray[np.uint32],
) -> tuple[Rows, Rows, npt.NDArray[np.float64], Counter[str]]:
    """Return the rows a and b of near-duplicate texts, how much alike each two are, and what was counted.

    sketches: uint32[n, 128].
    """
    counts: Counter[str] = Counter({"texts": len(sketches)})
    # Equal sketches first: they are one row of the join, linked to their first.
    _, first, of_row = np.unique(sketches, axis=0, return_index=True, return_inverse=True)
    of_row = of_row.reshape(-1)
    copies = np.flatnonzero(first[of_row] != np.arange(len(sketches)))
    links_a, links_b, likeness = [first[of_row[copies]]], [copies], [np.ones(len(copies))]
    distinct = sketches[first]
    found: set[tuple[int, int]] = set()
    for band in np.split(distinct, BANDS, axis=1) if len(distinct) else []:
        order = np.lexsort(band.T)
        starts = np.flatnonzero((np.diff(band[order], axis=0) != 0).any(axis=1)) + 1
        for bucket in np.split(order, starts):
            if len(bucket) < 2:
                continue
            if len(bucket) > MOST_IN_BUCKET:
                counts["oversized buckets"] += 1
                found.update((int(bucket[0]), int(other)) for other in bucket[1:])
                continue
            at, to = np.triu_indices(len(bucket), 1)
            found.update(zip(bucket[at].tolist(), bucket[to].tolist(), strict=True))
    if found:
        pairs = np.array(sorted(found), np.int64)
        alike = (distinct[pairs[:, 0]] == distinct[pairs[:, 1]]).mean(axis=1)
        pairs, alike = pairs[alike >= NEAR], alike[alike >= NEAR]
        links_a.append(first[pairs[:, 0]])
        links_b.append(first[pairs[:, 1]])
        likeness.append(alike)
    counts["texts compared"] = len(found)
    a, b = np.concatenate(links_a), np.concatenate(links_b)
    return np.minimum(a, b), np.maximum(a, b), np.concatenate(likeness), counts
