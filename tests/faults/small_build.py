"""The shortest build there is: three objects, two of them in new folders, and the entry that names them."""

from __future__ import annotations

import hashlib
import json

from forgetful import ForgetfulDisk, Tree

from provenance.dataset.store import TEMPS, Store

OBJECTS = (("data/frames", b"one frame " * 20), ("data/art", b"a drawing" * 23), ("index", b"where all of it is " * 9))


def first_version() -> Tree:
    """A disk's content with version 1, of one object, durable."""
    disk = ForgetfulDisk()
    _publish(Store("/forgetful", disk), 1, (("data/frames", b"the first frame"),))
    return disk.tree()


def build(disk: ForgetfulDisk) -> None:
    """Commit version 2, or find that it is committed. Run again after a crash, it ends in the same place."""
    store = Store("/forgetful", disk)
    store.sweep()
    _publish(store, 2, OBJECTS)


def _publish(store: Store, number: int, objects: tuple[tuple[str, bytes], ...]) -> None:
    stored = [store.put_bytes(folder, ".parquet", data) for folder, data in objects]
    entry = json.dumps({"number": number, "objects": {found.path: found.sha256 for found in stored}})
    store.commit("versions", number, entry.encode())


def head(tree: Tree) -> int:
    """Return the newest version that a disk's content holds. AssertionError when it is not whole."""
    store = Store("/forgetful", ForgetfulDisk.holding(tree))
    numbers = store.numbers("versions")
    assert numbers in ([1], [1, 2]), f"versions {numbers}"
    for number in numbers:
        try:
            told = json.loads(tree[f"versions/{number:06d}.json"] or b"")
        except ValueError as error:
            raise AssertionError(f"version {number} is torn") from error
        assert told["number"] == number
        for path, sha256 in told["objects"].items():
            content = tree.get(path)
            assert content is not None, f"{path} is gone"
            assert hashlib.sha256(content).hexdigest() == sha256, f"{path} is torn"
    return numbers[-1]


def outside_temps(tree: Tree) -> Tree:
    return {path: content for path, content in tree.items() if not path.startswith(TEMPS)}
