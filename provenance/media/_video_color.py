"""From a decoded frame to an 8-bit RGB picture as a person should see it: levels, matrix, gamut, HDR, shape, direction.

- Levels and matrix (ITU-R BT.601, 709, 2020) are the stream's; where it is silent, limited range, and BT.709 above
  576 lines or from 1280 pixels width, BT.601 below: what was assumed is named in the rendition.
- Standard dynamic range keeps its code values (BT.709, BT.601 and sRGB pictures are shown alike by common practice).
- PQ and HLG (BT.2100) are tone-mapped: to absolute light (HLG at 1000 cd/m2, system gamma 1.2), the BT.2390-style
  Hermite roll-off from the mastering peak (else 1000 cd/m2) to the 203 cd/m2 of BT.2408 on max(R, G, B), so that hues
  stay, then BT.709 primaries, clipped, with the sRGB curve.
- Non-square pixels are widened or heightened, never reduced; the display matrix is applied when it is a quarter turn or
  a mirror. Fields of an interlaced frame stay woven. Alpha is left out. Each of these is named in the rendition.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation
from PIL import Image

from provenance.model.errors import Quarantined
from provenance.model.words import Cause

# ITU-T H.273 code points, by the names FFmpeg prints.
PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020"} | {
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
TRANSFERS = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100"} | {
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
MATRICES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc"} | {
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
}
RANGES = {1: "limited", 2: "full"}
_CONVERTIBLE = (1, 4, 5, 6, 7, 9)
_UNKNOWN = (0, 2, 3)
_PQ, _HLG = 16, 18
_SDR_WHITE = 203.0
_HDR_PEAK = 1000.0
_PQ_PEAK = 10_000.0
_WIDEST_ASPECT = 8

# Bit-exact and rounded: the same pixels on every machine, which the default flags do not promise.
_FLAGS = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

_BT2020_LUMA = (0.2627, 0.6780, 0.0593)
_BT2020_TO_709 = (
    (1.660491, -0.587641, -0.072850),
    (-0.124550, 1.132900, -0.008349),
    (-0.018151, -0.100579, 1.118730),
)

_Turn = Image.Transpose
# Signs of a, b, c, d of the display matrix (x' = ax + cy, y' = bx + dy, y downward): degrees clockwise, mirrored, how.
_TURNS: dict[tuple[int, ...], tuple[int, bool, Image.Transpose]] = {
    (0, 1, -1, 0): (90, False, _Turn.ROTATE_270),
    (-1, 0, 0, -1): (180, False, _Turn.ROTATE_180),
    (0, -1, 1, 0): (270, False, _Turn.ROTATE_90),
    (-1, 0, 0, 1): (0, True, _Turn.FLIP_LEFT_RIGHT),
    (1, 0, 0, -1): (180, True, _Turn.FLIP_TOP_BOTTOM),
    (0, 1, 1, 0): (90, True, _Turn.TRANSPOSE),
    (0, -1, -1, 0): (270, True, _Turn.TRANSVERSE),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame made visible. notes: what was done to it, `key=value` in a fixed order. rotation: degrees clockwise.

    rows: the image's samples as they came out of the conversion, unpadded, where they lie so; else None.
    """

    image: Image.Image
    notes: tuple[str, ...]
    rotation: int
    rows: memoryview | None = None


