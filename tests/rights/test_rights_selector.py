"""What a selector matches, and how close it stands."""

from __future__ import annotations

from fractions import Fraction

import pytest

from provenance.model.words import Locator
from provenance.rights.codec import DecodeError
from provenance.rights.matcher import Matcher, narrow
from provenance.rights.selector import Glob, LocatorRange, Relation, Selector, TimecodeRange, path_problem
from provenance.rights.statement import Basis, Interest, RightsStatement, Work


def _on(path: str, name: str = "S", **more: object) -> RightsStatement:
    return RightsStatement(id=name, source="x:1", applies_to=Selector(path=path), basis=Basis.OWNERSHIP, **more)  # type: ignore[arg-type]


def _matches(pattern: str, path: str) -> bool:
    return bool(Matcher([_on(pattern)]).match(path.encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("art/cover.png", "art/cover.png", True),
        ("art/cover.png", "art/Cover.png", False),
        ("art/*.png", "art/cover.png", True),
        ("art/*.png", "art/old/cover.png", False),
        ("art/?.png", "art/é.png", True),
        ("art/?.png", "art/ab.png", False),
        ("art/**", "art/a/b/c.png", True),
        ("art/**", "art", False),
        ("art/**", "arty/a.png", False),
        ("art/**/c.png", "art/c.png", True),
        ("art/**/c.png", "art/a/b/c.png", True),
        ("**/c.png", "c.png", True),
        ("**", "a/b", True),
        ("art/reel**", "art/reel1/a.png", True),
        ("art/[ab]*.png", "art/b7.png", True),
        ("art/[a-c].png", "art/b.png", True),
        ("art/[!a].png", "art/a.png", False),
        ("art/[!a].png", "art/b.png", True),
        ("show[[]12].png", "show[12].png", True),
        ("show[12].png", "show[12].png", False),
        ("show[12].png", "show1.png", True),
        ("a*b*c.png", "aXbXbXc.png", True),
        ("a*b*c.png", "aXcXb.png", False),
        ("*.png", "\udcff.png", True),
        ("a/*", "a/new\nline.png", True),
        ("a.b", "axb", False),
    ],
)
def test_globs_mean_what_the_rights_desk_was_told(pattern: str, path: str, expected: bool) -> None:
    assert _matches(pattern, path) is expected


def test_a_composed_and_a_decomposed_name_are_two_names() -> None:
    assert not _matches("caf\u00e9.png", "cafe\u0301.png")


def test_a_sheet_full_of_stars_does_not_make_the_search_explode() -> None:
    glob = Glob.of("a/" + "*a" * 30 + "*b")
    assert glob.search is not None
    assert glob.search.whole.fullmatch("a/" + "a" * 250) is None
    assert "more than" in (path_problem("**/a" * 5) or "")


def test_closeness_orders_range_file_folder_and_work() -> None:
    span = LocatorRange(pages=(1, 2))
    order = [
        Selector(work="Film"),
        Selector(path="**"),
        Selector(path="**/*.png"),
        Selector(path="art/**"),
        Selector(path="art/*.png"),
        Selector(path="art/reel/**"),
        Selector(path="art/*/11/**"),
        Selector(path="art/reel/11.png"),
        Selector(path="**", range=span),
        Selector(path="art/reel/11.png", range=span),
    ]
    ranks = [each.closeness for each in order]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    assert Selector(sha256="a" * 64).closeness == Selector(path="a/b.png").closeness
    assert Selector(path="s[[]1].png").closeness == Selector(path="s1.png").closeness


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("", "empty"),
        ("/Volumes/a", "absolute"),
        ("C:/a", "absolute"),
        ("~/a", "absolute"),
        ("a/../b", '".."'),
        ("a\\b", "backslashes"),
        ("a/\u202egpj.b", "U+202E"),
        ("a/\u200bb", "U+200B"),
        ("a/[b.png", "bracket never closed"),
        ("a/", "ends in a slash"),
        ("a//b", "empty step"),
        ("a/[c-a]", "runs backwards"),
        ("a[/]b", "slash inside brackets"),
    ],
)
def test_an_unsound_path_is_told_in_plain_words(pattern: str, what: str) -> None:
    assert what in (path_problem(pattern) or "")
    with pytest.raises(DecodeError, match="path"):
        Selector(path=pattern)


def test_a_range_covers_misses_or_touches_and_unknown_places_are_touched() -> None:
    span = LocatorRange(start=Fraction(2), end=Fraction(4))
    assert span.relation(Locator(time=Fraction(2))) is Relation.COVERS
    assert span.relation(Locator(time=Fraction(4))) is Relation.MISSES
    assert span.relation(Locator(page=3)) is Relation.TOUCHES
    assert span.relation(None) is Relation.TOUCHES
    region = LocatorRange(region=(10, 10, 10, 10))
    assert region.relation(Locator(region=(12, 12, 2, 2))) is Relation.COVERS
    assert region.relation(Locator(region=(0, 0, 15, 15))) is Relation.TOUCHES
    assert region.relation(Locator(region=(20, 10, 5, 5))) is Relation.MISSES
    assert LocatorRange(pages=(2, 3), layer="ink").relation(Locator(page=3, layer="paint")) is Relation.MISSES
    assert LocatorRange(scenes=(2, 3), track=1).relation(Locator(scene=2, track=1)) is Relation.COVERS


