"""Colours come out right: levels, matrices, HDR, shape and direction, against the standards and FFmpeg's pixels."""

from __future__ import annotations

import io
import shutil
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image
from video_samples import extracts, number_of, numbered, write

from provenance.media import _video_color as color
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

# Kr, Kb of each matrix (ITU-R BT.601, 709, 2020), and its H.273 code.
MATRICES = {"bt709": (0.2126, 0.0722, 1), "smpte170m": (0.299, 0.114, 6), "bt2020nc": (0.2627, 0.0593, 9)}
COLORS = [(16, 16, 16), (235, 235, 235), (255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 120, 40), (30, 90, 160)]


def encoded(rgb, matrix, full=False, bits=8):
    """Y'CbCr code values of one R'G'B' colour (0..255), by the formulas of the standards."""
    red, green, blue = (value / 255 for value in rgb)
    kr, kb, _ = MATRICES[matrix]
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / (2 * (1 - kb)), (red - y) / (2 * (1 - kr))
    scale = 1 << (bits - 8)
    if full:
        values = (255 * scale * y, 128 * scale + 255 * scale * cb, 128 * scale + 255 * scale * cr)
    else:
        values = tuple(scale * value for value in (16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr))
    return [min(round(value), 256 * scale - 1) for value in values]


def patches(path, codes, *, tags, pixel="yuv420p", size=(256, 64), ready=None):
    """A lossless film of three frames: patches side by side, each of one Y'CbCr code."""
    width, height = size
    kind = np.uint16 if "10le" in pixel else np.uint8
    planes = [np.zeros((height, width), kind) for _ in range(3)]
    share = width // len(codes) // 2 * 2
    for plane, which in zip(planes, range(3), strict=True):
        for at, code in enumerate(codes):
            plane[:, at * share : (at + 1) * share if at + 1 < len(codes) else width] = code[which]
    if "420" in pixel:
        planes[1:] = [plane[::2, ::2] for plane in planes[1:]]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        if ready:
            ready(stream)
        for at in range(3):
            frame = av.VideoFrame(width, height, pixel)
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
                rows[:, : plane.width] = values
            for name, value in tags.items():
                setattr(frame, name, value)
            frame.pts, frame.time_base = at, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path, share


