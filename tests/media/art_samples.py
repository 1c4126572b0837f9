"""Pictures in many formats, drawn and written here byte by byte, for the tests of the art media."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageDraw

from provenance.media.shelf import HEAD_BYTES, Options, Source
from provenance.model.words import Extract


def drawn(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Ramps across and down with a shape in one corner: every turn and mirror of it is another picture."""
    across = np.linspace(0, 255, size[0]).astype(np.uint8)
    down = np.linspace(255, 0, size[1]).astype(np.uint8)
    planes = [np.tile(across, (size[1], 1)), np.tile(down[:, None], (1, size[0])), np.full(size[::-1], 90, np.uint8)]
    image = Image.fromarray(np.stack(planes, axis=2))
    ImageDraw.Draw(image).rectangle((1, 1, 1 + size[0] // 3, 1 + size[1] // 4), fill=(200, 30, 60))
    return image.convert(mode)


def saved(image: Image.Image, form: str, **settings: Any) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **settings)
    return held.getvalue()


def source(*files: bytes, names: Sequence[str] = ("picture",), numbers: Sequence[int] = ()) -> Source:
    opened = tuple(io.BytesIO(data) for data in files)
    return Source(opened, tuple(names), tuple(map(len, files)), files[0][:HEAD_BYTES], tuple(numbers))


def extracted(medium: Any, *files: bytes, options: Options | None = None, **about: Any) -> list[Extract]:
    return list(medium.extract(source(*files, **about), options or Options()))


def payload(extract: Extract) -> Image.Image:
    return Image.open(io.BytesIO(extract.payload))


def tagged(icc: ImageCms.core.CmsProfile | ImageCms.ImageCmsProfile) -> bytes:
    return ImageCms.ImageCmsProfile(icc).tobytes()


def swapped_profile() -> bytes:
    """A valid RGB profile, unlike sRGB: sRGB with the colorants of red and green exchanged."""
    icc, places = _srgb_tags()
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    icc[red : red + 8], icc[green : green + 8] = icc[green : green + 8], icc[red : red + 8]
    return bytes(icc)


def rounded_profile() -> bytes:
    """sRGB as another maker rounds it: its red is brighter by a thousandth."""
    icc, places = _srgb_tags()
    at = int.from_bytes(icc[places[b"rXYZ"] : places[b"rXYZ"] + 4], "big") + 8
    value = int.from_bytes(icc[at : at + 4], "big")
    icc[at : at + 4] = (value + 65).to_bytes(4, "big")
    return bytes(icc)


def _srgb_tags() -> tuple[bytearray, dict[bytes, int]]:
    """The bytes of an sRGB profile, and where in its table each tag's offset stands (ICC.1, 7.3)."""
    icc = bytearray(tagged(ImageCms.createProfile("sRGB")))
    entries = range(132, 132 + 12 * int.from_bytes(icc[128:132], "big"), 12)
    return icc, {bytes(icc[at : at + 4]): at + 4 for at in entries}


def dpx(
    codes: np.ndarray[Any, Any],
    bits: int = 10,
    *,
    order: str = ">",
    packing: int = 1,
    transfer: int = 6,
    descriptor: int = 50,
    orientation: int = 0,
    timecode: int = 0xFFFFFFFF,
    rate: float = 0.0,
) -> bytes:
    """A DPX of code values, height x width x samples, written sample by sample as ST 268-1 describes it."""
    height, width = codes.shape[:2]
    head = bytearray(b"\xff" * 2048)
    head[0:4] = b"SDPX" if order == ">" else b"XPDS"
    head[8:16] = b"V1.0\0\0\0\0"
    struct.pack_into(f"{order}I", head, 4, 2048)
    struct.pack_into(f"{order}HHII", head, 768, orientation, 1, width, height)
    element = (0, 0, 0.0, 0, 0.0, descriptor, transfer, 0, bits, packing, 0, 2048, 0, 0)
    struct.pack_into(f"{order}IIfIfBBBBHHIII", head, 780, *element)
    struct.pack_into(f"{order}I", head, 1920, timecode)
    struct.pack_into(f"{order}f", head, 1940, rate)
    return bytes(head) + b"".join(_dpx_line(line.ravel().tolist(), bits, order, packing) for line in codes)


def _dpx_line(samples: list[int], bits: int, order: str, packing: int) -> bytes:
    if bits == 8:
        line = bytes(samples)
    elif bits == 16 or (bits == 12 and packing):
        shift = 4 if bits == 12 and packing == 1 else 0
        line = b"".join(struct.pack(f"{order}H", value << shift) for value in samples)
    elif packing == 0:
        stream = sum(value << (place * bits) for place, value in enumerate(samples))
        count = -(-len(samples) * bits // 32)
        line = b"".join(struct.pack(f"{order}I", stream >> (32 * word) & 0xFFFFFFFF) for word in range(count))
    else:
        samples = samples + [0] * (-len(samples) % 3)
        low = 2 if packing == 1 else 0
        words = [(a << 20 | b << 10 | c) << low for a, b, c in zip(*[iter(samples)] * 3, strict=True)]
        line = b"".join(struct.pack(f"{order}I", word) for word in words)
    return line + b"\0" * (-len(line) % 4)


def psd(
    planes: Sequence[np.ndarray[Any, Any]],
    mode: int = 3,
    *,
    depth: int = 8,
    long: bool = False,
    packed: bool = True,
    layers: Iterable[int] = (),
    alpha: bool = False,
    icc: bytes = b"",
    palette: bytes = b"",
    real: bool = True,
) -> bytes:
    """A Photoshop file with a merged picture. `layers`: one kind each, 0 a layer, 1 an open group, 3 a group's end."""
    height, width = planes[0].shape
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if long else 1, len(planes), height, width, depth, mode)
    resources = b"8BIM" + struct.pack(">HHI", 1057, 0, 6) + struct.pack(">IBx", 1, real)
    if icc:
        resources += b"8BIM" + struct.pack(">HHI", 1039, 0, len(icc)) + icc + b"\0" * (len(icc) % 2)
    wide = ">Q" if long else ">I"
    records = b"".join(_psd_layer(kind, long) for kind in layers)
    count = len(list(layers))
    info = struct.pack(">h", -count if alpha else count) + records
    section = struct.pack(wide, len(info)) + info + struct.pack(">I", 0) if count else b""
    samples = [plane.astype(">u2" if depth == 16 else np.uint8) for plane in planes]
    if packed:
        rows = [_packbits(row.tobytes()) for plane in samples for row in plane]
        sizes = b"".join(struct.pack(">I" if long else ">H", len(row)) for row in rows)
        picture = struct.pack(">H", 1) + sizes + b"".join(rows)
    else:
        picture = struct.pack(">H", 0) + b"".join(plane.tobytes() for plane in samples)
    parts = [struct.pack(">I", len(palette)), palette, struct.pack(">I", len(resources)), resources]
    return head + b"".join(parts) + struct.pack(wide, len(section)) + section + picture


def _psd_layer(kind: int, long: bool) -> bytes:
    name = b"\x03abc"
    blocks = b"8BIMlyid" + struct.pack(">II", 4, 7)
    if kind:
        blocks += b"8BIMlsct" + struct.pack(">II", 4, kind)
    extra = struct.pack(">II", 0, 0) + name + blocks
    fixed = struct.pack(">iiiiH", 0, 0, 0, 0, 1) + struct.pack(">hQ" if long else ">hI", 0, 2)
    return fixed + b"8BIMnorm" + bytes([255, 0, 0, 0]) + struct.pack(">I", len(extra)) + extra


def _packbits(row: bytes) -> bytes:
    """Literal runs only, and one repeated run where a row is of one value: both kinds are met."""
    if len(row) > 1 and len(set(row)) == 1 and len(row) <= 128:
        return bytes([257 - len(row), row[0]])
    return b"".join(bytes([len(row[at : at + 128]) - 1]) + row[at : at + 128] for at in range(0, len(row), 128))


def layered(media_type: str, members: dict[str, bytes]) -> bytes:
    """A KRA or ORA: the type first and stored, then the members deflated."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), media_type)
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return held.getvalue()
