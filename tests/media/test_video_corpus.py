"""Real files: each valid one gives its frames, each hostile one ends in a named cause, and real cuts are found."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from video_samples import extracts, source

from provenance.media import _video_container as container
from provenance.media import _video_tracks as tracks
from provenance.media import video
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

FRAMES_AT_ONE_A_SECOND = {
    "av1.mkv": 5,
    "bbb/bbb_0-30s_720p_vp8.webm": 30,
    "bbb/bbb_1080_mpeg2_2500ms.ts": 3,
    "bbb/bbb_160x90_h264.mp4": 3,
    "bbb/bbb_480x360_10s_h264.mp4": 10,
    "bbb/bbb_wakeup_720p25_h264.mp4": 6,
    "flower.mp4": 5,
    "flower.webm": 5,
    "hevc_10bit.mp4": 1,
    "his_girl_friday_640x480.mp4": 7,
    "masters/bbb_dnxhr_lb_op1a.mxf": 1,
    "masters/bbb_dnxhr_opatom.mxf": 1,
    "masters/bbb_ffv1.mkv": 1,
    "masters/bbb_prores422.mov": 1,
    "mxf/audio_only.mxf": 0,
    "mxf/avcintra_open_incomplete_header.mxf": 1,
    "mxf/d10_imx.mxf": 1,
    "mxf/jpeg2000_422_10bit.mxf": 1,
    "mxf/jpeg2000_clipster.mxf": 1,
    "nasa_13013_320x180.mp4": 26,  # two tracks of 13 seconds
    "quicktime/apple-intermediate-codec.mov": 1,
    "quicktime/apple-prores-422-hq.mov": 1,
    "quicktime/apple-prores-422-proxy.mov": 1,
    "quicktime/jpeg2000.mov": 1,
    "quicktime/png.mov": 1,
    "quicktime/prores_real_footage.mov": 1,
    "rabbit_320x240.webm": 8,
    "rabbit_720x480.webm": 8,
    "tears_of_steel_960x400.webm": 2,
    "vp9_alpha.webm": 5,
    "vp9_profile2_10bit.webm": 3,
}
BLACK = {"mxf/jpeg2000_clipster.mxf"}
HOSTILE = {
    "hostile/container/nested_moov_1000.mp4": Cause.DAMAGED,
    "hostile/selfmade/mp4_truncated_half.mp4": Cause.TRUNCATED,
    "hostile/video/afl_ffmpeg-h264-bad-ptr-800m.mp4": Cause.TRUNCATED,
    "hostile/video/afl_ffmpeg-h264-bad-read.mp4": Cause.TRUNCATED,
    "hostile/video/chunk_out_of_range.mp4": Cause.DAMAGED,
    "hostile/video/mxf_dnxhd_truncated_timecode.mxf": Cause.TRUNCATED,
    "hostile/video/no_timescale.mp4": Cause.DAMAGED,
}


@pytest.mark.parametrize(("name", "count"), FRAMES_AT_ONE_A_SECOND.items())
def test_every_valid_file_gives_its_frames(corpus, name, count):
    found = extracts(corpus / "video" / name)
    assert len(found) == count
    for item in found:
        with Image.open(io.BytesIO(item.payload)) as image:
            assert image.size == (item.fields["width"], item.fields["height"])
    if found and name not in BLACK:
        assert np.ptp(np.asarray(Image.open(io.BytesIO(found[-1].payload)).convert("L"))) > 20
    assert len({item.locator.canonical() for item in found}) == count


@pytest.mark.parametrize(("name", "cause"), HOSTILE.items())
def test_every_hostile_file_ends_in_a_named_cause(corpus, name, cause):
    with pytest.raises(Quarantined) as caught:
        extracts(corpus / name)
    assert caught.value.cause == cause


@pytest.mark.parametrize("name", ["bug-1655846.avif", "no-hdlr.avif", "ipma-invalid-property-index.avif"])
def test_still_pictures_in_film_boxes_are_left_to_the_pictures(corpus, name):
    assert video.sniff(source(corpus / "hostile" / "video" / name)) is None


@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("video/bbb/bbb_0-30s_720p_vp8.webm", [283, 376, 551]),
        ("video/bbb/bbb_480x360_10s_h264.mp4", [44, 137]),
        ("video/bbb/bbb_160x90_h264.mp4", [11, 55]),
        ("video/tears_of_steel_960x400.webm", [2]),
        ("video/flower.mp4", []),
        ("video/his_girl_friday_640x480.mp4", []),
        ("video/rabbit_320x240.webm", []),
        ("dedup/derived_video/bbb_letterbox_bars.mp4", [40]),
        ("dedup/derived_video/bbb_subtitled_logo.mp4", [40]),
    ],
)
def test_real_cuts_are_found_and_nothing_else(corpus, name, cuts):
    """As seen by eye, frame by frame: a figure that falls, a title that appears and grain are in these films too."""
    file = source(corpus / name).file
    with container.opened(file, container.identify(file.read(4096)).demuxer, 1 << 24) as opened:
        shots = [shown.shot for shown in tracks.decode(opened, opened.streams.video[0], shots=True)]
    assert [at for at in range(1, len(shots)) if shots[at] != shots[at - 1]] == cuts


def test_timecode_of_real_masters(corpus):
    def first(name):
        return extracts(corpus / "video" / name)[0].locator.timecode

    assert first("masters/bbb_prores422.mov") == "01:00:10:00"
    assert first("mxf/d10_imx.mxf") == "23:58:30:00"
    assert first("masters/bbb_dnxhr_lb_op1a.mxf") == "00:00:00:00"


def test_one_shot_in_four_codecs_looks_alike(corpus):
    names = ["bbb_dnxhr_lb_op1a.mxf", "bbb_dnxhr_opatom.mxf", "bbb_ffv1.mkv", "bbb_prores422.mov"]
    hashes = [extracts(corpus / "video" / "masters" / name)[0].fields["phash_64"] for name in names]
    assert max((a ^ b).bit_count() for a in hashes for b in hashes) <= 4
