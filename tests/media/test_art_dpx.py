"""DPX: every packing read as the standard lays it out, log developed, the rest scaled; PyAV's decoder agrees."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from art_samples import dpx as written
from art_samples import extracted, payload, source

from provenance.media import dpx
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Kind

LAYOUTS = [(8, 0), (10, 0), (10, 1), (10, 2), (12, 0), (12, 1), (12, 2), (16, 0), (16, 1)]


def _codes(bits: int, samples: int = 3, height: int = 5, width: int = 7) -> np.ndarray[Any, Any]:
    return np.random.default_rng(bits).integers(0, 1 << bits, (height, width, samples))


def _eight(codes: np.ndarray[Any, Any], bits: int) -> np.ndarray[Any, Any]:
    return np.floor(codes * 255 / ((1 << bits) - 1) + 0.5).astype(np.uint8)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(("bits", "packing"), LAYOUTS)
@pytest.mark.parametrize(("descriptor", "samples"), [(50, 3), (51, 4)])
def test_every_packing_in_both_byte_orders_gives_back_its_codes(order, bits, packing, descriptor, samples):
    codes = _codes(bits, samples)
    if samples == 4:
        codes[..., 3] = (1 << bits) - 2  # an opaque alpha would not be kept apart from none
        codes[..., 3] >>= 1
    data = written(codes, bits, order=order, packing=packing, descriptor=descriptor)
    assert dpx.sniff(source(data)) == "image/x-dpx"
    (item,) = extracted(dpx, data)
    assert item.kind is Kind.ART
    assert (item.fields["rendition"], item.fields["original_bit_depth"]) == ("display-srgb8-png-v1", bits)
    assert np.asarray(payload(item)).tolist() == _eight(codes, bits).tolist()


def test_abgr_and_luminance_are_put_in_order():
    codes = _codes(8, 4)
    (item,) = extracted(dpx, written(codes, 8, packing=0, descriptor=52))
    assert np.asarray(payload(item)).tolist() == codes[..., ::-1].tolist()
    grey = _codes(16, 1)
    (item,) = extracted(dpx, written(grey, 16, packing=0, descriptor=6))
    assert (payload(item).mode, item.fields["original_color_space"]) == ("L", "gray")
    assert np.asarray(payload(item)).tolist() == _eight(grey[..., 0], 16).tolist()


@pytest.mark.parametrize(
    "form", ["rgb24", "rgba", "abgr", "gray", "gray16le", "rgb48be", "rgba64le", "gbrp10be", "gbrp12le"]
)
def test_another_writer_and_another_reader_agree_with_ours(form):
    encoder = av.CodecContext.create("dpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 33, 17, form, Fraction(1, 24)
    frame = av.VideoFrame(33, 17, form)
    bits = 12 if "12" in form else 10 if "10" in form else 16 if ("48" in form or "64" in form or "16" in form) else 8
    draw = np.random.default_rng(1)
    for plane in frame.planes:
        samples = draw.integers(0, 1 << bits, plane.buffer_size * 8 // (8 if bits == 8 else 16))
        plane.update(samples.astype("u1" if bits == 8 else ">u2" if form.endswith("be") else "<u2").tobytes())
    data = b"".join(bytes(packet) for packet in encoder.encode(frame))
    decoded = av.CodecContext.create("dpx", "r").decode(av.Packet(data))[0]
    (item,) = extracted(dpx, data)
    assert np.asarray(payload(item)).tolist() == _eight(_samples(decoded), bits).tolist()


def _samples(frame: av.VideoFrame) -> np.ndarray[Any, Any]:
    name, (height, width) = frame.format.name, (frame.height, frame.width)
    if name.startswith("gbrp"):
        kind = ">u2" if name.endswith("be") else "<u2"
        planes = [np.frombuffer(bytes(plane), kind).reshape(height, -1)[:, :width] for plane in frame.planes]
        return np.stack([planes[2], planes[0], planes[1]], axis=-1).astype(int)
    if name == "abgr":
        plane = frame.planes[0]
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(height, plane.line_size)[:, : width * 4]
        return rows.reshape(height, width, 4)[..., ::-1].astype(int)
    return frame.to_ndarray().astype(int)


def test_printing_density_is_developed_between_reference_black_and_white():
    codes = np.repeat(np.array([[0, 95, 445, 470, 685, 1023]])[..., None], 3, axis=2)
    (item,) = extracted(dpx, written(codes, transfer=1))
    assert (item.fields["rendition"], item.fields["original_color_space"]) == ("cineon-srgb8-png-v1", "RGB log")
    grey = np.asarray(payload(item))[0, :, 0].tolist()
    assert grey[:2] == [0, 0] and grey[4:] == [255, 255]
    # 445: 10 ** ((445 - 685) * 0.002 / 0.6) is 0.1585, less the black of 0.0108 is 0.1493, by the sRGB curve 107.8.
    assert grey[2:4] == [108, 119]


def test_linear_in_the_header_of_an_integer_file_means_not_logarithmic():
    codes = _codes(10)
    assert (
        extracted(dpx, written(codes, transfer=2))[0].payload == extracted(dpx, written(codes, transfer=6))[0].payload
    )


@pytest.mark.parametrize(
    ("orientation", "corner"),
    list(enumerate(["top left", "top right", "bottom left", "bottom right"] * 2)),
)
def test_the_first_sample_stands_where_the_orientation_says(orientation, corner):
    codes = np.zeros((4, 6, 3), int)
    codes[0, 0] = 1023
    codes[0, 1:] = 512  # the rest of the first line
    (item,) = extracted(dpx, written(codes, orientation=orientation))
    pixels = np.asarray(payload(item))[..., 0]
    assert pixels.shape == ((4, 6) if orientation < 4 else (6, 4))
    row, column = (0 if "top" in corner else -1), (0 if "left" in corner else -1)
    assert pixels[row, column] == 255
    first_line = pixels[row, :] if orientation < 4 else pixels[:, column]
    assert sorted(first_line.tolist())[0] == 128


def test_a_plate_has_frame_numbers_and_the_timecode_of_its_header():
    files = [written(_codes(10), timecode=0x01020314 + step, rate=23.976) for step in (0, 1)]
    items = extracted(dpx, *files, names=["a.7.dpx", "a.9.dpx"], numbers=[7, 9])
    assert [item.kind for item in items] == [Kind.FRAMES] * 2
    assert [item.locator.canonical() for item in items] == ['{"frame":7}', '{"frame":9}']
    assert [item.fields["timecode"] for item in items] == ["01:02:03:14", "01:02:03:15"]
    assert {item.fields["frame_rate"] for item in items} == {"24000/1001"}


@pytest.mark.parametrize("timecode", [0xFFFFFFFF, 0x0102031A, 0x01620304, 0])
def test_a_timecode_that_is_unset_or_no_time_is_left_out(timecode):
    (item,) = extracted(dpx, written(_codes(10), timecode=timecode), numbers=[1])
    assert "timecode" not in item.fields


@pytest.mark.parametrize("keep", [100, 2048, -1])
def test_a_file_that_ends_early_is_truncated(keep):
    with pytest.raises(Quarantined) as caught:
        extracted(dpx, written(_codes(10))[:keep])
    assert caught.value.cause is Cause.TRUNCATED


def test_a_header_may_not_ask_for_more_pixels_than_the_cap():
    data = written(_codes(8, 3, 20, 20), 8)
    assert len(extracted(dpx, data, options=Options(max_pixels=400))) == 1
    with pytest.raises(Quarantined) as caught:
        extracted(dpx, data, options=Options(max_pixels=399))
    assert caught.value.cause is Cause.BOMB


@pytest.mark.parametrize(
    ("place", "value"), [(770, b"\0\x03"), (800, bytes([100])), (803, bytes([32])), (804, b"\0\x07"), (806, b"\0\x01")]
)
def test_what_is_not_read_is_named_and_not_guessed(place, value):
    data = bytearray(written(_codes(8), 8, packing=0))
    data[place : place + len(value)] = value
    with pytest.raises(Quarantined) as caught:
        extracted(dpx, bytes(data))
    assert caught.value.cause is Cause.UNSUPPORTED
