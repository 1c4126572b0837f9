"""What a video must not do to us, and what becomes of files that are cut off, damaged, locked or mean."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from video_samples import extracts, numbered, numbers, source, write

from provenance.media import _video_container as container
from provenance.media import video
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

X264 = {"preset": "ultrafast", "crf": "18", "g": "12"}
FIRST = {"movflags": "faststart"}
GRAIN = np.random.default_rng(3).integers(0, 128, (48, 96, 192, 3), dtype=np.uint8)


def refused(path, frames="1/s", **options):
    with pytest.raises(Quarantined) as caught:
        extracts(path, frames, **options)
    assert "\n" not in str(caught.value)
    return caught.value


def shorten(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


CUT = [
    ("first.mp4", "libx264", {"options": X264, "container": FIRST}),
    ("last.mp4", "libx264", {"options": X264}),
    ("parts.mp4", "libx264", {"options": X264, "container": {"movflags": "frag_keyframe+empty_moov"}}),
    ("a.mov", "prores", {"pixel": "yuv422p10le", "container": FIRST}),
    ("a.mkv", "ffv1", {}),
    ("a.webm", "libvpx-vp9", {"options": {"deadline": "realtime", "cpu-used": "8"}}),
    ("a.avi", "mjpeg", {"pixel": "yuvj420p"}),
    ("a.mxf", "mpeg2video", {}),
]


@pytest.mark.parametrize(("name", "codec", "settings"), CUT, ids=[case[0] for case in CUT])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_that_ends_before_its_content_is_truncated(tmp_path, name, codec, settings, share):
    path = write(tmp_path / name, codec, **settings)
    assert extracts(path)
    assert refused(shorten(path, share)).cause == Cause.TRUNCATED


def test_a_box_that_is_cut_off_is_named_before_anything_is_decoded(tmp_path):
    path = shorten(write(tmp_path / "a.mp4", "libx264", options=X264, container=FIRST), 0.7)
    assert container.shortfall(source(path).file, path.stat().st_size, "mov").startswith("its mdat box promises ")


def test_an_index_that_points_beyond_the_file_is_truncated(tmp_path):
    path = write(tmp_path / "a.mp4", "libx264", options=X264, container=FIRST)
    data = path.read_bytes()
    at = data.index(b"mdat") - 4
    left = 2000
    path.write_bytes(data[:at] + struct.pack(">I", 8 + left) + b"mdat" + data[at + 8 : at + 8 + left])
    problem = refused(path)
    assert problem.cause == Cause.TRUNCATED
    assert "index points at byte" in problem.what


def test_an_mxf_with_fewer_frames_than_its_header_promises_is_truncated(tmp_path):
    path = write(tmp_path / "a.mxf", "mpeg2video", frames=10)
    data = bytearray(path.read_bytes())
    key = bytes.fromhex("060e2b34020501010d0102010102")
    at = data.index(key)
    data[at + 20 + 24 : at + 20 + 32] = bytes(8)  # a header that leaves its footer open
    marker = data.index(bytes.fromhex("060e2b34010201010d010301"))  # the first picture element
    path.write_bytes(data[: marker + 3000])
    assert refused(path).cause in (Cause.TRUNCATED, Cause.DAMAGED)


def test_a_live_recording_of_unknown_length_is_whole(tmp_path):
    path = write(
        tmp_path / "a.webm",
        "libvpx-vp9",
        options={"deadline": "realtime", "cpu-used": "8"},
        container={"live": "1"},
    )
    assert numbers(extracts(path)) == [0, 24]


@pytest.mark.parametrize(("codec", "options"), [("libx264", X264), ("mpeg2video", {"g": "12", "bf": "2"})])
def test_a_broadcast_cut_anywhere_gives_its_whole_pictures(tmp_path, codec, options):
    pictures = [numbered(at) // 2 + noise for at, noise in enumerate(GRAIN)]
    path = write(tmp_path / "a.ts", codec, frames=pictures, rate=25, options=options)
    whole = {item.locator.frame: item.fields["pixel_sha256"] for item in extracts(path, "all")}
    data = path.read_bytes()
    packets = len(data) // 188
    path.write_bytes(data[188 * (packets // 3) : 188 * (packets * 9 // 10)])
    found = extracts(path, "all")
    shift = next(at for at, digest in whole.items() if digest == found[0].fields["pixel_sha256"])
    assert shift > 0
    assert len(found) >= 18
    for item in found:
        assert item.fields["pixel_sha256"] == whole[shift + item.locator.frame]


@pytest.mark.parametrize("name", ["a.mov", "a.ts", "a.mkv"])
def test_a_broken_frame_in_the_middle_spoils_the_file(tmp_path, name):
    pictures = [numbered(at) // 2 + noise for at, noise in enumerate(GRAIN)]
    codec = {
        "a.mov": ("prores", {"pixel": "yuv422p10le"}),
        "a.ts": ("libx264", {"options": X264}),
        "a.mkv": ("ffv1", {"options": {"level": "3", "slicecrc": "1"}}),
    }[name]
    path = write(tmp_path / name, codec[0], frames=pictures, **codec[1])
    data, rng = bytearray(path.read_bytes()), random.Random(1)
    for _ in range(40):
        data[rng.randrange(len(data) // 3, len(data) * 2 // 3)] ^= rng.randrange(1, 256)
    path.write_bytes(data)
    assert refused(path, "all").cause == Cause.DAMAGED


def test_a_movie_that_keeps_its_pictures_elsewhere_is_unsafe(tmp_path):
    path = write(tmp_path / "a.mov", "mjpeg", frames=5, pixel="yuvj420p")
    data = path.read_bytes()
    at = data.index(b"dref") + 4 + 8
    assert data[at + 4 : at + 12] == b"url \0\0\0\1"  # flag 1: in this very file
    path.write_bytes(data[: at + 8] + bytes(4) + data[at + 12 :])
    assert refused(path).cause == Cause.UNSAFE


def test_a_demuxer_that_asks_for_a_second_file_gets_none(tmp_path, monkeypatch):
    """Should a whitelisted demuxer ever follow a reference, the door is closed too, and the file named unsafe."""
    playlist = tmp_path / "a.m3u8"
    segment = write(tmp_path / "segment.ts", "libx264", frames=24, options=X264)
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{segment.name}\n#EXT-X-ENDLIST\n")
    found = source(playlist)
    assert video.sniff(found) is None
    with pytest.raises(Quarantined) as caught, container.opened(found.file, "hls", 1 << 28):
        pass
    assert caught.value.cause == Cause.UNSAFE


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\n#EXT-X-VERSION:3\n",
        b"ffconcat version 1.0\nfile a.mp4\n",
        b'<?xml version="1.0"?><MPD></MPD>',
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ",
        b"\xff\xd8\xff\xe0JFIF",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"G" * 10,
        b"Great free text, and skip it",
        b"",
    ],
)
def test_what_is_no_video_container_is_left_to_others(head):
    assert container.identify(head + bytes(600) if head else b"") is None


@pytest.mark.parametrize(
    ("name", "codec", "media_type"),
    [
        ("a.mp4", "libx264", "video/mp4"),
        ("a.mov", "mjpeg", "video/quicktime"),
        ("a.mkv", "ffv1", "video/matroska"),
        ("a.webm", "libvpx-vp9", "video/webm"),
        ("a.mxf", "mpeg2video", "application/mxf"),
        ("a.ts", "libx264", "video/mp2t"),
        ("a.m2ts", "libx264", "video/mp2t"),
        ("a.mpg", "mpeg2video", "video/mpeg"),
        ("a.m2v", "mpeg2video", "video/mpeg"),
        ("a.avi", "mjpeg", "video/vnd.avi"),
        ("a.asf", "wmv2", "video/x-ms-asf"),
        ("a.flv", "flv1", "video/x-flv"),
        ("a.ivf", "libvpx-vp9", "video/x-ivf"),
        ("a.gxf", "mpeg2video", "application/gxf"),
    ],
)
def test_a_container_is_known_by_its_content_whatever_its_name(tmp_path, name, codec, media_type):
    pixel = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    rate, size = (25, (720, 576)) if name.endswith("gxf") else (25, (192, 96))
    options = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx-vp9" else {}
    path = write(
        tmp_path / name,
        codec,
        frames=[numbered(at, *size) for at in range(30)],
        pixel=pixel,
        rate=rate,
        options=options,
    )
    disguised = path.rename(tmp_path / "holiday.txt")
    assert video.sniff(source(disguised)) == media_type
    assert numbers(extracts(disguised)) == [0, 25]


def silent(out):
    stream = out.add_stream("aac", rate=48000)
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
    frame.sample_rate = 48000
    return stream, frame


@pytest.mark.parametrize("suffix", ["m4a", "mp4", "mkv"])
def test_sound_alone_is_context(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as out:
        stream, frame = silent(out)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert video.sniff(source(path)) is not None
    assert extracts(path) == []


def test_a_cover_picture_gives_no_frame(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream, frame = silent(out)
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 192, 96, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame.from_ndarray(numbered(1), format="rgb24").reformat(format="yuvj420p")))
        out.mux(cover.encode(None))
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert extracts(path) == []


def test_encrypted_pictures_are_named_so(tmp_path):
    key = "00112233445566778899aabbccddeeff"
    path = write(
        tmp_path / "a.mp4",
        "libx264",
        options=X264,
        container={"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key},
    )
    assert refused(path).cause == Cause.ENCRYPTED


def test_a_codec_off_the_list_is_unsupported_and_named(tmp_path):
    path = write(tmp_path / "a.avi", "zmbv", frames=3, pixel="bgr0")
    problem = refused(path)
    assert (problem.cause, "zmbv" in problem.what) == (Cause.UNSUPPORTED, True)


def test_a_film_that_grows_beyond_the_cap_half_way_is_refused(tmp_path):
    small = write(tmp_path / "a.ts", "libx264", frames=24, options=X264)
    large = write(tmp_path / "b.ts", "libx264", frames=[numbered(at, 640, 320) for at in range(24)], options=X264)
    small.write_bytes(small.read_bytes() + large.read_bytes())
    assert refused(small, max_pixels=100_000).cause in (Cause.BOMB, Cause.DAMAGED)
    found = extracts(small, "all")
    # Its times begin anew in the middle; ours go on.
    assert [item.locator.time for item in found] == [Fraction(at, 24) for at in range(48)]
    assert [item.fields["shot"] for item in found] == [1] * 24 + [2] * 24


def test_a_frame_shown_in_four_months_is_a_bomb(tmp_path):
    path = write(
        tmp_path / "a.mkv", "ffv1", frames=2, times=[0, 11_000_000_000], time_base=Fraction(1, 1000), rate=1000
    )
    assert refused(path).cause == Cause.BOMB


def test_hundreds_of_tracks_are_refused(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("mjpeg", rate=24) for _ in range(container.MOST_STREAMS + 6)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        for stream in streams:
            out.mux(stream.encode(av.VideoFrame(32, 32, "yuvj420p")))
            out.mux(stream.encode(None))
    assert refused(path).cause == Cause.BOMB


MUTANTS = """
import random, sys, pathlib
sys.path.insert(0, sys.argv[1])
from video_samples import extracts
from provenance.model.errors import Quarantined
path, seed, count = pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
data, rng = path.read_bytes(), random.Random(seed)
target = path.with_suffix(".mutant")
for _ in range(count):
    mutant = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        reach = min(len(mutant), 6000) if rng.random() < 0.6 else len(mutant)
        mutant[rng.randrange(reach)] = rng.choice((0, 255, rng.randrange(256)))
    target.write_bytes(mutant)
    try:
        print(len(extracts(target, "all", max_pixels=1_000_000)))
    except Quarantined as problem:
        print(problem.cause)
"""


@pytest.mark.parametrize(("name", "codec", "settings"), CUT, ids=[case[0] for case in CUT])
def test_mutants_end_in_frames_or_a_named_cause(tmp_path, request, name, codec, settings):
    """In a process of their own, for a decoder may yet crash: then the exit status would tell."""
    path = write(tmp_path / name, codec, frames=6, **settings)
    count = 1000 if request.config.getoption("--on-demand") else 25
    arguments = [str(Path(__file__).parent), str(path), "7", str(count)]
    done = subprocess.run([sys.executable, "-c", MUTANTS, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = done.stdout.split()
    assert len(outcomes) == count
    assert all(word.isdigit() or word in [cause.value for cause in Cause] for word in outcomes)
