"""Edits: what a cut shows of its sources, and which rights come along."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from provenance.model.errors import InputError
from provenance.model.words import Locator, Use
from provenance.rights.matcher import Matcher
from provenance.rights.selector import LocatorRange, Relation, Selector, TimecodeRange
from provenance.rights.sources.timelines import Clip, Cut, Projection, by_name, project, read
from provenance.rights.statement import Basis, Interest, RightsStatement
from provenance.rights.territory import Geography

FILM = Selector(path="05/film.mov")
GEN = Use.AI_GENERATIVE_TRAINING


def time(value: float, rate: float = 24) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}


def span(start: float, length: float, rate: float = 24) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(length, rate)}


def clip(name: str, start: float, length: float, available: tuple[float, float] | None = None, **more: Any) -> Any:
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": f"file:///show/plates/{name}.mov"}
    if available:
        media["available_range"] = span(*available)
    made = {"OTIO_SCHEMA": "Clip.1", "name": name, "source_range": span(start, length), "media_reference": media}
    return made | more


def group(schema: str, *children: Any, trim: Any = None) -> dict[str, Any]:
    return {"OTIO_SCHEMA": f"{schema}.1", "children": list(children), "source_range": trim, "kind": "Video"}


def otio(*items: Any, start: float | None = None) -> Cut:
    tracks = group("Stack", group("Track", *items))
    root = {"OTIO_SCHEMA": "Timeline.1", "name": "t", "tracks": tracks}
    root |= {"global_start_time": time(start)} if start is not None else {}
    return read(json.dumps(root).encode(), "film.otio")


def frames(cut: Cut) -> list[tuple[str, Fraction, Fraction]]:
    return [(c.name, c.record.start * cut.rate, c.record.end * cut.rate) for c in cut.clips]


GAP = {"OTIO_SCHEMA": "Gap.1", "source_range": span(0, 10)}


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


EDL = """TITLE: REEL 1
FCM: NON-DROP FRAME
001  TAPE1 V     C        01:00:04:00 01:00:05:00 10:00:00:00 10:00:01:00
* FROM CLIP NAME:  plate_a.mov
002  TAPE1 V     C        01:00:05:00 01:00:05:00 10:00:01:00 10:00:01:00
002  TAPE2 V     D    010 01:00:08:00 01:00:09:00 10:00:01:00 10:00:02:00
* FROM CLIP NAME:  plate_a.mov
* TO CLIP NAME:  plate_b.mov
003  BL    V     C        00:00:00:00 00:00:01:00 10:00:02:00 10:00:03:00
004  TAPE3 A     C        01:00:00:00 01:00:02:00 10:00:03:00 10:00:04:00
M2   TAPE3       048.0                01:00:00:00
* SOURCE FILE: TAPE3.0007.wav
"""


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


CUES = """Title,TC In,TC Out,Rate,Rights Holder,basis,uses_refused,territories
Blue Danube,01:00:00:00,01:00:10:00,25,Strauss Verlag,license,ai_training;ai_generative_training,
Room tone,01:00:20:00,01:00:21:00,25,,,,
"""


def project_one(cut: Cut, *statements: RightsStatement, path: str = "plates/a.mov") -> Projection:
    matcher = Matcher(statements)

    def lookup(found: Clip) -> tuple[str, Sequence[Any]] | None:
        return (path, matcher.match(path.encode())) if found.name == "a" else None

    return project(cut, FILM, lookup)


def statement(id: str, path: str = "plates/a.mov", range: LocatorRange | None = None, **more: Any) -> RightsStatement:
    fields: dict[str, Any] = {"basis": Basis.LICENSE, "territory": Geography(frozenset({"worldwide"}))} | more
    return RightsStatement(id=id, source=f"register.csv:{id}", applies_to=Selector(path=path, range=range), **fields)


def test_a_cue_sheet_row_becomes_a_statement_on_the_music_of_that_stretch() -> None:
    cut = read(b"\xef\xbb\xbf" + CUES.encode(), "cues.csv")
    music, tone = project(cut, FILM, lambda clip: None).statements
    assert (music.interest, music.subject, music.holder) == (Interest.MUSIC, "Blue Danube", "Strauss Verlag")
    assert (music.source, music.refused) == ("cues.csv#clip 1", frozenset({Use.AI_TRAINING, GEN}))
    assert music.applies_to.range == LocatorRange(timecode=TimecodeRange("01:00:00:00", "01:00:10:00", Fraction(25)))
    assert tone.basis is Basis.NONE


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("x,01:00:00:00,01:00:00:00,25,,,,", "tc_out is not after tc_in"),
        (",01:00:00:00,01:00:01:00,25,,,,", "the title is empty"),
        ("x,01:00,01:00:01:00,25,,,,", "not a timecode"),
        ("x,01:00:00:00,01:00:01:00,often,,,,", "not a frame rate"),
        ("x,01:00:00:00,01:00:01:00,,,,,", "does not say its frame rate"),
    ],
)
def test_a_bad_cue_is_named_by_its_line(row: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        read((CUES + row + "\n").encode(), "cues.csv")
    assert caught.value.where == "cues.csv:4"


def test_a_cue_that_contradicts_itself_is_refused() -> None:
    cut = read(CUES.replace(",license,", ",none,").replace("uses_refused", "uses_allowed").encode(), "cues.csv")
    with pytest.raises(InputError, match="basis is none"):
        project(cut, FILM, lambda clip: None)


def test_what_holds_of_a_source_holds_of_the_cut_where_it_shows() -> None:
    cut = otio(GAP, clip("a", 0, 24, (0, 240)))
    (made,) = project_one(cut, statement("7", refused=frozenset({GEN}))).statements
    assert made.id == "7@film.otio#clip 1.1"
    assert made.source == "film.otio#clip 1 (register.csv:7)"
    assert made.applies_to == Selector(
        path="05/film.mov", range=LocatorRange(start=Fraction(10, 24), end=Fraction(34, 24))
    )
    assert made.refused == {GEN}


def test_a_projected_permission_speaks_of_its_source_and_never_competes_with_the_cuts_record() -> None:
    own = statement("1", path="05/film.mov")
    (made,) = project_one(otio(clip("a", 0, 24)), statement("7", allowed=frozenset({GEN}))).statements
    assert made.concern != own.concern
    assert made.concern == (Interest.COPYRIGHT, "plates/a.mov")


def test_a_range_on_the_source_moves_with_the_edit() -> None:
    """The source's timecode begins at 100 frames; frames 124 to 148 of it are refused; the cut shows 112 to 136."""
    part = LocatorRange(start=Fraction(1), end=Fraction(2))
    cut = otio(GAP, clip("a", 112, 24, (100, 240)))
    found = project_one(cut, statement("1"), statement("2", range=part, refused=frozenset({GEN}))).statements
    placed = [(each.id.split("@")[0], each.applies_to.range) for each in found]
    assert placed == [
        ("1", LocatorRange(start=Fraction(10, 24), end=Fraction(22, 24))),
        ("2", LocatorRange(start=Fraction(22, 24), end=Fraction(34, 24))),
    ]


