"""Scripts that the tests and benchmarks draw for themselves: one screenplay model, saved in every format we read."""

from __future__ import annotations

import io
import random
import zipfile
from xml.sax.saxutils import escape

from provenance.media.shelf import HEAD_BYTES, Source

Script = list[tuple[str, str]]

WORDS = [
    "lantern",
    "river",
    "broom",
    "kettle",
    "storm",
    "window",
    "letter",
    "garden",
    "engine",
    "shadow",
    "copper",
    "violin",
    "harbour",
    "ladder",
    "mirror",
    "candle",
    "whistle",
    "blanket",
    "compass",
    "orchard",
    "thunder",
    "pocket",
    "sparrow",
    "velvet",
    "marble",
    "anchor",
    "feather",
    "wagon",
    "bridge",
    "silver",
]
NAMES = ("MARA", "OLD TOMAS", "THE FERRYMAN", "JUNO", "CAPTAIN VEY")

SHORT: Script = [
    ("transition", "FADE IN:"),
    ("heading", "EXT. HARBOUR - NIGHT"),
    ("action", "A lantern swings on an empty pier. Fog swallows the far end of it."),
    ("character", "MARA"),
    ("parenthetical", "(whispering)"),
    ("dialogue", "Did you hear the kettle?"),
    ("character", "OLD TOMAS (O.S.)"),
    ("dialogue", "That was the storm, child. Come in before it finds you."),
    ("transition", "CUT TO:"),
    ("heading", "INT. BOAT HOUSE - CONTINUOUS"),
    ("action", "Mara shuts the door. The fog stays outside."),
    ("character", "MARA"),
    ("dialogue", "It knows my name."),
]


def source(data: bytes, name: str) -> Source:
    """An opened asset over bytes, as the worker hands it to a medium."""
    return Source((io.BytesIO(data),), (name,), (len(data),), data[:HEAD_BYTES])


def long_script(scenes: int, seed: int = 7) -> Script:
    """A screenplay of about two thirds of a page a scene, the same for the same seed."""
    rng = random.Random(seed)

    def sentence(shortest: int, longest: int) -> str:
        words = [rng.choice(WORDS) for _ in range(rng.randint(shortest, longest))]
        return " ".join(words).capitalize() + "."

    out: Script = []
    for scene in range(scenes):
        side, time = rng.choice(("INT.", "EXT.")), rng.choice(("DAY", "NIGHT", "DUSK"))
        out.append(("heading", f"{side} {rng.choice(WORDS).upper()} ROOM {scene + 1} - {time}"))
        out.append(("action", " ".join(sentence(6, 14) for _ in range(rng.randint(2, 4)))))
        for _ in range(rng.randint(3, 6)):
            out.append(("character", rng.choice(NAMES)))
            if rng.random() < 0.2:
                out.append(("parenthetical", f"({rng.choice(WORDS)})"))
            out.append(("dialogue", " ".join(sentence(5, 12) for _ in range(rng.randint(1, 2)))))
        out.append(("action", sentence(8, 16)))
    return out


def fountain(script: Script, title: str | None = "The Fog") -> bytes:
    out = [f"Title: {title}\nAuthor: Nobody\n"] if title else []
    for kind, text in script:
        gap = "" if kind in ("parenthetical", "dialogue") else "\n"
        out.append(f"{gap}{'> ' if kind == 'transition' else ''}{text}\n")
    return "".join(out).encode()


_FDX = {"heading": "Scene Heading"}


