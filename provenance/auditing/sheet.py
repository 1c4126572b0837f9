"""The contact sheet: what refused, reviewed and conflicting items look like, so that people look rather than read.

Payloads of a dataset may be the original bytes of untrusted files. The parent proves their digest and never decodes
them; a locked child (`auditing.thumbnails`) makes small JPEG pictures of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from provenance.auditing.census import KINDS, Census, Class
from provenance.auditing.naming import safe
from provenance.dataset.index import load_table
from provenance.dataset.shard import load_item
from provenance.model.errors import Quarantined, SandboxError
from provenance.model.words import Kind
from provenance.reports.content import Picture, Section
from provenance.rights.reasons import Decision
from provenance.sandbox.box import Child, Sandbox
from provenance.sandbox.limits import GIB, Limits

_SIDE = 232
_WORDS = 360
_LIMITS = Limits(
    memory_bytes=2 * GIB, cpu_seconds=20, stall_seconds=20, wall_seconds=60, output_bytes=1 << 20, messages=4
)


def sheet(census: Census, most: int, unlocked: bool = False) -> Section:
    """Return the contact sheet: up to `most` items that are not cleared, every reason in turn, each asset once.

    Where no lock can be had on this machine the pictures are left out, and the section says so.
    """
    chosen = list(_choose(census, most))
    about = f"{len(chosen)} of the items that are not cleared: every reason in turn, one item of an asset."
    try:
        with Sandbox("provenance.auditing.thumbnails:run", _LIMITS, unlocked) as box, box.child() as child:
            pictures = tuple(_pictures(census, chosen, child))
    except SandboxError as error:
        return Section("sheet", "Contact sheet", notes=(f"The pictures are left out: {error}.",))
    return Section("sheet", "Contact sheet", about, pictures=pictures)


def _choose(census: Census, most: int) -> Iterator[tuple[int, Class]]:
    """Index row and class of the items to show: the classes of each first reason in turn, one asset after the other."""
    asset, number, _ = census.pairs
    queues: dict[str, list[tuple[int, Class]]] = {}
    for at in range(len(asset)):
        each = census.classes[number[at]]
        if each.verdict.cleared:
            continue
        queue = queues.setdefault(each.verdict.reasons[0].value, [])
        if len(queue) < most:
            queue.append((int(census.firsts[at]), each))
    chosen: list[tuple[int, Class]] = []
    seen: set[int] = set()
    order = sorted(queues.items(), key=lambda pair: (pair[1][0][1].decision is not Decision.REVIEW, pair[0]))
    for turn in range(most):
        for _, queue in order:
            if turn < len(queue) and len(chosen) < most and int(census.asset[queue[turn][0]]) not in seen:
                seen.add(int(census.asset[queue[turn][0]]))
                chosen.append(queue[turn])
    ranks = {name: at for at, (name, _) in enumerate(order)}
    yield from sorted(chosen, key=lambda pair: (ranks[pair[1].verdict.reasons[0].value], pair[0]))


def _pictures(census: Census, chosen: list[tuple[int, Class]], child: Child) -> Iterator[Picture]:
    admission = census.admission
    info = admission.version.content.tables["index"]
    columns = ["shard", "offset", "length", "payload_sha256"]
    index = load_table(admission.dataset.store, "index", info, admission.dataset.id, columns)
    places = index.take(np.array([row for row, _ in chosen], np.int64)).to_pylist()
    for (row, each), place in zip(chosen, places, strict=True):
        shard = admission.version.content.shards[place["shard"]]
        why = ", ".join(reason.value for reason in each.verdict.reasons)
        caption, decision = census.shown[census.asset[row]], each.decision.value
        handle = admission.dataset.store.open(shard.path)
        try:
            payload = load_item(handle, place["offset"], place["length"], place["payload_sha256"], shard.path)
            if KINDS[census.kind[row]] is Kind.SCRIPTS:
                words = "\n".join(safe(line) for line in payload[: _WORDS * 4].decode("utf-8", "ignore").splitlines())
                yield Picture(caption, decision, why, words=words[:_WORDS].strip())
            else:
                yield Picture(caption, decision, why, jpeg=_thumbnail(child, handle, place))
        finally:
            os.close(handle)


def _thumbnail(child: Child, handle: int, place: dict[str, int]) -> bytes | None:
    job = {"offset": place["offset"], "length": place["length"], "side": _SIDE}
    try:
        for _, body in child.run(job, [handle]):
            if body.startswith(b"\xff\xd8"):
                return body
    except Quarantined:
        pass  # One picture that cannot be drawn again is shown without; it is in the tables all the same.
    return None
