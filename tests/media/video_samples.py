"""Videos that say which frame is which: every picture carries its number as black and white blocks, in any codec."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from provenance.media import video
from provenance.media.shelf import HEAD_BYTES, Options, Source
from provenance.model.words import Extract

WIDTH, HEIGHT, BITS = 192, 96, 10


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A picture (RGB) whose lower half is the number in blocks, and whose upper half moves."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    grey = 128 + 40 * np.sin((x + 3 * number) / 17) + 20 * np.cos((y - number) / 9)
    block = width // BITS
    for bit in range(BITS):
        grey[height // 2 :, bit * block : (bit + 1) * block] = 235 if number >> bit & 1 else 20
    return np.repeat(grey[..., None], 3, axis=2).round().astype(np.uint8)


def number_of(payload: bytes) -> int:
    """Read the number back from an extracted picture."""
    grey = np.asarray(Image.open(io.BytesIO(payload)).convert("L"), np.float32)
    block, row = grey.shape[1] // BITS, grey.shape[0] * 3 // 4
    return sum(
        1 << bit for bit in range(BITS) if grey[row - 4 : row + 4, bit * block + 4 : bit * block + 12].mean() > 128
    )


def write(
    path: Path,
    codec: str,
    *,
    frames: int | Iterable[np.ndarray] = 48,
    rate: Fraction | int = 24,
    times: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    pixel: str = "yuv420p",
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    first: int = 0,
    ready: Callable[[Any], None] | None = None,
    colors: dict[str, int] | None = None,
) -> Path:
    """Encode numbered pictures (or those given). times: presentation times in `time_base`; first: the first one's."""
    pictures = [numbered(n) for n in range(frames)] if isinstance(frames, int) else list(frames)
    with av.open(str(path), "w", container_options=container or {}) as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixel
        stream.metadata.update(metadata or {})
        if time_base:
            stream.codec_context.time_base = time_base
        for name, value in (colors or {}).items():
            setattr(stream.codec_context, name, value)
        if ready:
            ready(stream)
        for at, rgb in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel)
            frame.pts = first + (times[at] if times else at)
            frame.time_base = time_base or 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def source(path: Path) -> Source:
    file = path.open("rb")
    head = file.read(HEAD_BYTES)
    return Source((file,), (path.name,), (path.stat().st_size,), head)


def extracts(path: Path, frames: str = "1/s", **options: Any) -> list[Extract]:
    opened = source(path)
    try:
        return list(video.extract(opened, Options(frames=frames, **options)))
    finally:
        opened.file.close()


def numbers(found: Iterable[Extract]) -> list[int]:
    return [number_of(item.payload) for item in found]
