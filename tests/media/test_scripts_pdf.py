"""PDF screenplays: pages, furniture, two columns, and when the slow reader is asked."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import pytest
import script_samples as samples
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from provenance.fingerprint import picture
from provenance.media import _pdftext, pdf
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind


def drawn(draw: Callable[[Canvas], None], size: tuple[float, float] = (612, 792)) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=True)
    canvas.setFont("Courier", 12)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def typed(*lines: tuple[int, int, str]) -> bytes:
    """A page of (row, column, text), rows from the top, columns from the margin."""

    def draw(canvas: Canvas) -> None:
        for row, column, text in lines:
            canvas.drawString(108 + 7.2 * column, 720 - 12 * row, text)

    return drawn(draw)


def read(data: bytes, name: str = "a.pdf", options: Options | None = None) -> list[Extract]:
    return list(pdf.extract(samples.source(data, name), options or Options()))


def kinds(item: Extract) -> list[tuple[str, str]]:
    return [(element["type"], element["text"]) for element in item.fields["elements"]]


def test_scenes_know_their_pages_and_printed_numbers() -> None:
    script = samples.long_script(12)
    items = read(samples.pdf(script, numbers=True, header="THE FOG - draft 3 - 2026", title=True))
    scenes, full = items[:-1], items[-1]
    assert [scene.fields["scene_number"] for scene in scenes] == [str(number) for number in range(1, 13)]
    assert [scene.locator.page for scene in scenes] == [scene.fields["page_start"] for scene in scenes]
    pages = samples.printed(script)
    for scene in scenes:
        heading = scene.fields["heading"]
        (printed_on,) = [at for at, lines in enumerate(pages, 2) if heading in lines]
        assert scene.fields["page_start"] == printed_on  # the title page is page 1
    for before, after in itertools.pairwise(scenes):
        assert before.fields["page_end"] in (after.fields["page_start"], after.fields["page_start"] - 1)
    assert full.fields["title"] == "THE FOG"
    assert (full.fields["page_start"], full.fields["page_end"]) == (1, len(pages) + 1)
    assert "draft 3" not in full.payload.decode() and "written by" not in full.payload.decode()


def test_a_speech_over_a_page_break_is_one_speech() -> None:
    lines = ["INT. HUT - DAY", ""] + [f"{'Rain falls and falls.'}" for _ in range(44)]

    def draw(canvas: Canvas) -> None:
        for at, line in enumerate(lines):
            canvas.drawString(108, 720 - 12 * at, line)
        for at, (column, text) in enumerate([(22, "ANNA"), (10, "I went down to the"), (16, "(MORE)")]):
            canvas.drawString(108 + 7.2 * column, 720 - 12 * (48 + at), text)
        canvas.drawString(108, 60, "(CONTINUED)")
        canvas.showPage()
        canvas.setFont("Courier", 12)
        canvas.drawString(108, 756, "CONTINUED:")
        canvas.drawString(525, 756, "2.")
        for at, (column, text) in enumerate([(22, "ANNA (CONT'D)"), (10, "river to pray.")]):
            canvas.drawString(108 + 7.2 * column, 720 - 12 * at, text)

    speech = [element for element in kinds(read(drawn(draw))[-1]) if element[0] in ("character", "dialogue")]
    assert speech == [("character", "ANNA"), ("dialogue", "I went down to the river to pray.")]


def test_columns_side_by_side_are_dual_dialogue() -> None:
    data = typed(
        (0, 0, "INT. HUT - DAY"), (2, 6, "ANNA"), (2, 36, "BEN"), (3, 0, "Stay here with"), (3, 30, "(at once)"),
        (4, 0, "me tonight."), (4, 30, "I must go."), (6, 0, "Silence."),
    )  # fmt: skip
    elements = read(data)[-1].fields["elements"]
    assert [(e["type"], e["text"].replace("\n", " "), e["character"], e["dual"]) for e in elements] == [
        ("heading", "INT. HUT - DAY", None, False),
        ("character", "ANNA", "ANNA", True),
        ("dialogue", "Stay here with me tonight.", "ANNA", True),
        ("character", "BEN", "BEN", True),
        ("parenthetical", "(at once)", "BEN", True),
        ("dialogue", "I must go.", "BEN", True),
        ("action", "Silence.", None, False),
    ]


def test_a_break_that_the_writer_made_stays_and_one_that_the_printer_made_goes() -> None:
    wide = "It is a long line of action that reaches the right margin of"
    data = typed((0, 0, "INT. HUT - DAY"), (2, 0, wide), (3, 0, "the page."), (5, 0, "One."), (6, 0, "Two."))
    assert kinds(read(data)[-1])[1:] == [("action", f"{wide} the page."), ("action", "One.\nTwo.")]


def _slow_pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    real = _pdftext._reread_page

    def spy(page: _pdftext.Page, slow: object) -> None:
        seen.append(page.number)
        real(page, slow)  # type: ignore[arg-type]

    monkeypatch.setattr(_pdftext, "_reread_page", spy)
    return seen


def test_a_plain_page_never_needs_the_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _slow_pages(monkeypatch)
    read(samples.pdf(samples.long_script(6), numbers=True, title=True))
    assert seen == []


def test_fake_bold_is_read_once_and_a_watermark_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _slow_pages(monkeypatch)

    def draw(canvas: Canvas) -> None:
        for shift in (0, 0.3):
            canvas.drawString(108 + shift, 720, "INT. HUT - DAY")
            canvas.drawString(108 + shift, 696, "Anna waits, and counts the boats that come home one by one.")
        canvas.translate(200, 200)
        canvas.rotate(45)
        canvas.drawString(0, 0, "DRAFT 3")

    expected = b"INT. HUT - DAY\n\nAnna waits, and counts the boats that come home one by one."
    assert read(drawn(draw))[-1].payload == expected
    assert seen == []


def test_a_rotated_page_reads_like_an_upright_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _slow_pages(monkeypatch)

    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.translate(612, 0)
        canvas.rotate(90)
        for row, column, text in ((0, 0, "INT. HUT - DAY"), (2, 0, "Wind."), (4, 22, "ANNA"), (5, 10, "Hush.")):
            canvas.drawString(108 + 7.2 * column, 500 - 12 * row, text)

    expected = [("heading", "INT. HUT - DAY"), ("action", "Wind."), ("character", "ANNA"), ("dialogue", "Hush.")]
    assert kinds(read(drawn(draw))[-1]) == expected
    assert seen == [1]


def test_a_scan_gives_its_pages_as_pictures_and_says_so() -> None:
    data = samples.scanned_pdf(3)
    items = read(data)
    assert [(item.kind, item.locator.page, item.media_type) for item in items] == [
        (Kind.ART, number, "image/png") for number in (1, 2, 3)
    ]
    image = Image.open(io.BytesIO(items[1].payload))
    assert image.size == (638, 826)  # 306 x 396 points at 150 dots an inch, rounded up
    assert items[1].fields == picture.measure(image) | {
        "page": 2,
        "pages": 3,
        "original_media_type": "application/pdf",
        "rendition": "pdf-page-png-150dpi",
    }
    assert pdf.note(samples.source(data, "a.pdf")) == (
        "image-only PDF: no text layer on any of its 3 pages; the pages are kept as pictures"
    )
    assert pdf.note(samples.source(samples.pdf(samples.SHORT), "a.pdf")) is None


def test_a_storyboard_keeps_its_captions_and_its_drawings() -> None:
    from reportlab.lib.utils import ImageReader

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(Image.new("RGB", (64, 48), "navy")), 72, 300, 468, 351)
        canvas.drawString(72, 200, "She turns away from the window.")

    text, page = read(drawn(draw))
    assert (text.kind, text.payload) == (Kind.SCRIPTS, b"She turns away from the window.")
    assert (page.kind, page.locator.page) == (Kind.ART, 1)


@pytest.mark.parametrize(
    ("data", "name", "options", "cause"),
    [
        (samples.pdf(samples.SHORT), "a.jpg", Options(), Cause.MISLABELLED),
        (samples.pdf(samples.long_script(9)), "a.pdf", Options(max_pages=2), Cause.BOMB),
        (samples.pdf(samples.long_script(9)), "a.pdf", Options(max_text_bytes=500), Cause.BOMB),
        (samples.scanned_pdf(1), "a.pdf", Options(max_pixels=1000), Cause.BOMB),
        (typed(), "a.pdf", Options(), Cause.EMPTY),
        (samples.pdf(samples.SHORT)[:200], "a.pdf", Options(), Cause.TRUNCATED),
        (b"%PDF-1.4\n%%EOF\n", "a.pdf", Options(), Cause.DAMAGED),
        (b"%PDF-1.4\n4 0 obj\n<</Length 9/Filter/JBIG2Decode>>\nstream\n", "a.pdf", Options(), Cause.TRUNCATED),
    ],
    ids=["another name", "pages", "text", "pixels", "blank", "cut short", "hollow", "cut bomb"],
)
def test_a_pdf_that_cannot_be_used_says_why(data: bytes, name: str, options: Options, cause: Cause) -> None:
    assert pdf.sniff(samples.source(data, name)) == "application/pdf"
    with pytest.raises(Quarantined) as caught:
        read(data, name, options)
    assert caught.value.cause is cause


def test_a_page_packed_as_a_picture_is_a_bomb() -> None:
    bomb = samples.pdf(samples.SHORT).replace(b"/ASCII85Decode", b"/JBIG2Decode  ", 1)
    with pytest.raises(Quarantined) as caught:
        read(bomb)
    assert caught.value.cause is Cause.BOMB


def test_a_password_is_named() -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("open sesame", canPrint=0))
    canvas.drawString(72, 720, "secret")
    canvas.save()
    with pytest.raises(Quarantined) as caught:
        read(out.getvalue())
    assert caught.value.cause is Cause.ENCRYPTED
