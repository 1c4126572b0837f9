"""Sets of different pictures that have something in common: what must never be joined, however alike it looks.

Each set is a list of pictures, any two of which are different works. `count` and `seed` choose which are drawn.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
from drawings import colour, face, font, scene, sketch
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Images = list[Image.Image]


def watermark(count: int, seed: int) -> Images:
    """Different pictures under one watermark, all over them."""
    over = Image.new("RGBA", (900, 900), (0, 0, 0, 0))
    draw = ImageDraw.Draw(over)
    for row in range(6):
        for column in range(3):
            draw.text((40 + 300 * column, 60 + 150 * row), "STUDIO", fill=(255, 255, 255, 120), font=font(56))
    over = over.rotate(20)
    out = []
    for each in _mixed(count, seed):
        held = each.convert("RGBA")
        held.alpha_composite(over.crop((50, 50, 50 + held.width, 50 + held.height)))
        out.append(held.convert("RGB"))
    return out


def lower_third(count: int, seed: int) -> Images:
    """Different pictures with one broadcaster's band and name plate."""
    out = []
    for each in _mixed(count, seed):
        draw = ImageDraw.Draw(each)
        width, height = each.size
        draw.rectangle([0, height * 0.76, width, height * 0.95], fill=(20, 40, 110))
        draw.rectangle([0, height * 0.73, width, height * 0.76], fill=(220, 180, 40))
        draw.text((width * 0.06, height * 0.79), "MUNCHAUSEN  LIVE", fill="white", font=font(height * 0.1))
        out.append(each)
    return out


def template(count: int, seed: int) -> Images:
    """Different panels in the boxes of one printed storyboard sheet."""
    out = []
    for each in _mixed(count, seed):
        sheet = Image.new("RGB", (760, 900), (250, 249, 244))
        draw = ImageDraw.Draw(sheet)
        draw.rectangle([20, 20, 740, 110], outline=(30, 30, 30), width=4)
        draw.text((40, 40), "STORYBOARD   SHEET", fill=(30, 30, 30), font=font(42))
        draw.rectangle([20, 130, 740, 600], outline=(30, 30, 30), width=6)
        for line in range(6):
            draw.line([40, 660 + 40 * line, 720, 660 + 40 * line], fill=(150, 150, 150), width=2)
        draw.text((40, 622), "ACTION / DIALOGUE / SOUND", fill=(30, 30, 30), font=font(22))
        sheet.paste(each.resize((700, 450)), (30, 140))
        out.append(sheet)
    return out


def border(count: int, seed: int) -> Images:
    """Different pictures in one ornate frame."""
    out = []
    for each in _mixed(count, seed):
        framed = Image.new("RGB", (800, 620), (90, 60, 30))
        draw = ImageDraw.Draw(framed)
        for at in range(26):
            for x, y in ((at * 32, 6), (at * 32, 572), (6, at * 25), (752, at * 25)):
                draw.ellipse([x, y, x + 40, y + 40], fill=(200, 160, 60), outline=(40, 25, 10), width=3)
                draw.line([x, y, x + 40, y + 40], fill=(120, 30, 30), width=4)
        framed.paste(each.resize((690, 510)), (55, 55))
        out.append(framed)
    return out


