"""Bytes to text, strictly: a script is UTF-8 (with or without a byte order mark) or UTF-16 with one."""

from __future__ import annotations

import codecs
import re

from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

# Names that promise a medium: content of another class under them is mislabelled.
MEDIA_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *(
            "jpg",
            "jpeg",
            "png",
            "gif",
            "webp",
            "avif",
            "tif",
            "tiff",
            "bmp",
            "tga",
            "exr",
            "dpx",
            "psd",
            "psb",
            "kra",
            "ora",
        ),
        *("mp4", "m4v", "mov", "mxf", "mkv", "webm", "avi", "mpg", "wav", "pdf", "fadein", "celtx"),
    )
)

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")

for _, _name in _BOMS:
    codecs.lookup(_name)  # its module must be in memory before the lock


def read(source: Source, options: Options) -> str:
    """Return the file's text with `\\n` line ends.

    `Quarantined`: bomb past `max_text_bytes`; damaged for bytes that are not the encoding, or hold control characters.
    """
    if source.sizes[0] > options.max_text_bytes:
        raise Quarantined(Cause.BOMB, f"{source.sizes[0]:,} bytes of text, more than {options.max_text_bytes:,}")
    return decode(source.file.read(options.max_text_bytes + 1))


def decode(data: bytes) -> str:
    """Return bytes as text with `\\n` line ends; `Quarantined(damaged)` names the first byte that is not."""
    skip, encoding = next(((len(bom), name) for bom, name in _BOMS if data.startswith(bom)), (0, "utf-8"))
    try:
        text = data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        raise Quarantined(Cause.DAMAGED, f"not {encoding.upper()}: bad byte at {skip + error.start}") from None
    control = _CONTROLS.search(text)
    if control is not None:
        raise Quarantined(Cause.DAMAGED, f"control character 0x{ord(control[0]):02x} in text at {control.start()}")
    return text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)


def peek(source: Source, size: int = 0) -> str | None:
    """Return the beginning of the file as text for a guess (`size` bytes, the head by default), None for binary."""
    data = source.head
    if size > len(data):
        data = source.file.read(size)
    skip, encoding = next(((len(bom), name) for bom, name in _BOMS if data.startswith(bom)), (0, "utf-8"))
    text = data[skip:].decode(encoding, "replace")
    if not data or _CONTROLS.search(text) or text.count("\ufffd") * 20 > len(text):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
