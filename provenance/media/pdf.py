"""PDF: screenplays with a text layer become scenes, pages without one become pictures.

Text is read by PDFium, and by pdfplumber where PDFium's lines are in doubt (see `_pdftext`). A page without usable
text, and in a document without scenes a page that a picture fills for a quarter or more, is rendered at 150 dots an
inch to an art item (`pdf-page-png-150dpi`): so a scan is found beside its twin, and a storyboard's drawings are not
lost. Scripts, forms, attachments and links in the file are never run or followed.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, PngImagePlugin  # noqa: F401  the encoder must be in memory before the lock

from provenance.fingerprint import picture
from provenance.media import _layout, _pdftext, _text
from provenance.media import _screenplay as sp
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind, Locator
from provenance.sandbox.preload import packages

NAME = "pdf"
VERSION = 1
PRIORITY = 12
OPTIONS = ("max_pages", "max_pixels", "max_text_bytes")

DPI = 150
_IN_MEMORY = 256 << 20
_FILLED = 0.25  # of the page
_MAX_OBJECTS = 200_000  # looked at on one page
_MAX_DEPTH = 8  # of forms in forms
_GARBLED = 0.3  # share of unknown characters above which a text layer is no text
_PICTURE_FILTERS = (b"/JBIG2Decode", b"/JPXDecode", b"/CCITTFaxDecode")
_NO_TITLE = frozenset({"(anonymous)", "untitled", "untitled document", "document", ""})


def preload() -> None:
    """Load what PDF readers import when they first need it."""
    packages("pypdfium2", "pdfplumber", "pdfminer")


def sniff(source: Source) -> str | None:
    named = source.suffix == ".pdf" and (b"%PDF" in source.head[:1024] or b" 0 obj" in source.head)
    return "application/pdf" if named or source.head.lstrip(b"\xef\xbb\xbf\r\n \t\0").startswith(b"%PDF-") else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    if source.suffix in _text.MEDIA_SUFFIXES and source.suffix != ".pdf":
        raise Quarantined(Cause.MISLABELLED, f"the content is a PDF, the name says {source.suffix}")
    data = source.file.read() if source.sizes[0] <= _IN_MEMORY else None
    document = _open(source, data, options)
    try:
        yield from _extract(document, data, options)
    finally:
        document.close()


def note(source: Source) -> str | None:
    """Say when no page of a PDF has a text layer; its words would need character recognition."""
    document = pdfium.PdfDocument(source.file)
    try:
        for page in document:
            text = page.get_textpage()
            if text.count_chars() > 0:
                return None
        return f"image-only PDF: no text layer on any of its {len(document)} pages; the pages are kept as pictures"
    finally:
        document.close()


def _open(source: Source, data: bytes | None, options: Options) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(source.file if data is None else data)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise Quarantined(Cause.ENCRYPTED, "the PDF opens only with a password") from None
        source.files[0].seek(max(0, source.sizes[0] - 1024))
        ended = b"%%EOF" in source.files[0].read(1024)
        raise Quarantined(Cause.DAMAGED if ended else Cause.TRUNCATED, "no PDF document can be read from it") from None
    pages = len(document)
    if pages > options.max_pages:
        document.close()
        raise Quarantined(Cause.BOMB, f"{pages:,} pages, more than {options.max_pages:,}")
    if data is not None:
        _refuse_disguised_pictures(data)
    return document


def _refuse_disguised_pictures(data: bytes) -> None:
    """Refuse a page's content or another plain stream under a picture's filter: a few bytes become gigabytes.

    Dictionaries of streams are never compressed, so that looking at the bytes before each filter's name is enough.
    """
    for name in _PICTURE_FILTERS:
        at = data.find(name)
        while at >= 0:
            start = max(data.rfind(b" obj", 0, at), at - 65_536, 0)
            if b"/Image" not in data[start : data.find(b"stream", at, at + 65_536)]:
                raise Quarantined(Cause.BOMB, f"a stream that is no picture is packed with {name[1:].decode()}")
            at = data.find(name, at + 1)


def _extract(document: pdfium.PdfDocument, data: bytes | None, options: Options) -> Iterator[Extract]:
    pages, letters = [], 0
    for number in range(1, len(document) + 1):
        pages.append(_pdftext.read_page(document, number))
        letters += sum(len(run.text) for run in pages[-1].runs)
        if letters > options.max_text_bytes:
            raise Quarantined(Cause.BOMB, f"more than {options.max_text_bytes:,} characters of text by page {number}")
    if data is not None:
        _pdftext.reread(data, pages)
    for page_text in pages:
        if page_text.unknown > _GARBLED:
            page_text.runs.clear()
    title, elements = _layout.read(_pdftext.rows(pages))
    scenes = any(element.type == sp.HEADING for element in elements)
    drawn = [
        page.number
        for page in pages
        if (not page.runs or not scenes) and _is_picture(document, page.number, bool(page.runs), options)
    ]
    if not elements and not drawn:
        raise Quarantined(Cause.EMPTY, f"the PDF has {len(pages)} pages, and neither text nor a picture on them")
    if elements:
        if title is None and (said := document.get_metadata_value("Title").strip()).lower() not in _NO_TITLE:
            title = said
        yield from sp.extracts(elements, title)
    for number in drawn:
        yield _render(document, number, options)


def _page(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    try:
        return document[number - 1]
    except pdfium.PdfiumError:
        raise Quarantined(Cause.DAMAGED, f"page {number} of {len(document)} cannot be loaded") from None


def _is_picture(document: pdfium.PdfDocument, number: int, with_text: bool, options: Options) -> bool:
    """Tell whether a page is to be rendered. `Quarantined(bomb)` before a picture too large is ever decoded."""
    page = _page(document, number)
    try:
        whole = page.get_width() * page.get_height()
        count = raw.FPDFPage_CountObjects(page)
        objects = [raw.FPDFPage_GetObject(page, at) for at in range(min(count, _MAX_OBJECTS))]
        covered = _covered(objects, options, _MAX_DEPTH)
        return covered >= _FILLED * whole if with_text else count > 0
    finally:
        page.close()


def _covered(objects: list[raw.FPDF_PAGEOBJECT], options: Options, depth: int) -> float:
    """Return the area of the largest picture among page objects, in square points."""
    largest = 0.0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    width, height = ctypes.c_uint(), ctypes.c_uint()
    for item in objects:
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_FORM and depth:
            inner = [raw.FPDFFormObj_GetObject(item, at) for at in range(min(raw.FPDFFormObj_CountObjects(item), 1000))]
            largest = max(largest, _covered(inner, options, depth - 1))
        if kind != raw.FPDF_PAGEOBJ_IMAGE:
            continue
        if raw.FPDFImageObj_GetImagePixelSize(item, width, height) and width.value * height.value > options.max_pixels:
            raise Quarantined(Cause.BOMB, f"a picture of {width.value:,} by {height.value:,} pixels on a page")
        if raw.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            largest = max(largest, (right.value - left.value) * (top.value - bottom.value))
    return largest


def _render(document: pdfium.PdfDocument, number: int, options: Options) -> Extract:
    page = _page(document, number)
    try:
        width, height = (round(side * DPI / 72) for side in page.get_size())
        if width * height > options.max_pixels:
            raise Quarantined(Cause.BOMB, f"page {number} would be {width:,} by {height:,} pixels")
        image = page.render(scale=DPI / 72, rev_byteorder=True).to_pil().convert("RGB")
    finally:
        page.close()
    data = io.BytesIO()
    image.save(data, "PNG")
    fields = picture.measure(image) | {
        "page": number,
        "pages": len(document),
        "original_media_type": "application/pdf",
        "rendition": f"pdf-page-png-{DPI}dpi",
    }
    return Extract(Kind.ART, Locator(page=number), data.getvalue(), "image/png", fields)