def fdx(script: Script, title: str | None = "The Fog") -> bytes:
    paragraphs = "".join(
        f'<Paragraph Type="{_FDX.get(kind, kind.capitalize())}"><Text>{escape(text)}</Text></Paragraph>'
        for kind, text in script
    )
    front = f"<TitlePage><Content><Paragraph><Text>{title}</Text></Paragraph></Content></TitlePage>" if title else ""
    body = f'<FinalDraft DocumentType="Script" Version="5"><Content>{paragraphs}</Content>{front}</FinalDraft>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def osf(script: Script) -> bytes:
    paragraphs = "".join(
        f'<para><style basestyle="{_FDX.get(kind, kind.capitalize())}"/>'
        f"<text>{escape(text.strip('()') if kind == 'parenthetical' else text)}</text></para>"
        for kind, text in script
    )
    head = '<document type="Open Screenplay Format document" version="50"><info title="The Fog"/>'
    return f"{head}<paragraphs>{paragraphs}</paragraphs></document>".encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def fadein(script: Script) -> bytes:
    return zipped({"document.xml": osf(script)})


def celtx(script: Script) -> bytes:
    names = {"heading": "sceneheading", "dialogue": "dialog"}
    body = "".join(f'<p class="{names.get(kind, kind)}">{escape(text)}<br>\n</p>' for kind, text in script)
    html = f"<html><head><title>The Fog</title></head><body>{body}</body></html>".encode()
    return zipped({"project.rdf": b"<RDF/>", "script-1.html": html, "scratch-1.html": b"<p class='action'>no</p>"})


_COLUMNS = {"character": (22, 38), "parenthetical": (16, 25), "dialogue": (10, 35), "transition": (45, 15)}


def printed(script: Script, lines: int = 54) -> list[list[str]]:
    """The script as pages of lines in columns of a typewriter, 60 wide, broken as a printer breaks them."""
    pages: list[list[str]] = [[]]
    for kind, text in script:
        column, width = _COLUMNS.get(kind, (0, 60))
        broken = _wrap(text, width)
        gap = [] if kind in ("parenthetical", "dialogue") else [""]
        keep = 3 if kind in ("character", "heading") else 0  # a cue or heading never ends a page
        if len(pages[-1]) + len(gap) + len(broken) + keep > lines:
            pages.append([])
        pages[-1] += (gap if pages[-1] else []) + [" " * column + line for line in broken]
    return pages


def _wrap(text: str, width: int) -> list[str]:
    out = [""]
    for word in text.split(" "):
        if out[-1] and len(out[-1]) + 1 + len(word) > width:
            out.append(word)
        else:
            out[-1] = f"{out[-1]} {word}".strip()
    return out


def columns(script: Script) -> bytes:
    return "\n\f".join("\n".join(page) + "\n" for page in printed(script)).encode()


def pdf(script: Script, *, header: str | None = None, title: bool = False, numbers: bool = False) -> bytes:
    """A US letter PDF in Courier 12 with page numbers from page 2 on, by reportlab."""
    from reportlab.lib.pagesizes import letter
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=letter, invariant=True)
    if title:
        canvas.setFont("Courier", 12)
        for at, line in enumerate(("THE FOG", "", "written by", "", "Nobody")):
            canvas.drawCentredString(306, 500 - 12 * at, line)
        canvas.showPage()
    scene = 0
    for number, lines in enumerate(printed(script), 1):
        canvas.setFont("Courier", 12)
        if number > 1:
            canvas.drawRightString(540, 756, f"{number}.")
        if header:
            canvas.drawString(108, 756, header)
        for at, line in enumerate(lines):
            y = 720 - 12 * at
            canvas.drawString(108 + 7.2 * (len(line) - len(line.lstrip())), y, line.strip())
            if numbers and line.startswith(("INT.", "EXT.")):
                scene += 1
                canvas.drawString(64.8, y, str(scene))
                canvas.drawString(547.2, y, str(scene))
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def scanned_pdf(pages: int) -> bytes:
    """A PDF of pictures only, as a scanner makes it."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(306, 396), invariant=True)
    for number in range(pages):
        picture = Image.new("L", (102, 132), 255)
        picture.paste(0, (10, 10 + 20 * number, 90, 22 + 20 * number))
        canvas.drawImage(ImageReader(picture), 0, 0, 306, 396)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
