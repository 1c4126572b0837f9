"""A small CBOR reader (RFC 8949) for content credentials: bounded, no code in the data, nothing but plain values."""

from __future__ import annotations

import struct
from typing import Any

MAX_DEPTH = 32
MAX_VALUES = 200_000


class CborError(ValueError):
    """The bytes are not the CBOR that they should be, or exceed the bounds."""


class _Break:
    """What ends a value of indefinite length."""


_BREAK = _Break()


def decode(data: bytes | memoryview) -> Any:
    """Return the first value in `data`; bytes after it are ignored, since credentials pad with zeros.

    Maps become dicts (a later twin key loses: the first is what other readers see), tags give the value they wrap.
    CborError for anything malformed, deeper than MAX_DEPTH or richer than MAX_VALUES.
    """
    return _Reader(memoryview(data)).value(0)


def encode_bytes(value: bytes) -> bytes:
    """Return a byte string as CBOR."""
    return _head(2, len(value)) + value


def signature1(protected: bytes, payload: bytes) -> bytes:
    """Return the bytes that a COSE_Sign1 signature covers (RFC 9052 section 4.4), with no external data."""
    return _head(4, 4) + _head(3, 10) + b"Signature1" + encode_bytes(protected) + b"\x40" + encode_bytes(payload)


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << (8 * width):
            return bytes([major << 5 | code]) + size.to_bytes(width, "big")
    raise CborError("too long for CBOR")


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data, self.at, self.values = data, 0, 0

    def take(self, size: int) -> memoryview:
        if size > len(self.data) - self.at:
            raise CborError("ends in the middle of a value")
        self.at += size
        return self.data[self.at - size : self.at]

    def size(self, info: int) -> int | None:
        """The number after an initial byte; None for indefinite length."""
        if info < 24:
            return info
        if info <= 27:
            return int.from_bytes(self.take(1 << (info - 24)), "big")
        if info == 31:
            return None
        raise CborError("reserved length")

    def value(self, depth: int) -> Any:
        value = self.any(depth)
        if value is _BREAK:
            raise CborError("an end without its beginning")
        return value

    def any(self, depth: int) -> Any:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            raise CborError("nested too deeply or too many values")
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self.simple(info)
        size = self.size(info)
        if major in (2, 3):
            raw = self.string(major, size, depth)
            return raw if major == 2 else self.text(raw)
        if major == 4:
            return self.array(size, depth)
        if major == 5:
            return self.map(size, depth)
        if size is None:
            raise CborError("a number of indefinite length")
        if major == 6:
            return self.value(depth + 1)
        return size if major == 0 else -1 - size

    def string(self, major: int, size: int | None, depth: int) -> bytes:
        if size is not None:
            return bytes(self.take(size))
        parts = []
        while (part := self.any(depth + 1)) is not _BREAK:
            if not isinstance(part, (bytes, str)) or isinstance(part, str) != (major == 3):
                raise CborError("a string made of other things")
            parts.append(part if isinstance(part, bytes) else part.encode())
        return b"".join(parts)

    @staticmethod
    def text(raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise CborError("text that is not UTF-8") from None

    def array(self, size: int | None, depth: int) -> list[Any]:
        if size is not None:
            return [self.value(depth + 1) for _ in range(size)]
        out = []
        while (item := self.any(depth + 1)) is not _BREAK:
            out.append(item)
        return out

    def map(self, size: int | None, depth: int) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        left = size
        while left is None or left > 0:
            key = self.any(depth + 1)
            if key is _BREAK and left is None:
                break
            if not isinstance(key, (str, int, bytes)):
                raise CborError("a map key that is neither text, number nor bytes")
            out.setdefault(key, self.value(depth + 1))
            left = None if left is None else left - 1
        return out

    def simple(self, info: int) -> Any:
        if info in (20, 21):
            return info == 21
        if info in (22, 23):
            return None
        if info == 24:
            return self.take(1)[0]
        if info in (25, 26, 27):
            form, width = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}[info]
            return struct.unpack(form, self.take(width))[0]
        if info == 31:
            return _BREAK
        return info
