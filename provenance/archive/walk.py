"""Every file below a folder, one after the other, in the byte order of its whole path, in bounded memory.

The order is that of `sorted()` over the relative paths as bytes, with `/` (0x2f) between folders: `a-b` comes before
`a/x`, which comes before `a0`. It is total, the same on every machine and locale, and independent of the order in which
the file system lists; only a tree that is rearranged during the walk can disturb it. To get it without sorting the
archive, each folder is sorted with a `/` put behind the names of its subfolders, and is entered at that place.

Nothing is followed: folders are opened one step at a time with O_NOFOLLOW, and going back up is checked against the
identity of the folder that was left. Two descriptors are open at a time, whatever the depth.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from provenance.model.errors import InputError, UsageError
from provenance.model.names import display
from provenance.model.words import Cause

# Bytes of memory for names that wait, over all folders on the way down; one folder takes at most half, so that a wide
# folder and its child fit together. A folder with more names than that is listed again, in several passes.
NAMES_BUDGET = 64 * 1024 * 1024
_NAME_OVERHEAD = 48  # bytes object and list slot, measured on CPython 3.11

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Identity(NamedTuple):
    """What tells one state of one file from another, as the file system says it; times in nanoseconds."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """One thing below the root. With a `problem` it cannot be used, and `sentence` says why.

    path: relative, raw bytes; ends with `/` for a folder that could not be read. links: number of hard links; more than
    one is allowed (snapshots and deduplicated stores make them), and is known here so that a report can say it.
    """

    path: bytes
    size: int
    identity: Identity | None
    links: int = 1
    problem: Cause | None = None
    sentence: str = ""


def identity_of(state: os.stat_result) -> Identity:
    return Identity(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def open_root(path: str | os.PathLike[str]) -> int:
    """Return a descriptor of the archive's root folder. The root itself may be a link: the operator named it."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(
            f"the archive cannot be opened: {error.strerror}",
            where=display(os.fsencode(path)),
            next_step="name a folder that exists and that you may read",
        ) from error


@dataclass(slots=True)
class _Folder:
    """A folder on the way down. `waiting` holds keys in falling order; None when they must be read (again)."""

    name: bytes
    place: tuple[int, int]
    path_length: int  # of the prefix that ends with this folder
    waiting: list[bytes] | None = None
    cost: int = 0
    last: bytes = b""  # the last key handed out
    more: bool = True  # keys beyond `waiting` may exist


def walk(root: int, *, exclude: Iterable[str | os.PathLike[str]] = ()) -> Iterator[Found]:
    """Yield all that lies below the folder open as `root`, in byte order of the path; the descriptor stays open.

    Regular files come with their identity. Links, devices, pipes and sockets come as NOT_REGULAR, what cannot be read
    as UNREADABLE; folders show only in the paths of what they hold. Whether a file's content may be read is known when
    it is opened, not here. `exclude` names folders, by path, that are not entered, such as the dataset when it lies
    in the archive; one that does not exist is passed over. UsageError when the root itself is excluded.
    """
    hidden = set(_places(exclude))
    top = _place(os.fstat(root))
    if top in hidden:
        raise UsageError("the archive and the dataset are the same folder", next_step="give the dataset its own folder")
    here, prefix, stack = os.dup(root), b"", [_Folder(b"", top, 0)]
    try:
        while stack:
            folder = stack[-1]
            if folder.waiting is None and folder.more:
                try:
                    _read_names(here, folder)
                except OSError as error:
                    folder.waiting, folder.more = [], False
                    yield _problem(prefix, Cause.UNREADABLE, f"the folder cannot be listed: {error.strerror}")
                _keep_to_budget(stack)
            if not folder.waiting:
                if folder.more:
                    folder.waiting = None
                    continue
                stack.pop()
                if stack:
                    here, lost = _up(root, here, stack)
                    prefix = prefix[: stack[-1].path_length]
                    if lost:
                        yield _problem(lost, Cause.UNREADABLE, "the folder was moved away while it was walked")
                continue
            key = folder.last = folder.waiting.pop()
            if not key.endswith(b"/"):
                yield _look(here, prefix, key)
                continue
            try:
                entered = os.open(key[:-1], _FOLDER, dir_fd=here)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):  # replaced since it was listed
                    yield _look(here, prefix, key[:-1])
                else:
                    yield _problem(prefix + key, Cause.UNREADABLE, f"the folder cannot be opened: {error.strerror}")
                continue
            place = _place(os.fstat(entered))
            if place in hidden:
                os.close(entered)
                continue
            os.close(here)
            here, prefix = entered, prefix + key
            stack.append(_Folder(key[:-1], place, len(prefix)))
    finally:
        os.close(here)


