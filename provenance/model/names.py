"""File names as people may see them: raw bytes kept, shown escaped.

A path inside an archive is bytes. Its display form is a `str` that is unique to those bytes, printable on one line,
free of bidirectional controls, and equal to the path itself for ordinary UTF-8 names. A backslash starts an escape:
`\\n` newline, `\\xNN` one byte, `\\uNNNN` and `\\UNNNNNNNN` one character, `\\\\` one backslash.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(r"\\(?:(n)|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\\)|)")


def display(path: bytes) -> str:
    """Return the display form of a path; `raw` undoes it exactly."""
    out: list[str] = []
    for char in path.decode("utf-8", "surrogateescape"):
        code = ord(char)
        if char == "\\":
            out.append("\\\\")
        elif char == "\n":
            out.append("\\n")
        elif 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code < 0x20 or code == 0x7F:
            out.append(f"\\x{code:02x}")
        elif unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"):
            out.append(f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
        else:
            out.append(char)
    return "".join(out)


def raw(text: str) -> bytes:
    """Return the bytes that `display` showed. ValueError for an escape that `display` never writes."""
    out, at = b"", 0
    for match in _ESCAPE.finditer(text):
        newline, byte, char, wide, backslash = match.groups()
        if not any(match.groups()):
            raise ValueError(f"unknown escape in {text!r}")
        if newline:
            plain = b"\n"
        elif byte:
            plain = bytes([int(byte, 16)])
        elif char or wide:
            plain = chr(int(char or wide, 16)).encode()
        else:
            plain = backslash.encode()
        out, at = out + text[at : match.start()].encode() + plain, match.end()
    return out + text[at:].encode()
