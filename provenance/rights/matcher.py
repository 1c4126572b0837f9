"""Which of many statements apply to which of many paths.

Literal paths and folders are looked up, never searched for; only patterns for the files of one folder are tried, and
only on the files of that folder. What a folder inherits is worked out once for all of its files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from provenance.model.words import Locator
from provenance.rights.selector import FILE, FOLDER, Closeness, Glob, Relation, Search, Selector

# A record on one of these covers its members, which lie beneath its name: pack.zip/inner.png.
CONTAINER_SUFFIXES = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_CONTAINER = tuple(suffix.encode() for suffix in CONTAINER_SUFFIXES)


class Targeted(Protocol):
    """Whatever says what it applies to: a statement, a waiver, a ruling, a hold."""

    @property
    def applies_to(self) -> Selector: ...


T = TypeVar("T", bound=Targeted)


@dataclass(frozen=True, slots=True)
class Bound(Generic[T]):
    """A statement that applies to an item, and how close it stands. A `partial` one holds of a part of the item only.

    A partial statement decides nothing, but the item is not clear unless its part is.
    """

    statement: T
    closeness: Closeness
    partial: bool = False


def narrow(bound: Sequence[Bound[T]], locator: Locator | None) -> tuple[Bound[T], ...]:
    """Return what applies to the item at a place of an asset: ranges that miss it are gone."""
    out = []
    for each in bound:
        span = each.statement.applies_to.range
        if span is None:
            out.append(each)
        elif (relation := span.relation(locator)) is not Relation.MISSES:
            out.append(replace(each, partial=relation is Relation.TOUCHES))
    return tuple(out)


class Matcher(Generic[T]):
    """Finds the statements that apply to an asset. Build it once; it is immutable but for its caches.

    A statement on a work applies to every asset whose closest copyright record names that work.
    """

    def __init__(self, statements: Iterable[T]) -> None:
        self.statements = tuple(statements)
        self._bounds: list[Bound[T]] = []
        self._files: dict[bytes, list[int]] = {}
        self._trees: dict[bytes, list[int]] = {}  # folder/** by folder
        self._searches: dict[bytes, list[tuple[Search, int]]] = {}  # every other pattern, by its literal folders
        self._digests: dict[str, list[int]] = {}
        self._works: dict[str, list[int]] = {}
        for each in self.statements:
            self._add(each)
        self._members: dict[int, int] = {}  # a record of a container, and the same record as its members see it
        self._folders: dict[bytes, tuple[tuple[int, ...], tuple[tuple[Search, int], ...]]] = {}
        self._sets: dict[tuple[int, ...], tuple[Bound[T], ...]] = {}
        self._keys: dict[tuple[int, ...], tuple[int, ...]] = {}

    def match(self, path: bytes, sha256: str | None = None, work: str | None = None) -> tuple[Bound[T], ...]:
        """Return what applies to an asset; statements on a range inside it are partial until `narrow` knows the item.

        Equal sets of statements come back as the same tuple.
        """
        return self._set(self._find(path, sha256, work))

    def match_many(
        self, paths: Sequence[bytes], digests: Sequence[str | None] | None = None
    ) -> tuple[list[tuple[Bound[T], ...]], np.ndarray]:
        """Return the distinct sets of statements, and for each path the number of its set (int32)."""
        numbers: dict[tuple[int, ...], int] = {}
        out = np.empty(len(paths), np.int32)
        find, ask_digest = self._find, bool(self._digests) and digests is not None
        for at, path in enumerate(paths):
            found = find(path, digests[at] if ask_digest and digests is not None else None, None)
            out[at] = numbers.setdefault(found, len(numbers))
        return [self._set(found) for found in numbers], out

    def named(self, works: Iterable[str]) -> tuple[Bound[T], ...]:
        """Return what applies to these works as such."""
        numbers = {number for name in works for number in self._works.get(name, ())}
        return tuple(self._bounds[number] for number in sorted(numbers))

    def _add(self, statement: T) -> None:
        selector = statement.applies_to
        number = len(self._bounds)
        self._bounds.append(Bound(statement, selector.closeness, selector.range is not None))
        if selector.sha256 is not None:
            self._digests.setdefault(selector.sha256, []).append(number)
        elif selector.work is not None:
            self._works.setdefault(selector.work, []).append(number)
        elif selector.path is not None:
            glob = Glob.of(selector.path)
            if glob.literal is not None:
                self._files.setdefault(glob.literal, []).append(number)
            elif glob.tree is not None:
                self._trees.setdefault(glob.tree, []).append(number)
            elif glob.search is not None:
                self._searches.setdefault(glob.prefix, []).append((glob.search, number))

    def _find(self, path: bytes, sha256: str | None, work: str | None) -> tuple[int, ...]:
        cut = path.rfind(b"/")
        folder = path[:cut] if cut >= 0 else b""
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._inherit(folder)
        inherited, patterns = known
        own = self._files.get(path)
        by_digest = self._digests.get(sha256) if sha256 is not None else None
        if own is None and by_digest is None and not patterns and work is None and not self._works:
            return inherited
        found = {*inherited, *(own or ()), *(by_digest or ())}
        if patterns:
            name, whole = path[cut + 1 :].decode("utf-8", "surrogateescape"), None
            for search, number in patterns:
                if search.folder is None:
                    whole = path.decode("utf-8", "surrogateescape") if whole is None else whole
                    fits = search.whole.fullmatch(whole) is not None
                else:
                    fits = search.name is None or search.name.fullmatch(name) is not None
                if fits:
                    found.add(number)
        key = tuple(sorted(found))
        if not self._works:
            return key
        if work is not None:
            return tuple(sorted(found.union(self._works.get(work, ()))))
        if key not in self._keys:
            works = works_of([self._bounds[number] for number in key])
            self._keys[key] = tuple(sorted(found.union(*(self._works.get(name, ()) for name in works))))
        return self._keys[key]

    def _inherit(self, folder: bytes) -> tuple[tuple[int, ...], tuple[tuple[Search, int], ...]]:
        """What all files of a folder share, and the patterns that must be tried on each of them."""
        shared: set[int] = set()
        tried: list[tuple[Search, int]] = []
        text = folder.decode("utf-8", "surrogateescape") + "/" if folder else ""
        for above in _upward(folder):
            shared.update(self._trees.get(above, ()))
            for search, number in self._searches.get(above, ()):
                if search.folder is None:
                    tried.append((search, number))
                elif search.folder.fullmatch(text):
                    if search.name is None:
                        shared.add(number)
                    else:
                        tried.append((search, number))
            if above.lower().endswith(_CONTAINER):
                shared.update(self._as_container(number, above) for number in self._find(above, None, None))
        return tuple(sorted(shared)), tuple(tried)

    def _as_container(self, number: int, container: bytes) -> int:
        """The same statement seen from a member: no longer a record of the file, but of the folder that it is."""
        whole = self._bounds[number]
        if whole.closeness[1] != FILE or whole.statement.applies_to.path is None:
            return number
        if number not in self._members:
            steps = _steps(container)
            closeness = (whole.closeness[0], FOLDER, steps, 0, len(container) - steps + 1)
            self._members[number] = len(self._bounds)
            self._bounds.append(replace(whole, closeness=closeness))
        return self._members[number]

    def _set(self, key: tuple[int, ...]) -> tuple[Bound[T], ...]:
        if key not in self._sets:
            self._sets[key] = tuple(self._bounds[number] for number in key)
        return self._sets[key]


def works_of(bound: Sequence[Bound[T]]) -> set[str]:
    """Return the names of the works that the closest copyright records among these name."""
    records = [each for each in bound if getattr(each.statement, "is_record", False) and not each.partial]
    closest = max((each.closeness for each in records), default=None)
    works = [getattr(each.statement, "work", None) for each in records if each.closeness == closest]
    return {name for work in works if work is not None for name in work.names}


def _steps(folder: bytes) -> int:
    return folder.count(b"/") + 1 if folder else 0


def _upward(folder: bytes) -> Iterable[bytes]:
    """A folder and all above it, the root ("") last."""
    while folder:
        yield folder
        cut = folder.rfind(b"/")
        folder = folder[:cut] if cut >= 0 else b""
    yield b""