def test_a_timecode_range_counts_drop_frames() -> None:
    ntsc = Fraction(30000, 1001)
    span = TimecodeRange("01:00:59;28", "01:01:00;03", ntsc, drop=True, origin="01:00:00;00")
    inside = LocatorRange(timecode=span)
    assert inside.relation(Locator(timecode="01:01:00;02")) is Relation.COVERS
    assert inside.relation(Locator(timecode="01:01:00;03")) is Relation.MISSES
    # 01:01:00;02 is the 1800th frame: drop-frame skips ;00 and ;01 at the minute.
    assert inside.relation(Locator(time=1800 / ntsc)) is Relation.COVERS
    assert inside.relation(Locator(time=1797 / ntsc)) is Relation.MISSES
    assert inside.relation(Locator(timecode="01:00:59:45")) is Relation.TOUCHES
    with pytest.raises(DecodeError, match="leaves out"):
        TimecodeRange("01:01:00;00", "01:01:00;03", ntsc, drop=True)


def test_a_range_that_names_nothing_or_runs_backwards_is_refused() -> None:
    for wrong in ({}, {"start": Fraction(2), "end": Fraction(1)}, {"pages": (0, 1)}, {"region": (0, 0, 0, 5)}):
        with pytest.raises(DecodeError):
            LocatorRange(**wrong)  # type: ignore[arg-type]


def test_a_record_on_a_container_covers_its_members_as_a_folder_would() -> None:
    records = [_on("in/pack.zip", "pack"), _on("in/pack.zip/a.png", "member"), _on("in/**", "folder")]
    found = {each.statement.id: each for each in Matcher(records).match(b"in/pack.zip/a.png")}
    assert set(found) == {"pack", "member", "folder"}
    assert found["folder"].closeness < found["pack"].closeness < found["member"].closeness
    nested = Matcher([_on("in/pack.zip", "pack")]).match(b"in/pack.zip/deep/inner.tar.gz/x/y.png")
    assert [each.statement.id for each in nested] == ["pack"]
    assert Matcher([_on("in/folder", "bare")]).match(b"in/folder/a.png") == ()


def test_a_work_is_found_through_the_closest_record_that_names_it() -> None:
    film = _on("film/**", "film", work=Work("Film A"))
    other = _on("film/trailer.mov", "other", work=Work("Film B"))
    score = RightsStatement(
        id="score",
        source="x:1",
        applies_to=Selector(work="Film A"),
        basis=Basis.LICENSE,
        interest=Interest.MUSIC,
    )
    matcher = Matcher([film, other, score])
    assert {each.statement.id for each in matcher.match(b"film/cut.mov")} == {"film", "score"}
    assert {each.statement.id for each in matcher.match(b"film/trailer.mov")} == {"film", "other"}


def test_a_digest_finds_its_bytes_under_any_name() -> None:
    record = RightsStatement(id="d", source="x:1", applies_to=Selector(sha256="a" * 64), basis=Basis.OWNERSHIP)
    matcher = Matcher([record])
    assert matcher.match(b"anywhere/else", "a" * 64)[0].statement is record
    assert matcher.match(b"anywhere/else", "b" * 64) == ()


def test_many_paths_give_what_each_gives_alone() -> None:
    patterns = ["**", "a/**", "a/*.png", "a/b/**", "**/c/*.png", "a/b/c/1.png", "a/?/c/[12].*"]
    matcher = Matcher([_on(pattern, pattern) for pattern in patterns])
    paths = [b"a/b/c/1.png", b"a/b/c/2.png", b"a/1.png", b"x", b"a/b/c/3.txt"]
    sets, numbers = matcher.match_many(paths)
    assert [sets[number] for number in numbers] == [matcher.match(path) for path in paths]
    assert len(sets) == len({tuple(each.statement.id for each in found) for found in sets})


def test_narrowing_keeps_what_holds_of_the_whole_asset() -> None:
    ranged = RightsStatement(
        id="cue",
        source="x:1",
        applies_to=Selector(path="film/**", range=LocatorRange(start=Fraction(5), end=Fraction(9))),
        basis=Basis.LICENSE,
        interest=Interest.MUSIC,
    )
    bound = Matcher([_on("film/**", "film"), ranged]).match(b"film/cut.mov")
    assert [(each.statement.id, each.partial) for each in narrow(bound, None)] == [("film", False), ("cue", True)]
    assert [each.statement.id for each in narrow(bound, Locator(time=Fraction(4)))] == ["film"]
    here = narrow(bound, Locator(time=Fraction(5)))
    assert [(each.statement.id, each.partial) for each in here] == [("film", False), ("cue", False)]
