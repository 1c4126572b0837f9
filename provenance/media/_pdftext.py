"""The printed lines of a PDF page with their places: PDFium's own lines when they can be trusted, pdfplumber otherwise.

PDFium gives a page's text in lines and the origin of any character. Only the first and the last character of a line are
asked for; a line wider than its characters explain holds columns and is taken character by character. Slanted lines are
stamps and watermarks, and left out. A page is unsure, and goes to pdfplumber (25 times slower), when it is rotated,
when a fifth of it stands upright or slanted, or when characters have no Unicode value. pdfplumber's answer is taken
when no more of its characters are unknown.
"""

from __future__ import annotations

import ctypes
import io
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from provenance.media._rows import Row, Segment

MAX_SLOW_PAGES = 100
_ADVANCE = 7.2  # points: Courier 12, which screenplays are set in
_UNKNOWN_SHARE = 0.02
_LEVEL = 0.02  # radians
_SLANTED_SHARE = 0.2
_SAME_LINE = 4.0  # points
_WIDE = 1.03  # of the width that a line's characters explain


def _only_own_fonts() -> raw.FPDF_SYSFONTINFO:
    """Keep PDFium from the machine's fonts: what is not embedded is set in those it carries, everywhere the same."""
    types = dict(raw.FPDF_SYSFONTINFO._fields_)
    info = raw.FPDF_SYSFONTINFO(1)
    info.MapFont = types["MapFont"](lambda *_: None)
    info.GetFontData = types["GetFontData"](lambda *_: 0)
    info.DeleteFont = types["DeleteFont"](lambda *_: None)
    raw.FPDF_SetSystemFontInfo(info)
    return info


_FONTS = _only_own_fonts()  # PDFium keeps a pointer to it


@dataclass(slots=True)
class Run:
    """Text on one baseline, in points from the page's lower left corner: origins of its first and last character."""

    x: float
    last: float
    y: float
    text: str

    def advance(self) -> float:
        return (self.last - self.x) / (len(self.text) - 1) if len(self.text) > 1 else 0.0


@dataclass(slots=True)
class Page:
    """One page as read. unknown: share of its characters without a Unicode value."""

    number: int
    height: float
    runs: list[Run] = field(default_factory=list)
    unknown: float = 0.0
    unsure: bool = False


def read_page(page: pdfium.PdfPage, number: int) -> Page:
    """Return the page's runs of text as PDFium finds them, and whether they can be trusted."""
    out = Page(number, page.get_height())
    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        return out
    try:
        _collect(text_page, out)
    finally:
        raw.FPDFText_ClosePage(text_page)
    out.unsure = out.unsure or (bool(out.runs) and page.get_rotation() != 0)
    return out


