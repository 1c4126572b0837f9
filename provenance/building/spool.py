"""Items of an asset, held back until the asset is whole.

A shard holds only assets that were read to their end, so what a child sends waits here: in memory while small, in an
unlinked temporary file beyond that.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator
from typing import IO, Any

IN_MEMORY_BYTES = 64 * 1024 * 1024

_LENGTHS = struct.Struct("<QQ")
_ITEM_BYTES = 32 * 1024  # what an item takes beside its payload, fingerprints in hex, about

Held = tuple[dict[str, Any], bytes]


class Spool:
    """Append headers (plain JSON) and payloads; read them back once, in order."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._held: list[Held] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self.count = 0

    def append(self, header: dict[str, Any], payload: bytes) -> None:
        self._held.append((header, payload))
        self._bytes += len(payload) + _ITEM_BYTES
        self.count += 1
        if self._bytes > IN_MEMORY_BYTES:
            self._spill()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        for header, payload in self._held:
            text = json.dumps(header).encode()
            self._file.write(_LENGTHS.pack(len(text), len(payload)))
            self._file.write(text)
            self._file.write(payload)
        self._held, self._bytes = [], 0

    def drain(self) -> Iterator[Held]:
        """Yield all that was appended, and close."""
        held, self._held = self._held, []
        if self._file is not None:
            self._file.seek(0)
            for _ in range(self.count - len(held)):
                text, payload = _LENGTHS.unpack(self._file.read(_LENGTHS.size))
                yield json.loads(self._file.read(text)), self._file.read(payload)
        yield from held
        self.discard()

    def discard(self) -> None:
        self._held = []
        if self._file is not None:
            self._file.close()
