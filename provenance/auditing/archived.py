"""The archive's files as the build read them: digests instead of paths in public, or read again to be sealed anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.archive.hashing import hash_file
from provenance.archive.opening import opened
from provenance.archive.walk import open_root
from provenance.auditing.census import Census
from provenance.auditing.naming import Naming
from provenance.model.errors import InputError, Quarantined
from provenance.model.names import display
from provenance.reports.subject import File, Reading

_HASHES = ("c4", "xxh128")  # what ASC MHL takes: one that nobody can forge, and the one that its tools are quick at


def reading(census: Census, naming: Naming, archive: Path | None) -> Reading:
    """Return the files that were read. Without an archive: those with cleared items, by digests of their paths.

    With one: every file of it whose SHA-256 was recorded, after reading it once more. Members of containers are none:
    the container is the file. InputError when a file is not the one that the build read.
    """
    found = sorted(_files(census), key=lambda pair: pair[0].path)
    if archive is not None:
        return Reading(True, tuple(_again([file for file, _ in found], archive)), 0)
    shown = [
        File(naming.asset(display(file.path)).replace(" ", "-").encode(), file.sha256, file.bytes)
        for file, cleared in found
        if cleared
    ]
    return Reading(False, tuple(sorted(shown, key=lambda file: file.path)), len(found) - len(shown))


def _files(census: Census) -> Iterator[tuple[File, bool]]:
    """Every file that was read, with whether a cleared item came out of it or out of one of its members."""
    cleared = _cleared(census)
    holders: set[bytes] = set()
    for at, type, files in _rows(census):
        if type == "member" and cleared[at]:
            steps = files[0]["path"].split(b"/")
            holders.update(b"/".join(steps[:depth]) for depth in range(1, len(steps)))
    told: set[bytes] = set()
    aside = ((None, row["type"], row["files"]) for row in census.quarantine)
    for at, type, files in chain(_rows(census), aside):
        for file in files if type != "member" else ():
            if file["sha256"] is not None and file["path"] not in told:
                told.add(file["path"])
                used = at is not None and bool(cleared[at])
                yield File(file["path"], file["sha256"], file["bytes"]), used or file["path"] in holders


def _cleared(census: Census) -> npt.NDArray[np.bool_]:
    """For each asset, whether any item of it is cleared."""
    asset, number, _ = census.pairs
    classes = np.array([each.verdict.cleared for each in census.classes] or [False])
    found = np.zeros(census.assets.num_rows, bool)
    found[asset[classes[number]]] = True
    return found


def _rows(census: Census) -> Iterator[tuple[int | None, str, list[dict[str, Any]]]]:
    """Row, type and files of each asset, a handful at a time: there may be millions."""
    at = 0
    for batch in census.assets.select(["type", "files"]).to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            yield at, row["type"], row["files"]
            at += 1


def _again(files: list[File], archive: Path) -> Iterator[File]:
    root = open_root(archive)
    try:
        for file in files:
            try:
                with opened(root, file.path) as handle:
                    digests = hash_file(handle.descriptor, ("sha256", *_HASHES))
            except Quarantined as refusal:
                raise InputError(
                    f"cannot be read again: {refusal.what}", where=display(file.path), next_step="is this the archive?"
                ) from refusal
            if digests.pop("sha256") != file.sha256:
                raise InputError(
                    "is not the file that the build read",
                    where=display(file.path),
                    next_step="build again, or name the archive as it was",
                )
            yield File(file.path, file.sha256, file.bytes, tuple(sorted(digests.items())))
    finally:
        os.close(root)