def _collect(text_page: raw.FPDF_TEXTPAGE, out: Page) -> None:
    count = raw.FPDFText_CountChars(text_page)
    if count <= 0:
        return
    buffer = (ctypes.c_ushort * (count * 2 + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
    x, y = ctypes.c_double(), ctypes.c_double()
    to_x, to_y, get = ctypes.byref(x), ctypes.byref(y), raw.FPDFText_GetCharOrigin
    # Characters without any text of their own would shift the index; usually there are none.
    shifted = len(text) != count

    def origin(at: int) -> tuple[float, float]:
        index = raw.FPDFText_GetCharIndexFromTextIndex(text_page, at) if shifted else at
        get(text_page, index, to_x, to_y)
        return x.value, y.value

    def angle(at: int) -> float:
        index = raw.FPDFText_GetCharIndexFromTextIndex(text_page, at) if shifted else at
        turned = raw.FPDFText_GetCharAngle(text_page, index) % math.tau
        return min(turned, math.tau - turned)

    aside: list[Run] = []
    at = unknown = letters = slanted = 0
    for line in text.split("\n"):
        # PDFium marks a hyphen at a line's end with U+0002, and what has no Unicode value with U+FFFE, U+FFFF or NUL.
        shown = line.replace("\x02", "-").rstrip()
        start = at + len(shown) - len(shown.lstrip())
        end = at + len(shown) - 1
        at += len(line) + 1
        shown = shown.lstrip()
        if not shown:
            continue
        letters += len(shown)
        unknown += sum(map(_unknown, shown)) if not shown.isprintable() else shown.count("\ufffd")
        first, last = origin(start), origin(end) if end > start else origin(start)
        if (len(shown) < 3 or abs(first[1] - last[1]) > 1 or last[0] < first[0]) and angle(start) > _LEVEL:
            slanted += len(shown)
            aside.append(Run(first[0], last[0], first[1], shown))
            continue
        run = Run(first[0], last[0], first[1], shown)
        if " " in shown and run.advance() > _ADVANCE * _WIDE:
            out.runs.extend(_split(run, [origin(start + offset)[0] for offset in range(len(shown))]))
        else:
            out.runs.append(run)
    out.unknown = unknown / max(letters, 1)
    if slanted > letters * _SLANTED_SHARE:
        out.unsure = True
        out.runs += aside
    out.unsure = out.unsure or out.unknown > _UNKNOWN_SHARE


def _unknown(char: str) -> bool:
    return char in "\ufffd\ufffe\uffff" or ord(char) < 0x20 or 0xE000 <= ord(char) <= 0xF8FF


def _split(run: Run, places: Sequence[float]) -> list[Run]:
    """Cut a run where a space is as wide as two characters or more."""
    words: list[Run] = []
    steps = [b - a for a, b in itertools.pairwise(places) if b > a]
    step = statistics.median_low(steps) if steps else _ADVANCE
    start = 0
    for at, char in enumerate(run.text):
        if char != " " or at == start:
            continue
        following = at + 1
        while following < len(run.text) - 1 and run.text[following] == " ":
            following += 1
        spaces = (places[following] - places[at - 1]) / step - 1
        if spaces > 2.2 and spaces > following - at + 1:
            words.append(Run(places[start], places[at - 1], run.y, run.text[start:at]))
            start = following
    words.append(Run(places[start], run.last, run.y, run.text[start:]))
    return [word for word in words if word.text.strip()]


def reread(data: bytes, pages: Sequence[Page]) -> None:
    """Replace the runs of unsure pages by pdfplumber's, where it knows more of their characters.

    A page that pdfplumber cannot read either (in the lock it may lack a character map) keeps PDFium's runs.
    """
    unsure = [page for page in pages if page.unsure][:MAX_SLOW_PAGES]
    if not unsure:
        return
    try:
        with pdfplumber.open(io.BytesIO(data), pages=[page.number for page in unsure]) as document:
            for page, slow in zip(unsure, document.pages, strict=True):
                _reread_page(page, slow)
                slow.close()
    except Exception:
        # pdfminer raises whatever its parser meets; this reading is a second opinion, and without it the first stands.
        return


def _reread_page(page: Page, slow: pdfplumber.page.Page) -> None:
    runs, unknown, letters = [], 0, 0
    words = slow.dedupe_chars().extract_words(keep_blank_chars=True, use_text_flow=False, x_tolerance=6)
    for word in words:
        text = word["text"].rstrip()
        if not text.strip():
            continue
        lost = text.count("(cid:")
        letters += len(text) - 4 * lost
        unknown += lost + sum(map(_unknown, text))
        width = (word["x1"] - word["x0"]) / max(len(word["text"]), 1)
        runs.append(Run(word["x0"], word["x1"] - width, float(slow.height) - word["bottom"], text))
    if runs and unknown / max(letters, 1) <= page.unknown:
        page.runs, page.unknown, page.height = runs, unknown / max(letters, 1), float(slow.height)


def rows(pages: Sequence[Page]) -> list[Row]:
    """Return the printed lines of all pages, from the top of each, with columns in place of points."""
    wide = [run.advance() for page in pages for run in page.runs if len(run.text) >= 10 and run.last > run.x]
    advance = statistics.median(wide) if wide else _ADVANCE
    lines = [(page, _lines(page)) for page in pages]
    pitch = _pitch([line for _, line in lines], advance)
    out = []
    for page, found in lines:
        above: float | None = None
        for y, runs in found:
            if len(runs) > 1:
                runs.sort(key=lambda run: run.x)
            segments = tuple(Segment(run.x / advance, run.last / advance + 1, run.text) for run in runs)
            gap = above is None or above - y > 1.4 * pitch
            out.append(Row(segments, gap, page.number, 1 - y / page.height if page.height else None))
            above = y
    return out


def _lines(page: Page) -> list[tuple[float, list[Run]]]:
    out: list[tuple[float, list[Run]]] = []
    for run in sorted(page.runs, key=lambda run: (-run.y, run.x)):
        if out and out[-1][0] - run.y < _SAME_LINE:
            out[-1][1].append(run)
        else:
            out.append((run.y, [run]))
    return out


def _pitch(pages: Sequence[Sequence[tuple[float, list[Run]]]], advance: float) -> float:
    """The usual distance of two lines in a paragraph: the smallest that a tenth of all lines keep, in points.

    Where that is wide and hardly any distance is wider, every line is a paragraph, and the type's own size tells.
    """
    steps = [above - below for lines in pages for (above, _), (below, _) in itertools.pairwise(lines)]
    found = Counter(round(step * 2) / 2 for step in steps)
    pitch = min((step for step, times in found.items() if times * 10 >= len(steps)), default=12.0)
    set_solid = advance / 0.6
    wider = sum(step > 1.7 * pitch for step in steps)
    return set_solid if pitch > 1.5 * set_solid and wider * 10 < len(steps) else pitch
