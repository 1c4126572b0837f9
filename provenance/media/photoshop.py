"""Photoshop PSD and PSB (Adobe Photoshop File Formats Specification): the merged picture, with the layers counted.

Photoshop stores the flattened picture behind the layers unless told not to ("maximize compatibility" off). It is read
here without any library, 8 or 16 bits, bitmap, grey, duotone (as its grey), indexed, RGB, CMYK and Lab, and becomes the
rendition of `_render`, colour profile applied. Where a file says that its merged picture is not real, psd-tools
composites the layers instead, and the rendition says so; without that extra the file waits in quarantine.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.media import _render
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "photoshop"
VERSION = 1
PRIORITY = 10
OPTIONS = ("max_pixels",)

MEDIA_TYPE = "image/vnd.adobe.photoshop"

_BITMAP, _GRAY, _INDEXED, _RGB, _CMYK, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 8, 9
_MODELS = {
    _BITMAP: "gray",
    _GRAY: "gray",
    _INDEXED: "indexed",
    _RGB: "RGB",
    _CMYK: "CMYK",
    _DUOTONE: "gray",
    _LAB: "Lab",
}
_COLOURS = {_BITMAP: 1, _GRAY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _DUOTONE: 1, _LAB: 3}

_ICC_PROFILE, _VERSION_INFO = 1039, 1057
_LONG_BLOCKS = frozenset((b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2"))
_LONG_BLOCKS |= {b"FEid", b"FXid", b"PxSD", b"lnkE", b"pths", b"cinf"}
_MAX_PROFILE_BYTES = 16 << 20
_READ_AT_ONCE = 1 << 20


@dataclass(slots=True)
class _Document:
    """What stands before the merged picture."""

    long: bool  # PSB: lengths of eight bytes in places
    channels: int
    height: int
    width: int
    depth: int
    mode: int
    palette: bytes = b""
    resources: dict[int, bytes] = field(default_factory=dict)
    layers: int = 0
    alpha: bool = False  # the first extra channel is the merged picture's transparency

    @property
    def merged(self) -> bool:
        """False only where the file says outright that the merged picture is a blank."""
        return self.resources.get(_VERSION_INFO, b"\0\0\0\0\1")[4:5] != b"\0"


def preload() -> None:
    """Import the extra where it is installed, and what it imports itself at its first composite."""
    with suppress(ImportError):
        for name in ("psd_tools.composite", "scipy.ndimage"):
            importlib.import_module(name)


def sniff(source: Source) -> str | None:
    return MEDIA_TYPE if source.head[:6] in (b"8BPS\0\1", b"8BPS\0\2") else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    return _render.items(source, partial(_read, options=options))


def _read(file: BinaryIO, name: str, *, options: Options) -> Iterator[_render.Rendered]:
    with _render.decoding("Photoshop file", options):
        document = _document(file, options)
        if document.merged:
            image, origin = _merged(file, document), "merged"
        else:
            image, origin = _composited(file), "composited"
        if (icc := document.resources.get(_ICC_PROFILE)) and document.mode != _LAB:
            image.info["icc_profile"] = icc
        shown, profile = _render.to_srgb(image)
        plain, payload = _render.rendition(shown)
        yield _render.Rendered(
            plain,
            payload,
            "image/png",
            f"{origin}-{_render.PNG_RENDITION}",
            common={
                "original_media_type": MEDIA_TYPE,
                "original_bit_depth": document.depth,
                "original_color_space": _MODELS[document.mode],
            },
            art={"layers": document.layers, "icc_profile": profile},
        )


def _document(file: BinaryIO, options: Options) -> _Document:
    """Read up to the merged picture, and leave the file there."""
    _, version, channels, height, width, depth, mode = struct.unpack(">4sH6xHIIHH", _exactly(file, 26))
    _render.check_size(width, height, options)
    if mode not in _COLOURS or depth not in (1, 8, 16) or not _COLOURS[mode] <= channels <= 56:
        what = f"the Photoshop file has colour mode {mode}, {channels} channels of {depth} bits, which is not read"
        raise Quarantined(Cause.UNSUPPORTED, what)
    document = _Document(version == 2, channels, height, width, depth, mode)
    document.palette = _section(file)
    resources = _section(file)
    _resources(resources, document)
    length = _number(file, document.long)
    end = file.tell() + length
    if length:
        _layers(file, document, end)
    file.seek(end)
    return document


def _exactly(file: BinaryIO, count: int) -> bytes:
    if count > _READ_AT_ONCE:  # a header's lie must not become an allocation
        here = file.tell()
        count, claimed = min(count, file.seek(0, 2) - here), count
        file.seek(here)
    else:
        claimed = count
    data = file.read(count)
    if len(data) < claimed:
        raise Quarantined(Cause.TRUNCATED, "the Photoshop file ends early")
    return data


def _number(file: BinaryIO, long: bool) -> int:
    return int.from_bytes(_exactly(file, 8 if long else 4), "big")


def _section(file: BinaryIO) -> bytes:
    return _exactly(file, _number(file, False))


def _resources(data: bytes, document: _Document) -> None:
    """Keep the image resources that matter: signature, id, padded name, length, padded data."""
    at = 0
    while at + 12 <= len(data) and data[at : at + 4] in (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"):
        (number,) = struct.unpack_from(">H", data, at + 4)
        at += 6 + (data[at + 6] + 2 & ~1)
        if at + 4 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, at)
        if number in (_ICC_PROFILE, _VERSION_INFO) and length <= _MAX_PROFILE_BYTES:
            document.resources[number] = data[at + 4 : at + 4 + length]
        at += 4 + (length + 1 & ~1)


def _layers(file: BinaryIO, document: _Document, end: int) -> None:
    """Count the layers that hold something: neither groups nor the dividers that close them."""
    length = _number(file, document.long)
    if length:
        _layer_info(file, document, file.tell() + length)
        return
    # 16-bit documents keep their layers in a tagged block behind the (empty) usual place.
    if file.tell() + 4 <= end:
        file.seek(_number(file, False), 1)
    while file.tell() + 12 <= end:
        signature, key = _exactly(file, 4), _exactly(file, 4)
        if signature not in (b"8BIM", b"8B64"):
            return
        length = _number(file, document.long and key in _LONG_BLOCKS)
        after = file.tell() + (length + 3 & ~3)
        if key in (b"Lr16", b"Lr32", b"Layr") and length:
            _layer_info(file, document, after)
        file.seek(after)


def _layer_info(file: BinaryIO, document: _Document, end: int) -> None:
    (count,) = struct.unpack(">h", _exactly(file, 2))
    document.alpha = count < 0
    for _ in range(abs(count)):
        if file.tell() >= end:
            raise Quarantined(Cause.DAMAGED, f"the Photoshop file announces {abs(count)} layers and has fewer")
        (channels,) = struct.unpack(">16xH", _exactly(file, 18))
        _exactly(file, channels * (10 if document.long else 6) + 12)  # channel lengths; blend mode, opacity, flags
        extra = _exactly(file, min(_number(file, False), max(0, end - file.tell())))
        document.layers += not _divides(extra, document.long)


def _divides(extra: bytes, long: bool) -> bool:
    """Whether a layer record is a group's or its end's: it has a section divider setting of kind 1, 2 or 3."""
    at = 0
    for _ in range(2):  # mask data, then blending ranges
        at += 4 + int.from_bytes(extra[at : at + 4], "big")
    at += (extra[at] + 4 & ~3) if at < len(extra) else 0
    while at + 12 <= len(extra):
        key = extra[at + 4 : at + 8]
        size = 8 if long and key in _LONG_BLOCKS else 4
        length = int.from_bytes(extra[at + 8 : at + 8 + size], "big")
        if key in (b"lsct", b"lsdk"):
            return int.from_bytes(extra[at + 12 : at + 16], "big") in (1, 2, 3)
        at += 8 + size + (length + 1 & ~1)
    return False


def _merged(file: BinaryIO, document: _Document) -> Image.Image:
    colours = _COLOURS[document.mode]
    alpha = document.alpha and document.channels > colours and document.mode in (_GRAY, _RGB)
    planes = _planes(file, document, colours + alpha)
    if document.mode == _BITMAP:
        return Image.frombytes(
            "1", (document.width, document.height), bytes(255 - byte for byte in planes[0].tobytes())
        )
    if document.mode == _INDEXED:
        image = Image.fromarray(planes[0], "P")
        image.putpalette(bytes(document.palette[channel * 256 + i] for i in range(256) for channel in range(3)))
        return image
    mode = {_RGB: "RGB", _CMYK: "CMYK", _LAB: "LAB"}.get(document.mode, "L") + "A" * alpha
    if document.mode == _CMYK:
        planes = [255 - plane for plane in planes]  # stored as the light that is left
    if alpha:
        planes = [_off_white(plane, planes[-1]) for plane in planes[:-1]] + planes[-1:]
    return Image.merge(mode, [Image.fromarray(np.ascontiguousarray(plane)) for plane in planes])


def _off_white(plane: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take out the white that Photoshop mixes into the merged picture wherever it is transparent."""
    opacity = np.maximum(alpha, 1).astype(np.int32)
    colour = (plane.astype(np.int32) - 255 + alpha) * 255
    return np.clip((colour + opacity // 2) // opacity, 0, 255).astype(np.uint8)


def _planes(file: BinaryIO, document: _Document, wanted: int) -> list[NDArray[np.uint8]]:
    """Return the first planes of the merged picture as 8-bit rows (whole bytes of eight pixels for bitmaps)."""
    compression = int.from_bytes(_exactly(file, 2), "big")
    row = -(-document.width * document.depth // 8)
    if compression == 0:
        raw = [_exactly(file, row * document.height) for _ in range(wanted)]
    elif compression == 1:
        raw = _unpacked(file, document, row, wanted)
    else:
        raise Quarantined(Cause.UNSUPPORTED, f"the merged picture has compression {compression}, which is not read")
    planes = [np.frombuffer(plane, np.uint8).reshape(document.height, row) for plane in raw]
    return [plane[:, ::2] for plane in planes] if document.depth == 16 else planes  # the high byte comes first


def _unpacked(file: BinaryIO, document: _Document, row: int, wanted: int) -> list[bytes]:
    """Undo PackBits. The byte counts of all rows of all channels stand first."""
    size = 4 if document.long else 2
    counts = np.frombuffer(_exactly(file, size * document.height * document.channels), f">u{size}")
    planes = []
    for channel in range(wanted):
        packed = _exactly(file, int(counts[channel * document.height : (channel + 1) * document.height].sum()))
        # Pillow's decoder is a C loop that never writes outside the rows it was promised.
        image = Image.frombytes("L", (row, document.height), packed, "packbits", "L")
        planes.append(image.tobytes())
    return planes


def _composited(file: BinaryIO) -> Image.Image:
    try:
        library: Any = importlib.import_module("psd_tools")
    except ImportError:
        what = "the file has no merged picture; compositing its layers needs psd-tools: install provenance[art]"
        raise Quarantined(Cause.EXTRA_MISSING, what) from None
    file.seek(0)
    document = library.PSDImage.open(file)
    image = document.composite(force=True, apply_icc=False)
    if image is None:
        raise Quarantined(Cause.UNSUPPORTED, "the file has neither a merged picture nor layers that can be composited")
    result: Image.Image = image
    return result
