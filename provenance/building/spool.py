"""Items of an asset, held back until the asset is whole.

A shard holds only assets that were read to their end, so what a child sends waits here: in memory while small, in an
unlinked temporary file beyond that.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator
from typing import Any

IN_MEMORY_BYTES = 64 * 1024 * 1024

_LENGTHS = struct.Struct("<QQ")


class Spool:
    """Append headers and payloads; read them back once, in order."""

    def __init__(self, folder: str) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=folder)  # noqa: SIM115
        self.count = 0

    def append(self, header: dict[str, Any], payload: bytes) -> None:
        text = json.dumps(header).encode()
        self._file.write(_LENGTHS.pack(len(text), len(payload)))
        self._file.write(text)
        self._file.write(payload)
        self.count += 1

    def drain(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield all that was appended, and close."""
        self._file.seek(0)
        for _ in range(self.count):
            text, payload = _LENGTHS.unpack(self._file.read(_LENGTHS.size))
            yield json.loads(self._file.read(text)), self._file.read(payload)
        self._file.close()

    def discard(self) -> None:
        self._file.close()
