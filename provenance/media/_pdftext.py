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
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from provenance.media._rows import Row, Segment
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

MAX_SLOW_PAGES = 100
_ADVANCE = 7.2  # points: Courier 12, which screenplays are set in
_UNKNOWN_SHARE = 0.02
_LEVEL = 0.02  # radians
_SLANTED_SHARE = 0.2
# What has no Unicode value: PDFium says U+FFFE, U+FFFF, NUL or another control character; private use says nothing.
_UNKNOWN = re.compile("[\x00-\x08\x0e-\x1f\ue000-\uf8ff\ufffd-\uffff]")
_WORD = re.compile(r"\S+")
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


def read_page(document: pdfium.PdfDocument, number: int) -> Page:
    """Return what PDFium reads on a page, counted from 1, and whether it can be trusted.

    `Quarantined(damaged)` for a page that cannot be loaded.
    """
    page = raw.FPDF_LoadPage(document, number - 1)  # without the finalisers that a page object of pypdfium2 brings
    if not page:
        raise Quarantined(Cause.DAMAGED, f"page {number} of {len(document)} cannot be loaded")
    out = Page(number, raw.FPDF_GetPageHeightF(page))
    text_page = raw.FPDFText_LoadPage(page)
    try:
        if text_page:
            _collect(text_page, out)
        out.unsure = bool(out.runs) and (out.unsure or raw.FPDFPage_GetRotation(page) != 0)
    finally:
        raw.FPDFText_ClosePage(text_page)
        raw.FPDF_ClosePage(page)
    return out


def _collect(text_page: raw.FPDF_TEXTPAGE, out: Page) -> None:
    count = raw.FPDFText_CountChars(text_page)
    if count <= 0:
        return
    buffer = (ctypes.c_ushort * (count * 2 + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, buffer)
    # PDFium marks a hyphen at a line's end with U+0002.
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace").replace("\x02", "-")
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
    at = letters = slanted = 0
    for line in text.split("\n"):
        shown = line.strip()
        start = at + line.index(shown[0]) if shown else at
        end = start + len(shown) - 1
        at += len(line) + 1
        if not shown:
            continue
        letters += len(shown)
        first, last = origin(start), origin(end) if end > start else origin(start)
        if (len(shown) < 3 or abs(first[1] - last[1]) > 1 or last[0] < first[0]) and angle(start) > _LEVEL:
            slanted += len(shown)
            aside.append(Run(first[0], last[0], first[1], shown))
            continue
        run = Run(min(first[0], last[0]), max(first[0], last[0]), first[1], shown)
        if " " in shown and run.advance() > _ADVANCE * _WIDE:
            spans = [(match.start(), match.end() - 1) for match in _WORD.finditer(shown)]
            out.runs.extend(_split(run, [(a, b, origin(start + a)[0], origin(start + b)[0]) for a, b in spans]))
        else:
            out.runs.append(run)
    out.unknown = len(_UNKNOWN.findall(text)) / max(letters, 1)
    if slanted > letters * _SLANTED_SHARE:
        out.unsure = True
        out.runs += aside
    out.unsure = out.unsure or out.unknown > _UNKNOWN_SHARE


def _split(run: Run, words: Sequence[tuple[int, int, float, float]]) -> list[Run]:
    """Cut a run where the room between two words is wider than its spaces by two characters or more.

    words: index of the first and last character of each, and their origins.
    """
    steps = [(right - left) / (b - a) for a, b, left, right in words if b > a and right > left]
    step = statistics.median_low(steps) if steps else _ADVANCE
    out: list[Run] = []
    start, x = words[0][0], words[0][2]
    for (_, end, _, last), (following, _, left, _) in itertools.pairwise(words):
        room = (left - last) / step - 1
        if room > max(2.2, following - end):
            out.append(Run(x, last, run.y, run.text[start : end + 1]))
            start, x = following, left
    return [*out, Run(x, words[-1][3], run.y, run.text[start:])]


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
        unknown += lost + len(_UNKNOWN.findall(text))
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
