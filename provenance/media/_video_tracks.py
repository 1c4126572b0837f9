"""The frames of one track in presentation order, by the cheapest way that gives the same answer as decoding them all.

    decode   decode every frame: long groups of pictures, and whatever has no better way. Finds shots as it goes
    pick     read every packet, decode only those wanted: codecs whose every packet is a picture of its own
    seek     jump to the key frame before each wanted frame: where the container's own index lists every frame at an
             even pace and the jumps save at least half of the decoding

`pick` and `seek` check what they land on. When the container lied, they raise `Misled`, and the caller decodes instead.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from provenance.media._shots import Cuts, luma
from provenance.media._video_sampling import Grid
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

# A seek costs about this many decoded frames beside those between key frame and target: reordering and flushing.
_SEEK_FRAMES = 2
_MOST_INDEXED = 5_000_000
# Every packet of these decodes alone, though FFmpeg does not list them as intra-only; checked packet by packet.
_ALONE = ("ffv1", "png", "cfhd")
OPEN_ENDED = ("mpegts", "mpeg", "mpegvideo")
_MOST_LANDINGS = 4
_MOST_TORN = 3


class Misled(Exception):
    """The index or the packets' flags are not true of this file; decode it all instead."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded frame. index: presentation order from 0; time: from the first frame; shot: from 1; thumb: its `luma`.
    None: not known."""

    frame: av.VideoFrame
    index: int | None
    time: Fraction
    shot: int | None = None
    thumb: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """The container's list of frames in decoding order. pace: ticks between any two, None when they differ."""

    stamps: list[int]
    keys: list[int]
    pace: int | None
    end: int  # of the last byte that it points at
    shown: int  # frames not marked as cut away by an edit list


def read_index(stream: VideoStream) -> Index | None:
    """Return the index as the container holds it, or None when it has none worth trusting."""
    count = len(stream.index_entries)
    if not 1 < count <= _MOST_INDEXED:
        return None
    stamps, keys, end, shown = [], [], 0, 0
    for at, entry in enumerate(stream.index_entries):
        stamps.append(entry.timestamp)
        end = max(end, entry.pos + entry.size)
        shown += not entry.is_discard
        if entry.is_keyframe:
            keys.append(at)
    paces = set(np.diff(np.array(stamps, np.int64)).tolist()) if all(abs(s) < 1 << 62 for s in stamps) else set()
    pace = paces.pop() if len(paces) == 1 else None
    return Index(stamps, keys, pace if pace and pace > 0 else None, end, shown)


def way(stream: VideoStream, index: Index | None, per_second: Fraction) -> str:
    """Return "seek", "pick" or "decode" for taking so many frames a second of this track."""
    # An index shorter than the track's own count belongs to a fragmented or an edited file.
    if index and index.pace and index.keys[:1] == [0] and index.shown == len(index.stamps) == stream.frames:
        interval = 1 / (per_second * index.pace * Fraction(stream.time_base or 0))
        if interval > 1 and _seek_cost(index, interval) * 2 <= len(index.stamps):
            return "seek"
    codec = stream.codec_context.codec
    alone = codec.intra_only or codec.canonical_name in _ALONE or "Intra" in (stream.profile or "")
    return "pick" if alone else "decode"


