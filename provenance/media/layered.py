"""Krita (KRA) and OpenRaster (ORA) documents: the merged picture inside the zip, with the layers counted.

Both formats name themselves in a first, stored member `mimetype` and keep a full-size `mergedimage.png`. Where a
document has only its small preview, that becomes the item and the rendition says so. Layers are counted in
`maindoc.xml` (KRA) or `stack.xml` (ORA), groups not included; nothing else in the zip is opened.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO
from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from provenance.media import _render, _zip
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "layered"
VERSION = 1
PRIORITY = 10
OPTIONS = ("max_pixels",)

_PICTURES = {
    "application/x-krita": (("mergedimage.png", "merged"), ("preview.png", "preview")),
    "image/openraster": (("mergedimage.png", "merged"), ("Thumbnails/thumbnail.png", "preview")),
}
_DESCRIPTIONS = {"application/x-krita": "maindoc.xml", "image/openraster": "stack.xml"}
_MAX_PICTURE_BYTES = 1 << 30
_MAX_DESCRIPTION_BYTES = 64 << 20


def sniff(source: Source) -> str | None:
    head = source.head
    if head[:4] != _zip.MAGIC or head[30:38] != b"mimetype":
        return None
    content = head[38 + int.from_bytes(head[28:30], "little") :]
    return next((media_type for media_type in _PICTURES if content.startswith(media_type.encode())), None)


def extract(source: Source, options: Options) -> Iterator[Extract]:
    return _render.items(source, partial(_read, media_type=sniff(source) or "", options=options))


def _read(file: BinaryIO, name: str, *, media_type: str, options: Options) -> Iterator[_render.Rendered]:
    with _render.decoding("layered document", options), _zip.open_checked(file) as archive:
        inside = set(archive.namelist())
        found = [(member, origin) for member, origin in _PICTURES[media_type] if member in inside]
        if not found:
            raise Quarantined(Cause.UNSUPPORTED, "the document holds no merged picture; save it again with one")
        member, origin = found[0]
        layers = None
        if _DESCRIPTIONS[media_type] in inside:
            layers = _count(_zip.read(archive, _DESCRIPTIONS[media_type], _MAX_DESCRIPTION_BYTES))
        data = _zip.read(archive, member, _MAX_PICTURE_BYTES)
        image = _render.open_picture(io.BytesIO(data), "PNG", options)
        depth = data[24]
        image.load()
        shown, profile = _render.to_srgb(image)
        plain, payload = _render.rendition(shown)
        yield _render.Rendered(
            plain,
            payload,
            "image/png",
            f"{origin}-{_render.PNG_RENDITION}",
            common={
                "original_media_type": media_type,
                "original_bit_depth": depth,
                "original_color_space": "gray" if image.mode in ("L", "LA", "I;16") else "RGB",
            },
            art={"layers": layers, "icc_profile": profile},
        )


def _count(description: bytes) -> int | None:
    """Return the number of layers that are no groups; None when the description cannot be read.

    Krita's has a document type, which names a DTD and declares nothing; one that declares entities is UNSAFE.
    """
    try:
        root = defusedxml.ElementTree.fromstring(description)
    except DefusedXmlException as error:
        raise Quarantined(Cause.UNSAFE, "the document's description declares entities or reaches outside") from error
    except (ParseError, ValueError, LookupError):
        return None
    named = (element for element in root.iter() if isinstance(element.tag, str))
    layers = [element for element in named if element.tag.rpartition("}")[2] == "layer"]
    return sum(element.get("nodetype") != "grouplayer" for element in layers)
