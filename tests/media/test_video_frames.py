"""Which frames are taken, what is said of each, and that every way to reach a frame gives the same one."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from PIL import Image
from video_samples import extracts, number_of, numbered, numbers, write

from provenance.fingerprint import picture
from provenance.media import _video_tracks as tracks
from provenance.media._video_sampling import Grid, Middle, sampling
from provenance.model.errors import UsageError
from provenance.model.words import Kind

SHORT_GROUPS = {"preset": "ultrafast", "g": "12", "bf": "2", "crf": "18", "sc_threshold": "0"}
LONG_GROUPS = SHORT_GROUPS | {"g": "250"}
OPEN_GROUPS = {"preset": "medium", "g": "12", "bf": "3", "crf": "18", "x264-params": "open-gop=1:b-adapt=0:scenecut=0"}
TEN_BIT = {"pixel": "yuv422p10le"}


@pytest.fixture
def ways(monkeypatch):
    """The ways that were chosen, in order."""
    chosen, real = [], tracks.way

    def way(*args):
        chosen.append(real(*args))
        return chosen[-1]

    monkeypatch.setattr(tracks, "way", way)
    return chosen


@pytest.fixture
def misled(monkeypatch):
    """One entry for each way that was given up."""
    given_up = []

    def watched(real):
        def way(*args):
            try:
                yield from real(*args)
            except tracks.Misled:
                given_up.append(real.__name__)
                raise

        return way

    monkeypatch.setattr(tracks, "seek", watched(tracks.seek))
    monkeypatch.setattr(tracks, "pick", watched(tracks.pick))
    return given_up


def by_decoding(path, frames="1/s"):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracks, "way", lambda *_: "decode")
        return extracts(path, frames)


def identity(items):
    return [(item.locator, item.fields["pixel_sha256"], item.payload) for item in items]


WAYS = [
    ("prores.mov", "prores", TEN_BIT, "seek"),
    ("mjpeg.avi", "mjpeg", {"pixel": "yuvj420p"}, "seek"),
    ("png.mov", "png", {"pixel": "rgb24"}, "seek"),
    ("short.mp4", "libx264", {"options": SHORT_GROUPS}, "seek"),
    ("open.mp4", "libx264", {"options": OPEN_GROUPS}, "seek"),
    ("leading.mp4", "libx264", {"options": OPEN_GROUPS, "rate": 22}, "seek"),  # a sample before its group's key frame
    ("late.mp4", "libx264", {"options": SHORT_GROUPS, "first": 37}, "seek"),
    ("mpeg4.avi", "mpeg4", {"options": {"g": "12", "bf": "2"}}, "seek"),
    ("ffv1.mkv", "ffv1", {}, "pick"),
    ("dnxhr.mxf", "dnxhd", {"pixel": "yuv422p", "options": {"profile": "dnxhr_lb"}}, "pick"),
    ("cut.mov", "prores", TEN_BIT | {"first": -12}, "pick"),  # an edit list takes the first half second away
    ("long.mp4", "libx264", {"options": LONG_GROUPS}, "decode"),
    ("cut.mp4", "libx264", {"options": SHORT_GROUPS, "first": -12}, "decode"),
    ("late.mkv", "libx264", {"options": SHORT_GROUPS, "first": 37}, "decode"),
    ("stream.ts", "libx264", {"options": SHORT_GROUPS}, "decode"),
    ("program.mpg", "mpeg2video", {"options": {"g": "12", "bf": "2"}, "rate": 25}, "decode"),
    (
        "parts.mp4",
        "libx264",
        {"options": SHORT_GROUPS, "container": {"movflags": "frag_keyframe+empty_moov"}},
        "decode",
    ),
    ("vp9.webm", "libvpx-vp9", {"options": {"deadline": "realtime", "cpu-used": "8"}}, "decode"),
]


@pytest.mark.parametrize(("name", "codec", "settings", "way"), WAYS, ids=[case[0] for case in WAYS])
def test_every_way_to_a_frame_gives_the_frame_that_decoding_them_all_gives(
    tmp_path, ways, misled, name, codec, settings, way
):
    size = (320, 160) if "dnxhr" in name else (192, 96)
    path = write(tmp_path / name, codec, **{"frames": [numbered(n, *size) for n in range(80)]} | settings)
    found = extracts(path)
    # That stream's decoder cannot be entered where the sample wants it, and says so; then all is decoded.
    assert (ways[0], misled) == (way, ["seek"] if name == "leading.mp4" else [])
    rate = settings.get("rate", 24)
    skipped = max(0, -settings.get("first", 0))
    assert numbers(found) == list(range(skipped, 80, rate))
    assert [item.locator.frame for item in found] == [n - skipped for n in numbers(found)]
    assert [item.locator.time for item in found] == [Fraction(n) for n in range(len(found))]
    assert identity(found) == identity(by_decoding(path))


@pytest.mark.parametrize("frames", ["2/s", "1/2s", "7/s"])
def test_other_grids_agree_between_seeking_and_decoding(tmp_path, frames):
    path = write(tmp_path / "a.mp4", "libx264", frames=100, options=SHORT_GROUPS)
    assert identity(extracts(path, frames)) == identity(by_decoding(path, frames))


def all_key_mp4(data):
    assert data.count(b"stss") == 1
    return data.replace(b"stss", b"free")  # without the list of key frames, all of them are


def all_key_avi(data):
    at = data.index(b"idx1")
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    entries = bytearray(data[at + 8 : at + 8 + length])
    for flags in range(4, length, 16):
        entries[flags] |= 0x10
    return data[: at + 8] + bytes(entries) + data[at + 8 + length :]


@pytest.mark.parametrize(
    ("name", "codec", "options", "lie"),
    [("a.mp4", "libx264", LONG_GROUPS | {"bf": "0"}, all_key_mp4), ("a.avi", "mpeg4", {"g": "250"}, all_key_avi)],
)
def test_an_index_that_calls_every_frame_a_key_frame_is_not_believed(tmp_path, ways, misled, name, codec, options, lie):
    path = write(tmp_path / name, codec, frames=80, options=options)
    honest = identity(extracts(path))
    path.write_bytes(lie(path.read_bytes()))
    found = extracts(path)
    assert (ways, misled) == (["decode", "seek"], ["seek"])
    assert identity(found) == honest


def test_packets_that_are_no_pictures_of_their_own_are_decoded_from_the_start(tmp_path, ways, misled):
    path = write(tmp_path / "a.mkv", "ffv1", frames=80, options={"g": "50", "level": "1"})
    found = extracts(path)
    assert (ways, misled) == (["pick"], ["pick"])
    assert numbers(found) == [0, 24, 48, 72]
    assert identity(found) == identity(by_decoding(path))


def test_the_frame_is_the_first_at_or_after_the_grid_point(tmp_path):
    path = write(tmp_path / "ntsc.mov", "prores", frames=95, rate=Fraction(30000, 1001), **TEN_BIT)
    found = extracts(path)
    assert numbers(found) == [0, 30, 60, 90]
    assert [item.locator.time for item in found] == [Fraction(1001 * n, 30000) for n in (0, 30, 60, 90)]
    assert found[1].fields["time_numerator"] / found[1].fields["time_denominator"] == found[1].fields["time_seconds"]
    assert found[0].fields["frame_rate"] == "30000/1001"


def test_uneven_times_are_kept_exactly_and_a_frame_serves_several_grid_points_once(tmp_path):
    times = [0, 333, 700, 999, 1001, 5300, 5301, 6000]
    path = write(
        tmp_path / "vfr.mp4",
        "libx264",
        frames=8,
        times=times,
        time_base=Fraction(1, 1000),
        options={"preset": "ultrafast", "crf": "18"},
    )
    found = extracts(path)
    assert [item.locator.time for item in found] == [0, Fraction(1001, 1000), Fraction(53, 10), 6]
    assert numbers(found) == [0, 4, 5, 7]


def test_all_gives_every_frame_in_presentation_order(tmp_path):
    path = write(tmp_path / "a.mp4", "libx264", frames=30, options=SHORT_GROUPS)
    found = extracts(path, "all")
    assert numbers(found) == list(range(30))
    assert [item.locator.frame for item in found] == list(range(30))
    assert [n for n, item in enumerate(found) if item.fields["key_frame"]] == [0, 12, 24]


def test_keyframes_gives_those_and_no_other(tmp_path):
    path = write(tmp_path / "a.mp4", "libx264", frames=60, options=SHORT_GROUPS)
    found = extracts(path, "keyframes")
    assert numbers(found) == [0, 12, 24, 36, 48]
    assert [(item.locator.frame, item.locator.time) for item in found[1:3]] == [(12, Fraction(1, 2)), (24, Fraction(1))]


def test_each_video_track_gives_its_frames_and_a_cover_picture_gives_none(tmp_path):
    import av

    path = tmp_path / "two.mov"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("mjpeg", rate=24) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 192, 96, "yuvj420p"
        for at in range(30):
            for which, stream in enumerate(streams):
                frame = av.VideoFrame.from_ndarray(numbered(at + 100 * which), format="rgb24").reformat(
                    format="yuvj420p"
                )
                frame.pts, frame.time_base = at, Fraction(1, 24)
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode(None))
    assert [(item.locator.track, number_of(item.payload)) for item in extracts(path)] == [
        (0, 0),
        (0, 24),
        (1, 100),
        (1, 124),
    ]


def test_an_extract_fills_the_columns_that_only_a_decoder_knows(tmp_path):
    path = write(tmp_path / "a.mov", "prores", frames=30, metadata={"timecode": "01:00:00:00"}, **TEN_BIT)
    first, second = extracts(path, jpeg_quality=95)
    assert (first.kind, first.media_type) == (Kind.FRAMES, "image/jpeg")
    with Image.open(io.BytesIO(first.payload)) as image:
        assert (image.mode, image.size) == ("RGB", (192, 96))
        # The digest is of the picture before it was encoded, so it cannot equal that of the encoded one.
        assert first.fields["pixel_sha256"] != picture.measure(image)["pixel_sha256"]
    assert first.fields["phash_64"] != second.fields["phash_64"]
    wanted = {
        "original_media_type": "video/quicktime",
        "original_bit_depth": 10,
        "codec": "prores",
        "frame_rate": "24/1",
        "pixel_aspect": "1/1",
        "rotation": 0,
        "timecode_rate": "24/1",
        "timecode_drop": False,
        "key_frame": True,
        "hdr": None,
        "track": 0,
    }
    assert {name: first.fields[name] for name in wanted} == wanted
    assert first.fields["rendition"].startswith("jpeg=95,4:4:4 matrix=")
    assert second.locator.timecode == "01:00:01:00"


def test_the_same_bytes_give_the_same_extracts_twice(tmp_path):
    path = write(tmp_path / "a.mp4", "libx264", frames=60, options=LONG_GROUPS)
    assert extracts(path) == extracts(path)


def test_the_grammar_of_frames():
    assert sampling("1/s") == 1
    assert sampling("24/s") == 24
    assert sampling("1/10s") == Fraction(1, 10)
    assert sampling("shots") == "shots"
    for wrong in ("", "0/s", "1", "1/0s", "-1/s", "1/s ", "scenes", "1.5/s"):
        with pytest.raises(UsageError, match="names no frames"):
            sampling(wrong)


def test_a_grid_skips_what_a_gap_swallowed():
    grid = Grid(Fraction(2))
    times = [Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(7), Fraction(71, 10), Fraction(15, 2)]
    assert [grid.takes(time) for time in times] == [True, False, True, True, False, True]
    assert grid.due == 8


@pytest.mark.parametrize("length", [1, 2, 5, 16, 17, 31, 33, 100, 257, 1000])
def test_the_middle_of_a_span_is_found_while_few_frames_are_held(length):
    middle, most = Middle(), 0
    for number in range(length):
        middle.push(number)
        most = max(most, len(middle._held))
    step = 1
    while length > 16 * step:
        step *= 2
    (best,) = middle.take()
    assert best == min(range(0, length, step), key=lambda n: (abs(2 * n - (length - 1)), n))
    assert most <= 9
    assert middle.take() == []
