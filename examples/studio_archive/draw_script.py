"""One screenplay in three forms: Fountain, Final Draft, and PDF as a printer lays it out."""

from __future__ import annotations

import textwrap
from pathlib import Path
from xml.sax.saxutils import escape

TITLE, AUTHOR, DRAFT = "Night Ferry", "Tin Kettle Pictures", "Second draft, 5 January 2026"

Element = tuple[str, str]  # type, text

SCENES: list[tuple[str, list[Element]]] = [
    (
        "EXT. OPEN SEA - NIGHT",
        [
            ("Action", "The moon climbs out of the water. A small red ferry crosses below it, one lamp at the bow."),
            ("Action", "Nobody is on deck. A kettle whistles somewhere inside."),
            ("Character", "MARTA (V.O.)"),
            ("Dialogue", "My grandmother said the last ferry carries whoever missed the others."),
        ],
    ),
    (
        "INT. WHEELHOUSE - NIGHT",
        [
            ("Action", "MARTA, seventy, steers with one hand and pours tea with the other. ODD, nine, holds the cup."),
            ("Character", "ODD"),
            ("Dialogue", "Who did we miss tonight?"),
            ("Character", "MARTA"),
            ("Parenthetical", "(not turning round)"),
            ("Dialogue", "We will know when they wave."),
            ("Action", "Odd presses his nose to the glass. The moon slides across it."),
            ("Character", "ODD"),
            ("Dialogue", "There. A light that waves!"),
            ("Transition", "CUT TO:"),
        ],
    ),
    (
        "EXT. LIGHTHOUSE - NIGHT",
        [
            ("Action", "The beam sweeps the rocks, stops, and sweeps back. It is not turning. It is beckoning."),
            ("Character", "KEEPER"),
            ("Dialogue", "I have been up here eleven years. Is there room for a lamp?"),
            ("Character", "MARTA"),
            ("Dialogue", "There is always room for a lamp. Mind the step."),
        ],
    ),
    (
        "EXT. HARBOUR - DAWN",
        [
            (
                "Action",
                "The ferry comes in under a yellow sky. Gulls. On the bow, very bright, the lamp of the lighthouse.",
            ),
            ("Character", "ODD"),
            ("Dialogue", "And who lights the rocks now?"),
            ("Character", "MARTA"),
            ("Dialogue", "The morning does. It is never late."),
            ("Action", "Behind them the sea is empty, and for once nobody waits."),
            ("Transition", "FADE OUT."),
        ],
    ),
]


def draw_script(archive: Path) -> None:
    folder = archive / "01_story/scripts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "night_ferry.fountain").write_text(fountain(), "utf-8")
    (folder / "night_ferry.fdx").write_text(final_draft(), "utf-8")
    (folder / "night_ferry.pdf").write_bytes(pdf())


def fountain() -> str:
    lines = [f"Title: {TITLE}", f"Author: {AUTHOR}", f"Draft date: {DRAFT}", ""]
    for heading, elements in SCENES:
        lines += [heading, ""]
        for number, (kind, text) in enumerate(elements):
            speech = kind in ("Character", "Parenthetical")
            forced = "> " if kind == "Transition" and not text.endswith("TO:") else ""
            lines.append(forced + text)
            if not (speech and number + 1 < len(elements)):
                lines.append("")
    return "\n".join(lines)


def final_draft() -> str:
    paragraphs = []
    for number, (heading, elements) in enumerate(SCENES, 1):
        paragraphs.append(
            f'<Paragraph Number="{number}" Type="Scene Heading"><Text>{escape(heading)}</Text></Paragraph>'
        )
        paragraphs += [f'<Paragraph Type="{kind}"><Text>{escape(text)}</Text></Paragraph>' for kind, text in elements]
    title = "".join(f"<Paragraph><Text>{escape(text)}</Text></Paragraph>" for text in (TITLE, AUTHOR, DRAFT))
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n'
        '<FinalDraft DocumentType="Script" Template="No" Version="5">\n<Content>\n'
        + "\n".join(paragraphs)
        + f"\n</Content>\n<TitlePage><Content>{title}</Content></TitlePage>\n</FinalDraft>\n"
    )


# Columns and widths of a screenplay page in 12-point Courier, ten characters to the inch.
_LAYOUT = {
    "Scene Heading": (15, 60),
    "Action": (15, 60),
    "Character": (37, 33),
    "Dialogue": (25, 35),
    "Parenthetical": (31, 25),
    "Transition": (60, 16),
}
_PAGE_LINES = 32  # short pages, so that the script has more than one


def _pages() -> list[list[tuple[int, str]]]:
    """Return pages as lines of (column, text); a blank line is an empty text."""
    pages: list[list[tuple[int, str]]] = [[]]
    for heading, elements in SCENES:
        for kind, text in [("Scene Heading", heading), *elements]:
            column, width = _LAYOUT[kind]
            spaced = kind not in ("Dialogue", "Parenthetical")
            block = [(0, "")] * spaced + [(column, line) for line in textwrap.wrap(text, width)]
            if len(pages[-1]) + len(block) > _PAGE_LINES - (3 if kind in ("Scene Heading", "Character") else 0):
                pages.append([])
                block = block[spaced:]
            pages[-1] += block
    return pages


def pdf() -> bytes:
    """The screenplay as PDF 1.4 in the standard Courier, written by hand: no font to embed, no date, no tool's name."""
    title = [(30, TITLE.upper()), (0, ""), (30, "by"), (0, ""), (30, AUTHOR), (0, ""), (30, DRAFT)]
    streams = [_page_stream([(0, "")] * 18 + title, "")]
    streams += [_page_stream(page, f"{number}." if number > 1 else "") for number, page in enumerate(_pages(), 1)]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(streams)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, stream in enumerate(streams):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def _page_stream(lines: list[tuple[int, str]], folio: str) -> str:
    shown = [(525.0, 756.0, folio)] if folio else []
    shown += [(column * 7.2, 708.0 - 12 * number, text) for number, (column, text) in enumerate(lines) if text]
    pieces = []
    for x, y, text in shown:
        plain = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        pieces.append(f"1 0 0 1 {x:g} {y:g} Tm ({plain}) Tj")
    return "BT /F1 12 Tf\n" + "\n".join(pieces) + "\nET"
