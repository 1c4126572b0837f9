"""OpenEXR: one still or plate frame per file, from the first part that holds a picture.

A picture is R, G, B (or Y, RY, BY, or Y alone), with or without A, of the unnamed layer or else of the first layer by
name. The rendition: scene-linear light is brought from the file's chromaticities to those of sRGB (Bradford adaptation
of the white point; none where the primaries are those of CIE XYZ, which holds colours as they are), exposed at 0 stops,
clipped to 0..1 and encoded by the sRGB curve; subsampled chroma is interpolated linearly; alpha becomes straight. The
canvas is the display window; where no data lies it is black. Pixel aspect is not applied. Deep parts, and parts with
other channels only (depth, motion, ids), give no picture.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.media import _render
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "openexr"
VERSION = 1
PRIORITY = 10
OPTIONS = ("max_pixels",)

MEDIA_TYPE = "image/x-exr"
RENDITION = f"linear-clip-{_render.PNG_RENDITION}"

# Red, green, blue and white, x and y each. A file without chromaticities has these by definition of the format.
_REC_709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

_Window = tuple[int, int, int, int]  # left, top, right, bottom, both ends inside
_Plane = NDArray[np.float32]
_STRIP_ROWS = 256


def preload() -> None:
    """Import the extra where it is installed."""
    with suppress(ImportError):
        importlib.import_module("OpenEXR")


def sniff(source: Source) -> str | None:
    return MEDIA_TYPE if source.head.startswith(b"\x76\x2f\x31\x01") else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    try:
        library = importlib.import_module("OpenEXR")
    except ImportError:
        what = "reading OpenEXR needs the package OpenEXR: install provenance[art]"
        raise Quarantined(Cause.EXTRA_MISSING, what) from None
    return _render.items(source, partial(_read, library=library, options=options))


def _read(file: BinaryIO, name: str, *, library: Any, options: Options) -> Iterator[_render.Rendered]:
    with _render.decoding("OpenEXR", options):
        library.set_global_thread_count(0)
        headers = [part.header for part in library.File(file, header_only=True).parts]
        for header in headers:
            _check(header, options)
        file.seek(0)
        parts = [part for part in library.File(file, separate_channels=True, num_threads=0).parts if _flat(part.header)]
        # The library prints which part it cannot decode and goes on without it.
        if len(parts) < sum(map(_flat, headers)):
            raise Quarantined(Cause.DAMAGED, "the OpenEXR's pixels cannot be decoded: damaged, or cut short")
        part, names = _chosen(parts)
        planes = {key: part.channels[value].pixels for key, value in names.items()}
        depth = max({"float16": 16}.get(str(plane.dtype), 32) for plane in planes.values())
        image = _on_canvas(_developed(planes, part.header), part.header)
        layers = sum(len({name.rpartition(".")[0] for name in part.channels}) for part in parts)
        plain, payload = _render.rendition(image)
        yield _render.Rendered(
            plain,
            payload,
            "image/png",
            RENDITION,
            common={
                "original_media_type": MEDIA_TYPE,
                "original_bit_depth": depth,
                "original_color_space": ("gray" if "R" not in planes and "RY" not in planes else "RGB") + " linear",
            },
            art={"layers": layers},
            frame={"codec": "exr", **_timing(part.header)},
        )


def _check(header: Mapping[str, Any], options: Options) -> None:
    """Refuse by the header what would be too large, before a pixel is allocated."""
    for key in ("dataWindow", "displayWindow"):
        left, top, right, bottom = _window(header, key)
        _render.check_size(right - left + 1, bottom - top + 1, options)


def _flat(header: Mapping[str, Any]) -> bool:
    return "deep" not in str(header.get("type", ""))


def _window(header: Mapping[str, Any], key: str) -> _Window:
    (left, top), (right, bottom) = header[key]
    return int(left), int(top), int(right), int(bottom)


def _chosen(parts: list[Any]) -> tuple[Any, dict[str, str]]:
    """Return the first part with a picture in it, and its channels' names by their plain names."""
    for part in parts:
        for layer in sorted({name.rpartition(".")[0] for name in part.channels}):
            inside = {name.rpartition(".")[2]: name for name in part.channels if name.rpartition(".")[0] == layer}
            for wanted in (("R", "G", "B"), ("Y", "RY", "BY"), ("Y",)):
                if all(key in inside for key in wanted):
                    return part, {key: inside[key] for key in (*wanted, "A") if key in inside}
    raise Quarantined(Cause.UNSUPPORTED, "the OpenEXR holds no part with colour or luminance, only other channels")