def seen(payload, share, count):
    """The middle of each patch, as people see it."""
    rgb = np.asarray(Image.open(io.BytesIO(payload)).convert("RGB"), np.float32)
    middle = rgb.shape[0] // 2
    return [
        rgb[middle - 8 : middle + 8, at * share + share // 2 - 4 : at * share + share // 2 + 4].mean((0, 1))
        for at in range(count)
    ]


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixel", ["yuv420p", "yuv444p10le"])
def test_levels_and_matrix_give_back_the_colours_that_went_in(tmp_path, matrix, full, pixel):
    bits = 10 if "10" in pixel else 8
    codes = [encoded(rgb, matrix, full, bits) for rgb in COLORS]
    tags = {"colorspace": MATRICES[matrix][2], "color_range": 2 if full else 1}
    path, share = patches(tmp_path / "a.mkv", codes, tags=tags, pixel=pixel)
    (item,) = extracts(path, jpeg_quality=100)
    for got, wanted in zip(seen(item.payload, share, len(COLORS)), COLORS, strict=True):
        assert np.abs(got - wanted).max() <= 4, (wanted, got)
    assert item.fields["color_range"] == ("full" if full else "limited")
    assert item.fields["color_matrix"] == matrix
    assert item.fields["original_bit_depth"] == bits
    assert "assumed" not in item.fields["rendition"]


@pytest.mark.parametrize(("size", "matrix"), [((720, 576), "smpte170m"), ((1280, 720), "bt709")])
def test_a_silent_stream_is_read_by_its_size_and_says_that_this_was_assumed(tmp_path, size, matrix):
    codes = [encoded(rgb, matrix) for rgb in COLORS]
    path, share = patches(tmp_path / "a.mkv", codes, tags={}, size=size)
    (item,) = extracts(path, jpeg_quality=100)
    for got, wanted in zip(seen(item.payload, share, len(COLORS)), COLORS, strict=True):
        assert np.abs(got - wanted).max() <= 4, (wanted, got)
    assert item.fields["rendition"].endswith(f"matrix={matrix} range=limited assumed=matrix+range")
    assert item.fields["color_matrix"] is None


def psnr(a, b):
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg program to compare with")
@pytest.mark.parametrize(("tag", "matrix"), [(1, "bt709"), (6, "bt601"), (9, "bt2020")])
def test_pixels_agree_with_those_of_the_ffmpeg_program(tmp_path, tag, matrix):
    """Tolerance: PSNR of at least 40 dB before JPEG; FFmpeg's scaler interpolates chroma in another way."""
    path = write(
        tmp_path / "a.mp4",
        "libx264",
        frames=[colourful(at) for at in range(3)],
        options={"preset": "ultrafast", "crf": "12"},
        colors={"colorspace": tag, "color_range": 1},
    )
    scale = f"scale=in_color_matrix={matrix}:in_range=limited:out_range=full:flags=bilinear+accurate_rnd,format=rgb24"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", scale, "-f", "rawvideo", "-"]
    theirs = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        ours = color.picture(frame, Fraction(1), 1 << 28)
    assert ours.notes[:2] == (f"matrix={color.MATRICES[tag]}", "range=limited")
    assert psnr(np.asarray(ours.image), theirs.reshape(ours.image.height, ours.image.width, 3)) >= 40
    (item,) = extracts(path)
    assert psnr(np.asarray(Image.open(io.BytesIO(item.payload))), np.asarray(ours.image)) >= 34


def colourful(at):
    x, y = np.meshgrid(np.arange(320), np.arange(176))
    return np.stack(
        [128 + 100 * np.sin((x + at) / 31), 128 + 100 * np.cos(y / 23), 128 + 100 * np.sin((x + y) / 41)], axis=2
    ).astype(np.uint8)


def pq_code(light):
    """SMPTE ST 2084 inverse EOTF, to a 10-bit limited-range grey."""
    power = (light / 10000) ** 0.1593017578125
    return round(64 + 876 * ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg_code(scene):
    signal = np.sqrt(3 * scene) if scene <= 1 / 12 else 0.17883277 * np.log(12 * scene - 0.28466892) + 0.55991073
    return round(64 + 876 * float(signal))


def srgb(linear):
    return 255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055)


HDR = {"colorspace": 9, "color_range": 1, "color_primaries": 9}


def test_pq_is_tone_mapped_and_recorded(tmp_path):
    lights = [0.0, 1.0, 10.0, 50.0, 90.0, 203.0, 500.0, 1000.0, 4000.0]
    codes = [(pq_code(light), 512, 512) for light in lights]
    path, share = patches(tmp_path / "a.mkv", codes, tags=HDR | {"color_trc": 16}, pixel="yuv420p10le", size=(360, 64))
    (item,) = extracts(path, jpeg_quality=100)
    greys = [float(np.mean(rgb)) for rgb in seen(item.payload, share, len(lights))]
    # Below the knee light is kept, relative to a white of 203 cd/m2.
    for light, grey in list(zip(lights, greys, strict=True))[:5]:
        assert abs(grey - srgb(light / 203)) <= 2.5, (light, grey)
    assert greys == sorted(greys)
    assert 200 < greys[5] < greys[6] < 254 < greys[7]
    assert all(np.ptp(rgb) <= 2 for rgb in seen(item.payload, share, len(lights)))  # grey stays grey
    assert item.fields["hdr"] == "pq"
    assert (item.fields["color_transfer"], item.fields["color_primaries"]) == ("smpte2084", "bt2020")
    assert item.fields["rendition"].endswith("tone-map=bt2390(pq,1000:203)")


def test_hlg_and_pq_of_the_same_light_look_the_same(tmp_path):
    """BT.2408: at 1000 cd/m2 and system gamma 1.2, scene light E is shown at 1000 * E**1.2."""
    scenes = [0.05, 0.1, 0.2, 0.4, 0.8]
    hlg, share = patches(
        tmp_path / "hlg.mkv",
        [(hlg_code(scene), 512, 512) for scene in scenes],
        tags=HDR | {"color_trc": 18},
        pixel="yuv420p10le",
    )
    pq, _ = patches(
        tmp_path / "pq.mkv",
        [(pq_code(1000 * scene**1.2), 512, 512) for scene in scenes],
        tags=HDR | {"color_trc": 16},
        pixel="yuv420p10le",
    )
    (first,), (second,) = extracts(hlg, jpeg_quality=100), extracts(pq, jpeg_quality=100)
    assert first.fields["hdr"] == "hlg"
    a, b = (np.array(seen(item.payload, share, len(scenes))) for item in (first, second))
    assert np.abs(a - b).max() <= 2.5


def test_wide_gamut_colours_land_in_the_narrow_gamut(tmp_path):
    """BT.2020 red of 100 cd/m2 lies outside BT.709: red stays the only channel, and the others are clipped at 0."""
    kr, kb, _ = MATRICES["bt2020nc"]
    signal = (pq_code(100) - 64) / 876
    black = (pq_code(0) - 64) / 876
    y = kr * signal + (1 - kr) * black
    code = (
        round(64 + 876 * y),
        round(512 + 896 * (black - y) / (2 * (1 - kb))),
        round(512 + 896 * (signal - y) / (2 * (1 - kr))),
    )
    path, share = patches(tmp_path / "a.mkv", [code], tags=HDR | {"color_trc": 16}, pixel="yuv444p10le")
    (item,) = extracts(path, jpeg_quality=100)
    red, green, blue = seen(item.payload, share, 1)[0]
    assert abs(red - srgb(100 / 203 * 1.660491)) <= 4
    assert max(green, blue) <= 4


def test_the_mastering_peak_moves_the_knee():
    low, high = color._gain_table(1000.0), color._gain_table(4000.0)
    at = round(1000 / 10000 * 65535)
    assert low[at] * 1000 == pytest.approx(1.0, abs=0.01)  # the peak becomes white
    assert high[at] * 1000 < 0.97
    assert high[65535 * 4 // 10] * 4000 == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_film_comes_out_upright_and_says_how_it_was_turned(tmp_path, degrees):
    turned = [np.ascontiguousarray(np.rot90(numbered(at), degrees // 90)) for at in (5, 6)]  # counter-clockwise

    def ready(stream):
        stream.set_display_rotation(-degrees)  # to be turned back clockwise

    path = write(
        tmp_path / "a.mp4", "libx264", frames=turned, options={"preset": "ultrafast", "crf": "18"}, ready=ready
    )
    (item,) = extracts(path)
    assert (item.fields["width"], item.fields["height"]) == (192, 96)
    assert item.fields["rotation"] == degrees
    assert number_of(item.payload) == 5


def test_a_display_matrix_that_is_no_quarter_turn_is_left_alone(tmp_path):
    path = write(
        tmp_path / "a.mp4",
        "libx264",
        frames=2,
        options={"preset": "ultrafast", "crf": "18"},
        ready=lambda stream: stream.set_display_rotation(30),
    )
    (item,) = extracts(path)
    assert (item.fields["rotation"], number_of(item.payload)) == (0, 0)


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(4, 3), (256, 96)), (Fraction(8, 9), (192, 108)), (Fraction(1), (192, 96))]
)
def test_pixels_that_are_not_square_are_widened_or_heightened_never_reduced(tmp_path, aspect, size):
    def ready(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    path = write(tmp_path / "a.mp4", "libx264", frames=2, options={"preset": "ultrafast", "crf": "18"}, ready=ready)
    (item,) = extracts(path)
    assert (item.fields["width"], item.fields["height"]) == size
    assert item.fields["pixel_aspect"] == f"{aspect.numerator}/{aspect.denominator}"
    assert number_of(item.payload) == 0


def test_an_absurd_pixel_aspect_is_not_believed():
    assert color.plausible_aspect(Fraction(1, 4000)) == 1
    assert color.plausible_aspect(Fraction(9000, 1)) == 1
    assert color.plausible_aspect(None) == 1


def test_alpha_and_woven_fields_are_named_in_the_rendition(tmp_path):
    path = write(tmp_path / "a.mov", "png", frames=2, pixel="rgba")
    (item,) = extracts(path)
    assert item.fields["rendition"] == "jpeg=92,4:4:4 alpha=left-out"
    assert (item.fields["original_color_space"], item.fields["color_matrix"]) == ("RGB", None)
    path = write(tmp_path / "b.mpg", "mpeg2video", frames=4, rate=25, options={"flags": "+ilme+ildct"})
    (item,) = extracts(path)
    assert item.fields["rendition"].endswith("fields=woven")


@pytest.mark.parametrize(("tag", "full"), [(1, False), (2, True)])
def test_a_grey_film_has_levels_but_no_matrix(tmp_path, tag, full):
    def ready(stream):
        stream.codec_context.color_range = tag

    pictures = [np.full((96, 192, 3), 255, np.uint8)] * 2
    path = write(tmp_path / "a.mkv", "ffv1", frames=pictures, pixel="gray", ready=ready)
    (item,) = extracts(path)
    assert item.fields["original_color_space"] == "Gray"
    assert item.fields["color_matrix"] is None
    assert item.fields["rendition"] == f"jpeg=92,4:4:4 range={'full' if full else 'limited'}"


def test_a_matrix_that_cannot_be_converted_is_refused_by_name(tmp_path):
    path, _ = patches(tmp_path / "a.mkv", [(128, 128, 128)], tags={"colorspace": 14, "color_range": 1})
    with pytest.raises(Quarantined, match="ictcp") as caught:
        extracts(path)
    assert caught.value.cause == Cause.UNSUPPORTED


def test_a_picture_larger_than_the_cap_is_refused_before_it_is_converted(tmp_path):
    path = write(tmp_path / "a.mov", "prores", frames=2, pixel="yuv422p10le")
    with pytest.raises(Quarantined, match="over the cap of 1,000") as caught:
        extracts(path, max_pixels=1000)
    assert caught.value.cause == Cause.BOMB
