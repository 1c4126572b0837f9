"""Fountain 1.1, rule by rule."""

from __future__ import annotations

import pytest
import script_samples as samples

from provenance.media import _screenplay as sp
from provenance.media import fountain, plaintext
from provenance.media.shelf import Options


def kinds(text: str) -> list[tuple[str, str]]:
    return [(element.type, element.text) for element in fountain.parse(text)[1]]


def test_headings_stand_alone_and_know_many_languages() -> None:
    lines = [
        "INT. HOUSE - DAY",
        "ext. road - night",
        "I/E CAR DAY",
        "EST. CITY",
        "ИНТ. КУХНЯ – НОЧЬ",
        "内景. 茶馆 - 夜",
    ]
    assert [kind for kind, _ in kinds("\n\n".join(lines))] == ["heading"] * 6
    assert kinds("Go now.\nINT. HOUSE - DAY") == [("action", "Go now.\nINT. HOUSE - DAY")]
    assert kinds("INT. HOUSE - DAY\nEXT. HOUSE - DAY") == [("action", "INT. HOUSE - DAY\nEXT. HOUSE - DAY")]
    assert kinds("Int her hand, a key.") == [("action", "Int her hand, a key.")]
    assert kinds(".SNIPER SCOPE POV\n\n... not one") == [("heading", "SNIPER SCOPE POV"), ("action", "... not one")]


@pytest.mark.parametrize("number", ["1", "1A", "1-A", "I-1-A", "110A", "1."])
def test_scene_numbers_are_taken_off_the_heading(number: str) -> None:
    (element,) = fountain.parse(f"INT. HOUSE - DAY #{number}#")[1]
    assert (element.text, element.number) == ("INT. HOUSE - DAY", number)


@pytest.mark.parametrize(
    ("line", "interior", "place", "time"),
    [
        ("INT. HOUSE - DAY", "INT", "HOUSE", "DAY"),
        ("EXT. PARK--DAY", "EXT", "PARK", "DAY"),
        ("INT./EXT. CAR - MOMENTS LATER", "INT/EXT", "CAR", "MOMENTS LATER"),
        ("I/E. X-RAY ROOM - NIGHT (1979)", "INT/EXT", "X-RAY ROOM", "NIGHT (1979)"),
        ("INT. HOUSE - DAY - FLASHBACK", "INT", "HOUSE", "DAY"),
        ("INT. LIBRARY - READING ROOM", "INT", "LIBRARY - READING ROOM", None),
        ("INT. CAFÉ, JOUR", "INT", "CAFÉ", "JOUR"),
        ("НАТ. ЗАМОК – БАШНЯ день", "EXT", "ЗАМОК – БАШНЯ", "день"),
        ("ИНТ. КВАРТИРА – КУХНЯ – ДЕНЬ", "INT", "КВАРТИРА – КУХНЯ", "ДЕНЬ"),
        ("EST. CITY", None, "CITY", None),
        ("THE ATTIC", None, "THE ATTIC", None),
    ],
)
def test_a_heading_says_where_and_when(line: str, interior: str | None, place: str, time: str | None) -> None:
    assert sp.heading(line) == sp.Heading(interior, place, time)


def test_forced_marks_win_over_what_a_line_looks_like() -> None:
    assert kinds("!INT. NOT A SCENE") == [("action", "INT. NOT A SCENE")]
    assert kinds("@McAvoy\nHello.") == [("character", "McAvoy"), ("dialogue", "Hello.")]
    assert kinds("> Burn to white") == [("transition", "Burn to white")]
    assert kinds("> THE END <") == [("centered", "THE END")]
    assert kinds("~Willy Wonka\n\n~again") == [("lyric", "Willy Wonka"), ("lyric", "again")]
    assert kinds("!BANG\nBANG") == [("action", "BANG\nBANG")]


def test_transitions_end_in_to_and_a_space_behind_makes_them_action() -> None:
    assert kinds("CUT TO:") == [("transition", "CUT TO:")]
    assert kinds("CUT TO: \n") == [("action", "CUT TO:")]
    assert kinds("FADE OUT.") == [("transition", "FADE OUT.")]


