"""All digests of a file in one pass over its bytes: ours, and whatever a custody list asks for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import xxhash

from provenance.model.errors import Quarantined
from provenance.model.words import Cause

_CHUNK = 1 << 20
_C4_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

# By the names that ASC MHL and BagIt use. md5, sha1 and the xxHash family prove that bytes survived a copy, not that
# nobody meant to change them; the house's own digest is sha256, always.
_MAKERS: dict[str, Callable[[], Any]] = {
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
    "c4": hashlib.sha512,
    "xxh64": xxhash.xxh64,
    "xxh3": xxhash.xxh3_64,
    "xxh128": xxhash.xxh3_128,
}

ALGORITHMS = frozenset(_MAKERS)


def hash_file(descriptor: int, algorithms: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Return the digests of an open file by algorithm: lower-case hex, or a C4 id (SMPTE ST 2114) for `c4`.

    The descriptor's position is neither used nor moved. Quarantined(CHANGED) when the file ends before, or goes on
    after, the size it had at the start; Quarantined(UNREADABLE) when the file system fails. KeyError for an algorithm
    that is not in ALGORITHMS.
    """
    states = {name: _MAKERS[name]() for name in algorithms}
    with _reading():
        size, at = os.fstat(descriptor).st_size, 0
        buffer = memoryview(bytearray(min(_CHUNK, size + 1)))
        while at <= size and (count := os.preadv(descriptor, [buffer], at)):
            at += count
            for state in states.values():
                state.update(buffer[:count])
    _same_size(size, at)
    return {name: _shown(name, state) for name, state in states.items()}


def read_file(descriptor: int, algorithms: Iterable[str] = ("sha256",)) -> tuple[bytes, dict[str, str]]:
    """Return the bytes of an open file, all of them in memory, and their digests; errors as of `hash_file`."""
    with _reading():
        size = os.fstat(descriptor).st_size
        data = os.pread(descriptor, size + 1, 0)
        while len(data) <= size and (part := os.pread(descriptor, size + 1 - len(data), len(data))):
            data += part
    _same_size(size, len(data))
    return data, {name: hash_bytes(data, name) for name in algorithms}


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Quarantined(Cause.UNREADABLE, f"the file system refused to read on: {error.strerror}") from error


def _same_size(before: int, read: int) -> None:
    if read != before:
        raise Quarantined(Cause.CHANGED, f"the file {'grew' if read > before else 'shrank'} while it was read")


def hash_bytes(data: bytes, algorithm: str) -> str:
    """Return the digest of bytes, in the form of `hash_file`."""
    state = _MAKERS[algorithm]()
    state.update(data)
    return _shown(algorithm, state)


def _shown(name: str, state: Any) -> str:
    if name != "c4":
        return str(state.hexdigest())
    number, digits = int.from_bytes(state.digest(), "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _C4_DIGITS[digit] + digits
    return "c4" + digits.rjust(88, "1")
