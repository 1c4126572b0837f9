"""The digest and the perceptual hash of one decoded picture.

`pixel_sha256` names the pixels, not the file: SHA-256 over

    b"pixels-v1\\0" + mode + b"\\0" + width + b"x" + height + b"\\0" + samples

where mode is `RGB` or `RGBA`, width and height are decimal, and samples are the 8-bit rows from the top, interleaved
and unpadded. Before that, grey and palette become RGB; an alpha that is opaque everywhere is dropped; the colour of a
pixel whose alpha is 0 becomes black, for nobody sees it and lossless WebP changes it. So PNG, TIFF and lossless WebP of
the same picture agree.

`phash_64` is `imagehash.phash` of the very picture given, its 64 bits as in imagehash's hex string: row by row, the
first bit the most significant. A hash of a reduced decode is another number and must have another name.

`pdq_256` and `pdq_quality` are PDQ (`fingerprint.pdq`) of the whole picture; `trimmed_pdq_256` is PDQ of what lies in
`trim_box`, inside its bars. `local_features` are corners and what is round them (`fingerprint.local`). `glance_64` is
what PDQ sees: 64 x 64 luma samples, rounded, row by row; by it two pictures are compared without being opened again.
`trimmed_glance_64` is the same inside the bars.
Where a picture is transparent there is white paper behind it, or black where on white there would be nothing to see.

Orientation and colour profile are the caller's to apply first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
import scipy.fftpack  # noqa: F401  imagehash imports it at first use: too late in a child that may open no file
from PIL import Image, ImageFile

from provenance.fingerprint import bars, lanczos, local, pdq
from provenance.fingerprint.glance import BLANK_QUALITY

VERSION = 4  # raised whenever a picture would get other columns


def preload() -> None:
    """Find out how this Pillow weighs before the lock falls: each child behind it would ask anew."""
    lanczos.agrees()


def measure(image: Image.Image, rows: memoryview | None = None) -> dict[str, Any]:
    """Return size, pixel digest and fingerprints of a decoded picture, under the names of the picture columns.

    rows: the very RGB samples, unpadded, where the caller holds them and nothing is transparent.
    The picture must be 8 bits a sample (modes 1, L, LA, P, PA, RGB, RGBA); ValueError for any other mode, whose
    way to 8 bits is a decision that only its reader can take.
    """
    grey = np.asarray(image.convert("L"))
    return {
        "width": image.width,
        "height": image.height,
        "pixel_sha256": pixel_sha256(image, rows),
        "phash_64": _phash_64(grey),
        **_seen(image, grey),
    }


def pixel_sha256(image: Image.Image, rows: memoryview | None = None) -> str:
    """Return the hex SHA-256 of the pixels in the canonical form above. rows: as in `measure`."""
    image = image if rows is not None else _canonical(image)
    digest = hashlib.sha256(f"pixels-v1\0{image.mode}\0{image.width}x{image.height}\0".encode())
    if rows is not None:
        digest.update(rows)
    else:
        _packed(image, digest.update)
    return digest.hexdigest()


def _packed(image: Image.Image, take: Callable[[bytes], object]) -> None:
    """Give away the samples in pieces that stay in the cache: `tobytes` would need the picture's size again, twice.

    That is how Pillow saves a picture, and how its handbook has plugins do it.
    """
    image.encoderconfig = ()  # as `Image.save` begins: what an earlier one left there is not for this encoder
    file: Any = SimpleNamespace(write=take)
    ImageFile._save(image, file, [ImageFile._Tile("raw", (0, 0, *image.size), 0, image.mode)])


def phash_64(image: Image.Image) -> int:
    """Return `imagehash.phash(image)` as an unsigned 64-bit integer."""
    return _phash_64(np.asarray(image.convert("L")))


def _phash_64(grey: npt.NDArray[np.uint8]) -> int:
    # imagehash begins with these two steps, to grey and to 32 x 32; it finds them done.
    return int.from_bytes(np.packbits(imagehash.phash(lanczos.reduced(grey)).hash).tobytes(), "big")


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


def _seen(image: Image.Image, grey: npt.NDArray[np.uint8]) -> dict[str, Any]:
    plane, view = _plane(image, grey)
    whole = pdq.of_samples(view)
    box = bars.inner(plane)
    trimmed = inside = None
    if box is not None:
        left, top, right, bottom = box
        inside = pdq.samples(plane[top:bottom, left:right])
        trimmed = pdq.of_samples(inside).hash
    return {
        "pdq_256": whole.hash,
        "pdq_quality": whole.quality,
        "trimmed_pdq_256": trimmed,
        "trim_box": list(box) if box is not None else None,
        "local_features": local.features(plane),
        "glance_64": _glance(view),
        "trimmed_glance_64": _glance(inside) if inside is not None else None,
    }


def _glance(view: npt.NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(view), 0, 255).astype(np.uint8).tobytes()


def _plane(image: Image.Image, grey: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Return the luma plane and PDQ's view of it, on the paper on which there is something to see."""
    plane = pdq.luma(image) if image.has_transparency_data else grey
    view = pdq.samples(plane)
    if image.has_transparency_data and pdq.quality(view) < BLANK_QUALITY:
        dark = pdq.luma(image, paper=0)
        other = pdq.samples(dark)
        if pdq.quality(other) > pdq.quality(view):
            return dark, other
    return plane, view
