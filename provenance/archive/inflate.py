"""Streamed decompression in bounded memory: a little input at a time, a bounded piece of output at a time."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from provenance.archive.member import CHUNK
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

_INPUT = 1 << 14
_XZ_MEMORY = 128 << 20  # `xz -9` needs 65 MiB


class _Zlib:
    """zlib's decompressor with the manners of those of bz2 and lzma."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, most)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


_MAKERS: dict[str, Callable[[], Any]] = {
    "deflate": lambda: _Zlib(-15),
    "gzip": lambda: _Zlib(31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
}


def inflated(read: Callable[[int], bytes], method: str) -> Iterator[bytes]:
    """Yield the content of a compressed stream (`deflate`, `gzip`, `bzip2`, `xz`) in pieces of at most CHUNK bytes.

    `read(n)` gives up to n bytes and b"" at the end. A `deflate` stream ends by itself; of the others several may
    follow one another, as their tools allow. Quarantined: DAMAGED, TRUNCATED, or MEMORY for a dictionary too large.
    """
    engine, data = _MAKERS[method](), read(_INPUT)
    try:
        while True:
            piece = engine.decompress(data, CHUNK)
            if piece:
                yield piece
            data = b""
            if engine.eof:
                if method == "deflate":
                    return
                data = (engine.unused_data or read(_INPUT)).lstrip(b"\0")  # tape blocks are padded with zeros
                if not data:
                    return
                engine = _MAKERS[method]()
            elif engine.needs_input:
                data = read(_INPUT)
                if not data and not piece:
                    raise Quarantined(Cause.TRUNCATED, "the compressed stream ends before its content does")
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        if "emory" in str(error):
            raise Quarantined(Cause.MEMORY, "the compressed stream asks for too large a dictionary") from error
        raise Quarantined(Cause.DAMAGED, "the compressed stream is damaged") from error