def _seek_cost(index: Index, interval: Fraction) -> int:
    """Frames to decode when seeking to each sample, counting what several samples in one group share once."""
    cost, samples = 0, int(len(index.stamps) / interval) + 1
    reached = -1
    for sample in range(samples):
        target = -int(-sample * interval // 1)
        key = index.keys[bisect.bisect_right(index.keys, target) - 1]
        cost += target - max(key, reached) + 1 + _SEEK_FRAMES * (key > reached)
        reached = target
    return cost


def decode(container: InputContainer, stream: VideoStream, *, shots: bool) -> Iterator[Shown]:
    """Decode every frame. With `shots`, each comes `REACH` frames late and knows its shot."""
    clock = _Clock(stream)
    cuts, waiting, shot = Cuts(), deque[Shown](), 0
    number = -1
    open_ended = container.format.name in OPEN_ENDED
    for number, frame in enumerate(_frames(container.demux(stream), open_ended=open_ended)):
        shown = Shown(frame, number, clock.time(frame.pts))
        if not shots:
            yield shown
            continue
        thumb = luma(frame)
        waiting.append(replace(shown, thumb=thumb))
        begins = cuts.push(thumb)
        if begins is not None:
            shot += begins
            yield replace(waiting.popleft(), shot=shot)
    for begins in cuts.flush():
        shot += begins
        yield replace(waiting.popleft(), shot=shot)
    _complete(container, stream, number + 1)


class _Clock:
    """Time since the first frame, which only runs forward.

    Where it would run back, as where recordings were joined, or where a frame carries none, as in a raw stream, it goes
    on at the stream's pace.
    """

    def __init__(self, stream: VideoStream) -> None:
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._tick, self._pace = _tick(stream), 1 / Fraction(rate)
        self._zero: Fraction | None = None
        self._last: Fraction | None = None

    def time(self, pts: int | None) -> Fraction:
        due = Fraction(0) if self._last is None else self._last + self._pace
        if pts is not None:
            told = pts * self._tick
            if self._zero is None or (self._last is not None and told - self._zero <= self._last):
                self._zero = told - due
            due = told - self._zero
        self._last = due
        return due


def keyframes(container: InputContainer, stream: VideoStream, index: Index | None) -> Iterator[Shown]:
    """Decode the key frames only. Time counts from the first of them."""
    stream.codec_context.skip_frame = "NONKEY"
    clock, pace = _Clock(stream), index.pace * _tick(stream) if index and index.pace else None
    open_ended = container.format.name in OPEN_ENDED
    for frame in _frames(container.demux(stream), open_ended=open_ended):
        if frame.key_frame:
            time = clock.time(frame.pts)
            number, rest = divmod(time, pace) if pace else (None, 0)
            yield Shown(frame, None if rest else number, time)


def pick(container: InputContainer, stream: VideoStream, grid: Grid) -> Iterator[Shown]:
    """Decode the packets that hold the wanted frames, and no other."""
    tick = _tick(stream)
    start = last = None
    number = -1
    for packet in container.demux(stream):
        if not packet.size or packet.is_discard:
            continue
        if packet.pts is None or (last is not None and packet.pts <= last):
            raise Misled
        start, last = packet.pts if start is None else start, packet.pts
        number += 1
        time = (packet.pts - start) * tick
        if time < grid.due:
            continue
        if not packet.is_keyframe:
            raise Misled
        frames = _decoded(packet) or stream.decode(None)
        stream.codec_context.flush_buffers()
        if len(frames) != 1 or frames[0].pts != packet.pts or frames[0].is_corrupt:
            raise Misled
        grid.takes(time)
        yield Shown(frames[0], number, time)
    _complete(container, stream, number + 1)


def seek(container: InputContainer, stream: VideoStream, index: Index, grid: Grid) -> Iterator[Shown]:
    """Jump from sample to sample by the index; frames of one group of pictures are decoded through once."""
    pace = index.pace or 1
    period = pace * _tick(stream)
    frames = _frames(container.demux(stream))
    try:
        frame = next(frames, None)
        if frame is None or frame.pts is None:
            raise Misled
        start, group, wanted = frame.pts, 0, 0
        while wanted < len(index.stamps):
            target = start + wanted * pace
            if index.keys[bisect.bisect_right(index.keys, wanted) - 1] > group:
                frames, group = _land(container, stream, index, target)
                frame = next(frames, None)
            while frame is not None and frame.pts is not None and frame.pts < target:
                frame = next(frames, None)
            if frame is None or frame.pts != target:
                raise Misled
            grid.takes(wanted * period)
            yield Shown(frame, wanted, wanted * period)
            wanted = math.ceil(grid.due / period)
    except (av.FFmpegError, Quarantined):
        raise Misled from None  # whether it is damaged, or only cannot be entered there, decoding it all will tell


def _frames(packets: Iterator[av.Packet], *, open_ended: bool = False) -> Iterator[av.VideoFrame]:
    """Decode in order. Quarantined as damaged at a frame that the decoder had to patch up.

    open_ended: a recording without a declared beginning and end, so that its first and last pictures may be torn: they
    are passed over, and only damage between good frames counts.
    """
    good, torn = False, 0
    for packet in packets:
        try:
            frames = _decoded(packet)
        except av.InvalidDataError:
            if not open_ended:
                raise
            frames, torn = [], torn + good
        for frame in frames:
            if frame.is_corrupt and open_ended:
                torn += good
            elif frame.is_corrupt or torn:
                raise Quarantined(Cause.DAMAGED, f"a frame is broken around {_clock(frame)}")
            else:
                good = True
                yield frame
        if torn > _MOST_TORN:
            raise Quarantined(Cause.DAMAGED, "from some point on no frame can be decoded")


def _decoded(packet: av.Packet) -> list[av.VideoFrame]:
    if packet.stream.codec_context.codec.canonical_name != "ffv1":
        return packet.decode()
    # FFV1 checks each slice's CRC, patches what fails, and tells of it nowhere but in the log.
    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture() as said:
        frames = packet.decode()
    av.logging.set_level(None)
    if any("CRC mismatch" in text for _, _, text in said):
        raise Quarantined(Cause.DAMAGED, "a checksum inside it does not hold")
    return frames


def _clock(frame: av.VideoFrame) -> str:
    if frame.pts is None or frame.time_base is None:
        return "an unknown time"
    return f"{float(frame.pts * frame.time_base):.3f} seconds"


def _land(
    container: InputContainer, stream: VideoStream, index: Index, target: int
) -> tuple[Iterator[av.VideoFrame], int]:
    """Seek to a key frame that is presented at or before the target; return what follows, and its place in the index.

    Demuxers differ in whether they seek by the time of decoding or of presentation, so the first landing may be late.
    """
    aim = target
    for _ in range(_MOST_LANDINGS):
        container.seek(aim, stream=stream)
        packets = container.demux(stream)
        first = next(packets, None)
        if first is None or first.pts is None or first.dts is None or not first.is_keyframe:
            raise Misled
        at = bisect.bisect_left(index.stamps, first.dts)
        if index.stamps[at : at + 1] != [first.dts]:
            raise Misled
        if first.pts <= target:
            return _from_key(first, packets), at
        aim = first.dts - 1
    raise Misled


def _from_key(first: av.Packet, packets: Iterator[av.Packet]) -> Iterator[av.VideoFrame]:
    """Decode from a key frame. What is presented before it leans on frames that are not there, and is left out."""
    later = (packet for packet in packets if packet.pts is None or packet.pts > (first.pts or 0))
    for at, frame in enumerate(_frames(chain((first,), later))):
        if at == 0 and not frame.key_frame:
            raise Misled
        yield frame


def _tick(stream: VideoStream) -> Fraction:
    return Fraction(stream.time_base or Fraction(1, 1000))


def _complete(container: InputContainer, stream: VideoStream, count: int) -> None:
    """MXF says how many frames a track has; other containers do not, or are known to be wrong about it."""
    if container.format.name == "mxf" and stream.duration and count < stream.duration:
        what = f"its header promises {stream.duration:,} frames and {count:,} could be read"
        raise Quarantined(Cause.TRUNCATED, what)
