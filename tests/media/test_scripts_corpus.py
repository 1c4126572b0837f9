"""The corpus' real scripts: scenes as their writers meant them, and twins that meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import script_samples as samples

from provenance.fingerprint import text as fingerprint
from provenance.media import celtx, fadein, fdx, fountain, pdf, plaintext, subtitles
from provenance.media.shelf import Options
from provenance.model.words import Extract, Kind

MEDIA: tuple[Any, ...] = (pdf, fdx, fadein, celtx, subtitles, plaintext, fountain)


def read(path: Path) -> list[Extract]:
    source = samples.source(path.read_bytes(), path.name)
    medium = next(medium for medium in MEDIA if medium.sniff(source))
    return list(medium.extract(source, Options()))


def full(path: Path) -> Extract:
    (item,) = [item for item in read(path) if item.fields.get("part") == "full"]
    return item


@pytest.mark.parametrize(
    ("a", "b", "similar"),
    [
        ("fdx/radio_studio_finaldraft.fdx", "fdx/radio_studio_fadein.fdx", 1.0),
        ("fdx/radio_studio_finaldraft.fdx", "fdx/radio_studio.fadein", 1.0),
        ("fountain/cyber_bob_ep1_final.fountain", "fdx/cyber_bob_ep1_final.fdx", 1.0),
        ("fountain/cyber_bob_ep1_final.fountain", "pdf/cyber_bob_ep1_final.pdf", 1.0),
        ("fountain/cyber_bob_ep1_final.fountain", "text/cyber_bob_ep1_final_layout.txt", 1.0),
        ("fountain/cyber_bob_ep1_final.fountain", "fountain/cyber_bob_ep1_draft.fountain", 0.794),
        ("fountain/cyber_bob_ep1_final.fountain", "fountain/the_library_freak-out.fountain", 0.004),
        ("fountain/the_library_freak-out.fountain", "pdf/the_library_freak-out.pdf", 1.0),
        ("fountain/afterwriting_client.fountain", "pdf/afterwriting_client.pdf", 0.736),
        ("fountain/afterwriting_cyrillic.fountain", "pdf/afterwriting_cyrillic.pdf", 1.0),
    ],
)
def test_twins_meet_and_strangers_do_not(corpus: Path, a: str, b: str, similar: float) -> None:
    left, right = full(corpus / "scripts" / a), full(corpus / "scripts" / b)
    assert fingerprint.similarity(left.payload.decode(), right.payload.decode()) == pytest.approx(similar, abs=0.002)
    assert (left.fields["text_sha256"] == right.fields["text_sha256"]) == (similar == 1.0)
    estimate = fingerprint.jaccard(left.fields["minhash_128"], right.fields["minhash_128"])
    assert estimate == pytest.approx(similar, abs=0.1)


@pytest.mark.parametrize(
    ("name", "headings", "characters"),
    [
        (
            "pdf/afterwriting_cyrillic.pdf",
            "ИНТ. КВАРТИРА МАШИ – СТОЛОВАЯ – ДЕНЬ|ИНТ. КВАРТИРА МАШИ – КУХНЯ – ДЕНЬ",
            "МАШA",
        ),
        ("pdf/screenplain_dual-dialogue.pdf", "", "GIRL|GUY"),
        ("fdx/radio_studio_finaldraft.fdx", "INT. RADIO STUDIO|EXT. OUTSIDE THE FOOD STORE", "DJ|DAVE|JIM|KAY"),
        ("fountain/nyousefi_Simple.fountain", "INT. OFFICE - MORNING|ext. house - day|FORCED SCENE HEADING", "MAN"),
        (
            "celtx/munchausen_ova2_ru.celtx",
            "Задание|Отъезд Скорохода|Возвращение скорохода|Погоня|Прощание с МЮНХГАУЗЕНом",
            "Саладин|МЮНХГАУЗЕН|Скороход|СТРЕЛОК|ХАКЕР|СИЛАЧ|СНАЙПЕР|СОЛДАТ",
        ),
    ],
)
def test_scenes_and_characters_are_those_of_the_script(corpus: Path, name: str, headings: str, characters: str) -> None:
    items = read(corpus / "scripts" / name)
    assert [item.fields["heading"] for item in items if item.fields["part"] == "scene"] == [
        heading for heading in headings.split("|") if heading
    ]
    assert items[-1].fields["characters"] == characters.split("|")


def test_printed_scene_numbers_are_read_from_both_margins(corpus: Path) -> None:
    items = read(corpus / "scripts/pdf/screenplain_scene-numbers.pdf")
    assert [item.fields["scene_number"] for item in items[:-1]] == ["1", "2", None, None, "2-B"]


def test_the_scan_becomes_four_pictures(corpus: Path) -> None:
    items = read(corpus / "scripts/pdf/the_library_freak-out_scan.pdf")
    assert [(item.kind, item.locator.page) for item in items] == [(Kind.ART, number) for number in (1, 2, 3, 4)]


def test_every_script_of_the_corpus_gives_items(corpus: Path) -> None:
    for path in sorted((corpus / "scripts").rglob("*.*")):
        items = read(path)
        assert items, path.name
        if items[-1].kind is Kind.SCRIPTS:
            scenes = [item.locator.scene for item in items[:-1]]
            assert scenes == list(range(1, len(items))), path.name
            assert items[-1].payload, path.name
