"""Concept art, storyboards, plates, stock, and the corner where nobody tidied up."""

from __future__ import annotations

import hashlib
from pathlib import Path

from draw_files import dpx, open_raster, png_bytes, rgb16_png, xmp, zip_file
from draw_scene import SHOTS, scene
from PIL import Image, ImageDraw, ImageOps

OPTED_OUT = "06_stock/lantern_study.jpg"
DAMAGED = "08_unsorted/wave_test_damaged.png"
# A bracket, a line break, a hive-like pair and a right-to-left mark: names that have misled tools.
HOSTILE = "08_unsorted/board [12]\nrights=cleared \u202egpj.png"


def draw_art(archive: Path) -> None:
    for folder in (
        "02_art/concept", "02_art/storyboard", "02_art/guest", "03_production/plates", "06_stock", "07_reference",
        "08_unsorted",
    ):  # fmt: skip
        (archive / folder).mkdir(parents=True, exist_ok=True)
    _concept(archive / "02_art/concept")
    for number, shot in enumerate(SHOTS, 1):
        board = ImageOps.autocontrast(scene(shot, 0.35, (480, 270)).convert("L"))
        board.save(archive / f"02_art/storyboard/{number * 10}.png")
    (archive / "02_art/storyboard/30.xmp").write_bytes(xmp("DMI-UNSPECIFIED"))
    _guest().save(archive / "02_art/guest/ink_whale.png")
    for number in (1001, 1002, 1003, 1005, 1006):  # 1004 was never rendered
        dpx(
            archive / f"03_production/plates/sea_loop.{number}.dpx",
            scene("moonrise", number % 10 / 10, (320, 180)),
            number,
        )
    _stock(archive / "06_stock")
    scene("harbour", 0.9, (400, 225)).rotate(3, expand=True).save(archive / "07_reference/moodboard.webp", quality=60)
    _unsorted(archive)


def _concept(folder: Path) -> None:
    moonrise = scene("moonrise", 0.8, (960, 540))
    moonrise.save(folder / "moonrise.jpg", quality=92)
    lighthouse = scene("lighthouse", 0.1, (800, 800)).convert("RGBA")
    mask = Image.new("L", lighthouse.size)
    ImageDraw.Draw(mask).ellipse((20, 20, 780, 780), fill=255)
    lighthouse.putalpha(mask)
    lighthouse.save(folder / "lighthouse_badge.png")
    rgb16_png(folder / "dawn_16bit.png", scene("harbour", 0.6, (320, 180)))
    grey = scene("wheelhouse", 0.5, (320, 180)).convert("L")
    deep = Image.frombytes("I;16", grey.size, b"".join(bytes((value, value)) for value in grey.tobytes()))
    deep.save(folder / "wheelhouse_16bit.tif", compression="tiff_lzw")
    sky = scene("moonrise", 0.2, (480, 270)).convert("RGBA")
    boat = Image.new("RGBA", sky.size)
    ImageDraw.Draw(boat).polygon([(150, 190), (330, 190), (300, 225), (170, 225)], fill=(178, 58, 48, 255))
    fog = Image.new("RGBA", sky.size)
    ImageDraw.Draw(fog).rectangle((0, 200, 480, 270), fill=(200, 206, 220, 90))
    open_raster(folder / "ferry_layers.ora", [("fog", fog), ("boat", boat), ("sky", sky)])


def _guest() -> Image.Image:
    whale = Image.new("RGB", (600, 400), (250, 248, 240))
    draw = ImageDraw.Draw(whale)
    draw.ellipse((90, 120, 470, 300), fill=(24, 24, 30))
    draw.polygon([(440, 190), (560, 110), (530, 210), (570, 290)], fill=(24, 24, 30))
    draw.ellipse((150, 180, 172, 202), fill=(250, 248, 240))
    for line in range(12):
        draw.line((110 + line * 22, 285 + line % 3 * 6, 130 + line * 22, 330), fill=(24, 24, 30), width=3)
    return whale


def _lantern(glow: int) -> Image.Image:
    picture = Image.new("RGB", (640, 480), (28, 20, 34))
    draw = ImageDraw.Draw(picture)
    for ring in range(14, 0, -1):
        shade = (28 + (glow - 28) * (15 - ring) // 15, 20 + 10 * (15 - ring), 34)
        draw.ellipse((320 - ring * 16, 240 - ring * 16, 320 + ring * 16, 240 + ring * 16), fill=shade)
    draw.rectangle((280, 150, 360, 330), outline=(216, 190, 120), width=8)
    draw.arc((285, 90, 355, 180), 180, 360, fill=(216, 190, 120), width=8)
    return picture


def _stock(folder: Path) -> None:
    _lantern(250).save(folder / "lantern_study.jpg", quality=90, xmp=xmp("DMI-PROHIBITED-AIMLTRAINING"))
    scene("harbour", 0.25, (800, 450)).save(folder / "harbour_morning.jpg", quality=90)
    rope = Image.new("RGB", (512, 512), (150, 120, 78))
    draw = ImageDraw.Draw(rope)
    for line in range(-512, 1024, 32):
        draw.line((line, 0, line + 512, 512), fill=(112, 84, 50), width=10)
        draw.line((line + 14, 0, line + 526, 512), fill=(186, 154, 104), width=4)
    rope.save(folder / "rope_texture.png")
    scene("lighthouse", 0.9, (640, 360)).save(folder / "research_poster.jpg", quality=88)


def _unsorted(archive: Path) -> None:
    folder = archive / "08_unsorted"
    moonrise = Image.open(archive / "02_art/concept/moonrise.jpg")
    moonrise.resize((480, 270)).save(folder / "IMG_0412.jpg", quality=55)  # a smaller copy of our own concept art
    letterbox = Image.new("RGB", (960, 720))
    letterbox.paste(moonrise, (0, 90))
    letterbox.save(folder / "moonrise_letterbox.jpg", quality=80)
    study = Image.open(archive / OPTED_OUT)
    study.save(folder / "lamp idea.jpg", quality=60)  # re-encoded: the artist's opt-out is no longer in the file
    whole = png_bytes(scene("moonrise", 0.1, (400, 225)))
    (archive / DAMAGED).write_bytes(whole[: len(whole) // 2])
    scene("wheelhouse", 0.9, (320, 180)).save(archive / HOSTILE)
    sketches = {
        f"sketches/{name}.png": png_bytes(scene(name, 0.5, (240, 135)).convert("L"))
        for name in ("lighthouse", "harbour")
    }
    zip_file(folder / "from_vendor.zip", sketches | {"../../outside.txt": b"This must not be written anywhere.\n"})


def seal_deliverables(archive: Path) -> None:
    """Make a bag (RFC 8493) of the deliverables, as they left the house."""
    bag = archive / "05_deliverables"
    files = sorted(path for path in (bag / "data").rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bag).as_posix()}\n" for path in files]
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "utf-8")
    (bag / "manifest-sha256.txt").write_text("".join(lines), "utf-8")
