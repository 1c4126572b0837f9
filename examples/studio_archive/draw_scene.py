"""The pictures of the short: four scenes of a night ferry, drawn at any size and moment."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

SHOTS = ("moonrise", "wheelhouse", "lighthouse", "harbour")
_NIGHT: Colour = (18, 24, 58)
_SEA: Colour = (12, 52, 82)
_MOON: Colour = (246, 236, 196)
_HULL: Colour = (178, 58, 48)


def scene(shot: str, moment: float, size: tuple[int, int]) -> Image.Image:
    """Return one of SHOTS at a moment from 0 (its first frame) to 1 (its last), as RGB."""
    # Drawn at twice the size and reduced, so that edges are soft as in a painted film.
    picture = Image.new("RGB", (size[0] * 2, size[1] * 2))
    {"moonrise": _moonrise, "wheelhouse": _wheelhouse, "lighthouse": _lighthouse, "harbour": _harbour}[shot](
        _Paper(picture), moment
    )
    return picture.resize(size, Image.Resampling.BOX)


class _Paper:
    """Draws in units of the picture's height, from the upper left corner."""

    def __init__(self, picture: Image.Image) -> None:
        self.width, self.height = picture.size[0] / picture.size[1], 1.0
        self._scale, self._draw = picture.size[1], ImageDraw.Draw(picture)

    def _at(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self._scale, y * self._scale) for x, y in points]

    def sky(self, top: Colour, bottom: Colour, until: float = 1.0) -> None:
        bands = 48
        for band in range(bands):
            part = band / (bands - 1)
            colour = tuple(round(a + (b - a) * part) for a, b in zip(top, bottom, strict=True))
            high, low = until * band / bands, until * (band + 1) / bands + 0.01
            self._draw.rectangle(self._at([(0, high), (self.width, low)]), fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self._draw.rectangle(self._at([(left, top), (right, bottom)]), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self._draw.ellipse(self._at([(x - radius, y - radius), (x + radius, y + radius)]), fill=colour)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        self._draw.polygon(self._at(points), fill=colour)

    def waves(self, level: float, moment: float, colour: Colour) -> None:
        steps = 40
        line = [
            (self.width * step / steps, level + 0.012 * math.sin(step * 0.9 + moment * 6.283))
            for step in range(steps + 1)
        ]
        self.shape([*line, (self.width, 1), (0, 1)], colour)


def _boat(paper: _Paper, x: float, y: float, size: float) -> None:
    paper.shape(
        [(x - size, y), (x + size, y), (x + 0.7 * size, y + 0.4 * size), (x - 0.8 * size, y + 0.4 * size)], _HULL
    )
    paper.box(x - 0.45 * size, y - 0.45 * size, x + 0.25 * size, y, (232, 224, 206))
    paper.box(x - 0.05 * size, y - 0.95 * size, x + 0.15 * size, y - 0.45 * size, (40, 40, 46))
    for window in (-0.35, -0.12, 0.1):
        paper.disc(x + window * size, y - 0.22 * size, 0.07 * size, (250, 206, 96))


def _moonrise(paper: _Paper, moment: float) -> None:
    paper.sky(_NIGHT, (70, 72, 120), 0.65)
    for number in range(24):
        paper.disc((number * 0.37) % paper.width, (number * 0.173) % 0.5, 0.004, (220, 222, 236))
    paper.disc(paper.width * 0.72, 0.5 - 0.28 * moment, 0.11, _MOON)
    paper.waves(0.62, moment, _SEA)
    _boat(paper, 0.25 + 0.9 * moment, 0.68, 0.13)
    paper.waves(0.75, moment + 0.4, (8, 38, 64))


def _wheelhouse(paper: _Paper, moment: float) -> None:
    paper.sky((92, 58, 34), (58, 34, 22))
    paper.box(paper.width * 0.08, 0.1, paper.width * 0.92, 0.55, (26, 40, 84))
    paper.disc(paper.width * (0.2 + 0.3 * moment), 0.28, 0.06, _MOON)
    x, y = paper.width * 0.5, 0.8
    for spoke in range(8):
        angle = spoke * math.pi / 4 + moment * 1.4
        tip = (x + 0.27 * math.cos(angle), y + 0.27 * math.sin(angle))
        side = (0.018 * math.sin(angle), -0.018 * math.cos(angle))
        paper.shape([(x + side[0], y + side[1]), (x - side[0], y - side[1]), tip], (206, 158, 92))
    paper.disc(x, y, 0.2, (150, 98, 50))
    paper.disc(x, y, 0.15, (74, 44, 26))
    paper.disc(x, y, 0.05, (206, 158, 92))


def _lighthouse(paper: _Paper, moment: float) -> None:
    paper.sky((6, 10, 26), (24, 38, 74), 0.87)
    x = paper.width * 0.34
    reach = math.cos(moment * 3.1)
    paper.shape([(x, 0.24), (x + 1.8 * reach, 0.06), (x + 1.8 * reach, 0.46)], (204, 196, 132))
    paper.shape([(x - 0.06, 0.3), (x + 0.06, 0.3), (x + 0.1, 0.8), (x - 0.1, 0.8)], (236, 236, 232))
    for stripe in (0.4, 0.56, 0.72):
        paper.box(x - 0.075, stripe, x + 0.075, stripe + 0.06, (190, 46, 46))
    paper.disc(x, 0.24, 0.06, (255, 240, 170))
    paper.shape([(0, 1), (0, 0.78), (x - 0.2, 0.74), (x + 0.25, 0.8), (x + 0.4, 1)], (34, 30, 36))
    paper.waves(0.84, moment, (10, 30, 56))


def _harbour(paper: _Paper, moment: float) -> None:
    paper.sky((250, 176, 128), (252, 226, 172), 0.7)
    paper.disc(paper.width * 0.3, 0.52 - 0.2 * moment, 0.09, (255, 246, 210))
    for house, (left, top, colour) in enumerate(
        ((1.0, 0.42, (196, 112, 84)), (1.2, 0.34, (228, 196, 140)), (1.42, 0.4, (128, 150, 152)))
    ):
        paper.box(left, top, left + 0.19, 0.7, colour)
        paper.shape([(left - 0.02, top), (left + 0.21, top), (left + 0.095, top - 0.1)], (96, 60 + 8 * house, 56))
    paper.waves(0.66, moment, (92, 142, 158))
    _boat(paper, 0.2 + 0.5 * moment, 0.72, 0.16)
    for bird in range(5):
        x, y = 0.3 + bird * 0.24 + 0.1 * moment, 0.2 + 0.03 * (bird % 3) + 0.01 * math.sin(moment * 20 + bird)
        paper.shape([(x - 0.025, y - 0.012), (x, y), (x + 0.025, y - 0.012), (x, y + 0.008)], (60, 52, 60))
