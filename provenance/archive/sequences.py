"""Files to assets: numbered frames become one sequence, everything else stays a single file.

What counts as a frame sequence, decided by names alone and so the same on every run:

1. `stem` + number + suffix in one folder, the number being the last digits before the suffix, all of one width.
2. .dpx, .exr: a number of three digits or more. Nobody keeps single stills under such names.
3. .png, .tif, .tiff, .tga, .jpg, .jpeg: four digits or more, after `_`, `.` or `-`. Stills and storyboard panels are
   often numbered; frames are numbered like this.
4. Never: a version (`_v001`), or a camera's still as DCF (CIPA DC-009) names it: four of A-Z 0-9 _ and four digits.
5. At least two frames, and at most four missing for each one present: panels numbered in tens stay panels.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from provenance.archive.walk import Found
from provenance.model.names import display

# Files held back while a sequence may still grow. Past it the oldest sequence is closed and its later frames form
# another one, so that memory stays bounded whatever the folder looks like.
MOST_HELD = 250_000
_MOST_DIGITS = 9
_MISSING_PER_FRAME = 4

_FRAMES_ONLY = frozenset((b".dpx", b".exr"))
_PICTURES = frozenset((b".png", b".tif", b".tiff", b".tga", b".jpg", b".jpeg"))
_VERSION = re.compile(rb"(?s)(.*[_.\-])?[vV]")
_CAMERA = re.compile(rb"[A-Z0-9_]{4}")
_CAMERA_SUFFIXES = frozenset((b".jpg", b".jpeg", b".tif", b".tiff"))


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, or the frames of one sequence in order. `path` is that of the first file and names the asset.

    numbers: frame numbers, aligned with `files`; missing: the numbers between first and last that have no file. Both
    are empty for a single file.
    """

    path: bytes
    files: tuple[Found, ...]
    numbers: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()

    @property
    def type(self) -> str:
        return "sequence" if self.numbers else "file"

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def display(self) -> str:
        """The path as people may see it: `plates/sh010.[1001-1006].dpx` for a sequence."""
        if not self.numbers:
            return display(self.path)
        folder, stem, first, suffix = _parts(self.path)
        last = f"{self.numbers[-1]:0{len(first)}}"
        return f"{display(folder + stem)}[{first.decode()}-{last}]{display(suffix)}"


@dataclass(slots=True)
class _Group:
    """A sequence in the making. While it is open, later files may still belong to it."""

    prefix: bytes  # folder and stem: the path of every frame starts with it
    files: list[Found] = field(default_factory=list)
    open: bool = True
    asset: Asset | None = None  # once closed, when it is a sequence


def assets(found: Iterable[Found]) -> Iterator[Asset]:
    """Yield the assets of a walk, by path of the first file, holding back no more than what an open sequence needs.

    `found` must come in byte order of the paths. A problem found on the walk is an asset of its own.
    """
    queue: deque[tuple[Found, _Group | None]] = deque()
    groups: dict[tuple[bytes, bytes, int, bytes], _Group] = {}
    for file in found:
        # Paths come in order: past a group's prefix nothing more can belong to it.
        for key in [key for key, group in groups.items() if not file.path.startswith(group.prefix)]:
            _close(groups.pop(key))
        key_of_file = None if file.problem else _key(file.path)
        if key_of_file is None:
            queue.append((file, None))
        else:
            group = groups.setdefault(key_of_file, _Group(key_of_file[0] + key_of_file[1]))
            group.files.append(file)
            queue.append((file, group))
        oldest = queue[0][1]
        if len(queue) > MOST_HELD and oldest is not None and oldest.open:
            _close(oldest)
            groups = {key: group for key, group in groups.items() if group.open}
        yield from _ready(queue)
    for group in groups.values():
        _close(group)
    yield from _ready(queue)


def _ready(queue: deque[tuple[Found, _Group | None]]) -> Iterator[Asset]:
    while queue and not (queue[0][1] is not None and queue[0][1].open):
        file, group = queue.popleft()
        if group is None or group.asset is None:
            yield Asset(file.path, (file,))
        elif group.asset.path == file.path:
            yield group.asset


def _close(group: _Group) -> None:
    """Decide whether a group is a sequence; if not, its files stay single, each in its own place."""
    group.open = False
    numbers = tuple(_number(file.path) for file in group.files)
    span = numbers[-1] - numbers[0] + 1
    if len(numbers) > 1 and span <= len(numbers) * (1 + _MISSING_PER_FRAME):
        present = set(numbers)
        missing = tuple(n for n in range(numbers[0], numbers[-1]) if n not in present)
        group.asset = Asset(group.files[0].path, tuple(group.files), numbers, missing)


def _parts(path: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return folder (with its slash), stem, number and suffix of a path; the number may be empty."""
    folder, slash, name = path.rpartition(b"/")
    base, dot, suffix = name.rpartition(b".")
    stem = base.rstrip(b"0123456789")
    return folder + slash, stem, base[len(stem) :], dot + suffix


def _number(path: bytes) -> int:
    return int(_parts(path)[2])


def _key(path: bytes) -> tuple[bytes, bytes, int, bytes] | None:
    """Return folder, stem, width and suffix of a path that may be a frame, or None."""
    folder, stem, number, suffix = _parts(path)
    kind, width = suffix.lower(), len(number)
    if width > _MOST_DIGITS or _VERSION.fullmatch(stem):
        return None
    if kind in _FRAMES_ONLY:
        fits = width >= 3
    else:
        camera = kind in _CAMERA_SUFFIXES and width == 4 and _CAMERA.fullmatch(stem) is not None
        fits = kind in _PICTURES and width >= 4 and stem[-1:] in (b"_", b".", b"-") and not camera
    return (folder, stem, width, suffix) if fits else None
