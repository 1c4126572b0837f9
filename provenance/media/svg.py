"""SVG drawings, rendered by resvg at their natural size (CSS pixels, 96 to the inch), transparent where nothing is.

Nothing outside the file is ever read. A drawing that asks for something active is UNSAFE: scripts, event handlers,
entities, and links with a scheme or an absolute path (http:, file:, /etc/...). A relative link to a picture, as
letterers leave to the page below their balloons, is not followed; the drawing is rendered without it. Nested SVG
pictures and foreign objects are left out as well; embedded PNG, JPEG, GIF and WebP are drawn.

Text needs fonts, fonts are files, and the same drawing must give the same pixels everywhere: no text is drawn, unless
it was made into paths. The rendition of a drawing with text elements says so.
"""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, tostring

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from provenance.media import _render
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "svg"
VERSION = 1
PRIORITY = 20
OPTIONS = ("max_pixels", "max_text_bytes")

MEDIA_TYPE = "image/svg+xml"

_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>\s*)*<(?:\w+:)?svg[\s>/]",
    re.DOTALL,
)
_NAMESPACE = "http://www.w3.org/2000/svg"
_EMBEDDED = re.compile(r"data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_REACHES_OUT = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]", re.IGNORECASE)
_CSS_LINK = re.compile(r"(?:url\(|@import\s+(?:url\()?)\s*['\"]?\s*([^'\")\s;]*)", re.IGNORECASE)
_TEXT = frozenset(("text", "tspan", "textPath", "tref", "flowRoot", "flowPara"))
_LEFT_OUT = frozenset(("foreignObject", "iframe", "audio", "video"))

_UNITS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
    "em": 16.0,
    "ex": 8.0,
}
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z%]*)\s*", re.IGNORECASE)

_MAX_DEPTH = 200  # the renderer follows nesting on its stack


def preload() -> None:
    """Import the extra where it is installed."""
    with suppress(ImportError):
        importlib.import_module("resvg_py")


def sniff(source: Source) -> str | None:
    return MEDIA_TYPE if _ROOT.match(source.head) else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    try:
        library = importlib.import_module("resvg_py")
    except ImportError:
        what = "rendering SVG needs the package resvg_py: install provenance[art]"
        raise Quarantined(Cause.EXTRA_MISSING, what) from None
    return _render.items(source, partial(_read, library=library, options=options))


def _read(file: BinaryIO, name: str, *, library: Any, options: Options) -> Iterator[_render.Rendered]:
    with _render.decoding("SVG", options):
        data = file.read(options.max_text_bytes + 1)
        if len(data) > options.max_text_bytes:
            raise Quarantined(Cause.BOMB, f"the SVG is larger than the cap of {options.max_text_bytes} bytes")
        root = _parsed(data)
        has_text = _made_safe(root)
        if (size := _declared_size(root)) is not None:
            _render.check_size(*size, options)
        png = _drawn(library, root)
        image = _render.open_picture(io.BytesIO(png), "PNG", options)
        image.load()
        plain, payload = _render.rendition(image)
        yield _render.Rendered(
            plain,
            payload,
            "image/png",
            f"resvg-{'text-not-drawn-' if has_text else ''}{_render.PNG_RENDITION}",
            common={"original_media_type": MEDIA_TYPE, "original_bit_depth": 8, "original_color_space": "vector"},
        )


def _drawn(library: Any, root: Element) -> bytes:
    try:
        return bytes(
            library.svg_to_bytes(svg_string=tostring(root, encoding="unicode"), skip_system_fonts=True, dpi=96)
        )
    except ValueError as error:
        if "limit reached" in str(error):
            raise Quarantined(Cause.BOMB, "the SVG repeats itself into more elements than can be drawn") from error
        raise


def _parsed(data: bytes) -> Element:
    try:
        root: Element = defusedxml.ElementTree.fromstring(data)
    except DefusedXmlException as error:
        raise Quarantined(Cause.UNSAFE, "the SVG declares entities, which could reach outside or explode") from error
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
        if depth > _MAX_DEPTH:
            raise Quarantined(Cause.BOMB, f"the SVG nests deeper than {_MAX_DEPTH} elements")
    return root


def _made_safe(root: Element) -> bool:
    """Take out what is not drawn and refuse what is active; return whether there is text, which is not drawn either."""
    has_text = False
    parents = [(None, root), *((parent, child) for parent in root.iter() for child in parent)]
    for parent, element in parents:
        if not isinstance(element.tag, str):
            continue
        namespace, _, tag = element.tag.rpartition("}")
        if namespace[1:] not in ("", _NAMESPACE):
            continue
        if tag == "script":
            raise Quarantined(Cause.UNSAFE, "the SVG holds a script")
        has_text |= tag in _TEXT
        if tag == "style":
            _check_css(element.text or "")
        for key, value in list(element.attrib.items()):
            attribute = key.rpartition("}")[2]
            if attribute.lower().startswith("on") and not key.startswith("{"):
                raise Quarantined(Cause.UNSAFE, f"the SVG holds an event handler ({attribute})")
            if attribute in ("href", "src") and tag != "a":
                _check_link(element, key, value.strip())
            elif "url(" in value or "@import" in value:
                _check_css(value)
        if tag in _LEFT_OUT and parent is not None:
            parent.remove(element)
    return has_text


def _check_link(element: Element, key: str, link: str) -> None:
    if link.startswith("#") or _EMBEDDED.match(link):
        return
    if _REACHES_OUT.match(link) and not link.lower().startswith("data:"):
        raise Quarantined(Cause.UNSAFE, f"the SVG reaches outside itself: {link[:100]}")
    del element.attrib[key]


def _check_css(text: str) -> None:
    for link in _CSS_LINK.findall(text):
        if _REACHES_OUT.match(link) and not link.lower().startswith("data:"):
            raise Quarantined(Cause.UNSAFE, f"the SVG's style reaches outside itself: {link[:100]}")


def _declared_size(root: Element) -> tuple[int, int] | None:
    """Return the natural size in pixels, at least 1 x 1; None where the drawing leaves it to its content."""
    box = [float(part) for part in re.findall(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", root.get("viewBox", ""))]
    sides = []
    for place, key in ((2, "width"), (3, "height")):
        whole = box[place] if len(box) == 4 else None
        match = _LENGTH.fullmatch(root.get(key, "100%"))
        if match is None or match[2].lower() not in (*_UNITS, "%"):
            raise Quarantined(Cause.DAMAGED, f"the SVG's {key} is no length")
        if match[2] != "%":
            sides.append(float(match[1]) * _UNITS[match[2].lower()])
        elif whole is not None:
            sides.append(float(match[1]) / 100 * whole)
        else:
            return None
    if not all(0 < side < 1e9 for side in sides):
        raise Quarantined(Cause.BOMB if max(sides) >= 1e9 else Cause.DAMAGED, "the SVG's size is no size of a picture")
    return max(1, round(sides[0])), max(1, round(sides[1]))
