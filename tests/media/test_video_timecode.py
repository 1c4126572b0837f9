"""SMPTE ST 12-1: labels are counted right across minutes, ten minutes and midnight, and read from each container."""

from __future__ import annotations

import re
import struct
from fractions import Fraction

import pytest
from video_samples import extracts, write

from provenance.media._video_timecode import count, label, read

NTSC = Fraction(30000, 1001)
X264 = {"preset": "ultrafast", "crf": "18"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("00:00:59;29", "00:01:00;02"),
        ("00:01:59;29", "00:02:00;02"),
        ("00:09:59;29", "00:10:00;00"),
        ("00:10:59;29", "00:11:00;02"),
        ("00:59:59;29", "01:00:00;00"),
        ("09:59:59;29", "10:00:00;00"),
        ("23:59:59;29", "00:00:00;00"),
    ],
)
def test_drop_frame_leaves_out_two_labels_each_minute_but_not_each_tenth(before, after):
    found = count(before, 30)
    assert found is not None
    assert label(found[0] + 1, 30, drop=True) == after
    assert label(found[0], 30, drop=True) == before


@pytest.mark.parametrize("nominal", [30, 60])
def test_a_day_of_drop_frame_labels_is_each_label_that_exists_once_in_order(nominal):
    left_out = nominal // 15
    at = 0
    for minutes in range(24 * 60):
        first = left_out if minutes % 10 else 0
        # The marks are where the arithmetic could go wrong: the first and last seconds of every minute.
        labels = [(0, f) for f in range(first, nominal)] + [(59, f) for f in range(nominal)]
        for second, frame in labels:
            text = f"{minutes // 60:02}:{minutes % 60:02}:{second:02};{frame:02}"
            expected = at + second * nominal + frame - first
            assert count(text, nominal) == (expected, True)
            assert label(expected, nominal, drop=True) == text
        at += 60 * nominal - first
    assert label(at, nominal, drop=True) == "00:00:00;00"


def test_an_hour_of_ntsc_time_is_an_hour_of_drop_frame_labels_to_within_four_frames():
    """What drop-frame is for: 107,892 frames of 29.97 a second are 3,600.0 seconds, and the label says 01:00:00;00."""
    assert label(107_892, 30, drop=True) == "01:00:00;00"
    assert label(107_892, 30, drop=False) == "00:59:56:12"


@pytest.mark.parametrize("nominal", [24, 25, 30, 50])
def test_labels_that_drop_nothing_count_every_frame(nominal):
    assert label(24 * 3600 * nominal - 1, nominal, drop=False) == f"23:59:59:{nominal - 1:02}"
    assert label(24 * 3600 * nominal, nominal, drop=False) == "00:00:00:00"
    assert count("01:00:00:00", nominal) == (3600 * nominal, False)


def test_what_is_no_label_gives_no_timecode():
    assert count("00:01:00;00", 30) is None  # drop-frame leaves it out
    assert count("00:01:00;01", 30) is None
    assert count("00:00:00:30", 30) is None
    assert count("24:00:00:00", 25) is None
    assert count("00:00:00;00", 25) is None  # there is no drop-frame at 25
    assert count("1:00:00:00", 25) is None
    assert read("00:00:00:00", Fraction(120)) is None  # three digits of frames have no notation
    assert read("00:00:00:00", None) is None
    assert read(None, Fraction(25)) is None


CONTAINERS = [
    ("a.mov", "prores", {"pixel": "yuv422p10le"}),
    ("a.mp4", "libx264", {"options": X264}),
    ("a.mxf", "mpeg2video", {}),
]


@pytest.mark.parametrize(("name", "codec", "settings"), CONTAINERS)
def test_a_drop_frame_track_is_labelled_across_the_minute(tmp_path, name, codec, settings):
    path = write(tmp_path / name, codec, frames=64, rate=NTSC, metadata={"timecode": "00:00:58;28"}, **settings)
    found = extracts(path, "all")
    assert found[0].locator.timecode == "00:00:58;28"
    assert [item.locator.timecode for item in found[30:34]] == [
        "00:00:59;28",
        "00:00:59;29",
        "00:01:00;02",
        "00:01:00;03",
    ]
    assert {(item.fields["timecode_rate"], item.fields["timecode_drop"]) for item in found} == {("30000/1001", True)}
    assert [item.fields["timecode"] for item in found] == [item.locator.timecode for item in found]


def test_a_track_that_counts_25_labels_of_50_frames_gives_each_pair_one_label(tmp_path):
    path = write(
        tmp_path / "a.mov", "prores", frames=54, rate=50, pixel="yuv422p10le", metadata={"timecode": "05:00:00:00"}
    )
    assert [item.locator.timecode for item in extracts(path, "all")][49:51] == ["05:00:00:49", "05:00:01:00"]
    data = bytearray(path.read_bytes())
    entry = re.search(rb"stsd\0{4}.{8}tmcd.{16}", data, re.DOTALL)
    assert entry is not None
    assert data[entry.end() + 8] == 50
    # The same frame number, 900,000, is ten hours at 25 a second.
    data[entry.end() : entry.end() + 9] = struct.pack(">IIB", 25, 1, 25)
    path.write_bytes(data)
    found = extracts(path, "all")
    assert [item.locator.timecode for item in found][47:51] == [
        "10:00:00:23",
        "10:00:00:24",
        "10:00:00:24",
        "10:00:01:00",
    ]
    assert found[0].fields["timecode_rate"] == "25/1"


def test_labels_follow_presentation_time_and_not_the_sampling(tmp_path):
    path = write(tmp_path / "a.mov", "prores", frames=70, pixel="yuv422p10le", metadata={"timecode": "23:59:59:00"})
    assert [item.locator.timecode for item in extracts(path)] == ["23:59:59:00", "00:00:00:00", "00:00:01:00"]


def test_an_mpeg2_stream_is_labelled_by_its_group_header(tmp_path):
    path = write(
        tmp_path / "a.mpg",
        "mpeg2video",
        frames=60,
        rate=25,
        options={"timecode": "01:02:03:04", "g": "10", "gop_timecode": "01:02:03:04"},
    )
    found = extracts(path)
    assert [item.locator.timecode for item in found[:2]] == ["01:02:03:04", "01:02:04:04"]


def test_a_file_without_timecode_has_none(tmp_path):
    (item,) = extracts(write(tmp_path / "a.mkv", "ffv1", frames=3))
    assert item.locator.timecode is None
    assert (item.fields["timecode"], item.fields["timecode_rate"], item.fields["timecode_drop"]) == (None, None, None)
