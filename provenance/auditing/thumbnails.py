"""What runs inside the locked child of a contact sheet: one stored picture, made small and encoded anew."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import Image

Message = tuple[dict[str, Any], bytes]

_MOST_PIXELS = 1 << 28


def preload() -> None:
    """Load every decoder, and let both encoder and filter run once: behind the lock nothing can be opened."""
    Image.init()
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    small = io.BytesIO()
    Image.new("RGB", (16, 16)).save(small, "JPEG")
    _small(small.getvalue(), 8)


def run(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[Message]:
    """Yield the thumbnail of the picture at `offset`, `length` of the one file: JPEG, no side above `side` pixels."""
    data = os.pread(files[0].fileno(), job["length"], job["offset"])
    yield {"t": "thumbnail"}, _small(data, job["side"])


def _small(data: bytes, side: int) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (side * 2, side * 2))
        image.thumbnail((side, side), Image.Resampling.BOX)
        picture = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
        if picture.mode == "RGBA":
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture).convert("RGB")
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=72, optimize=True)
        return out.getvalue()
