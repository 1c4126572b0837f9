"""The first look at an archive: how much there is, and which lists and sidecars speak of which files.

A walk that reads no content but custody lists. It costs a fraction of the build and gives what must be known before the
first asset is handed out: the total, for a progress bar that can say how long; custody lists, which often sort behind
the files they seal; and sidecars, which may sort on either side.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from provenance.archive import custody, sidecars
from provenance.archive.opening import opened
from provenance.archive.sequences import assets
from provenance.archive.walk import Found, walk
from provenance.building.units import Expected, Planned
from provenance.model.errors import Quarantined
from provenance.model.names import display
from provenance.model.words import Cause
from provenance.sandbox import Child

Progress = Callable[[int, int, str], None]


@dataclass
class Survey:
    """What a walk found. fingerprint: of all paths and sizes; it names a dataset at its first build."""

    files: int = 0
    size: int = 0
    fingerprint: str = ""
    tree: sidecars.Tree = field(default_factory=sidecars.Tree)
    notes: dict[bytes, Found] = field(default_factory=dict)  # sidecars and licence texts, by path
    expected: dict[bytes, tuple[Expected, ...]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def survey(root: int, out: str, child: Callable[[], AbstractContextManager[Child]], progress: Progress) -> Survey:
    """Return what lies below the open root. `out`, the dataset's folder, is passed over when it lies there too."""
    looked, digest, lists = Survey(), hashlib.sha256(b"provenance-archive-v1\0"), list[bytes]()
    for found in walk(root, exclude=[out]):
        looked.files += 1
        looked.size += found.size
        digest.update(b"%d %s\0" % (found.size, found.path))
        if looked.tree.add(found.path):
            looked.notes[found.path] = found
        if custody.is_list(found.path):
            lists.append(found.path)
        if looked.files % 1000 == 0:
            progress(0, 0, f"looking: {looked.files:,} files")
    looked.fingerprint = digest.hexdigest()[:32]
    places = custody.discover(lists)
    if places:
        with child() as reader:
            sealed = [one for place in places for one in _read(root, place, reader, looked)]
        for one in sealed:
            looked.findings += [str(finding) for finding in one.findings]
            for path, entries in one.entries.items():
                expected = tuple(Expected(path, entry.algorithm, entry.digest, entry.source) for entry in entries)
                looked.expected[path] = looked.expected.get(path, ()) + expected
        looked.findings += [str(finding) for finding in custody.compare(sealed, walk(root, exclude=[out]))]
    return looked


def planned(root: int, out: str, looked: Survey, limit: int | None = None) -> Iterator[Planned]:
    """Yield the archive's assets in order, each with what speaks of it; the first `limit` of them."""
    for asset in itertools.islice(assets(walk(root, exclude=[out])), limit):
        expected = tuple(entry for file in asset.files for entry in looked.expected.get(file.path, ()))
        yield Planned(asset, tuple(looked.notes[path] for path in looked.tree.of(asset)), expected)


def _read(root: int, place: custody.Place, child: Child, looked: Survey) -> Iterator[custody.CustodyList]:
    try:
        with ExitStack() as stack:
            handles = [stack.enter_context(opened(root, path)).descriptor for path in place.files]
            job = {
                "op": "custody",
                "standard": place.standard,
                "root": place.root.hex(),
                "files": [path.hex() for path in place.files],
            }
            for _, body in child.run(job, handles):
                yield _believed(body)
    except Quarantined as error:
        looked.findings.append(
            f"{place.display}: {error.what}; files below {display(place.root) or '.'} are not checked"
        )


def _believed(body: bytes) -> custody.CustodyList:
    try:
        return custody.load(body)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Quarantined(Cause.CRASHED, "the list's reader spoke out of turn") from error
