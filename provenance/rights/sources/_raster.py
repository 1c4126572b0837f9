"""Where still pictures keep their metadata: JPEG, PNG, WebP (and other RIFF), GIF, PSD, DPX, OpenEXR.

Each reader walks the container's own headers by seeking, never decodes a pixel, and yields Parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from provenance.rights.sources import _jumbf
from provenance.rights.sources._part import MAX_PART, MAX_STEPS, Part, Unreadable, inflate, read_at

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_MAX_GIF_BLOCKS = 4_000_000  # in one extension or frame: a gigabyte of full ones


def jpeg(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP (also extended), Exif, Photoshop resources and C2PA of a JPEG, from its segments before the scan."""
    at = 2
    extended: dict[bytes, list[tuple[int, bytes]]] = {}
    credentials: dict[bytes, list[tuple[int, bytes]]] = {}
    resources, held = b"", 0
    for _ in range(MAX_STEPS):
        head = read_at(file, at, 2)
        if head[0] != 0xFF:
            raise Unreadable("the JPEG's segments break off before the picture begins")
        if head[1] == 0xFF:  # fill byte
            at += 1
            continue
        if head[1] in (0xDA, 0xD9):
            break
        if head[1] == 0x01 or 0xD0 <= head[1] <= 0xD8:
            at += 2
            continue
        length = int.from_bytes(read_at(file, at + 2, 2), "big")
        if length < 2:
            raise Unreadable("a JPEG segment has no length")
        if head[1] in (0xE1, 0xEB, 0xED):
            body = read_at(file, at + 4, length - 2)
            held += len(body)
            if held > 2 * MAX_PART:
                raise Unreadable("the JPEG holds more metadata than the cap")
            if head[1] == 0xE1 and body.startswith(_XMP):
                yield Part("xmp", body[len(_XMP) :], "xmp")
            elif head[1] == 0xE1 and body.startswith(_EXTENDED):
                rest = body[len(_EXTENDED) :]
                extended.setdefault(rest[:32], []).append((int.from_bytes(rest[36:40], "big"), rest[40:]))
            elif head[1] == 0xE1 and body.startswith(_EXIF):
                yield Part("exif", body[6:], "exif")
            elif head[1] == 0xEB and body.startswith(b"JP"):
                credentials.setdefault(body[2:4], []).append((int.from_bytes(body[4:8], "big"), body[8:]))
            elif head[1] == 0xED and body.startswith(_PHOTOSHOP):
                resources += body[len(_PHOTOSHOP) :]
        at += 2 + length
    if resources:
        yield Part("resources", resources, "iptc-iim")
    for pieces in extended.values():
        yield Part("xmp", b"".join(piece for _, piece in sorted(pieces)), "xmp-extended")
    for pieces in credentials.values():
        yield Part("c2pa", _rejoin(sorted(pieces)), "c2pa")


def _rejoin(pieces: list[tuple[int, bytes]]) -> bytes:
    """Each later packet of a JUMBF box repeats the box's own header; only the first one keeps it."""
    first = pieces[0][1]
    header = 16 if first[:4] == b"\0\0\0\1" else 8
    return first + b"".join(piece[header:] for _, piece in pieces[1:])