def picture(frame: av.VideoFrame, aspect: Fraction, max_pixels: int) -> Picture:
    """Return the picture that a frame shows. Quarantined when it is too large, or its colours cannot be converted."""
    notes: list[str] = []
    width, height = shown_size(frame.width, frame.height, aspect)
    if width * height > max_pixels:
        raise Quarantined(Cause.BOMB, f"a frame of {width} x {height} pixels is over the cap of {max_pixels:,}")
    if model(frame) in ("YCbCr", "Gray"):
        notes += _settle(frame)
    transfer, rows = frame.color_trc, None
    if transfer in (_PQ, _HLG):
        wide = _reformatted(frame, width, height, "rgb48le")
        peak = mastering_peak(frame) if transfer == _PQ else _HDR_PEAK
        light = _pq_light(wide) if transfer == _PQ else _hlg_light(wide)
        image = Image.fromarray(_tone_mapped(light, peak, from_bt2020=frame.color_primaries == 9))
        notes.append(f"tone-map=bt2390({'pq' if transfer == _PQ else 'hlg'},{peak:g}:{_SDR_WHITE:g})")
    else:
        rgb = frame.reformat(width, height, "rgb24", interpolation=_FLAGS, threads=1)
        plane: Any = rgb.planes[0]
        image = Image.frombuffer("RGB", (width, height), plane, "raw", "RGB", plane.line_size, 1)
        rows = memoryview(plane)[: 3 * width * height] if plane.line_size == 3 * width else None
    if any(component.is_alpha for component in frame.format.components):
        notes.append("alpha=left-out")
    if frame.interlaced_frame:
        notes.append("fields=woven")
    degrees, mirrored, turn = _direction(frame)
    if mirrored:
        notes.append("mirrored=undone")
    if turn is not None:
        image, rows = image.transpose(turn), None
    return Picture(image, tuple(notes), degrees, rows)


def model(frame: av.VideoFrame) -> str:
    """Return what the samples mean: "RGB", "XYZ" (digital cinema), "Gray" or "YCbCr"."""
    form = frame.format
    if form.is_rgb or form.name == "pal8":
        return "RGB"
    if form.name.startswith("xyz"):
        return "XYZ"
    return "Gray" if len([part for part in form.components if not part.is_alpha]) == 1 else "YCbCr"


def shown_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return the size in square pixels; neither side is ever reduced."""
    if aspect > 1:
        return max(1, round(width * aspect)), height
    return width, max(1, round(height / aspect))


def plausible_aspect(aspect: Fraction | None) -> Fraction:
    """Return the pixel aspect, or 1 where there is none or it is absurd."""
    if not aspect or aspect < Fraction(1, _WIDEST_ASPECT) or aspect > _WIDEST_ASPECT:
        return Fraction(1)
    return aspect


def hdr(frame: av.VideoFrame) -> str | None:
    return {_PQ: "pq", _HLG: "hlg"}.get(frame.color_trc)


def mastering_peak(frame: av.VideoFrame) -> float:
    """Return the mastering display's peak in cd/m2; 1000 when the stream does not say or says something absurd."""
    # AVMasteringDisplayMetadata: ten rationals, of which the last is the highest luminance, then two flags.
    values = struct.unpack_from("=22i", _side_data(frame, "MASTERING_DISPLAY_METADATA", 88) or bytes(88))
    has_luminance = values[21] and values[19] > 0
    peak = values[18] / values[19] if has_luminance else 0.0
    return peak if 300.0 <= peak <= _PQ_PEAK else _HDR_PEAK


def _settle(frame: av.VideoFrame) -> list[str]:
    """Write into the frame which matrix and range hold, so that the conversion has no choice; name the assumptions."""
    notes, assumed = [], []
    if model(frame) == "YCbCr":
        if frame.colorspace in _UNKNOWN:
            large = frame.height > 576 or frame.width >= 1280
            frame.colorspace = 9 if frame.color_primaries == 9 else 1 if large else 6
            assumed.append("matrix")
        elif frame.colorspace not in _CONVERTIBLE:
            name = MATRICES.get(frame.colorspace, str(frame.colorspace))
            raise Quarantined(Cause.UNSUPPORTED, f"its colour matrix ({name}) cannot be turned into RGB here")
        notes.append(f"matrix={MATRICES[frame.colorspace]}")
    if frame.color_range not in RANGES:
        frame.color_range = 1
        assumed.append("range")
    notes.append(f"range={RANGES[frame.color_range]}")
    return [*notes, f"assumed={'+'.join(assumed)}"] if assumed else notes


