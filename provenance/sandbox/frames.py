"""What travels on the socket between the parent and a locked child: a kind, a JSON object, raw bytes.

A frame is 13 bytes (kind, length of the JSON, length of the body; big-endian), the JSON in UTF-8, the body. The first
descriptors of a job come with the first byte of its JOB frame (SCM_RIGHTS), the others in batches after it, and their
number stands in the place of the body's length. Whatever a child sends is hostile until read here: lengths are checked
before anything is allocated, the JSON must be an object of plain values, text must be Unicode. Never pickle.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

PREFIX = struct.Struct("!cIQ")
JOB, ITEM, DONE, FAILED = b"J", b"I", b"D", b"F"

# One byte each, outside of frames: from a child when its lock has closed; after each batch of descriptors but the last.
LOCKED, MORE = b"L", b"+"

# SCM_MAX_FD is 253.
BATCH = 250

_PATH = re.compile(r"(?<![\w./])/(?:[^\s/'\":]+/)+[^\s/'\":,)]*")


class BadFrame(Exception):
    """The other side does not speak the protocol."""


class Prefix(NamedTuple):
    kind: bytes
    header_length: int
    body_length: int


def pack(kind: bytes, header: Mapping[str, Any], body_length: int = 0) -> bytes:
    """Return prefix and JSON; the body goes after them. ValueError or TypeError for what plain JSON cannot say."""
    text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return PREFIX.pack(kind, len(text), body_length) + text


def read_prefix(raw: bytes) -> Prefix:
    return Prefix(*PREFIX.unpack(raw))


def read_header(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`. BadFrame for anything else: NaN, half a surrogate pair, a nesting too deep."""
    try:
        header = json.loads(raw.decode(), parse_constant=_no_constant)
        if b"\\u" in raw:
            json.dumps(header, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadFrame(type(error).__name__) from None
    if not isinstance(header, dict):
        raise BadFrame("not an object")
    return header


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def sentence(text: str, longest: int = 300) -> str:
    """Return a child's text as one clean line: no control or bidirectional characters, no absolute paths, not long."""
    text = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text[: 8 * longest])
    text = _PATH.sub("(path)", " ".join(text.split()))
    return text if len(text) <= longest else text[: longest - 1] + "…"
