"""Drawn pictures, what people do to copies of them, and drawings that only look alike."""

from __future__ import annotations

import io
import math
import random
import zlib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from provenance.dedup.pictures import Pictures
from provenance.fingerprint import picture

Transform = Callable[[Image.Image], Image.Image]


def scene(seed: int, size: tuple[int, int] = (800, 500)) -> Image.Image:
    """A painting: sky, hills, and things before them. Another seed, another painting."""
    chance = random.Random(seed)
    width, height = size
    top, low = ([chance.randrange(60, 250) for _ in range(3)] for _ in range(2))
    share = np.linspace(0, 1, height)[:, None, None]
    sky = (np.array(top) * (1 - share) + np.array(low) * share) * np.ones((1, width, 1))
    image = Image.fromarray(sky.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for hill in range(3):
        base, rise, wave = height * (0.5 + 0.15 * hill), chance.uniform(20, 80), chance.uniform(0.004, 0.015)
        at = chance.uniform(0, 6)
        line = [(x, base + rise * math.sin(wave * x + at)) for x in range(0, width + 8, 8)]
        draw.polygon([*line, (width, height), (0, height)], fill=colour(chance))
    for _ in range(chance.randrange(14, 26)):
        x, y, r = chance.randrange(width), chance.randrange(height), chance.randrange(12, 90)
        kind = chance.randrange(4)
        if kind == 0:
            draw.ellipse([x - r, y - r * 0.7, x + r, y + r * 0.7], fill=colour(chance), outline=(20, 20, 30), width=3)
        elif kind == 1:
            draw.rectangle([x - r * 0.6, y - r, x + r * 0.6, y + r], fill=colour(chance), outline=(20, 20, 30), width=3)
        elif kind == 2:
            corners = [(x + r * math.cos(a), y + r * math.sin(a)) for a in (chance.uniform(0, 6.3) for _ in range(5))]
            draw.polygon(corners, fill=colour(chance))
        else:
            draw.line([x, y, x + chance.randint(-r, r) * 2, y + chance.randint(-r, r) * 2], fill=(15, 15, 20), width=5)
    return image.filter(ImageFilter.GaussianBlur(0.8))


def sketch(seed: int, size: tuple[int, int] = (650, 800)) -> Image.Image:
    """A storyboard panel: pencil lines on white paper, in a frame like its neighbours'."""
    chance = random.Random(1000 + seed)
    image = Image.new("L", size, 252)
    draw = ImageDraw.Draw(image)
    draw.rectangle([20, 20, size[0] - 20, size[1] - 20], outline=90, width=3)
    for _ in range(40):
        x, y, r = chance.randrange(size[0]), chance.randrange(size[1]), chance.randrange(20, 160)
        start = chance.randrange(360)
        draw.arc([x - r, y - r * 0.7, x + r, y + r * 0.7], start, start + chance.randrange(40, 200), fill=80, width=3)
        draw.line([x, y, x + chance.randint(-r, r), y + chance.randint(-r, r)], fill=110, width=2)
    return image.filter(ImageFilter.GaussianBlur(0.6))


def face(mouth: int, seed: int = 0, size: tuple[int, int] = (470, 480)) -> Image.Image:
    """One of the drawings of a mouth set: the same head, another mouth (0 to 5)."""
    chance = random.Random(50 + seed)
    image = Image.new("RGB", size, (0, 0, 0) if seed % 2 else (250, 250, 250))
    draw = ImageDraw.Draw(image)
    skin, hair = (chance.randrange(200, 250), chance.randrange(160, 210), chance.randrange(120, 180)), colour(chance)
    draw.ellipse([90, 90, 380, 450], fill=skin, outline=(15, 15, 15), width=6)
    for strand in range(9):
        x = 80 + strand * 36
        draw.polygon([(x, 160), (x + 60, 150), (x + chance.randrange(-10, 50), 20 + chance.randrange(60))], fill=hair)
    for x in (170, 270):
        draw.ellipse([x, 210, x + 50, 250], fill=(245, 245, 245), outline=(10, 10, 10), width=4)
        draw.ellipse([x + 15, 218, x + 38, 242], fill=hair)
    box = [190, 340, 290, 400]
    if mouth == 0:
        draw.line([200, 370, 280, 370], fill=(20, 10, 10), width=6)
    elif mouth == 1:
        draw.ellipse(box, fill=(150, 30, 40), outline=(20, 10, 10), width=5)
    elif mouth == 2:
        draw.chord(box, 0, 180, fill=(150, 30, 40), outline=(20, 10, 10), width=5)
    elif mouth == 3:
        draw.ellipse([215, 345, 262, 405], fill=(90, 15, 25), outline=(20, 10, 10), width=5)
    elif mouth == 4:
        draw.rectangle([195, 350, 285, 385], fill=(245, 245, 240), outline=(20, 10, 10), width=5)
    else:
        draw.arc(box, 180, 360, fill=(20, 10, 10), width=7)
    return image.filter(ImageFilter.GaussianBlur(0.7))


def colour(chance: random.Random) -> tuple[int, int, int]:
    return (chance.randrange(30, 250), chance.randrange(30, 250), chance.randrange(30, 250))


def stored(image: Image.Image, form: str = "JPEG", **options: int) -> Image.Image:
    """The picture as it comes back from a file."""
    held = io.BytesIO()
    image.convert("RGB").save(held, form, **options)
    back = Image.open(held)
    back.load()
    return back


def crop(share: float, x: float = 0.4, y: float = 0.6) -> Transform:
    """Cut away this share of each side; x and y say how much of that to the left and above."""

    def cut(image: Image.Image) -> Image.Image:
        width, height = image.size
        left, top = width * share * x, height * share * y
        box = (round(left), round(top), round(left + width * (1 - share)), round(top + height * (1 - share)))
        return stored(image.crop(box), quality=85)

    return cut


def resized(share: float) -> Transform:
    def change(image: Image.Image) -> Image.Image:
        return stored(image.resize((round(image.width * share), round(image.height * share))), quality=80)

    return change


def barred(down: float, across: float, level: int = 0) -> Transform:
    """Bands above and below, and left and right, as shares of the sides."""

    def change(image: Image.Image) -> Image.Image:
        x, y = round(image.width * across), round(image.height * down)
        out = Image.new("RGB", (image.width + 2 * x, image.height + 2 * y), (level,) * 3)
        out.paste(image, (x, y))
        return stored(out, quality=88)

    return change


letterbox, pillarbox = barred(0.15, 0), barred(0, 0.16)


def caption(image: Image.Image) -> Image.Image:
    out = image.convert("RGB")
    band = Image.new("RGB", (out.width, round(out.height * 0.14)), (60, 60, 60))
    ImageDraw.Draw(band).text((out.width * 0.1, 8), "FOR REVIEW ONLY", fill="white", font=font(band.height * 0.6))
    out.paste(band, (0, out.height - band.height))
    return stored(out, quality=88)


def watermark(image: Image.Image, opacity: int = 110) -> Image.Image:
    out = image.convert("RGBA")
    over = Image.new("RGBA", out.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(over)
    for at in range(5):
        place = (out.width * (0.05 + 0.13 * at), out.height * (0.08 + 0.19 * at))
        draw.text(place, "SAMPLE COPY", fill=(255, 255, 255, opacity), font=font(out.height * 0.07))
    return stored(Image.alpha_composite(out, over.rotate(12)).convert("RGB"), quality=88)


def graded(red: float = 1.12, blue: float = 0.82, curve: float = 0.85) -> Transform:
    def change(image: Image.Image) -> Image.Image:
        toned = np.asarray(image.convert("RGB")).astype(np.float32) * np.array([red, 1.0, blue])
        curved = 255 * (np.clip(toned, 0, 255) / 255) ** curve
        return stored(Image.fromarray(np.clip(curved, 0, 255).astype(np.uint8)), quality=88)

    return change


def grainy(amount: float = 14) -> Transform:
    def change(image: Image.Image) -> Image.Image:
        noise = np.random.default_rng(1).normal(0, amount, (image.height, image.width, 1))
        seen = np.clip(np.asarray(image.convert("RGB")) + noise, 0, 255)
        return stored(Image.fromarray(seen.astype(np.uint8)), quality=88)

    return change


def rotated(degrees: float) -> Transform:
    def change(image: Image.Image) -> Image.Image:
        return stored(image.convert("RGB").rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(0, 0, 0)), quality=88)

    return change


def inset(share: float, host: int = 0) -> Transform:
    """The picture, its longer side this share of the other's, somewhere in another one that is never the same twice."""

    def show(image: Image.Image) -> Image.Image:
        number = zlib.crc32(image.tobytes()) + round(100 * share) + host
        chance = random.Random(number)
        out = (scene if number % 2 else sketch)(90_000 + number % 9_000, (840, 560)).convert("RGB")
        scale = min(share * out.width / max(image.size), 0.95 * out.height / image.height)
        small = image.convert("RGB").resize((round(image.width * scale), round(image.height * scale)))
        out.paste(small, (chance.randrange(out.width - small.width), chance.randrange(out.height - small.height)))
        return stored(out, quality=88)

    return show


def contrasted(amount: float) -> Transform:
    return lambda image: stored(ImageEnhance.Contrast(image.convert("RGB")).enhance(amount), quality=88)


def mirrored(image: Image.Image) -> Image.Image:
    return stored(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), quality=85)


