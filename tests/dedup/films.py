"""Drawn films with cuts and motion, what people do to copies of them, and the trails that a build would read."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import drawings
import numpy as np
from PIL import Image, ImageDraw

from provenance.building.footage import bars, track_of
from provenance.dedup.views import Track
from provenance.media import video
from provenance.media.shelf import HEAD_BYTES, Options, Source
from provenance.model.words import Extract

SIZE = (320, 180)
RATE = 24

Frames = Callable[[float], Image.Image]  # a film: what it shows at a time in seconds
Look = Callable[[Image.Image], Image.Image]


class Film:
    """Shots of 2 to 5 s: a camera that pans and closes in over a painting, and two figures that walk and turn.

    Another seed, another film. `cuts` are the times at which shots begin.
    """

    def __init__(self, seed: int, seconds: float) -> None:
        chance = random.Random(7_000 + seed)
        self.seconds, self.cuts = seconds, [0.0]
        while self.cuts[-1] < seconds:
            self.cuts.append(self.cuts[-1] + chance.choice((2.0, 2.75, 3.5, 5.0)))
        self._shots = [random.Random(seed * 1000 + number).random() for number in range(len(self.cuts))]
        self._seed = seed

    def __call__(self, time: float) -> Image.Image:
        number = max(at for at, cut in enumerate(self.cuts) if cut <= max(0.0, time))
        return shot(self._seed * 1000 + number, time - self.cuts[number])


def shot(seed: int, time: float, figures: int | None = None) -> Image.Image:
    """One moment of a shot. figures: another seed for those who walk in it: another take before the same painting."""
    chance = random.Random(seed)
    painting = _painting(seed)
    zoom = chance.uniform(0.55, 0.8) * (1 + chance.uniform(-0.03, 0.03) * time)
    width, height = painting.width * zoom, painting.width * zoom * SIZE[1] / SIZE[0]
    x = (painting.width - width) * 0.5 + chance.uniform(-25, 25) * time
    y = (painting.height - height) * 0.5 + chance.uniform(-8, 8) * time
    x, y = (min(max(0.0, at), room) for at, room in ((x, painting.width - width), (y, painting.height - height)))
    seen = painting.resize(SIZE, Image.Resampling.BILINEAR, (x, y, x + width, y + height))
    draw, walk = ImageDraw.Draw(seen), random.Random(seed if figures is None else figures)
    for _ in range(2):
        colour = tuple(walk.randrange(256) for _ in range(3))
        left, top = walk.uniform(20, 260) + walk.uniform(-50, 50) * time, walk.uniform(60, 110)
        swing = 10 * np.sin(walk.uniform(2, 5) * time + walk.uniform(0, 6))
        draw.rectangle([left, top, left + 26, top + 55], fill=colour, outline=(10, 10, 10), width=2)
        draw.ellipse([left + swing, top - 24, left + 24 + swing, top], fill=(235, 200, 170), outline=(10, 10, 10))
    return seen


@lru_cache(maxsize=16)
def _painting(seed: int) -> Image.Image:
    return drawings.scene(seed, (640, 400))


def encoded(
    path: Path,
    film: Frames,
    start: float,
    end: float,
    *,
    rate: Fraction | int = RATE,
    speed: float = 1.0,
    look: Look | None = None,
    quality: int = 24,
    codec: str = "libx264",
) -> Path:
    """Encode what a film shows from `start` to `end`, each frame changed by `look`, played `speed` times as fast."""
    options = {"qp": str(quality), "preset": "ultrafast", "threads": "1"} if codec == "libx264" else {}
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=Fraction(rate), options=options)
        stream.pix_fmt = "yuv420p" if codec == "libx264" else "yuv422p10le"
        for number in range(round((end - start) / speed * float(rate))):
            picture = film(start + number / float(rate) * speed)
            picture = look(picture) if look else picture
            if number == 0:
                stream.width, stream.height = picture.size
            out.mux(stream.encode(av.VideoFrame.from_image(picture)))
        out.mux(stream.encode(None))
    return path


def extracts(path: Path, frames: str = "1/s") -> Iterator[Extract]:
    with path.open("rb") as file:
        source = Source((file,), (path.name,), (path.stat().st_size,), file.read(HEAD_BYTES))
        yield from video.extract(source, Options(frames=frames))


def track(path: Path, asset: int, frames: str = "1/s") -> Track:
    """The trail of a video file as a build would read it from its shards."""
    return track_of_fields([each.fields for each in extracts(path, frames)], asset)


def track_of_fields(told: Sequence[Mapping[str, Any]], asset: int) -> Track:
    inside = bars([each["trim_box"] for each in told], [(each["width"], each["height"]) for each in told])
    return track_of(asset, [each["trail_16"] for each in told], told[0]["rotation"] or 0, inside)


def resized(width: int, height: int) -> Look:
    return lambda picture: picture.resize((width, height), Image.Resampling.BICUBIC)


def boxed(picture: Image.Image) -> Image.Image:
    out = Image.new("RGB", (320, 240))
    out.paste(picture, (0, 30))
    return out


def cropped(share: float) -> Look:
    def cut(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        x, y = width * share / 2, height * share / 2
        return picture.resize(SIZE, Image.Resampling.BICUBIC, (x, y, width - x, height - y))

    return cut


def panned(picture: Image.Image) -> Image.Image:
    """The middle of a wide picture, on an old screen of 4:3."""
    return picture.crop((40, 0, 280, 180))


def mirrored(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def subtitled(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    for line, text in enumerate(("I never said that the ferry", "would wait for the two of you.")):
        draw.text((70, 140 + 16 * line), text, fill="white", stroke_width=2, stroke_fill="black", font_size=14)
    return out


def marked(picture: Image.Image) -> Image.Image:
    out = picture.copy()
    ImageDraw.Draw(out).ellipse([280, 10, 308, 38], fill="white", outline="red", width=4)
    return out


def graded(picture: Image.Image) -> Image.Image:
    warm = np.asarray(picture).astype(np.float32) * np.array([1.12, 1.0, 0.82])
    curved = 255 * (np.clip(warm, 0, 255) / 255) ** 0.85
    return Image.fromarray(np.clip(curved, 0, 255).astype(np.uint8))


def grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def turned(picture: Image.Image) -> Image.Image:
    return picture.rotate(5, Image.Resampling.BICUBIC, fillcolor=(0, 0, 0))


def in_another(picture: Image.Image) -> Image.Image:
    """The picture, at half its size, in a corner of a still."""
    out = _painting(424_242).resize(SIZE)
    out.paste(picture.resize((160, 90)), (150, 10))
    return out