def _developed(planes: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Return height x width x (1, 3 or 4) 8-bit values of the data window."""
    base = planes.get("R", planes.get("Y"))
    assert base is not None  # _chosen saw to it
    height, width = base.shape
    gray = "R" not in planes and "RY" not in planes
    chromaticities = tuple(float(value) for value in header.get("chromaticities", _REC_709))
    to_xyz = _to_xyz(chromaticities)
    usual = np.allclose(chromaticities, _REC_709, atol=1e-4)
    turn = None if usual or gray else _to_srgb(to_xyz, chromaticities)
    out = np.empty((height, width, (1 if gray else 3) + ("A" in planes)), np.uint8)
    chroma = {key: _upsampled(planes[key], height, width) for key in ("RY", "BY") if key in planes}
    for top in range(0, height, _STRIP_ROWS):
        strip = slice(top, top + _STRIP_ROWS)
        if gray:
            light = planes["Y"][strip].astype(np.float32)[..., None]
        elif chroma:
            light = _from_luminance(planes["Y"][strip].astype(np.float32), chroma, strip, to_xyz[1])
        else:
            light = np.stack([planes[key][strip].astype(np.float32) for key in "RGB"], axis=-1)
        if "A" in planes:
            alpha = np.clip(np.nan_to_num(planes["A"][strip].astype(np.float32)), 0, 1)[..., None]
            light = np.divide(light, alpha, out=np.zeros_like(light), where=alpha > 0)
            out[strip, :, -1:] = (alpha * 255 + 0.5).astype(np.uint8)
        colours = light.shape[-1]
        if turn is not None:
            # Infinite light would make the matrix answer "not a number"; brighter than white is white anyway.
            light = np.clip(np.nan_to_num(light, nan=0.0), -65504, 65504) @ turn.T.astype(np.float32)
        out[strip, :, :colours] = _render.srgb_encoded(light)
    return out


def _from_luminance(
    luminance: _Plane, chroma: Mapping[str, _Plane], strip: slice, weights: NDArray[np.float64]
) -> _Plane:
    """Undo RY = (R - Y) / Y and BY = (B - Y) / Y; green is what is left of the luminance."""
    red = (chroma["RY"][strip] + 1) * luminance
    blue = (chroma["BY"][strip] + 1) * luminance
    green = (luminance - weights[0] * red - weights[2] * blue) / weights[1]
    return np.stack([red, green, blue], axis=-1).astype(np.float32)


def _upsampled(plane: NDArray[Any], height: int, width: int) -> _Plane:
    """Interpolate a plane sampled at every other pixel of every other line; the samples stand on the even places."""
    if plane.shape == (height, width):
        return plane.astype(np.float32)
    full = plane.astype(np.float32)
    for axis, length in ((0, height), (1, width)):
        places = np.minimum(np.arange(length) / 2, full.shape[axis] - 1)
        low = places.astype(int)
        high = np.minimum(low + 1, full.shape[axis] - 1)
        share = (places - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        full = full.take(low, axis) * (1 - share) + full.take(high, axis) * share
    return full


def _to_xyz(chromaticities: tuple[float, ...]) -> NDArray[Any]:
    """The matrix from linear RGB of these primaries to CIE XYZ, white at Y = 1; its second row is the luminance."""
    if len(chromaticities) != 8 or not np.isfinite(chromaticities).all():
        raise Quarantined(Cause.DAMAGED, "the OpenEXR's chromaticities are not eight numbers")
    x, y = np.array(chromaticities[0::2]), np.array(chromaticities[1::2])
    columns = np.stack([x, y, 1 - x - y])
    if abs(y[3]) < 1e-6 or abs(np.linalg.det(columns[:, :3])) < 1e-9:
        raise Quarantined(Cause.DAMAGED, "the OpenEXR's chromaticities span no colour space")
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3] / y[3])


def _to_srgb(to_xyz: NDArray[np.float64], chromaticities: tuple[float, ...]) -> NDArray[Any]:
    def white(values: tuple[float, ...]) -> NDArray[Any]:
        return np.array([values[6] / values[7], 1.0, (1 - values[6] - values[7]) / values[7]])

    from_xyz = np.linalg.inv(_to_xyz(_REC_709))
    if np.allclose(to_xyz, np.eye(3), atol=1e-4):
        return from_xyz
    cones = (_BRADFORD @ white(_REC_709)) / (_BRADFORD @ white(chromaticities))
    return from_xyz @ np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ to_xyz


def _on_canvas(data: NDArray[np.uint8], header: Mapping[str, Any]) -> Image.Image:
    left, top, right, bottom = _window(header, "displayWindow")
    data_left, data_top, _, _ = _window(header, "dataWindow")
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[data.shape[2]]
    image = Image.fromarray(data[..., 0] if data.shape[2] == 1 else data, mode)
    canvas = Image.new(mode, (right - left + 1, bottom - top + 1))
    canvas.paste(image, (data_left - left, data_top - top))
    return canvas


def _timing(header: Mapping[str, Any]) -> dict[str, Any]:
    timing: dict[str, Any] = {}
    rate = header.get("framesPerSecond")
    if rate:
        timing["frame_rate"] = f"{int(rate.numerator)}/{int(rate.denominator)}"
    code = header.get("timeCode")
    if code is not None:
        mark = ";" if code.dropFrame else ":"
        timing["timecode"] = f"{code.hours:02}:{code.minutes:02}:{code.seconds:02}{mark}{code.frame:02}"
        timing["timecode_rate"], timing["timecode_drop"] = timing.get("frame_rate"), bool(code.dropFrame)
    return timing
