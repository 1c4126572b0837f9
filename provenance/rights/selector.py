"""What a statement applies to, and how close it stands to an item.

A selector names a path glob, one exact digest, or a work, and optionally a range inside the asset. Globs are those of
the rights desk: `*` and `?` stay in one folder, `**` crosses folders, `[abc]` is one character of a set, `[[]` a plain
bracket; case counts, and names are compared byte for byte (no Unicode normalisation).

Closeness, from the closest: a range inside an asset; a file or a digest; a folder, longer before shorter, a pattern for
the files of a folder before the folder itself, more literal characters before fewer; a work.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from provenance.rights.codec import DecodeError
from provenance.rights.ranges import LocatorRange, Relation, TimecodeRange

__all__ = ["Closeness", "Glob", "LocatorRange", "Relation", "Search", "Selector", "TimecodeRange", "path_problem"]

# (has a range, level, depth of the folder, names files, literal characters); compared as a tuple.
Closeness = tuple[int, int, int, int, int]

WORK, FOLDER, FILE = 0, 1, 2

_MOST_CROSSINGS = 4  # of `**` in one pattern; each multiplies the work of matching


@dataclass(frozen=True, slots=True)
class Selector:
    """One of a path glob, a SHA-256, or a work (its title, or `scope:value` of an identifier); maybe a range."""

    path: str | None = None
    sha256: str | None = None
    work: str | None = None
    range: LocatorRange | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.path, self.sha256, self.work)) != 1:
            raise DecodeError("name exactly one of path, sha256 and work")
        if self.path is not None:
            problem = path_problem(self.path)
            if problem:
                raise DecodeError(problem, ("path",))
        if self.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise DecodeError("not a SHA-256 in 64 lower-case hex digits", ("sha256",))
        if self.work is not None and not self.work.strip():
            raise DecodeError("empty", ("work",))

    @property
    def closeness(self) -> Closeness:
        """How close it stands to what it matches; greater is closer."""
        ranged = int(self.range is not None)
        if self.path is None:
            return (ranged, FILE if self.sha256 is not None else WORK, 0, 0, 0)
        glob = Glob.of(self.path)
        if glob.literal is not None:
            return (ranged, FILE, 0, 0, 0)
        return (ranged, FOLDER, glob.depth, int(not glob.is_folder), glob.literals)

    def __str__(self) -> str:
        return self.path or self.sha256 or f"work {self.work}"


def path_problem(pattern: str) -> str | None:
    """Return what is wrong with a glob, in the words of a rights desk, or None."""
    if not pattern:
        return "empty"
    for char in pattern:
        if unicodedata.bidirectional(char) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"):
            return f"a bidirectional override character (U+{ord(char):04X})"
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
            return f"a control or invisible character (U+{ord(char):04X})"
    if "\\" in pattern:
        return "backslashes instead of slashes"
    if pattern.startswith(("/", "~")) or re.match(r"[A-Za-z]:", pattern):
        return "absolute path; name it from the archive root"
    parts = pattern.split("/")
    if ".." in parts:
        return '".." in the path'
    if pattern.endswith("/"):
        return "ends in a slash; write /** for all that lies in a folder"
    if "" in parts or "." in parts:
        return 'an empty step or "." in the path'
    try:
        if sum(kind == "cross" for kind, _ in _tokens(pattern)) > _MOST_CROSSINGS:
            return f"more than {_MOST_CROSSINGS} times ** in one path"
    except ValueError as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True)
class Search:
    """A pattern that has to be tried, cut into the regexes (for `fullmatch`, on text) of a path's folder and name.

    folder: matches the folder with its slash ("" at the root), None when the pattern cannot be cut there. name: matches
    the last step, None when any will do. whole: matches the whole path.
    """

    folder: re.Pattern[str] | None
    name: re.Pattern[str] | None
    whole: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Glob:
    """A path pattern, understood.

    literal: the one path it names, or None. tree: the folder of which it names all, or None. search: how to try it,
    None for these two, which are looked up. prefix: the literal folders before the first wildcard. depth: folders
    named before the first `**`, or before the last step. literals: how many of its characters stand for themselves.
    """

    literal: bytes | None
    tree: bytes | None
    search: Search | None
    prefix: bytes
    depth: int
    is_folder: bool
    literals: int

    @staticmethod
    @lru_cache(maxsize=65_536)
    def of(pattern: str) -> Glob:
        """Return the understood form of a sound pattern (see `path_problem`)."""
        steps = [_tokens(step) for step in pattern.split("/")]
        plain = ["".join(text for kind, text in step if kind == "literal") for step in steps]
        wild = [any(kind != "literal" for kind, _ in step) for step in steps]
        crossing = [any(kind == "cross" for kind, _ in step) for step in steps]
        first_wild = wild.index(True) if True in wild else len(steps) - 1
        is_folder = [kind for kind, _ in steps[-1]] == ["cross"]
        prefix = "/".join(plain[: min(first_wild, len(steps) - 1)]).encode("utf-8", "surrogateescape")
        literal = "/".join(plain).encode("utf-8", "surrogateescape") if True not in wild else None
        tree = prefix if is_folder and first_wild == len(steps) - 1 else None
        return Glob(
            literal=literal,
            tree=tree,
            search=_search(steps, is_folder, crossing[-1]) if literal is None and tree is None else None,
            prefix=prefix,
            depth=crossing.index(True) if True in crossing[:-1] else len(steps) - 1,
            is_folder=is_folder,
            literals=sum(map(len, plain)),
        )


def _search(steps: list[list[tuple[str, str]]], is_folder: bool, crosses_last: bool) -> Search:
    folder, name = None, None
    if is_folder:
        folder = re.compile(_folders(steps[:-1]) + ".*", re.DOTALL)
    elif not crosses_last:
        folder, name = re.compile(_folders(steps[:-1]), re.DOTALL), re.compile(_step(steps[-1]), re.DOTALL)
    return Search(folder, name, re.compile(_folders(steps[:-1]) + _step(steps[-1]), re.DOTALL))


def _tokens(step: str) -> list[tuple[str, str]]:
    """The parts of a pattern: literal characters, one, many, cross, and sets (as regex). ValueError if malformed."""
    out: list[tuple[str, str]] = []
    at = 0
    while at < len(step):
        char = step[at]
        if char == "[":
            close = step.find("]", at + 2)
            if close < 0:
                raise ValueError("bracket never closed")
            inner = step[at + 1 : close]
            if "/" in inner:
                raise ValueError("a slash inside brackets")
            out.append(("literal", inner) if len(inner) == 1 and inner not in "!^" else ("set", _set(inner)))
            at = close + 1
        elif step.startswith("**", at):
            out.append(("cross", ""))
            while at < len(step) and step[at] == "*":
                at += 1
        else:
            out.append({"*": ("many", ""), "?": ("one", "")}.get(char, ("literal", char)))
            at += 1
    return out


def _set(inner: str) -> str:
    negated = inner[0] in "!^" and len(inner) > 1
    body = inner[1:] if negated else inner
    for low, high in re.findall(r"(.)-(.)", body, re.DOTALL):
        if low > high:
            raise ValueError(f'the range "{low}-{high}" in brackets runs backwards')
    escaped = "".join(f"\\{char}" if char in "\\]^[&~|" else char for char in body)
    return f"[^/{escaped}]" if negated else f"[{escaped}]"


def _folders(steps: list[list[tuple[str, str]]]) -> str:
    """A regex over folders, each with its slash behind it. `**` as a whole step also stands for no folder at all."""
    return "".join("(?:[^/]+/)*" if [kind for kind, _ in step] == ["cross"] else _step(step) + "/" for step in steps)


def _step(step: list[tuple[str, str]]) -> str:
    # Every `*` but the last takes the first place that fits and never looks back (an atomic group): inside one step
    # that loses nothing, and a sheet full of stars cannot make the search explode.
    stars = [at for at, (kind, _) in enumerate(step) if kind == "many"]
    crossing = any(kind == "cross" for kind, _ in step)
    out, within = "", False
    for at, (kind, text) in enumerate(step):
        if kind == "many" and not crossing:
            out += ")" if within else ""
            within = at != stars[-1]
            out += "(?>[^/]*?" if within else "[^/]*"
        else:
            plain = {"many": "[^/]*", "one": "[^/]", "cross": ".*", "set": text}
            out += plain.get(kind) or re.escape(text)
    return out