def _place(state: os.stat_result) -> tuple[int, int]:
    return state.st_dev, state.st_ino


def _places(paths: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[int, int]]:
    for path in paths:
        try:
            yield _place(os.stat(path))
        except (FileNotFoundError, NotADirectoryError):
            continue


def _read_names(here: int, folder: _Folder) -> None:
    """Fill `waiting` with the smallest keys after `last`, as many as one folder may hold."""
    names: list[bytes] = []
    cost, bound, cut = 0, None, False
    with os.scandir(here) as entries:
        for entry in entries:
            # scandir of a descriptor gives str; fsencode restores the bytes exactly (surrogateescape).
            key = os.fsencode(entry.name)
            if entry.is_dir(follow_symlinks=False):
                key += b"/"
            if key <= folder.last or (bound is not None and key > bound):
                continue
            names.append(key)
            cost += len(key) + _NAME_OVERHEAD
            if cost > NAMES_BUDGET // 2:
                names.sort()
                del names[(len(names) + 1) // 2 :]
                cost, bound, cut = sum(len(name) + _NAME_OVERHEAD for name in names), names[-1], True
    names.sort(reverse=True)
    folder.waiting, folder.cost, folder.more = names, cost, cut


def _keep_to_budget(stack: list[_Folder]) -> None:
    """Let outer folders forget their names, outermost first, until the budget holds; they are read again on return."""
    held = sum(folder.cost for folder in stack if folder.waiting)
    for folder in stack[:-1]:
        if held <= NAMES_BUDGET:
            return
        if folder.waiting:
            held -= folder.cost
            folder.waiting, folder.cost, folder.more = None, 0, True


def _up(root: int, here: int, stack: list[_Folder]) -> tuple[int, bytes]:
    """Return the descriptor of the folder on top of the stack, and the path of a folder that is lost, or b"".

    `..` is taken only when it leads to the folder that was left. Otherwise the way is walked again from the root, and
    the stack is cut where a folder is no longer what it was.
    """
    above = _open_if(b"..", here, stack[-1].place)
    os.close(here)
    if above is not None:
        return above, b""
    at = os.dup(root)
    for depth in range(1, len(stack)):
        below = _open_if(stack[depth].name, at, stack[depth].place)
        if below is None:
            lost = b"".join(folder.name + b"/" for folder in stack[1 : depth + 1])
            del stack[depth:]
            return at, lost
        os.close(at)
        at = below
    return at, b""


def _open_if(name: bytes, at: int, place: tuple[int, int]) -> int | None:
    try:
        found = os.open(name, _FOLDER, dir_fd=at)
    except OSError:
        return None
    if _place(os.fstat(found)) == place:
        return found
    os.close(found)
    return None


def _look(here: int, prefix: bytes, name: bytes) -> Found:
    path = prefix + name
    try:
        state = os.stat(name, dir_fd=here, follow_symlinks=False)
    except OSError as error:
        return _problem(path, Cause.UNREADABLE, f"the file system refused: {error.strerror}")
    if stat.S_ISREG(state.st_mode):
        return Found(path, state.st_size, identity_of(state), state.st_nlink)
    return _problem(path, Cause.NOT_REGULAR, f"{_sort(state.st_mode)}, not a regular file")


def _problem(path: bytes, cause: Cause, sentence: str) -> Found:
    return Found(path, 0, None, 1, cause, sentence)


def _sort(mode: int) -> str:
    for test, name in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISDIR, "a folder that was a file a moment ago"),
    ):
        if test(mode):
            return name
    return "something of unknown sort"
