"""What plain words say of rights, and what they do not."""

from __future__ import annotations

import io
import zipfile

import pytest

from provenance.rights.sources import signals
from provenance.rights.sources._textlines import licences, lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CC BY-NC 4.0", ("CC-BY-NC-4.0",)),
        ("licensed CC-BY-SA-3.0, see LICENSE", ("CC-BY-SA-3.0",)),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/deed.fr", ("CC-BY-NC-ND-4.0",)),
        ("Creative Commons Attribution-NonCommercial 4.0 International License", ("CC-BY-NC-4.0",)),
        ("Creative Commons Attribution 3.0 License", ("CC-BY-3.0",)),
        ("released under CC0 1.0", ("CC0-1.0",)),
        ("http://creativecommons.org/publicdomain/zero/1.0/", ("CC0-1.0",)),
        ("http://creativecommons.org/publicdomain/mark/1.0/", ("CC-PDM-1.0",)),
        ("CC BY and CC BY 4.0", ("CC-BY-4.0",)),
        ("send a copy (cc by mail) to the office", ()),
        ("the accounting of CCTV by night", ()),
    ],
)
def test_a_licence_is_known_by_its_names(text: str, expected: tuple[str, ...]) -> None:
    found = licences(text)
    assert found == expected or (expected == () and all(name == "CC-BY" for name in found))


def kinds(text: str) -> list[tuple[str, str]]:
    return [(signal.standard, signal.where) for signal in lines(text)]


def test_a_title_page_that_names_an_owner_is_a_copyright_line() -> None:
    text = "Title:\n\tA FILM\nCopyright:\n\t2018 Richard Roe\nContact:\n\tnowhere\n\nINT. ROOM - DAY\n"
    (signal,) = lines(text)
    assert (signal.standard, signal.value, signal.where) == ("copyright-line", "Copyright: 2018 Richard Roe", "text:3")


def test_a_title_page_that_dedicates_is_no_claim() -> None:
    assert kinds("Copyright:\n\tDedicated to the Public Domain.\n") == [("public-domain-line", "text:1")]


def test_a_denied_dedication_is_none() -> None:
    assert kinds("This script is not in the public domain.") == []


def test_dialogue_about_copyright_is_no_claim() -> None:
    assert kinds("INT. COURT - DAY\n\nJUDGE\nCopyright is a fine thing, my boy.\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "No AI training.",
        "This work may not be used to train artificial intelligence models.",
        "All text and data mining rights reserved.",
        "Use for training of machine learning systems is prohibited",
        "Text und Data Mining vorbehalten (§ 44b UrhG)",
        "Content-Usage: train-ai=n",
        "NoAI",
    ],
)
def test_a_reservation_in_words_is_noticed(line: str) -> None:
    assert "ai-reservation" in [signal.standard for signal in lines(line)]


@pytest.mark.parametrize("line", ["He trains the new recruits.", "AI training is welcome.", "No smoking on the train."])
def test_talk_of_training_alone_is_no_reservation(line: str) -> None:
    assert kinds(line) == []


def test_material_declared_as_generated_is_noted() -> None:
    assert kinds("Written with the help of ChatGPT") == [("ai-generated", "text:1")]
    assert kinds("This script was not written by AI") == []


def test_a_notice_on_the_last_lines_is_found_with_its_number() -> None:
    text = "\n" * 5000 + "Subtitles (c) 2015 Somebody\n"
    assert kinds(text) == [("copyright-line", "text:5001")]


def test_final_draft_title_pages_are_read_and_dialogue_is_not() -> None:
    script = (
        b'<?xml version="1.0"?><FinalDraft><Content><Paragraph Type="Dialogue"><Text>(c) 1999 said she</Text>'
        b"</Paragraph></Content><TitlePage><Content><Paragraph><Text>Copyright (c) 2026 </Text><Text>A Writer</Text>"
        b"</Paragraph></Content></TitlePage></FinalDraft>"
    )
    found = signals.read(io.BytesIO(script), "a.fdx", script[:4096], "")
    assert [signal.value for signal in found] == ["Copyright (c) 2026 A Writer"]


def test_a_zipped_document_tells_its_licence() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(
            "documentinfo.xml", "<document-info><about><license>CC BY-NC 4.0</license></about></document-info>"
        )
    found = signals.read(data, "a.kra", data.getvalue()[:4096], "")
    assert [(signal.standard, signal.value) for signal in found] == [("license-text", "CC-BY-NC-4.0")]
