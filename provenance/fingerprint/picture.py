"""The digest and the perceptual hash of one decoded picture.

`pixel_sha256` names the pixels, not the file: SHA-256 over

    b"pixels-v1\\0" + mode + b"\\0" + width + b"x" + height + b"\\0" + samples

where mode is `RGB` or `RGBA`, width and height are decimal, and samples are the 8-bit rows from the top, interleaved
and unpadded. Before that, grey and palette become RGB; an alpha that is opaque everywhere is dropped; the colour of a
pixel whose alpha is 0 becomes black, for nobody sees it and lossless WebP changes it. So PNG, TIFF and lossless WebP of
the same picture agree.

`phash_64` is `imagehash.phash` of the very picture given, its 64 bits as in imagehash's hex string: row by row, the
first bit the most significant. A hash of a reduced decode is another number and must have another name.

Orientation and colour profile are the caller's to apply first.
"""

from __future__ import annotations

import hashlib
from typing import Any

import imagehash
import numpy as np
import scipy.fftpack  # noqa: F401  imagehash imports it at first use: too late in a child that may open no file
from PIL import Image

_STRIP_BYTES = 1 << 20


def measure(image: Image.Image) -> dict[str, Any]:
    """Return width, height, pixel_sha256 and phash_64 of a decoded picture, under the names of the picture columns.

    The picture must be 8 bits a sample (modes 1, L, LA, P, PA, RGB, RGBA); ValueError for any other mode, whose
    way to 8 bits is a decision that only its reader can take.
    """
    return {
        "width": image.width,
        "height": image.height,
        "pixel_sha256": pixel_sha256(image),
        "phash_64": phash_64(image),
    }


def pixel_sha256(image: Image.Image) -> str:
    """Return the hex SHA-256 of the pixels in the canonical form above."""
    image = _canonical(image)
    digest = hashlib.sha256(f"pixels-v1\0{image.mode}\0{image.width}x{image.height}\0".encode())
    # Strips keep the packed copy small: a picture at the pixel cap would otherwise need its own size again.
    rows = max(1, _STRIP_BYTES // (image.width * len(image.mode)))
    for top in range(0, image.height, rows):
        digest.update(image.crop((0, top, image.width, min(top + rows, image.height))).tobytes())
    return digest.hexdigest()


def phash_64(image: Image.Image) -> int:
    """Return `imagehash.phash(image)` as an unsigned 64-bit integer."""
    return int.from_bytes(np.packbits(imagehash.phash(image).hash).tobytes(), "big")


def _canonical(image: Image.Image) -> Image.Image:
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise ValueError(f"a picture of mode {image.mode} has no 8-bit RGB form of its own")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")  # convert would copy
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    lowest = alpha.getextrema()[0]
    if lowest == 255:
        return image.convert("RGB")
    if lowest == 0:
        seen = Image.new("RGBA", image.size)
        seen.paste(image, mask=alpha.point([0] + [255] * 255))
        return seen
    return image
