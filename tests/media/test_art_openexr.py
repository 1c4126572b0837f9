"""OpenEXR: linear light to sRGB, windows, luminance and chroma, primaries, alpha, parts, and plates."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from art_samples import extracted, payload, source

from provenance.media import openexr
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Kind

exr = pytest.importorskip("OpenEXR")

XYZ = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3)
ACES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)


@pytest.fixture
def written(tmp_path: Any) -> Any:
    """A function that writes channels (and header fields) as a file and returns its bytes."""

    def write(channels: dict[str, Any], **header: Any) -> bytes:
        place = str(tmp_path / "a.exr")
        exr.File({"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage, **header}, channels).write(place)
        with open(place, "rb") as file:
            return file.read()

    return write


def _flat(value: float, size: tuple[int, int] = (4, 6), kind: Any = np.float16) -> np.ndarray[Any, Any]:
    return np.full(size, value, kind)


def _windows(width: int, height: int, left: int = 0, top: int = 0) -> tuple[Any, Any]:
    return (
        np.array([left, top], np.int32),
        np.array([left + width - 1, top + height - 1], np.int32),
    )


def test_linear_light_is_clipped_and_encoded_by_the_srgb_curve(written):
    light = np.array([[-1.0, 0.0, 0.0021, 0.2140, 1.0, 64.0, np.inf, np.nan]], np.float16)
    data = written({"R": light, "G": light, "B": light})
    assert openexr.sniff(source(data)) == "image/x-exr"
    (item,) = extracted(openexr, data)
    # 0.2140 is half the sRGB scale; 0.0021 lies on the straight part of the curve, 12.92 times.
    assert np.asarray(payload(item))[0, :, 0].tolist() == [0, 0, 7, 127, 255, 255, 255, 0]
    assert (item.kind, item.fields["rendition"]) == (Kind.ART, "linear-clip-srgb8-png-v1")
    assert (item.fields["original_bit_depth"], item.fields["original_color_space"]) == (16, "RGB linear")


def test_float_channels_and_luminance_alone_are_read(written):
    (item,) = extracted(openexr, written({"Y": _flat(1.0, kind=np.float32)}))
    assert (payload(item).mode, payload(item).getpixel((0, 0))) == ("L", 255)
    assert (item.fields["original_bit_depth"], item.fields["original_color_space"]) == (32, "gray linear")


def test_the_canvas_is_the_display_window_and_the_rest_is_black(written):
    white = {key: _flat(1.0) for key in "RGB"}
    data = written(white, dataWindow=_windows(6, 4, 2, -1), displayWindow=_windows(10, 8))
    pixels = np.asarray(payload(extracted(openexr, data)[0]))[..., 0]
    assert pixels.shape == (8, 10)
    assert (pixels[:3, 2:8] == 255).all()
    assert pixels.sum() == 255 * 18


def test_luminance_and_chroma_give_the_colours_they_were_made_of():
    # The library writes no subsampled channels, so the planes are handed over as it would read them.
    red, green, blue = 0.8, 0.4, 0.1
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = {"RY": (red - luminance) / luminance, "BY": (blue - luminance) / luminance}
    planes = {"Y": _flat(luminance), **{key: _flat(value, (2, 3)) for key, value in chroma.items()}}
    direct = {key: _flat(value) for key, value in zip("RGB", (red, green, blue), strict=True)}
    difference = openexr._developed(planes, {}).astype(int) - openexr._developed(direct, {})
    assert np.abs(difference).max() <= 1


def test_chroma_between_its_samples_is_interpolated():
    plane = np.array([[0, 4]], np.float32)
    assert openexr._upsampled(plane, 2, 4).tolist() == [[0, 2, 4, 4], [0, 2, 4, 4]]


def test_cie_xyz_is_kept_as_it_is_and_other_white_points_are_adapted(written):
    # sRGB red in XYZ (the first column of the matrix of IEC 61966-2-1), and white in ACES AP0, whose white is not D65.
    xyz = dict(zip("RGB", map(_flat, (0.4124, 0.2126, 0.0193)), strict=True))
    red, green, blue = payload(extracted(openexr, written(xyz, chromaticities=XYZ))[0]).getpixel((0, 0))
    assert red == 255 and green <= 2 and blue <= 2
    white = {key: _flat(0.5) for key in "RGB"}
    neutral = payload(extracted(openexr, written(white, chromaticities=ACES))[0]).getpixel((0, 0))
    assert max(neutral) - min(neutral) <= 1
    assert abs(neutral[1] - 188) <= 1


def test_alpha_becomes_straight(written):
    half = {"R": _flat(0.5), "G": _flat(0.25), "B": _flat(0.0), "A": _flat(0.5)}
    half["A"][0, 0] = half["R"][0, 0] = half["G"][0, 0] = 0
    image = payload(extracted(openexr, written(half))[0])
    assert image.mode == "RGBA"
    assert image.getpixel((3, 3)) == (255, 188, 0, 128)
    assert image.getpixel((0, 0)) == (0, 0, 0, 0)


def test_the_unnamed_layer_comes_before_named_ones_and_all_are_counted(written):
    white, black = _flat(1.0), _flat(0.0)
    layers = {f"{layer}.{key}": black for layer in ("ambient", "key") for key in "RGB"}
    (item,) = extracted(openexr, written(layers | dict.fromkeys("RGB", white)))
    assert payload(item).getpixel((0, 0)) == (255, 255, 255)
    assert item.fields["layers"] == 3
    (item,) = extracted(openexr, written({f"a.{key}": white for key in "RGB"} | layers))
    assert payload(item).getpixel((0, 0)) == (255, 255, 255)


def test_the_first_part_with_a_picture_is_taken(tmp_path):
    parts = [
        exr.Part({"type": exr.scanlineimage, "name": "depth"}, {"Z": _flat(3.0, kind=np.float32)}),
        exr.Part({"type": exr.scanlineimage, "name": "beauty"}, {key: _flat(1.0) for key in "RGB"}),
    ]
    exr.File(parts).write(str(tmp_path / "a.exr"))
    (item,) = extracted(openexr, (tmp_path / "a.exr").read_bytes())
    assert payload(item).getpixel((0, 0)) == (255, 255, 255)


def test_a_file_with_depth_only_holds_no_picture(written):
    with pytest.raises(Quarantined) as caught:
        extracted(openexr, written({"Z": _flat(1.0, kind=np.float32)}))
    assert caught.value.cause is Cause.UNSUPPORTED


def test_a_plate_has_frame_numbers_rate_and_timecode(written):
    code = exr.TimeCode(1, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    data = written({key: _flat(0.2) for key in "RGB"}, framesPerSecond=Fraction(30000, 1001), timeCode=code)
    items = extracted(openexr, data, data, names=["a.1.exr", "a.2.exr"], numbers=[1, 2])
    assert [(item.kind, item.locator.canonical()) for item in items] == [
        (Kind.FRAMES, '{"frame":1}'),
        (Kind.FRAMES, '{"frame":2}'),
    ]
    about = items[0].fields
    assert (about["timecode"], about["timecode_drop"], about["frame_rate"]) == ("01:02:03;04", True, "30000/1001")


def test_the_caps_hold_for_both_windows(written):
    white = {key: _flat(1.0) for key in "RGB"}
    assert len(extracted(openexr, written(white), options=Options(max_pixels=24))) == 1
    for data, cap in ((written(white), 23), (written(white, displayWindow=_windows(5000, 5000)), 24)):
        with pytest.raises(Quarantined) as caught:
            extracted(openexr, data, options=Options(max_pixels=cap))
        assert caught.value.cause is Cause.BOMB


def test_pixels_that_cannot_be_decoded_are_never_taken_for_a_file_without_colours(written, capfd):
    noise = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    data = written(dict.fromkeys("RGB", noise))
    for part in (data[: len(data) // 2], data[:-4000] + b"\xff" * 4000, data[:200]):
        with pytest.raises(Quarantined) as caught:
            extracted(openexr, part)
        assert caught.value.cause is Cause.DAMAGED


def test_chromaticities_that_span_no_colours_are_damage_not_a_traceback(written):
    bad = (0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    with pytest.raises(Quarantined) as caught:
        extracted(openexr, written({key: _flat(1.0) for key in "RGB"}, chromaticities=bad))
    assert caught.value.cause is Cause.DAMAGED


def test_without_the_extra_the_file_waits_and_the_extra_is_named(written, monkeypatch):
    data = written({key: _flat(1.0) for key in "RGB"})
    monkeypatch.setattr(openexr.importlib, "import_module", _absent)
    with pytest.raises(Quarantined, match=r"provenance\[art\]") as caught:
        openexr.extract(source(data, names=["a.exr"]), Options())
    assert caught.value.cause is Cause.EXTRA_MISSING
    openexr.preload()


def _absent(name: str) -> None:
    raise ModuleNotFoundError(name)


def test_the_file_is_read_from_where_it_is_handed_over(written):
    held = io.BytesIO(written({key: _flat(1.0) for key in "RGB"}))
    held.seek(100)
    (item,) = openexr.extract(openexr.Source((held,), ("a.exr",), (len(held.getvalue()),), b""), Options())
    assert item.fields["width"] == 6