def _reformatted(frame: av.VideoFrame, width: int, height: int, form: str) -> np.ndarray:
    wide = frame.reformat(width, height, form, interpolation=_FLAGS, threads=1)
    plane: Any = wide.planes[0]
    rows = np.frombuffer(plane, np.uint16).reshape(height, plane.line_size // 2)
    return rows[:, : width * 3].reshape(height, width, 3)


def _direction(frame: av.VideoFrame) -> tuple[int, bool, Image.Transpose | None]:
    a, b, _, c, d = struct.unpack_from("=5i", _side_data(frame, "DISPLAYMATRIX", 36) or bytes(36))
    signs = tuple((value > 0) - (value < 0) for value in (a, b, c, d))
    return _TURNS.get(signs, (0, False, None))


def _side_data(frame: av.VideoFrame, name: str, size: int) -> bytes | None:
    held: Iterable[Any] = frame.side_data
    return next((bytes(data) for data in held if data.type.name == name and data.buffer_size >= size), None)


def _pq_to_light(code: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 EOTF: code 0..1 to cd/m2."""
    power = np.power(code, 1 / 78.84375)
    return _PQ_PEAK * np.power(np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power), 1 / 0.1593017578125)


def _light_to_pq(light: np.ndarray) -> np.ndarray:
    power = np.power(np.maximum(light, 0) / _PQ_PEAK, 0.1593017578125)
    return np.power((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power), 78.84375)


@functools.cache
def _pq_table() -> np.ndarray:
    return _pq_to_light(np.arange(65536) / 65535.0).astype(np.float32)


@functools.cache
def _hlg_table() -> np.ndarray:
    """BT.2100 HLG inverse OETF: code to scene light, 0..1."""
    code = np.arange(65536) / 65535.0
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12).astype("f4")


@functools.cache
def _srgb_table() -> np.ndarray:
    light = np.arange(65536) / 65535.0
    return np.round(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)).astype("u1")


def _pq_light(wide: np.ndarray) -> np.ndarray:
    return _pq_table()[wide]


def _hlg_light(wide: np.ndarray) -> np.ndarray:
    scene = _hlg_table()[wide]
    return scene * (_HDR_PEAK * _system_gamma_table()[_step(_weighted(scene, _BT2020_LUMA))])[..., None]


@functools.cache
def _system_gamma_table() -> np.ndarray:
    return (np.arange(65536) / 65535.0) ** 0.2


@functools.cache
def _gain_table(peak: float) -> np.ndarray:
    """Gain at 65536 even steps of light up to 10,000 cd/m2: BT.2390's knee and Hermite spline, divided by SDR white."""
    light = np.arange(65536) * (_PQ_PEAK / 65535.0)
    source, target = float(_light_to_pq(np.array(peak))), float(_light_to_pq(np.array(_SDR_WHITE)))
    norm, ceiling = np.minimum(_light_to_pq(light) / source, 1.0), target / source
    knee = 1.5 * ceiling - 0.5
    t = np.clip((norm - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * ceiling
    mapped = np.where(norm < knee, light, _pq_to_light(spline * source))
    return (np.divide(mapped, light, where=light > 0, out=np.ones_like(light)) / _SDR_WHITE).astype(np.float32)


def _tone_mapped(light: np.ndarray, peak: float, *, from_bt2020: bool) -> np.ndarray:
    """Return 8-bit sRGB from absolute linear light."""
    shown = light * _gain_table(peak)[_step(light.max(axis=2) / _PQ_PEAK)][..., None]
    if from_bt2020:
        shown = np.stack([_weighted(shown, row) for row in _BT2020_TO_709], axis=2)
    return _srgb_table()[_step(shown)]


def _step(value: np.ndarray) -> np.ndarray:
    """Index of 0..1 in a table of 65536. Tables and plain sums, no powers or BLAS: the same bits on every processor."""
    return (np.clip(value, 0, 1) * 65535 + 0.5).astype(np.uint16)


def _weighted(rgb: np.ndarray, weights: tuple[float, float, float]) -> np.ndarray:
    red, green, blue = (np.float32(weight) for weight in weights)
    return rgb[..., 0] * red + rgb[..., 1] * green + rgb[..., 2] * blue
