"""Flat pictures: JPEG, PNG, WebP, AVIF, GIF, BMP, TGA and TIFF (classic and BigTIFF, one item per page).

8-bit JPEG, PNG and WebP stills pass through untouched, colour profile, EXIF orientation and metadata included; the
columns `icc_profile` and `orientation` say what a reader has yet to apply. Everything else (16-bit, CMYK, TIFF, ...)
becomes the rendition of `_render`. An animation is one picture here, its first frame, and always a rendition: a payload
never holds frames that nobody measured. Reduced-resolution pages of a TIFF are not pages; camera raw is not a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from PIL import AvifImagePlugin, Image

from provenance.fingerprint import picture
from provenance.media import _render
from provenance.media.shelf import HEAD_BYTES, Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import MOST_ORIGINAL, ORIGINAL, Cause, Extract

NAME = "raster"
VERSION = 1
PRIORITY = 10
OPTIONS = ("max_pixels", "max_pages")

# One decoder thread: the machine's cores belong to the workers, and a locked child may start none.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_FORMS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/x-tga": "TGA",
    "image/tiff": "TIFF",
}
_PASSED = frozenset(("image/jpeg", "image/png", "image/webp"))

_TGA_SUFFIXES = frozenset((".tga", ".icb", ".vda", ".vst", ".targa"))
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"

_MODELS = {"1": "gray", "L": "gray", "LA": "gray", "P": "indexed", "PA": "indexed", "LAB": "Lab", "CMYK": "CMYK"}

_SUBFILE_TYPE, _BITS_PER_SAMPLE, _DNG_VERSION = 254, 258, 50706


def preload() -> None:
    """Import the plugins of the allow-list, which Pillow would do at first use; importing one does not enable it."""
    Image.init()
    picture.preload()


def sniff(source: Source) -> str | None:
    return _media_type(source.head) or ("image/x-tga" if _is_tga(source) else None)


def extract(source: Source, options: Options) -> Iterator[Extract]:
    return _render.items(source, partial(_read, options=options))


def _media_type(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and (b"avif" in head[8:64] or b"avis" in head[8:64]):
        return "image/avif"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:2] == b"BM" and head[15:18] == b"\0\0\0" and head[14:15] in b"\x0c\x10\x28\x34\x38\x40\x6c\x7c":
        return "image/bmp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    return None


def _is_tga(source: Source) -> bool:
    """Old TGA has no magic number: a header that makes sense, and a footer or a name that agrees."""
    head = source.head
    if len(head) < 18 or head[1] > 1 or head[2] not in (1, 2, 3, 9, 10, 11) or head[16] not in (8, 15, 16, 24, 32):
        return False
    if 0 in (head[12] | head[13], head[14] | head[15]):
        return False
    if source.suffix in _TGA_SUFFIXES:
        return True
    source.file.seek(max(0, source.sizes[0] - len(_TGA_FOOTER)))
    return source.files[0].read(len(_TGA_FOOTER)) == _TGA_FOOTER


def _read(file: BinaryIO, name: str, *, options: Options) -> Iterator[_render.Rendered]:
    media_type = _media_type(file.read(HEAD_BYTES)) or "image/x-tga"
    form = _FORMS[media_type]
    with _render.decoding(form, options):
        image = _render.open_picture(file, form, options)
    if media_type == "image/tiff":
        yield from _pages(image, options)
        return
    with _render.decoding(form, options):
        bits, animated = _bits(image, file), getattr(image, "is_animated", False)
        # A JPEG with further pictures behind it (previews, gain maps) is still the still that every reader shows.
        animated = animated and image.format != "MPO"
        passed = (
            media_type in _PASSED
            and bits <= 8
            and not animated
            and image.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
            and file.seek(0, 2) <= MOST_ORIGINAL  # a larger one becomes a rendition
        )
        yield _rendered(image, media_type, bits, file if passed else None, animated=animated)


def _rendered(
    image: Image.Image,
    media_type: str,
    bits: int,
    passed: BinaryIO | None,
    *,
    animated: bool = False,
    page: int | None = None,
    pages: int | None = None,
) -> _render.Rendered:
    """Decode one picture and set it beside its payload: the file's own bytes where `passed` is given."""
    model = _MODELS.get(image.mode, "gray" if image.mode[0] in "IF" else "RGB")
    turn = _render.orientation(image)  # before load: Pillow turns a TIFF by itself and then forgets that it did
    image.load()
    upright = _render.oriented(image, _render.orientation(image))
    shown, icc = _render.to_srgb(upright)
    if passed is not None:
        passed.seek(0)
        payload, payload_type, rendition = passed.read(), media_type, ORIGINAL
    else:
        shown, payload = _render.rendition(shown)
        payload_type, rendition = "image/png", ("first-frame-" if animated else "") + _render.PNG_RENDITION
    return _render.Rendered(
        shown,
        payload,
        payload_type,
        rendition,
        common={"original_media_type": media_type, "original_bit_depth": bits, "original_color_space": model},
        art={"icc_profile": icc, "orientation": turn, "page": page, "pages": pages},
        page=page,
    )


def _bits(image: Image.Image, file: BinaryIO) -> int:
    """Bits a sample as stored; Pillow hides them once it has made 8 of 16."""
    if image.format == "PNG":
        file.seek(24)
        return file.read(1)[0]
    if image.format == "AVIF":
        file.seek(0)
        configuration = file.read(HEAD_BYTES).partition(b"av1C")[2]
        flags = configuration[2] if len(configuration) > 2 else 0
        return (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    return 8


def _pages(image: Image.Image, options: Options) -> Iterator[_render.Rendered]:
    """Yield every full page of an opened TIFF. The cap counts the pages walked, reduced ones included."""
    full: list[int] = []
    with _render.decoding("TIFF", options):
        for place in range(options.max_pages + 1):
            try:
                image.seek(place)
            except EOFError:
                break
            if place == options.max_pages:
                raise Quarantined(Cause.BOMB, f"the TIFF has more pages than the cap of {options.max_pages}")
            tags = image.tag_v2  # type: ignore[attr-defined]
            if _DNG_VERSION in tags:
                raise Quarantined(Cause.UNSUPPORTED, "camera raw (DNG) has to be developed before it is a picture")
            if not int(tags.get(_SUBFILE_TYPE) or 0) & 1:
                full.append(place)
    if not full:
        raise Quarantined(Cause.UNSUPPORTED, "the TIFF holds previews only, no page at full size")
    for number, place in enumerate(full, 1):
        with _render.decoding("TIFF", options):
            image.seek(place)
            _render.check_size(*image.size, options)
            bits = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))  # type: ignore[attr-defined]
            depth = max(int(value) for value in (bits if isinstance(bits, tuple) else (bits,)))
            yield _rendered(image, "image/tiff", depth, None, page=number, pages=len(full))
