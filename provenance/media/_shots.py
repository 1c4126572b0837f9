"""Where shots begin, found in the luma of frames that are decoded anyway.

A cut is a frame that differs from the one before it, far more than its neighbours differ among themselves, and whose
difference stays: four tests, in this order.

1. D(t), the mean absolute luma difference to the frame before, is at least `FLOOR` of the 8-bit scale.
2. D(t) is at least `RATIO` times the mean D of the frames within `REACH` of it, so that steady motion, a shaken camera
   and a handheld pan are no cuts.
3. At least `BREADTH` of the picture changes by more than `NOISE`: one quick figure before a still ground is no cut.
4. No frame within `REACH` before resembles one within `REACH` after (less than half of D(t) apart), so that a flash, a
   single damaged frame or a subtitle that blinks is none.

A fade through black begins a new shot at its first frame that is no longer black. Dissolves and wipes are not found:
their two shots count as one. Two cuts lie at least `SHORTEST` frames apart; only a first shot, cut off by whoever
trimmed the file, may be shorter.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation

REACH = 4
FLOOR = 9.0
RATIO = 3.0
BREADTH = 0.4
NOISE = 6
SHORTEST = 5
BLACK_MEAN = 24.0  # black is 16 in limited range
BLACK_SPREAD = 6.0
_THUMB_WIDTH = 96
_GREY_FLAGS = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_GREY = ("gray", "gray10le", "gray12le", "gray16le")


class Cuts:
    """Decides, frame by frame, whether a shot begins there; each answer comes `REACH` frames late.

    `push` takes the next frame's luma thumbnail (2-D uint8, one shape for the whole track) and returns the answer for
    the frame `REACH` before it, or None while there is none yet; `flush` returns the answers still owed.
    """

    def __init__(self) -> None:
        self._window: deque[np.ndarray] = deque(maxlen=2 * REACH + 1)  # thumbnails, the newest last
        self._change: deque[float] = deque(maxlen=2 * REACH + 1)  # D of each, aligned with _window
        self._pending = 0  # frames pushed and not yet answered
        self._shots = 0  # begun so far
        self._since = 0  # frames since the last one began
        self._lit = False  # this shot has shown something
        self._dark = False  # this shot has gone black since

    def push(self, luma: np.ndarray) -> bool | None:
        thumb = luma.astype(np.int16)
        alike = self._window and self._window[-1].shape == thumb.shape
        self._change.append(_difference(self._window[-1], thumb) if alike else 255.0 if self._window else 0.0)
        if not alike:
            # A change of size is a change of shot; nothing before it can be compared.
            self._window = deque((np.full_like(thumb, -255) for _ in self._window), maxlen=2 * REACH + 1)
        self._window.append(thumb)
        self._pending += 1
        return self._decide() if self._pending > REACH else None

    def flush(self) -> list[bool]:
        return [self._decide() for _ in range(self._pending)]

    def _decide(self) -> bool:
        at = len(self._window) - self._pending
        self._pending -= 1
        due = self._since >= SHORTEST or self._shots == 1
        begins = self._shots == 0 or self._emerges(at) or (due and self._cuts(at))
        self._shots += begins
        self._since = 1 if begins else self._since + 1
        if begins:
            self._lit = self._dark = False
        black = _black(self._window[at])
        self._lit, self._dark = self._lit or not black, self._dark or (black and self._lit)
        return begins

    def _emerges(self, at: int) -> bool:
        return self._dark and not _black(self._window[at])

    def _cuts(self, at: int) -> bool:
        change = self._change[at]
        if change < FLOOR:
            return False
        near = [self._change[i] for i in range(max(1, at - REACH), min(len(self._change), at + REACH + 1)) if i != at]
        if near and change < RATIO * sum(near) / len(near):
            return False
        if at and (np.abs(self._window[at] - self._window[at - 1]) > NOISE).mean() < BREADTH:
            return False
        before = [self._window[i] for i in range(max(0, at - REACH), at)]
        after = [self._window[i] for i in range(at, min(len(self._window), at + REACH + 1))]
        return all(_difference(a, b) >= change / 2 for a in before for b in after)


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())


def _black(thumb: np.ndarray) -> bool:
    return bool(thumb.mean() < BLACK_MEAN and thumb.std() < BLACK_SPREAD)


def luma(frame: av.VideoFrame) -> np.ndarray:
    """Return about 96 columns of the frame's brightness as 2-D uint8, sampled without filtering: for comparing only."""
    form, plane = frame.format, frame.planes[0]
    bits = form.components[0].bits
    first_is_luma = form.name in _GREY or (form.is_planar and not form.is_rgb and not form.name.endswith("be"))
    # A picture stored bottom-up has a negative line size, which a buffer cannot show.
    if not first_is_luma or bits > 16 or plane.line_size < plane.width:
        return _thumbnail(frame.reformat(format="gray8", threads=1, interpolation=_GREY_FLAGS), np.uint8, 0)
    if bits == 8:
        return _thumbnail(frame, np.uint8, 0)
    # P010 and its kin keep their bits at the top of the 16.
    return _thumbnail(frame, np.uint16, 8 if re.match(r"p\d", form.name) else bits - 8)


def _thumbnail(frame: av.VideoFrame, kind: type, shift: int) -> np.ndarray:
    plane: Any = frame.planes[0]
    rows: np.ndarray = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
    step = max(1, frame.width // _THUMB_WIDTH)
    # Every sample is a cache miss, and the decoder's time is spent on nothing else: half as many rows as columns ask.
    taken = rows[step // 2 :: 2 * step, step // 2 :: step]
    return (taken >> shift).astype(np.uint8) if shift else taken.copy()