def png(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP, Exif, C2PA and rights texts of a PNG, from all of its chunks, also those behind the picture."""
    at = 8
    for _ in range(MAX_STEPS):
        if at + 12 > size:
            raise Unreadable("the PNG ends without its last chunk")
        head = read_at(file, at, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return
        if kind in (b"iTXt", b"tEXt", b"zTXt", b"eXIf", b"caBX"):
            body = read_at(file, at + 8, length)
            if kind == b"eXIf":
                yield Part("exif", body, "exif")
            elif kind == b"caBX":
                yield Part("c2pa", body, "c2pa")
            else:
                yield from _png_text(kind, body)
        at += 12 + length
    raise Unreadable("the PNG has more chunks than the cap")


def _png_text(kind: bytes, body: bytes) -> Iterator[Part]:
    keyword, _, rest = body.partition(b"\0")
    lowered = keyword.lower()
    wanted = lowered in (b"xml:com.adobe.xmp", b"copyright", b"disclaimer", b"license", b"usageterms")
    if not wanted and not lowered.startswith(b"raw profile type"):
        return
    if kind == b"iTXt":
        compressed, rest = rest[:1] == b"\1", rest[2:]
        text = rest.partition(b"\0")[2].partition(b"\0")[2]
        text = inflate(text) if compressed else text
    else:
        text = inflate(rest[1:]) if kind == b"zTXt" else rest
    if lowered == b"xml:com.adobe.xmp":
        yield Part("xmp", text, "xmp")
    elif lowered.startswith(b"raw profile type"):
        yield from _raw_profile(lowered, text)
    else:
        plain = text if kind == b"iTXt" else text.decode("latin-1").encode()
        yield Part("text", plain, f"png-{lowered.decode('ascii')}")


def _raw_profile(keyword: bytes, text: bytes) -> Iterator[Part]:
    """The hexadecimal wrapping in which ImageMagick puts metadata: a name, a length, then digits over many lines."""
    try:
        data = bytes.fromhex(b"".join(text.split()[2:]).decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        raise Unreadable("a raw profile in the PNG is damaged") from None
    if keyword.endswith(b"xmp"):
        yield Part("xmp", data, "xmp")
    elif keyword.endswith((b"iptc", b"8bim")):
        yield Part("resources", data, "iptc-iim")
    elif keyword.endswith((b"exif", b"app1")):
        is_xmp = data.startswith(_XMP)
        yield Part("xmp", data[len(_XMP) :], "xmp") if is_xmp else Part("exif", data.removeprefix(b"Exif\0\0"), "exif")


def riff(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP, Exif and C2PA of WebP, AVI or WAVE, from their RIFF chunks."""
    at = 12
    for _ in range(MAX_STEPS):
        if at + 8 > size:
            return
        head = read_at(file, at, 8)
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        names = {b"XMP ": "xmp", b"_PMX": "xmp", b"EXIF": "exif", b"C2PA": "c2pa"}
        if kind in names:
            body = read_at(file, at + 8, length)
            yield Part(names[kind], body.removeprefix(b"Exif\0\0"), names[kind])
        at += 8 + length + (length & 1)
    raise Unreadable("more RIFF chunks than the cap")


def gif(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP and C2PA of a GIF, from its application extensions, and its comments."""
    flags = read_at(file, 10, 1)[0]
    at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    for _ in range(MAX_STEPS):
        if at >= size:
            raise Unreadable("the GIF ends without its trailer")
        kind = read_at(file, at, 1)[0]
        if kind == 0x3B:
            return
        if kind == 0x21:
            label = read_at(file, at + 1, 1)[0]
            if label == 0xFF and read_at(file, at + 2, 1)[0] == 11:
                name = read_at(file, at + 3, 11)
                raw, at = _gif_blocks(file, size, at + 14, keep=name in (b"XMP DataXMP", b"C2PA_GIF\1\0\0"))
                if name == b"XMP DataXMP":
                    # The packet is not cut in sub-blocks: its bytes serve as lengths until the 258-byte trailer.
                    yield Part("xmp", b"".join(bytes([len(block)]) + block for block in raw)[:-257], "xmp")
                elif name == b"C2PA_GIF\1\0\0":
                    yield Part("c2pa", b"".join(raw), "c2pa")
            else:
                raw, at = _gif_blocks(file, size, at + 2, keep=label == 0xFE)
                if raw:
                    yield Part("text", b"".join(raw).decode("latin-1").encode(), "gif-comment")
        elif kind == 0x2C:
            flags = read_at(file, at + 9, 1)[0]
            at += 10 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
            _, at = _gif_blocks(file, size, at + 1, keep=False)
        else:
            raise Unreadable("the GIF's blocks break off")
    raise Unreadable("the GIF has more blocks than the cap")


def _gif_blocks(file: BinaryIO, size: int, at: int, *, keep: bool) -> tuple[list[bytes], int]:
    """Return the sub-blocks from `at` and the offset behind their end."""
    out: list[bytes] = []
    held = 0
    for _ in range(_MAX_GIF_BLOCKS):
        if at >= size:
            break
        length = read_at(file, at, 1)[0]
        if not length:
            return out, at + 1
        if keep:
            held += length
            if held > MAX_PART:
                raise Unreadable("a GIF extension is larger than the cap")
            out.append(read_at(file, at + 1, length))
        at += 1 + length
    raise Unreadable("the GIF ends inside a block")


def psd(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield the image resources of a PSD or PSB, in which XMP, IPTC and Exif lie."""
    at = 26
    at += 4 + int.from_bytes(read_at(file, at, 4), "big")
    length = int.from_bytes(read_at(file, at, 4), "big")
    if length:
        yield Part("resources", read_at(file, at + 4, length), "psd-resources")


def dpx(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield the copyright field of a DPX header (SMPTE ST 268-1, 200 bytes)."""
    if size >= 660:
        text = read_at(file, 460, 200).split(b"\0", 1)[0]
        yield Part("text", text if text.strip(b"\xff") else b"", "dpx-copyright")


def exr(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield owner, copyright and XMP attributes of an OpenEXR header."""
    data = read_at(file, 8, min(size - 8, 1 << 20))
    at = 0
    for _ in range(1000):
        name, _, rest = data[at : at + 512].partition(b"\0")
        kind, _, rest = rest.partition(b"\0")
        if not name or len(rest) < 4:
            return
        start = at + len(name) + len(kind) + 2
        length = int.from_bytes(data[start : start + 4], "little", signed=True)
        if length < 0:
            raise Unreadable("an OpenEXR attribute has a negative size")
        if kind == b"string" and name in (b"owner", b"copyright", b"xmp"):
            value = data[start + 4 : start + 4 + length]
            yield Part("xmp" if name == b"xmp" else "text", value, "xmp" if name == b"xmp" else f"exr-{name.decode()}")
        at = start + 4 + length


def bare_store(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield a credential store that lies in a file of its own (`.c2pa`)."""
    data = read_at(file, 0, min(size, MAX_PART))
    if _jumbf.find(data) == 0:
        yield Part("c2pa", data, "c2pa")
