"""DPX (SMPTE ST 268-1): film scans and plates of 8, 10, 12 or 16 bits, uncompressed RGB, RGBA, ABGR or luminance.

The rendition follows the transfer characteristic in the header. Printing density and logarithmic codes are developed
the Cineon way: 0.002 density a 10-bit code, negative gamma 0.6, reference white 685 and black 95, clipped at both, then
sRGB. Every other code is taken as ready for display and only scaled to 8 bits; that includes "linear" (2), which
writers of integer DPX use for "not logarithmic": integers of these depths cannot carry linear light without banding.
Pixel aspect is not applied. Timecode comes from the television header where it is set.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.media import _render
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "dpx"
VERSION = 1
PRIORITY = 10
OPTIONS = ("max_pixels",)

MEDIA_TYPE = "image/x-dpx"

_UNDEFINED = 0xFFFFFFFF
_ELEMENT_AT, _TELEVISION_AT, _HEADER_BYTES = 780, 1920, 2048

# Descriptor of the image element: where in a pixel's samples red, green, blue and alpha stand.
_ORDERS = {6: (0,), 50: (0, 1, 2), 51: (0, 1, 2, 3), 52: (3, 2, 1, 0)}
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_LOGARITHMIC = (1, 3)

# Orientation: the direction of lines, then of pixels in a line, as the turn that sets them upright.
_TURNS = {
    1: Image.Transpose.FLIP_LEFT_RIGHT,
    2: Image.Transpose.FLIP_TOP_BOTTOM,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.TRANSPOSE,
    5: Image.Transpose.ROTATE_270,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
}

_STRIP_SAMPLES = 1 << 22


@dataclass(frozen=True, slots=True)
class _Header:
    order: str  # byte order, as struct writes it
    width: int
    height: int
    orientation: int
    samples: tuple[int, ...]
    transfer: int
    bits: int
    packing: int  # 0 packed, 1 filled from the top of the word (method A), 2 from the bottom (method B)
    offset: int
    line_bytes: int
    line_gap: int


def sniff(source: Source) -> str | None:
    return MEDIA_TYPE if source.head[:4] in (b"SDPX", b"XPDS") and source.head[8:9] in b"Vv" else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    return _render.items(source, partial(_read, options=options))


def _read(file: BinaryIO, name: str, *, options: Options) -> Iterator[_render.Rendered]:
    with _render.decoding("DPX", options):
        head = file.read(_HEADER_BYTES)
        header = _header(head)
        _render.check_size(header.width, header.height, options)
        logarithmic = header.transfer in _LOGARITHMIC
        pixels = _pixels(file, header, _developed(header.bits) if logarithmic else _scaled(header.bits))
        image = Image.fromarray(pixels, _MODES[len(header.samples)])
        if header.orientation in _TURNS:
            image = image.transpose(_TURNS[header.orientation])
        plain, payload = _render.rendition(image)
        yield _render.Rendered(
            plain,
            payload,
            "image/png",
            f"{'cineon' if logarithmic else 'display'}-{_render.PNG_RENDITION}",
            common={
                "original_media_type": MEDIA_TYPE,
                "original_bit_depth": header.bits,
                "original_color_space": ("gray" if len(header.samples) == 1 else "RGB") + " log" * logarithmic,
            },
            frame={"codec": "dpx", **_timing(head, header)},
        )


def _header(head: bytes) -> _Header:
    """Read the generic headers. Quarantined for what this reader does not know, in words that name it."""
    if len(head) < _ELEMENT_AT + 72:
        raise Quarantined(Cause.TRUNCATED, "the DPX ends inside its header")
    order = ">" if head[:4] == b"SDPX" else "<"
    (offset,) = struct.unpack_from(f"{order}I", head, 4)
    orientation, elements, width, height = struct.unpack_from(f"{order}HHII", head, 768)
    element = struct.unpack_from(f"{order}IIfIfBBBBHHIII", head, _ELEMENT_AT)
    sign, (descriptor, transfer, _, bits), (packing, encoding, data_at, gap) = element[0], element[5:9], element[9:13]
    samples = _ORDERS.get(descriptor)
    if elements != 1 or samples is None:
        what = (
            f"the DPX has {elements} image elements of descriptor {descriptor}; one of RGB, RGBA or luminance is read"
        )
        raise Quarantined(Cause.UNSUPPORTED, what)
    if bits not in (8, 10, 12, 16) or encoding or sign or packing > 2 or (bits == 10 and len(samples) == 1 and packing):
        what = f"the DPX has samples of {bits} bits, packing {packing}, encoding {encoding}, which is not read"
        raise Quarantined(Cause.UNSUPPORTED, what)
    across = width * len(samples)
    if packing == 0 or bits == 8:
        words = -(-across * bits // 32)
    elif bits == 10:
        words = -(-across // 3)
    else:
        words = -(-across // 2)
    start = data_at if data_at not in (0, _UNDEFINED) else offset
    gap = 0 if gap == _UNDEFINED else gap
    return _Header(order, width, height, orientation, samples, transfer, bits, packing, start, 4 * words, gap)


def _pixels(file: BinaryIO, header: _Header, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return height x width (x samples) 8-bit values, read and unpacked in strips of lines."""
    count, step = len(header.samples), header.line_bytes + header.line_gap
    present = max(0, file.seek(0, 2) - header.offset) + header.line_gap  # the last gap may be left out
    if present < header.height * step:
        raise Quarantined(Cause.TRUNCATED, f"the DPX ends after line {present // step} of {header.height}")
    out = np.empty((header.height, header.width, count), np.uint8)
    rows = max(1, _STRIP_SAMPLES // (header.width * count))
    file.seek(header.offset)
    for top in range(0, header.height, rows):
        taken = min(rows, header.height - top)
        data = file.read(taken * step).ljust(taken * step, b"\0")
        lines = np.frombuffer(data, np.uint8).reshape(taken, step)[:, : header.line_bytes]
        codes = _unpacked(np.ascontiguousarray(lines), header)[:, : header.width * count]
        out[top : top + taken] = table[codes].reshape(taken, header.width, count)[..., list(header.samples)]
    return out[..., 0] if count == 1 else out


def _unpacked(lines: NDArray[np.uint8], header: _Header) -> NDArray[Any]:
    """Return the code values of some lines, each line one row; a row may end in a few values of padding."""
    if header.bits == 8:
        return lines
    if header.bits == 16:
        return lines.view(f"{header.order}u2").astype(np.uint16)
    if header.packing == 0:
        return _bitstream(lines.view(f"{header.order}u4"), header.bits)
    if header.bits == 12:
        return (lines.view(f"{header.order}u2") >> (4 if header.packing == 1 else 0)).astype(np.uint16) & 0xFFF
    words = lines.view(f"{header.order}u4")
    low = 2 if header.packing == 1 else 0
    thirds = [(words >> (low + shift)) & 0x3FF for shift in (20, 10, 0)]
    return np.stack(thirds, axis=-1).reshape(len(lines), -1).astype(np.uint16)


def _bitstream(words: NDArray[np.uint32], bits: int) -> NDArray[np.uint16]:
    """Unpack samples that fill 32-bit words from the lowest bit up and run on into the next word."""
    across = words.shape[1] * 32 // bits
    first = np.arange(across) * bits
    # Two neighbouring words side by side hold any sample; one word more stands in behind the last.
    pairs = np.zeros((len(words), words.shape[1] + 1), np.uint64)
    pairs[:, :-1] = words
    joined = pairs[:, :-1] | pairs[:, 1:] << np.uint64(32)
    return ((joined[:, first // 32] >> (first % 32).astype(np.uint64)) & np.uint64((1 << bits) - 1)).astype(np.uint16)


@lru_cache(maxsize=4)
def _scaled(bits: int) -> NDArray[np.uint8]:
    top = (1 << bits) - 1
    return ((np.arange(top + 1) * 255 + top // 2) // top).astype(np.uint8)


@lru_cache(maxsize=4)
def _developed(bits: int) -> NDArray[np.uint8]:
    """The Cineon table of the module's docstring, for codes of any depth."""
    codes = np.arange(1 << bits) * (1023 / ((1 << bits) - 1))
    light = 10 ** ((codes - 685) * 0.002 / 0.6)
    black = 10 ** ((95 - 685) * 0.002 / 0.6)
    return _render.srgb_encoded((light - black) / (1 - black))


def _timing(head: bytes, header: _Header) -> dict[str, Any]:
    """Timecode and rate of the television header, as far as they are set: files without it leave anything there."""
    if len(head) < _HEADER_BYTES or header.offset < _HEADER_BYTES:
        return {}
    (code,) = struct.unpack_from(f"{header.order}I", head, _TELEVISION_AT)
    (rate,) = struct.unpack_from(f"{header.order}f", head, _TELEVISION_AT + 20)
    timing: dict[str, Any] = {}
    if 1 <= rate <= 1000:
        exact = Fraction(round(rate * 1001), 1001) if abs(rate - round(rate)) > 1e-3 else Fraction(round(rate))
        timing = {"frame_rate": f"{exact.numerator}/{exact.denominator}"}
    digits = f"{code:08x}"
    # All zeros without a rate is a header that was never filled in.
    if code != _UNDEFINED and digits.isdecimal() and (code or timing) and digits[2] < "6" and digits[4] < "6":
        timing["timecode"] = ":".join(digits[place : place + 2] for place in (0, 2, 4, 6))
        timing["timecode_rate"] = timing.get("frame_rate")
    return timing
