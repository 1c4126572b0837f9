"""One proven read: the item's bytes, from the shard opened beneath the dataset's root, checked by the item's digest."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from provenance.dataset.shard import load_item
from provenance.dataset.store import Store
from provenance.training.places import Places

MOST_OPEN = 512  # descriptors of shards that one process keeps


class Reader:
    """Reads items of `places`. May be pickled, forked or spawned: each process opens what it needs when it needs it."""

    def __init__(self, root: Path | str, places: Places) -> None:
        self.places = places
        self._store = Store(root)
        self._handles: dict[int, int] = {}
        self._lock, self._process = threading.Lock(), os.getpid()

    def payload(self, at: int) -> bytes:
        """Return the payload of the item at a position of `places`. ChangedError, MissingError."""
        places = self.places
        shard = int(places.shard[at])
        info = places.shards[shard]
        if self._process != os.getpid():
            # After a fork: another thread may have held the lock. The descriptors stay good, `pread` has no position.
            self._lock, self._process = threading.Lock(), os.getpid()
        with self._lock:
            handle = self._handles.get(shard)
            if handle is None:
                if len(self._handles) >= MOST_OPEN:
                    os.close(self._handles.pop(next(iter(self._handles))))
                handle = self._handles[shard] = self._store.open(info.path)
            digest = places.payload_sha256[at].tobytes()
            return load_item(handle, int(places.offset[at]), int(places.length[at]), digest, info.path)

    def close(self) -> None:
        """Close all descriptors; the next read opens again."""
        while self._handles:
            os.close(self._handles.popitem()[1])

    def __del__(self) -> None:
        if hasattr(self, "_handles"):
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self._store.root, "places": self.places}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["root"], state["places"])  # type: ignore[misc]
