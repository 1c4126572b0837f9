"""A disk in memory that forgets, as real ones may: what was not synced can be lost, torn, or kept in any combination.

Stricter than any file system that we know: the sectors of a file that was not synced are kept or lost one by one, and
so are the entries of a folder, also the two halves of a rename. Only `fsync` and `fsync_folder` promise anything.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

SECTOR = 32  # small, so that a few hundred bytes can be torn in thousands of ways

Answer = TypeVar("Answer")
Tree = dict[str, bytes | None]  # path -> content, None for a folder


class Killed(BaseException):
    """kill -9: no cleanup of the dying process reaches the disk."""


@dataclass
class File:
    visible: bytes = b""
    durable: bytes = b""
    writes: int = 0


@dataclass
class Folder:
    visible: dict[str, int | None] = field(default_factory=dict)  # name -> inode, None for a folder
    durable: dict[str, int | None] = field(default_factory=dict)
    pending: list[tuple[str, int | None, bool]] = field(default_factory=list)  # name, inode, whether it is there


class ForgetfulDisk:
    """Implements `provenance.dataset.disk.Disk`.

    hook: called before and after each operation with its name, its arguments and "before" or "after"; it may raise.
    trace: every operation that had an effect, by name.
    """

    where = "/forgetful"

    def __init__(self) -> None:
        self.files: dict[int, File] = {}
        self.folders: dict[str, Folder] = {"": Folder()}
        self.handles: dict[int, tuple[int, str]] = {}
        self.hook: Callable[[str, tuple[object, ...], str], None] = lambda name, args, when: None
        self.trace: list[str] = []
        self._next = 1000

    # What the store asks for.

    def anchor(self) -> None:
        self._step("anchor", (), lambda: None)

    def mkdir(self, path: str) -> None:
        def make() -> None:
            self._absent(path)
            self._change(path, None, True)
            self.folders[path] = Folder()

        self._step("mkdir", (path,), make)

    def create(self, path: str) -> int:
        def make() -> int:
            self._absent(path)
            self._next += 1
            self.files[self._next] = File()
            self._change(path, self._next, True)
            self.handles[-self._next] = (self._next, path)
            return -self._next

        return self._step("create", (path,), make)

    def write(self, handle: int, data: memoryview) -> int:
        def put() -> int:
            self.files[self.handles[handle][0]].visible += bytes(data)
            return len(data)

        return self._step("write", (handle,), put)

    def fsync(self, handle: int) -> None:
        def sync() -> None:
            file = self.files[self.handles[handle][0]]
            file.durable = file.visible

        self._step("fsync", (handle,), sync)

    def close(self, handle: int) -> None:
        # A descriptor is gone also when its closing reports an error.
        self.handles.pop(handle)
        self._step("close", (handle,), lambda: None)

    def rename(self, source: str, target: str) -> None:
        def move() -> None:
            inode = self._find(source)
            self._change(target, inode, True)
            self._change(source, inode, False)

        self._step("rename", (source, target), move)

    def link(self, source: str, target: str) -> None:
        def join() -> None:
            inode = self._find(source)
            self._absent(target)
            self._change(target, inode, True)

        self._step("link", (source, target), join)

    def unlink(self, path: str) -> None:
        self._step("unlink", (path,), lambda: self._change(path, self._find(path), False))

    def fsync_folder(self, path: str) -> None:
        def sync() -> None:
            folder = self.folders[path]
            folder.durable, folder.pending = dict(folder.visible), []

        self._step("fsync_folder", (path,), sync)

    def open(self, path: str) -> int:
        def copy() -> int:
            handle = os.memfd_create("copy")
            os.write(handle, self.files[self._find(path)].visible)
            os.lseek(handle, 0, os.SEEK_SET)
            return handle

        return self._step("open", (path,), copy)

    def names(self, path: str) -> list[str]:
        def look() -> list[str]:
            if path not in self.folders:
                raise FileNotFoundError(errno.ENOENT, "no such folder", path)
            return sorted(self.folders[path].visible)

        return self._step("names", (path,), look)

    def idle(self, path: str) -> bool:
        return all(held != path for _, held in self.handles.values())

    @contextlib.contextmanager
    def locked(self, *, alone: bool, wait: bool = False) -> Iterator[None]:
        yield

    # What a crash leaves.

    def killed(self) -> None:
        """The process is gone, the machine is not: handles are free, what was written stays visible."""
        self.handles.clear()

    def power_cut(self, chance: random.Random | None = None) -> Tree:
        """Return what is found after a power cut: with `chance` any mix of what was not synced, else none of it."""
        contents: dict[int, bytes] = {}
        tree: Tree = {}

        def walk(path: str) -> None:
            folder = self.folders[path]
            entries = dict(folder.durable)
            for name, inode, there in folder.pending:
                if chance is not None and chance.random() < 0.5:
                    if there:
                        entries[name] = inode
                    else:
                        entries.pop(name, None)
            for name, inode in entries.items():
                inner = f"{path}/{name}" if path else name
                if inode is None:
                    tree[inner] = None
                    walk(inner)
                else:
                    if inode not in contents:
                        contents[inode] = _torn(self.files[inode], chance)
                    tree[inner] = contents[inode]

        walk("")
        return tree

    def tree(self) -> Tree:
        """What is visible now."""
        return {
            (f"{path}/{name}" if path else name): None if inode is None else self.files[inode].visible
            for path, folder in self.folders.items()
            for name, inode in folder.visible.items()
        }

    @classmethod
    def holding(cls, tree: Tree) -> ForgetfulDisk:
        """Return a disk on which all of this is durable."""
        disk = cls()
        for path, content in sorted(tree.items()):
            parent, _, name = path.rpartition("/")
            if content is None:
                disk.folders[path] = Folder()
                inode = None
            else:
                disk._next += 1
                inode = disk._next
                disk.files[inode] = File(content, content)
            disk.folders[parent].visible[name] = disk.folders[parent].durable[name] = inode
        return disk

    # Below the line.

    def _step(self, name: str, args: tuple[object, ...], act: Callable[[], Answer]) -> Answer:
        self.hook(name, args, "before")
        answer = act()
        self.trace.append(name)
        self.hook(name, args, "after")
        return answer

    def _parent(self, path: str) -> tuple[Folder, str]:
        parent, _, name = path.rpartition("/")
        if parent not in self.folders:
            raise FileNotFoundError(errno.ENOENT, "no such folder", parent)
        return self.folders[parent], name

    def _find(self, path: str) -> int:
        folder, name = self._parent(path)
        inode = folder.visible.get(name)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return inode

    def _absent(self, path: str) -> None:
        folder, name = self._parent(path)
        if name in folder.visible:
            raise FileExistsError(errno.EEXIST, "is there", path)

    def _change(self, path: str, inode: int | None, there: bool) -> None:
        folder, name = self._parent(path)
        folder.pending.append((name, inode, there))
        if there:
            folder.visible[name] = inode
        else:
            del folder.visible[name]


def _torn(file: File, chance: random.Random | None) -> bytes:
    if chance is None or file.visible == file.durable:
        return file.durable
    size = chance.choice([len(file.durable), len(file.visible), chance.randint(len(file.durable), len(file.visible))])
    kept = bytearray(file.durable.ljust(size, b"\0"))[:size]
    for at in range(0, size, SECTOR):
        if chance.random() < 0.5:
            kept[at : min(at + SECTOR, size)] = file.visible[at : min(at + SECTOR, size)]
    return bytes(kept)