def paper(count: int, seed: int) -> Images:
    """Different sketches on one scan of creased paper."""
    chance = np.random.default_rng(5)
    rough = sum(
        np.asarray(Image.fromarray(chance.normal(0, amount, (side, side)).astype(np.float32)).resize((900, 900), 3))
        for side, amount in ((9, 9.0), (40, 9.0), (450, 7.0))
    )
    sheet = Image.fromarray(np.clip(225 + np.asarray(rough), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(sheet)
    for at in range(7):
        draw.line([0, 90 + 130 * at, 900, 60 + 110 * at + 13 * at * at % 90], fill=168, width=3)
    return [
        ImageChops.multiply(sketch(seed + at), sheet.crop((0, 0, *sketch(seed + at).size))).convert("RGB")
        for at in range(count)
    ]


def background(count: int, seed: int) -> Images:
    """Different characters before one background, each where it stands best."""
    out = []
    for at in range(count):
        image = scene(seed)
        chance = random.Random(7_000 + seed + at)
        character(image, seed + at, (chance.uniform(0.25, 0.75), 0.55), chance.uniform(0.5, 0.8), pose=at)
        out.append(image)
    return out


def poses(count: int, seed: int) -> Images:
    """One character, each time in another pose, on blank paper: a model sheet taken apart."""
    out = []
    for at in range(count):
        image = Image.new("RGB", (600, 640), (250, 250, 248))
        character(image, seed, (0.5, 0.5), 0.85, pose=seed + at)
        out.append(image)
    return out


def acts(count: int, seed: int) -> Images:
    """One character in different poses and sizes, before different backgrounds."""
    out = []
    for at in range(count):
        image = scene(seed + 400 + at)
        chance = random.Random(seed + at)
        character(image, seed, (chance.uniform(0.3, 0.7), 0.5), chance.uniform(0.5, 0.9), pose=seed + at)
        out.append(image)
    return out


def lettering(count: int, seed: int) -> Images:
    """One balloon with its words, in different panels."""
    out = []
    for each in _mixed(count, seed):
        draw = ImageDraw.Draw(each)
        draw.ellipse([60, 30, 400, 190], fill="white", outline="black", width=4)
        for line, words in enumerate(("I NEVER RODE", "A CANNONBALL", "IN MY LIFE!")):
            draw.text((120, 60 + 34 * line), words, fill="black", font=font(30))
        out.append(each)
    return out


def slate(count: int, seed: int) -> Images:
    """Different shots in which one slate is held up, as large as a third of the picture."""
    board = Image.new("RGB", (300, 220), (25, 25, 25))
    draw = ImageDraw.Draw(board)
    for at in range(7):
        draw.polygon([(at * 50, 0), (at * 50 + 25, 0), (at * 50 + 5, 40), (at * 50 - 20, 40)], fill="white")
    for line, words in enumerate(("PROD  MUNCHAUSEN", "ROLL A012", "DIR  A. BRANDT", "CAM  B   24 FPS")):
        draw.text((16, 56 + 38 * line), words, fill="white", font=font(28))
    out = []
    for at, each in enumerate(_mixed(count, seed)):
        each.paste(board, (30 + 37 * at % 200, 60 + 53 * at % 180))
        out.append(each)
    return out


def mouths(count: int, seed: int) -> Images:
    """The mouths of one head."""
    return [face(mouth, seed) for mouth in range(min(count, 6))]


def between(count: int, seed: int) -> Images:
    """One movement of a character, drawn every few degrees."""
    out = []
    for at in range(count):
        image = Image.new("RGB", (600, 640), (250, 250, 248))
        character(image, seed, (0.5, 0.5), 0.85, pose=0.06 * at)
        out.append(image)
    return out


def character(image: Image.Image, seed: int, at: tuple[float, float], size: float, pose: float) -> None:
    """Draw a figure on a picture: its looks by seed, its limbs by pose. Whole numbers are poses far apart."""
    looks = random.Random(9_000 + seed)
    draw = ImageDraw.Draw(image)
    x, y, r = image.width * at[0], image.height * at[1], image.height * size / 6
    coat, skin, ink = colour(looks), (looks.randrange(190, 250), looks.randrange(150, 200), 140), (15, 15, 20)
    wide = max(3, round(r / 7))
    for limb, (side, top, least, most) in enumerate(
        ((-1, -0.4, 0.2, 2.2), (1, -0.4, 0.2, 2.2), (-1, 1.2, -0.1, 0.8), (1, 1.2, -0.1, 0.8))
    ):
        turn = least + (most - least) * ((0.618 * pose + 0.37 * limb) % 1)
        joint = (x + side * r * 0.7, y + r * top)
        end = (joint[0] + side * math.sin(turn) * r * 1.7, joint[1] + math.cos(turn) * r * 1.7)
        draw.line([*joint, *end], fill=ink, width=wide * 3)
        draw.line([*joint, *end], fill=coat, width=wide)
    draw.ellipse([x - r, y - r * 1.1, x + r, y + r * 1.7], fill=coat, outline=ink, width=wide)
    for button in range(4):
        draw.ellipse([x - 5, y + r * (0.4 * button - 0.6), x + 5, y + r * (0.4 * button - 0.6) + 10], fill=ink)
    tilt = (0.8 * ((0.618 * pose + 0.2) % 1) - 0.4) * r
    draw.ellipse([x - r * 0.8 + tilt, y - r * 2.6, x + r * 0.8 + tilt, y - r], fill=skin, outline=ink, width=wide)
    for side in (-1, 1):
        eye = (x + tilt + side * r * 0.3, y - r * 1.9)
        draw.ellipse([eye[0] - 6, eye[1] - 6, eye[0] + 6, eye[1] + 6], fill=ink)
    draw.line([x + tilt - r * 0.9, y - r * 2.4, x + tilt + r * 0.9, y - r * 2.4], fill=colour(looks), width=wide * 3)


def _mixed(count: int, seed: int) -> Images:
    """Paintings and sketches, in turn."""
    return [
        scene(seed + at)
        if at % 2
        else sketch(seed + at, (800, 500)).convert("RGB").filter(ImageFilter.GaussianBlur(0.5))
        for at in range(count)
    ]


SETS: dict[str, Callable[[int, int], Images]] = {
    "watermark": watermark,
    "lower third": lower_third,
    "sheet": template,
    "frame": border,
    "paper": paper,
    "background": background,
    "poses": poses,
    "one character": acts,
    "lettering": lettering,
    "slate": slate,
    "mouths": mouths,
}
KNOWN = {"between": between}  # these are joined: the drawings of one movement lie closer than a copy turned by a little
