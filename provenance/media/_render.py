"""What the picture media share: from a decoded picture to an item, by rules that hold for all of them.

1. Formats are opened by name; Pillow is never left to choose, so nothing outside the allow-list is ever parsed.
2. The pixel cap is asked of the header, before one pixel is decoded.
3. What is measured (size, pixel digest, phash) is what a reader of the payload sees once orientation and colour profile
   are applied. A payload that passes through untouched keeps both; a rendition has both applied and carries neither.
4. A rendition is an 8-bit sRGB PNG, so that its decoded pixels have the very digest recorded for it. 16-bit samples
   give their high byte, Lab and profiled pictures go through LittleCMS (relative colorimetric, black point
   compensation), and CMYK without a usable profile is taken as plain complements.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from provenance.fingerprint import picture
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind, Locator

PNG_RENDITION = "srgb8-png-v1"

# A picture that calls itself one of these is not what its owner filed, whatever it shows.
_OTHER_CLASSES = re.compile(
    r"\.(?:pdf|mp4|m4v|mov|mxf|mkv|webm|avi|ts|mpe?g|wav|mp3|fdx|fountain|celtx|fadein|txt|srt|vtt|otio|edl|aaf|xmp|xml"
    r"|zip|tar|gz|csv|xlsx|json|html|exe|sh|py)"
)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """One picture, ready to become an item.

    image: oriented, sRGB, 8 bits a sample. payload: the bytes to store. common, art, frame: columns for every picture,
    for art only, for frames only.
    """

    image: Image.Image
    payload: bytes
    media_type: str
    rendition: str
    common: Mapping[str, Any] = field(default_factory=dict)
    art: Mapping[str, Any] = field(default_factory=dict)
    frame: Mapping[str, Any] = field(default_factory=dict)
    page: int | None = None


def items(source: Source, read: Callable[[BinaryIO, str], Iterator[Rendered]]) -> Iterator[Extract]:
    """Yield one item per picture that `read(file, name)` finds: art from a single file, frames from a sequence.

    Quarantined with MISLABELLED when the name claims to be no picture at all. A sequence stands or falls as a whole,
    and the member that felled it is named.
    """
    if _OTHER_CLASSES.fullmatch(source.suffix):
        raise Quarantined(Cause.MISLABELLED, f"the content is a picture, but the name ends in {source.suffix}")
    for place, (file, name) in enumerate(zip(source.files, source.names, strict=True)):
        number = source.numbers[place] if source.numbers else None
        file.seek(0)
        try:
            for rendered in read(file, name):
                yield _extract(rendered, number)
        except Quarantined as error:
            if number is None or error.where:
                raise
            raise Quarantined(error.cause, error.what, where=name) from error


def _extract(rendered: Rendered, number: int | None) -> Extract:
    columns = {**picture.measure(rendered.image), "rendition": rendered.rendition, **rendered.common}
    if number is None:
        locator = Locator(page=rendered.page)
        return Extract(Kind.ART, locator, rendered.payload, rendered.media_type, {**columns, **rendered.art})
    columns |= {"frame": number, **rendered.frame}
    locator = Locator(frame=number, page=rendered.page)
    return Extract(Kind.FRAMES, locator, rendered.payload, rendered.media_type, columns)


def check_size(width: int, height: int, options: Options) -> None:
    """Raise Quarantined with BOMB, or DAMAGED for no pixels at all, from what a header claims."""
    if width < 1 or height < 1:
        raise Quarantined(Cause.DAMAGED, f"the header claims {width} x {height} pixels")
    if width * height > options.max_pixels:
        what = f"the header claims {width} x {height} pixels, more than the cap of {options.max_pixels}"
        raise Quarantined(Cause.BOMB, what)


@contextmanager
def decoding(what: str, options: Options) -> Iterator[None]:
    """Run a decoder: its complaints leave as Quarantined with the cause they mean, and its pixel cap is ours.

    Memory and recursion errors pass: the caller of every medium knows better what they mean.
    """
    cap = Image.MAX_IMAGE_PIXELS
    # Pillow warns above its cap and raises above twice its cap. It asks at places of its own too, such as later frames.
    Image.MAX_IMAGE_PIXELS = max(1, options.max_pixels // 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Quarantined, MemoryError, RecursionError):
        raise
    except Image.DecompressionBombError as error:
        raise Quarantined(Cause.BOMB, f"the {what} claims more pixels than the cap of {options.max_pixels}") from error
    except Exception as error:  # decoders raise whatever their authors met first; none of it may reach a user as it is
        cause = _cause(error)
        if cause is Cause.BOMB:
            raise Quarantined(cause, f"the {what} holds text or a profile that inflates past the cap") from error
        raise Quarantined(cause, f"the {what} cannot be decoded: {_complaint(error)}") from error
    finally:
        Image.MAX_IMAGE_PIXELS = cap


def _cause(error: Exception) -> Cause:
    text = str(error).lower()
    if isinstance(error, OSError) and error.errno is not None:
        return Cause.UNREADABLE
    if isinstance(error, ImportError):
        return Cause.EXTRA_MISSING
    if isinstance(error, EOFError) or any(words in text for words in ("truncated", "end of file", "not enough image")):
        return Cause.TRUNCATED
    if "decompressed data too large" in text or "too much memory used for text" in text:
        return Cause.BOMB
    return Cause.DAMAGED


def _complaint(error: Exception) -> str:
    """The decoder's words on one line, without what differs from run to run: addresses of objects."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "its header is not readable"
    words = " ".join(str(error).split())
    spoken = isinstance(error, (OSError, SyntaxError, ValueError, RuntimeError, EOFError, ImportError))
    return words[:200] if spoken and words and " at 0x" not in words else "its structure is broken"