def test_dialogue_holds_parentheticals_lyrics_and_empty_lines_of_two_spaces() -> None:
    assert kinds("ANNA (V.O.)\n(low)\nOne.\n  \nTwo.\n(beat)\n~La la\n\nShe goes.") == [
        ("character", "ANNA (V.O.)"),
        ("parenthetical", "(low)"),
        ("dialogue", "One.\n\nTwo."),
        ("parenthetical", "(beat)"),
        ("lyric", "La la"),
        ("action", "She goes."),
    ]
    assert kinds("R2D2\nBeep.") == [("character", "R2D2"), ("dialogue", "Beep.")]
    assert kinds("23 (O.S.)\nNobody.") == [("action", "23 (O.S.)\nNobody.")]
    assert kinds("ANNA\n\nAlone.") == [("action", "ANNA"), ("action", "Alone.")]


def test_boneyards_vanish_and_notes_sections_and_synopses_stay_out_of_the_text() -> None:
    text = "A /* cut\n\nthis */line. [[why\nnot]]\n\n# Act\n= It begins\n\n[[open\n\nend]]\n\n===\n\nDone."
    assert kinds(text) == [
        ("action", "A line."),
        ("note", "why\nnot"),
        ("section", "Act"),
        ("synopsis", "It begins"),
        ("action", "[[open"),
        ("action", "end]]"),
        ("action", "Done."),
    ]
    assert sp.render(fountain.parse(text)[1]) == "A line.\n\n[[open\n\nend]]\n\nDone."


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("*a* **b** ***c*** _d_", "a b c d"),
        ("_Steel FILLS the *Mark 4* scope_", "Steel FILLS the Mark 4 scope"),
        (r"**\*9765\***", "*9765*"),
        ("dial *69 and then *23, now", "dial *69 and then *23, now"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
    ],
)
def test_emphasis_is_taken_off_and_lone_marks_stay(written: str, plain: str) -> None:
    assert kinds(written) == [("action", plain)]


def test_the_title_page_gives_the_title_and_no_text() -> None:
    text = (
        "Title:\n    _**THE FOG**_\n    **Part Two**\nAuthor: Nobody\n[[draft]]\nContact:\n\t1 Pier\n\nINT. HUT - DAY\n"
    )
    title, elements = fountain.parse(text.expandtabs(4))
    assert title == "THE FOG Part Two"
    assert [e.text for e in elements if e.type == "title-page"] == ["THE FOG", "Part Two", "Nobody", "1 Pier"]
    assert sp.render(elements) == "INT. HUT - DAY"
    assert fountain.parse("FADE IN:\n\nINT. HUT - DAY")[0] is None
    assert kinds("Title: A\nnot an entry.\nStill: not.") == [
        ("title-page", "A"),
        ("action", "not an entry.\nStill: not."),
    ]


def test_plain_text_is_fountain_only_when_it_is_a_screenplay() -> None:
    script = samples.fountain(samples.SHORT, title=None)
    assert fountain.sniff(samples.source(script, "draft.txt")) == "text/x-fountain"
    assert plaintext.sniff(samples.source(script, "draft.txt")) is None
    assert plaintext.sniff(samples.source(samples.columns(samples.SHORT), "draft.txt")) == "text/x-screenplay"
    readme = b"# Scenes\n\nHeadings look like this:\n\nINT. HOUSE - DAY\n\nWrite them so.\n"
    for name in ("README.md", "notes.txt"):
        assert fountain.sniff(samples.source(readme, name)) is None
        assert plaintext.sniff(samples.source(readme, name)) is None


def test_a_byte_order_mark_and_utf16_change_nothing() -> None:
    text = samples.fountain(samples.SHORT).decode()
    expected = [item.fields["text_sha256"] for item in fountain.extract(samples.source(text.encode(), "a"), Options())]
    for data in (b"\xef\xbb\xbf" + text.encode(), b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")):
        found = [item.fields["text_sha256"] for item in fountain.extract(samples.source(data, "a.fountain"), Options())]
        assert found == expected