def one_after_other(*changes: Transform) -> Transform:
    def change(image: Image.Image) -> Image.Image:
        for each in changes:
            image = each(image)
        return image

    return change


def opened(place: str | Path) -> Image.Image:
    image = Image.open(place)
    image.load()
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, size))


TRANSFORMS: dict[str, Transform] = {
    "re-encode q40": lambda image: stored(image, quality=40),
    "re-encode q15": lambda image: stored(image, quality=15),
    "webp q40": lambda image: stored(image, "WEBP", quality=40),
    "resize 50 %": resized(0.5),
    "resize 20 %": resized(0.2),
    "crop 5 %": crop(0.05),
    "crop 10 %": crop(0.10),
    "crop 15 %": crop(0.15),
    "crop 20 %": crop(0.20),
    "crop 25 %": crop(0.25),
    "crop 15 % off-centre": crop(0.15, 1.0, 0.0),
    "crop 25 % off-centre": crop(0.25, 0.05, 0.95),
    "letterbox": letterbox,
    "pillarbox": pillarbox,
    "white bars": barred(0.06, 0.12, 255),
    "mirror": mirrored,
    "turn 90": lambda image: stored(image.transpose(Image.Transpose.ROTATE_90), quality=85),
    "rotate 5": rotated(5),
    "rotate -3": rotated(-3),
    "grey": lambda image: stored(image.convert("L"), quality=85),
    "grade": graded(),
    "grade cold": graded(0.8, 1.15, 1.25),
    "contrast +35 %": contrasted(1.35),
    "contrast -40 %": contrasted(0.6),
    "caption": caption,
    "watermark": watermark,
    "watermark strong": lambda image: watermark(image, 170),
    "grain": grainy(),
    "grain strong": grainy(24),
    "crop 10 % + re-encode q30": one_after_other(crop(0.1, 0.7, 0.3), lambda image: stored(image, quality=30)),
    "mirror + bars": one_after_other(mirrored, letterbox),
    "resize 40 % + caption": one_after_other(resized(0.4), caption),
    "crop 15 % + grade": one_after_other(crop(0.15), graded()),
    "mirror + crop 10 %": one_after_other(mirrored, crop(0.1)),
    "inset 25 %": inset(0.25),
    "inset 33 %": inset(0.33),
    "inset 40 %": inset(0.4),
    "inset 50 %": inset(0.5),
}
INSETS = [name for name in TRANSFORMS if name.startswith("inset")]


def fingerprints(images: list[Image.Image]) -> Pictures:
    """What the index would hold of these pictures."""
    told = [picture.measure(image) for image in images]
    size = np.array([image.size for image in images], np.float32)
    views = [
        np.stack([np.frombuffer(each[name] or bytes(4096), np.uint8).reshape(64, 64) for each in told])
        for name in ("glance_64", "trimmed_glance_64")
    ]
    return Pictures(
        whole=np.stack([np.frombuffer(each["pdq_256"], np.uint8) for each in told]),
        quality=np.array([each["pdq_quality"] for each in told], np.int64),
        inside=np.stack([np.frombuffer(each["trimmed_pdq_256"] or bytes(32), np.uint8) for each in told]),
        glance=views[0],
        inside_glance=views[1],
        size=size,
        local=np.array([each["local_features"] for each in told], object),
    )


def joined(parts: list[Pictures]) -> Pictures:
    """These pictures, one after the other."""
    names = [each.name for each in fields(Pictures)]
    return Pictures(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