def open_picture(file: BinaryIO, form: str, options: Options) -> Image.Image:
    """Return the picture opened by its header only, as the one format named; call inside `decoding`."""
    file.seek(0)
    image = Image.open(file, formats=[form])
    check_size(*image.size, options)
    return image


def orientation(image: Image.Image) -> int | None:
    """Return the EXIF orientation (1 to 8), or None where there is none or the EXIF is broken."""
    try:
        value = image.getexif().get(0x0112)
    except Exception:  # a broken EXIF block costs the orientation, never the picture
        return None
    return value if value in range(1, 9) else None


def oriented(image: Image.Image, turn: int | None) -> Image.Image:
    """Return the picture turned upright, as a copy when there is anything to turn."""
    return image.transpose(_TURNS[turn]) if turn in _TURNS else image


def to_srgb(image: Image.Image) -> tuple[Image.Image, str | None]:
    """Return an 8-bit sRGB picture and the name of the colour profile found, None without one.

    The picture itself comes back when it is that already. A profile that cannot be used is ignored, and its name is
    "unreadable". Quarantined with UNSUPPORTED for samples that have no agreed way to 8 bits.
    """
    if image.mode.startswith("I;16"):
        high = (np.asarray(image) >> 8).astype(np.uint8)
        image = _like(Image.fromarray(high), image)
    if image.mode == "LAB":
        return ImageCms.applyTransform(image, _from_lab()) or image, _profile_name(image)
    name, turn = _profile(image.info.get("icc_profile"), _family(image))
    if turn is not None:
        return _turned(image, turn), name
    if image.mode in ("CMYK", "YCbCr", "RGBX", "RGBa", "La"):
        return _like(image.convert({"RGBa": "RGBA", "La": "LA"}.get(image.mode, "RGB")), image), name
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise Quarantined(Cause.UNSUPPORTED, f"samples of kind {image.mode} have no agreed way to 8 bits")
    return image, name


def rendition(image: Image.Image) -> tuple[Image.Image, bytes]:
    """Return the plain picture (L, RGB or RGBA, nothing attached) and its PNG bytes."""
    if image.has_transparency_data:
        plain = image.convert("RGBA")
    else:
        plain = image.convert("L" if image.mode in ("1", "L") else "RGB")
    plain = plain.copy() if plain is image else plain
    plain.info = {}
    held = io.BytesIO()
    # Level 2: four times faster than the default and a fifteenth larger; the pixels are what counts.
    plain.save(held, "PNG", compress_level=2)
    return plain, held.getvalue()


def _like(image: Image.Image, original: Image.Image) -> Image.Image:
    image.info = dict(original.info)
    return image


def _family(image: Image.Image) -> str:
    """The profile's side of a transform: GRAY, RGB or CMYK; empty for what no profile describes."""
    if image.mode in ("1", "L", "LA"):
        return "GRAY"
    return {"CMYK": "CMYK", "P": "RGB", "PA": "RGB", "RGB": "RGB", "RGBA": "RGB"}.get(image.mode, "")


def _turned(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    mode = {"GRAY": "L", "CMYK": "CMYK", "RGB": "RGB"}[_family(image)]
    flat = image if image.mode == mode else image.convert(mode)
    result = ImageCms.applyTransform(flat, transform)
    if result is None:
        raise Quarantined(Cause.DAMAGED, "the colour profile cannot be applied")
    if alpha is not None:
        result.putalpha(alpha)
    return result


def _profile_name(image: Image.Image) -> str | None:
    return _profile(image.info.get("icc_profile"), "")[0]


@lru_cache(maxsize=32)
def _profile(icc: bytes | None, family: str) -> tuple[str | None, ImageCms.ImageCmsTransform | None]:
    """Return a profile's name, and the transform to sRGB unless it would change nothing.

    sRGB profiles come in dozens of versions that all mean the same. One is known by what it does: it moves no colour of
    a coarse cube by more than two levels. Such a picture is left alone, so that rounding makes no new picture of it.
    """
    if not icc:
        return None, None
    mode = {"GRAY": "L", "CMYK": "CMYK", "RGB": "RGB"}.get(family)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        name = " ".join((profile.profile.profile_description or "unnamed").split())[:200]
        if mode is None or profile.profile.xcolor_space.strip() != family:
            return (name if mode is None else "unreadable"), None
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "unreadable", None
    if mode != "CMYK":
        steps = np.arange(0, 256, 17, dtype=np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3) if mode == "RGB" else steps[None]
        moved = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform)).astype(int)
        if np.abs(moved - (cube if mode == "RGB" else cube[..., None])).max() <= 2:
            return name, None
    return name, transform


@lru_cache(maxsize=1)
def _from_lab() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)


def srgb_encoded(light: NDArray[Any]) -> NDArray[np.uint8]:
    """Return linear light, clipped to 0..1, as 8-bit values by the curve of IEC 61966-2-1. Not a number gives 0."""
    light = np.clip(np.nan_to_num(light, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    curve = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    return (curve * 255 + 0.5).astype(np.uint8)
