"""Which of the pictures that belong together show the same: what training takes once.

A near group holds all that is related. A pan chains frames of which the first and the last have nothing in common, and
a short clip of it shows only some of them. So, in each group:

1. The frames of one asset are compared with each other as they lie; those that show nothing new are one.
2. The asset that shows the most leads; of equals the better one.
3. What comes from the other assets is a copy of that of the leader's which it resembles most.

A pure function of the group's members: it does not matter which links joined them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from provenance.dedup.likeness import compare
from provenance.dedup.pictures import RADIUS, Pictures
from provenance.fingerprint import pdq

Rows = npt.NDArray[np.int64]


def of_pictures(
    pictures: Pictures, near: Rows, asset: Rows, quality: Rows, asked: npt.NDArray[np.bool_] | None = None
) -> Rows:
    """Return for each picture the first of those that show the same, int64[n]; itself, where it was not asked for.

    near, asset: numbers of the group and of the asset of each, int64[n]. quality: more is better. asked: bool[n], whole
    groups; None for all.
    """
    out = np.arange(len(pictures), dtype=np.int64)
    order = np.argsort(near, kind="stable")
    order = order if asked is None else order[asked[order]]
    for members in np.split(order, np.flatnonzero(np.diff(near[order])) + 1):
        if len(members) > 1:
            out[members] = _of_group(pictures, members, asset[members], quality[members])
    return out


def _of_group(pictures: Pictures, members: Rows, asset: Rows, quality: Rows) -> Rows:
    firsts = [members[asset == each] for each in dict.fromkeys(asset.tolist())]
    best = [int(quality[asset == each].max()) for each in dict.fromkeys(asset.tolist())]
    # An asset with one picture here has nothing to compare within: of many such, as of paintings, the first leads.
    told = [_told_apart(pictures, own) if len(own) > 1 else np.zeros(1, np.int64) for own in firsts]
    lead = max(range(len(told)), key=lambda at: (len(set(told[at].tolist())), best[at], -at))
    own, of_own = firsts[lead], told[lead]
    shown = own[np.unique(of_own)]
    out = np.empty(len(members), np.int64)
    mine = np.isin(members, own)
    out[mine] = own[of_own]
    if len(shown) == 1:
        out[~mine] = shown[0]
    else:
        out[~mine] = shown[_closest(pictures.whole[members[~mine]], pictures.whole[shown])]
    # Named by the first member, wherever it comes from.
    _, first, inverse = np.unique(out, return_index=True, return_inverse=True)
    return members[first[inverse.reshape(-1)]]


def _told_apart(pictures: Pictures, rows: Rows) -> Rows:
    """Return for each of an asset's pictures, in order, the place of the first that it shows nothing new beside."""
    shown: list[int] = []
    out = np.empty(len(rows), np.int64)
    glance = [pictures.glance[row].astype(np.float32) for row in rows.tolist()]
    for at in range(len(rows)):
        out[at] = at
        # The newest first: a frame resembles those just before it.
        newest = np.array(shown[::-1], np.int64)
        close = _bits(pictures.whole[rows[newest]], pictures.whole[rows[at]]) <= RADIUS
        for other in newest[close].tolist():
            if compare(glance[other], glance[at]).near:
                out[at] = other
                break
        else:
            shown.append(at)
    return out


def _closest(hashes: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]) -> Rows:
    """Return for each hash the place of the closest of the others, however it is mirrored or turned."""
    best = np.full((len(hashes), len(others)), 1 << 15)
    for form in pdq.FORMS:
        turned = pdq.turned(hashes, form)
        best = np.minimum(best, np.stack([_bits(others, one) for one in turned]) if len(turned) else best)
    return np.argmin(best, axis=1)


def _bits(hashes: npt.NDArray[np.uint8], one: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    return np.bitwise_count(hashes ^ one).sum(axis=1, dtype=np.int64)
