"""Edits: what a cut shows of its sources, and where."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from timeline_makers import EDL, GAP, clip, frames, group, otio, span, time

from provenance.model.errors import InputError
from provenance.rights.sources import _fcpxml
from provenance.rights.sources.timelines import read


def test_clips_follow_each_other_and_gaps_take_time() -> None:
    assert frames(otio(clip("a", 5, 24), GAP, clip("b", 0, 12))) == [("a", 0, 24), ("b", 34, 46)]


def test_a_cut_that_begins_at_one_hour_places_its_clips_there() -> None:
    cut = otio(clip("a", 0, 24), start=86400)
    assert (cut.start, frames(cut)) == (3600, [("a", 86400, 86424)])


def test_a_transition_lets_both_clips_run_on() -> None:
    dissolve = {"OTIO_SCHEMA": "Transition.1", "in_offset": time(3), "out_offset": time(5)}
    cut = otio(clip("a", 10, 24), dissolve, clip("b", 10, 24))
    assert frames(cut) == [("a", 0, 29), ("b", 21, 48)]
    assert cut.clips[1].source is not None
    assert cut.clips[1].source.start * 24 == 7


def test_a_nested_track_shows_only_what_its_parent_trims_it_to() -> None:
    inner = group("Track", clip("a", 0, 24), clip("b", 0, 24), trim=span(12, 24))
    cut = otio(GAP, inner)
    assert frames(cut) == [("a", 10, 22), ("b", 22, 34)]
    assert cut.clips[0].source is not None
    assert cut.clips[0].source.start * 24 == 12


def test_a_track_trim_that_would_hide_everything_is_a_converters_timecode() -> None:
    tracks = group("Stack", group("Track", clip("a", 0, 24), trim=span(-86243, 24)))
    cut = read(json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": tracks}).encode(), "a.otio")
    assert frames(cut) == [("a", 0, 24)]


def test_a_clip_played_twice_as_fast_shows_twice_the_source() -> None:
    warp = {"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 2.0}
    (fast,) = otio(clip("a", 0, 24, effects=[warp])).clips
    assert fast.source is not None
    assert fast.source.end * 24 == 48
    (back,) = otio(clip("a", 0, 24, effects=[warp | {"time_scalar": -1.0}])).clips
    assert not back.straight


def test_an_edit_list_gives_cuts_dissolves_speeds_and_names() -> None:
    cut = read(EDL.encode(), "reel.edl", Fraction(24))
    assert [c.media[0] for c in cut.clips] == ["plate_a.mov", "plate_b.mov", "TAPE3.0007.wav"]
    assert [(c.record.start - 36000, c.record.end - 36000) for c in cut.clips] == [
        (0, Fraction(34, 24)),
        (1, 2),
        (3, 4),
    ]
    assert [c.kind for c in cut.clips] == ["video", "video", "audio"]
    assert cut.clips[2].source is not None
    assert cut.clips[2].source.duration == 2
    assert cut.start is None


def test_an_edit_list_that_does_not_say_its_rate_is_not_guessed_at() -> None:
    with pytest.raises(InputError, match="does not say its frame rate"):
        read(EDL.encode(), "reel.edl")


def test_drop_frame_in_an_edit_list_means_2997() -> None:
    text = "FCM: DROP FRAME\n001 T V C 00:00:00;00 00:01:00;02 01:00:00;00 01:01:00;02\n"
    cut = read(text.encode(), "reel.edl")
    assert (cut.rate, cut.drop) == (Fraction(30000, 1001), True)
    assert cut.clips[0].record.duration * cut.rate == 1800


def test_a_broken_event_is_named_by_its_line() -> None:
    with pytest.raises(InputError, match=r"reel.edl:2"):
        read(b"TITLE: x\n001 T V C 00:00:00:00 00:00:01:00 00:00:00:00 BROKEN:00\n", "reel.edl", Fraction(24))
    with pytest.raises(InputError, match="out of range at 24"):
        read(b"001 T V C 00:00:00:00 00:00:01:24 00:00:00:00 00:00:01:24\n", "reel.edl", Fraction(24))


FCPXML = """<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.8"><resources>
<format id="f" frameDuration="100/2500s"/>
<asset id="a" name="plate_a" src="file:///show/plate_a.mov" start="3600s" duration="100s"/>
<asset id="b" name="plate_b" duration="50s"><media-rep src="file:///show/plate%20b.mov"/></asset>
<media id="m"><sequence tcStart="3600s" duration="10s"><spine>
<asset-clip ref="b" offset="3600s" duration="10s"/></spine></sequence></media></resources>
<library><event><project name="cut"><sequence format="f" tcStart="36000s" duration="40s"><spine>
<asset-clip ref="a" offset="36000s" start="3605s" duration="10s">
<asset-clip ref="b" lane="1" offset="3607s" duration="2s"/>
</asset-clip>
<transition offset="36009s" duration="2s"/>
<ref-clip ref="m" offset="36010s" start="3602s" duration="4s"/>
<ref-clip ref="m" offset="36014s" duration="4s"/>
</spine></sequence></project></event></library></fcpxml>"""


def test_final_cut_pro_spines_connected_and_compound_clips_are_placed() -> None:
    cut = read(FCPXML.encode(), "cut.fcpxml")
    assert (cut.title, cut.rate, cut.start) == ("cut", 25, 36000)
    assert [(c.media[0], c.record.start - 36000, c.record.end - 36000) for c in cut.clips] == [
        ("/show/plate_a.mov", 0, 11),
        ("/show/plate b.mov", 2, 4),
        ("/show/plate b.mov", 9, 14),
        ("/show/plate b.mov", 14, 18),
    ]
    assert [(c.source.start, c.source.end) for c in cut.clips if c.source] == [(3605, 3616), (0, 2), (1, 6), (0, 4)]
    assert cut.clips[0].source_start == 3600


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{}",
        b"[" * 100_000,
        b'{"OTIO_SCHEMA": "Timeline.1"}',
        b'{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [7]}}',
        b'{"OTIO_SCHEMA":"Timeline.1","global_start_time":{"value":1e999,"rate":24},"tracks":{"children":[]}}',
        b'{"OTIO_SCHEMA":"Timeline.1","global_start_time":{"value":"1e9999999","rate":24},"tracks":{"children":[]}}',
        b"<fcpxml/>",
        b"<fcpxml><project><sequence duration='9x'><spine/></sequence></project></fcpxml>",
        b'<!DOCTYPE fcpxml [<!ENTITY a "b">]><fcpxml>&a;</fcpxml>',
        b"\xff\xfe\x00binary",
    ],
)
def test_what_is_no_timeline_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data, "x.edl", Fraction(24))


def test_deeply_nested_otio_is_refused() -> None:
    node: Any = clip("a", 0, 1)
    for _ in range(200):
        node = group("Track", node)
    with pytest.raises(InputError):
        otio(node)


def test_compounds_that_contain_themselves_come_to_an_end() -> None:
    loop = '<ref-clip ref="m" duration="1s"/>' * 3
    bomb = f"""<fcpxml><resources><media id="m"><sequence><spine>{loop}</spine></sequence></media></resources>
    <project><sequence duration="9s"><spine>{loop}</spine></sequence></project></fcpxml>"""
    with pytest.raises(InputError):
        read(bomb.encode(), "x.fcpxml")


def test_compounds_that_double_at_each_level_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fcpxml, "MAX_STEPS", 3_000)
    levels = ""
    for number in range(40):
        inner = f'<ref-clip ref="m{number + 1}" offset="0s" duration="1s"/>' * 2
        levels += f'<media id="m{number}"><sequence><spine>{inner}</spine></sequence></media>'
    start = '<project><sequence duration="9s"><spine><ref-clip ref="m0"/></spine></sequence></project>'
    with pytest.raises(InputError):
        read(f"<fcpxml><resources>{levels}</resources>{start}</fcpxml>".encode(), "x.fcpxml")


def test_the_timelines_of_the_corpus_are_read(corpus: Path) -> None:
    counts = {}
    for path in sorted((corpus / "custody").glob("*/*")):
        if path.suffix in (".otio", ".edl", ".fcpxml"):
            counts[path.name] = len(read(path.read_bytes(), path.name, Fraction(25)).clips)
    assert counts == {
        "25fps.edl": 4,
        "avid_example.edl": 2,
        "cdl.edl": 2,
        "clip_example.otio": 1,
        "dissolve_test.edl": 3,
        "fcpx_example.fcpxml": 21,
        "multitrack.otio": 5,
        "premiere_example.edl": 2,
        "screening_example.edl": 9,
        "screening_example.otio": 9,
        "simple_cut.otio": 4,
        "transition.otio": 4,
    }
