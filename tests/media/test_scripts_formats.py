"""One screenplay in every format: the same scenes, the same elements, the same normalised text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import script_samples as samples

from provenance.fingerprint import text as fingerprint
from provenance.media import celtx, fadein, fdx, fountain, pdf, plaintext, subtitles
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind

FORMATS: list[tuple[Any, Callable[[samples.Script], bytes], str, str]] = [
    (fountain, samples.fountain, "a.fountain", "text/x-fountain"),
    (fdx, samples.fdx, "a.fdx", "application/x-final-draft"),
    (fadein, samples.fadein, "a.fadein", "application/x-fadein"),
    (fadein, samples.osf, "a.osf", "application/x-open-screenplay-format+xml"),
    (celtx, samples.celtx, "a.celtx", "application/x-celtx"),
    (plaintext, samples.columns, "a.txt", "text/x-screenplay"),
    (pdf, samples.pdf, "a.pdf", "application/pdf"),
]


def read(medium: Any, data: bytes, name: str) -> list[Extract]:
    return list(medium.extract(samples.source(data, name), Options()))


def kinds(item: Extract) -> list[tuple[str, str]]:
    return [(element["type"], element["text"]) for element in item.fields["elements"]]


@pytest.mark.parametrize(("medium", "save", "name", "media_type"), FORMATS, ids=[f[2] for f in FORMATS])
def test_every_format_gives_the_same_scenes(medium: Any, save: Any, name: str, media_type: str) -> None:
    data = save(samples.SHORT)
    assert medium.sniff(samples.source(data, name)) == media_type
    night, inside, full = read(medium, data, name)
    assert [item.kind for item in (night, inside, full)] == [Kind.SCRIPTS] * 3
    assert [element for element in kinds(full) if element[0] != "title-page"] == samples.SHORT
    assert night.locator.scene == 1 and inside.locator.scene == 2 and full.locator.canonical() == "{}"
    assert night.fields["heading"] == "EXT. HARBOUR - NIGHT"
    assert (night.fields["interior"], night.fields["place"], night.fields["time_of_day"]) == ("EXT", "HARBOUR", "NIGHT")
    assert night.fields["characters"] == ["MARA", "OLD TOMAS"]
    assert inside.fields["time_of_day"] == "CONTINUOUS"
    assert full.fields["characters"] == ["MARA", "OLD TOMAS"]
    assert full.payload.decode() == (
        "FADE IN:\n\nEXT. HARBOUR - NIGHT\n\nA lantern swings on an empty pier. Fog swallows the far end of it.\n\n"
        "MARA\n(whispering)\nDid you hear the kettle?\n\nOLD TOMAS (O.S.)\nThat was the storm, child. Come in before "
        "it finds you.\n\nCUT TO:\n\nINT. BOAT HOUSE - CONTINUOUS\n\nMara shuts the door. The fog stays outside.\n\n"
        "MARA\nIt knows my name."
    )


@pytest.mark.parametrize(("medium", "save", "name", "_"), FORMATS, ids=[f[2] for f in FORMATS])
def test_a_long_script_normalises_to_one_text_in_every_format(medium: Any, save: Any, name: str, _: str) -> None:
    script = samples.long_script(40)
    expected = fingerprint.measure("\n".join(text for _, text in script))["text_sha256"]
    items = read(medium, save(script), name)
    assert len(items) == 41
    assert items[-1].fields["text_sha256"] == expected
    assert [item.fields["heading"] for item in items[:-1]] == [text for kind, text in script if kind == "heading"]


def test_speech_carries_its_speaker_and_dual_dialogue_is_marked_on_both_sides() -> None:
    both = b"ANNA\nYes.\n\nBEN ^\n(loud)\nNo.\n\nANNA (CONT'D)\nOh.\n"
    elements = read(fountain, both, "a.fountain")[-1].fields["elements"]
    assert [(e["type"], e["character"], e["dual"]) for e in elements] == [
        ("character", "ANNA", True),
        ("dialogue", "ANNA", True),
        ("character", "BEN", True),
        ("parenthetical", "BEN", True),
        ("dialogue", "BEN", True),
        ("character", "ANNA", False),
        ("dialogue", "ANNA", False),
    ]
    xml = (
        b"<FinalDraft><Content><Paragraph><DualDialogue><Paragraph Type='Character'><Text>ANNA</Text></Paragraph>"
        b"<Paragraph Type='Dialogue'><Text>Yes.</Text></Paragraph><Paragraph Type='Character'><Text>BEN</Text>"
        b"</Paragraph><Paragraph Type='Dialogue'><Text>No.</Text></Paragraph></DualDialogue></Paragraph></Content>"
        b"</FinalDraft>"
    )
    assert [e["dual"] for e in read(fdx, xml, "a.fdx")[-1].fields["elements"]] == [True] * 4
    marked = samples.osf([("character", "ANNA"), ("dialogue", "Yes."), ("character", "BEN"), ("dialogue", "No."),
                          ("character", "ANNA"), ("dialogue", "Oh.")])  # fmt: skip
    marked = marked.replace(b'basestyle="Character"', b'basestyle="Character" dualdialogue="1"', 1)
    duals = [e["dual"] for e in read(fadein, marked, "a.osf")[-1].fields["elements"]]
    assert duals == [True, True, True, True, False, False]


def test_fdx_keeps_scene_numbers_pages_and_centred_lines_and_leaves_script_notes_out() -> None:
    xml = (
        b"<FinalDraft><Content><Paragraph Type='Scene Heading' Number='12A'><SceneProperties Page='7'>"
        b"<Summary><Paragraph><Text>not this</Text></Paragraph></Summary></SceneProperties><Text>INT. </Text>"
        b"<Text Style='Bold'>HALL</Text></Paragraph><Paragraph Type='Action'><ScriptNote><Paragraph><Text>nor this"
        b"</Text></Paragraph></ScriptNote><Text>Dust.</Text></Paragraph><Paragraph Type='Action' Alignment='Center'>"
        b"<Text>END</Text></Paragraph></Content></FinalDraft>"
    )
    scene, full = read(fdx, xml, "a.fdx")
    assert kinds(scene) == [("heading", "INT. HALL"), ("action", "Dust."), ("centered", "END")]
    assert (scene.fields["scene_number"], scene.locator.page, scene.fields["page_start"]) == ("12A", 7, 7)
    assert scene.fields["page_end"] is None
    assert full.payload == b"INT. HALL\n\nDust.\n\nEND"


def test_a_celtx_scene_named_by_its_writer_takes_place_and_time_from_the_shot_below() -> None:
    html = (
        "<html><body><p class='sceneheading' scenestr='4'>Погоня<br></p><p class='shot'>НАТ. ЗАМОК день</p>"
        "<p class='action'>Бегут.<span class='softbreak'>7</span></p></body></html>"
    )
    data = samples.zipped({"local.rdf": b"", "script-a.html": html.encode()})
    scene = read(celtx, data, "a.celtx")[0]
    assert scene.fields["heading"] == "Погоня"
    assert scene.fields["scene_number"] == "4"
    assert (scene.fields["interior"], scene.fields["place"], scene.fields["time_of_day"]) == ("EXT", "ЗАМОК", "день")
    assert scene.fields["language_script"] == "Cyrl"
    assert kinds(scene)[-1] == ("action", "Бегут.")


def test_subtitles_are_one_item_with_voices_and_pauses() -> None:
    vtt = (
        "WEBVTT\n\nNOTE drawn by a test\n\n1\n00:01.000 --> 00:02.000 align:start\n<v Anna>Hello <i>there</i>.\n\n"
        "00:03.500 --> 00:04.000\n- Hi.\n- Ho.\n\n01:00:00.000 --> 01:00:01.000\nTom &amp; Jerry\n"
    )
    source = samples.source(vtt.encode(), "a.vtt")
    assert subtitles.sniff(source) == "text/vtt"
    (item,) = subtitles.extract(source, Options())
    assert item.payload.decode() == "Hello there.\n- Hi.\n- Ho.\n\nTom & Jerry"
    assert item.fields["characters"] == ["Anna"]
    assert [element["text"] for element in item.fields["elements"]] == ["Hello there.", "- Hi.\n- Ho.", "Tom & Jerry"]
    srt = (
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<b>Up</b>\r\n2\r\n00:00:02,500 --> 00:00:03,000\r\nDown\r\n"
    )
    source = samples.source(srt.encode(), "a.srt")
    assert subtitles.sniff(source) == "application/x-subrip"
    assert next(iter(subtitles.extract(source, Options()))).payload.decode() == "Up\nDown"


@pytest.mark.parametrize(
    ("medium", "data", "name"),
    [
        (fountain, b"Title: Only a title\n", "a.fountain"),
        (fdx, b"<FinalDraft><Content><Paragraph><Text> </Text></Paragraph></Content></FinalDraft>", "a.fdx"),
        (subtitles, b"WEBVTT\n", "a.vtt"),
        (celtx, samples.zipped({"local.rdf": b""}), "a.celtx"),
    ],
)
def test_a_script_without_a_word_is_set_aside_as_empty(medium: Any, data: bytes, name: str) -> None:
    with pytest.raises(Quarantined) as caught:
        read(medium, data, name)
    assert caught.value.cause is Cause.EMPTY
