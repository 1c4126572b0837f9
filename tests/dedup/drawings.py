"""Drawn pictures, what people do to copies of them, and drawings that only look alike."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable

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
        draw.polygon([*line, (width, height), (0, height)], fill=_colour(chance))
    for _ in range(chance.randrange(14, 26)):
        x, y, r = chance.randrange(width), chance.randrange(height), chance.randrange(12, 90)
        kind = chance.randrange(4)
        if kind == 0:
            draw.ellipse([x - r, y - r * 0.7, x + r, y + r * 0.7], fill=_colour(chance), outline=(20, 20, 30), width=3)
        elif kind == 1:
            draw.rectangle(
                [x - r * 0.6, y - r, x + r * 0.6, y + r], fill=_colour(chance), outline=(20, 20, 30), width=3
            )
        elif kind == 2:
            corners = [(x + r * math.cos(a), y + r * math.sin(a)) for a in (chance.uniform(0, 6.3) for _ in range(5))]
            draw.polygon(corners, fill=_colour(chance))
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
    skin, hair = (chance.randrange(200, 250), chance.randrange(160, 210), chance.randrange(120, 180)), _colour(chance)
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


def _colour(chance: random.Random) -> tuple[int, int, int]:
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


def letterbox(image: Image.Image) -> Image.Image:
    bar = round(image.height * 0.15)
    out = Image.new("RGB", (image.width, image.height + 2 * bar))
    out.paste(image, (0, bar))
    return stored(out, quality=88)


def pillarbox(image: Image.Image) -> Image.Image:
    bar = round(image.width * 0.16)
    out = Image.new("RGB", (image.width + 2 * bar, image.height))
    out.paste(image, (bar, 0))
    return stored(out, quality=88)


def caption(image: Image.Image) -> Image.Image:
    out = image.convert("RGB")
    band = Image.new("RGB", (out.width, round(out.height * 0.14)), (60, 60, 60))
    ImageDraw.Draw(band).text((out.width * 0.1, 8), "FOR REVIEW ONLY", fill="white", font=_font(band.height * 0.6))
    out.paste(band, (0, out.height - band.height))
    return stored(out, quality=88)


def watermark(image: Image.Image) -> Image.Image:
    out = image.convert("RGBA")
    over = Image.new("RGBA", out.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(over)
    for at in range(5):
        place = (out.width * (0.05 + 0.13 * at), out.height * (0.08 + 0.19 * at))
        draw.text(place, "SAMPLE COPY", fill=(255, 255, 255, 110), font=_font(out.height * 0.07))
    return stored(Image.alpha_composite(out, over.rotate(12)).convert("RGB"), quality=88)


def graded(image: Image.Image) -> Image.Image:
    warm = np.asarray(image.convert("RGB")).astype(np.float32) * np.array([1.12, 1.0, 0.82])
    curved = 255 * (np.clip(warm, 0, 255) / 255) ** 0.85
    return stored(Image.fromarray(np.clip(curved, 0, 255).astype(np.uint8)), quality=88)


def grainy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 14, (image.height, image.width, 1))
    return stored(
        Image.fromarray(np.clip(np.asarray(image.convert("RGB")) + noise, 0, 255).astype(np.uint8)), quality=88
    )


def turned_slightly(image: Image.Image) -> Image.Image:
    return stored(image.convert("RGB").rotate(5, Image.Resampling.BICUBIC, fillcolor=(0, 0, 0)), quality=88)


def in_another(image: Image.Image) -> Image.Image:
    """The picture, at four tenths of the size, in a corner of another one."""
    out = scene(99_991, (800, 500))
    small = image.convert("RGB").resize((round(out.width * 0.4), round(out.width * 0.4 * image.height / image.width)))
    out.paste(small.crop((0, 0, small.width, min(small.height, out.height - 20))), (out.width - small.width - 15, 15))
    return stored(out, quality=88)


def contrasted(image: Image.Image) -> Image.Image:
    return stored(ImageEnhance.Contrast(image.convert("RGB")).enhance(1.35), quality=88)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, size))


TRANSFORMS: dict[str, Transform] = {
    "re-encode q40": lambda image: stored(image, quality=40),
    "webp q40": lambda image: stored(image, "WEBP", quality=40),
    "resize 50 %": resized(0.5),
    "resize 20 %": resized(0.2),
    "crop 5 %": crop(0.05),
    "crop 10 %": crop(0.10),
    "crop 25 %": crop(0.25),
    "letterbox": letterbox,
    "pillarbox": pillarbox,
    "mirror": lambda image: stored(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), quality=85),
    "turn 90": lambda image: stored(image.transpose(Image.Transpose.ROTATE_90), quality=85),
    "turn 5": turned_slightly,
    "grey": lambda image: stored(image.convert("L"), quality=85),
    "grade": graded,
    "contrast": contrasted,
    "caption": caption,
    "watermark": watermark,
    "grain": grainy,
    "in a picture": in_another,
}


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