def test_a_part_that_the_cut_does_not_show_brings_nothing() -> None:
    part = LocatorRange(start=Fraction(5), end=Fraction(6))
    found = project_one(otio(clip("a", 0, 24, (0, 240))), statement("1"), statement("2", range=part)).statements
    assert [each.id.split("@")[0] for each in found] == ["1"]


def test_where_nobody_can_tell_the_time_a_ranged_statement_holds_of_the_whole_clip() -> None:
    part = LocatorRange(start=Fraction(5), end=Fraction(6))
    found = project_one(otio(clip("a", 0, 24)), statement("2", range=part, refused=frozenset({GEN}))).statements
    assert [each.applies_to.range for each in found] == [LocatorRange(start=Fraction(0), end=Fraction(1))]


def test_of_a_sources_records_the_closest_comes_along() -> None:
    found = project_one(otio(clip("a", 0, 24)), statement("1", path="plates/**"), statement("2")).statements
    assert [each.id.split("@")[0] for each in found] == ["2"]


def test_clips_without_a_known_source_are_told() -> None:
    assert [c.name for c in project_one(otio(clip("a", 0, 24), clip("z", 0, 24)), statement("1")).unknown] == ["z"]


def test_an_edit_list_speaks_in_timecodes_of_the_film() -> None:
    cut = read(EDL.replace("plate_a.mov", "a").encode(), "reel.edl", Fraction(24))
    (made, *_) = project_one(cut, statement("1")).statements
    assert made.applies_to.range is not None
    inside, outside = Locator(timecode="10:00:01:09"), Locator(timecode="10:00:01:10")
    assert made.applies_to.range.relation(inside) is Relation.COVERS
    assert made.applies_to.range.relation(outside) is Relation.MISSES


def test_a_source_is_found_by_the_longest_tail_of_its_path_and_never_guessed() -> None:
    find = by_name(["plates/a/v1.mov", "plates/b/v1.mov", "plates/c.mov", "x/c.wav", "plates/d.mov"])

    def named(*media: str) -> str | None:
        return find(Clip(1, "", media, "video", otio(clip("a", 0, 1)).clips[0].record))

    assert named("/mnt/show/plates/b/v1.mov") == "plates/b/v1.mov"
    assert named("v1.mov") is None
    assert named("c") is None
    assert named("/elsewhere/D.MOV") == "plates/d.mov"
    assert named("nothing", "plates/c.mov") == "plates/c.mov"


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


def test_compounds_that_double_at_each_level_come_to_an_end() -> None:
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
