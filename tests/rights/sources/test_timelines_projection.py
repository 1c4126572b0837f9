"""Which rights come along when a source is cut into a film, and where on the film they lie."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from timeline_makers import EDL, GAP, clip, otio

from provenance.model.errors import InputError
from provenance.model.words import Locator, Use
from provenance.rights.matcher import Matcher
from provenance.rights.selector import LocatorRange, Relation, Selector, TimecodeRange
from provenance.rights.sources.timelines import Clip, Cut, Projection, by_name, project, read
from provenance.rights.statement import Basis, Interest, RightsStatement
from provenance.rights.territory import Geography

FILM = Selector(path="05/film.mov")
GEN = Use.AI_GENERATIVE_TRAINING

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
