"""File formats that no everyday library writes the way a studio's tools do: DPX, 16-bit RGB PNG, OpenRaster, XMP."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

_THEN = (2026, 1, 5, 9, 0, 0)


def zip_file(path: Path, files: dict[str, bytes]) -> None:
    """Write a zip whose bytes depend on its content alone; `mimetype` is stored plainly, as its readers expect."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _THEN)
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, data)


def png_bytes(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def rgb16_png(path: Path, picture: Image.Image) -> None:
    """Write 16 bits a channel, with a gradient in the low bits that eight bits could not hold."""
    wide = np.asarray(picture, dtype=np.uint16) * 257
    wide[..., 2] ^= (np.arange(wide.shape[1], dtype=np.uint16) & 0xFF)[None, :]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide)
    height, width = wide.shape[:2]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 16, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    )


def dpx(path: Path, picture: Image.Image, number: int) -> None:
    """Write SMPTE ST 268: 10-bit RGB, three components filled into 32 bits from the top, big-endian."""
    width, height = picture.size
    ten = np.asarray(picture, dtype=np.uint32) * 1023 // 255
    words = (ten[..., 0] << 22 | ten[..., 1] << 12 | ten[..., 2] << 2).astype(">u4").tobytes()
    header = bytearray(b"\xff" * 2048)
    struct.pack_into(">4sI8sIIIII", header, 0, b"SDPX", 2048, b"V1.0", 2048 + len(words), 1, 1664, 384, 0)
    struct.pack_into("100s24s100s200s200s", header, 36, path.name.encode(), b"2026:01:05:09:00:00Z", b"", b"", b"")
    struct.pack_into(">HHII", header, 768, 0, 1, width, height)
    # The one image element: unsigned, RGB, linear transfer left to the user, 10 bits, packing method A, no encoding.
    struct.pack_into(">IIfIfBBBBHHIII", header, 780, 0, 0, 0.0, 1023, 1.0, 50, 2, 2, 10, 1, 0, 2048, 0, 0)
    struct.pack_into(">II", header, 1712, number, 0)  # frame position in the sequence
    path.write_bytes(bytes(header) + words)


def open_raster(path: Path, layers: list[tuple[str, Image.Image]]) -> None:
    """Write an OpenRaster file: layers from the top down, as RGBA of one size, and the merged picture."""
    size = layers[0][1].size
    merged = Image.new("RGBA", size)
    for _, layer in reversed(layers):
        merged.alpha_composite(layer)
    small = merged.copy()
    small.thumbnail((256, 256))
    stack = "".join(f'<layer name="{name}" src="data/{name}.png" x="0" y="0"/>' for name, _ in layers)
    image = f'<image version="0.0.3" w="{size[0]}" h="{size[1]}"><stack>{stack}</stack></image>'
    files = {"mimetype": b"image/openraster", "stack.xml": b'<?xml version="1.0" encoding="UTF-8"?>\n' + image.encode()}
    files |= {f"data/{name}.png": png_bytes(layer) for name, layer in layers}
    zip_file(path, files | {"mergedimage.png": png_bytes(merged), "Thumbnails/thumbnail.png": png_bytes(small)})


def xmp(mining: str) -> bytes:
    """Return an XMP packet in which the artist answers `plus:DataMining`, by the name in the PLUS vocabulary."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<plus:DataMining>http://ns.useplus.org/ldf/vocab/{mining}</plus:DataMining>"
        "<dc:creator><rdf:Seq><rdf:li>Ilse Brandt</rdf:li></rdf:Seq></dc:creator>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
