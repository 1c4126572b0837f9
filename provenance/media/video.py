"""Moving pictures: frames out of a container, each with its time, timecode, shot, colours and place.

Containers MP4, QuickTime, Matroska, WebM, MXF, MPEG-TS, MPEG-PS, AVI, ASF, FLV, Ogg, GXF, IVF; codecs as in `CODECS`.
`Options.frames` chooses the frames; `_video_sampling` states the rules. Every video track gives frames, except cover
pictures and chapter thumbnails; a file without one (sound only) gives none, which makes it context.

Each frame is one JPEG (4:2:0 where the source is, else 4:4:4) in sRGB: levels, matrix, HDR, pixel aspect and rotation
are settled first, as `_video_color` says, and `rendition` names what was done. Pixel digest and fingerprint are taken
from the very RGB picture that the JPEG was encoded from, before encoding. `original_media_type` is the container's,
`codec` FFmpeg's name of the coding.

Quarantined: truncated when the container announces bytes or frames that are not there; damaged when a frame that is
needed cannot be decoded, so an asset gives all its frames or none; bomb for pictures over the cap, too many streams or
an absurd time; unsafe when the pictures lie in another file; encrypted; unsupported codecs.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream
from PIL import Image

from provenance.fingerprint import picture as fingerprint
from provenance.fingerprint.trail import Trail
from provenance.media import _video_color as color
from provenance.media import _video_container as container
from provenance.media import _video_timecode as timecode
from provenance.media import _video_tracks as tracks
from provenance.media._shots import luma
from provenance.media._video_sampling import SPAN_SECONDS, Grid, Middle, sampling
from provenance.media._video_tracks import Shown
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind, Locator
from provenance.sandbox.preload import packages

NAME = "video"
VERSION = 2
PRIORITY = 15
OPTIONS = ("frames", "jpeg_quality")  # max_pixels decides whether there is an item, never which

_DELIVERY = "h264 hevc av1 vp8 vp9 vvc mpeg1video mpeg2video mpeg4 msmpeg4v2 msmpeg4v3 h263 flv1 theora vc1 wmv3 dirac"
_MASTERS = "prores dnxhd cfhd ffv1 jpeg2000 mjpeg png aic dvvideo v210 r210 v410 rawvideo qtrle hap huffyuv ffvhuff"
_OLDER = "utvideo magicyuv rpza svq1 svq3 cinepak indeo3 8bps vp6 vp6f vp6a wmv1 wmv2 exr tiff dpx targa apv prores_raw"
CODECS = frozenset(f"{_DELIVERY} {_MASTERS} {_OLDER}".split())
_NOT_TRACKS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_FASTEST = 10_000  # frames a second
_LONGEST_SECONDS = 10_000_000  # 115 days


def sniff(source: Source) -> str | None:
    """Return the container's media type by its magic number, or None."""
    found = container.identify(source.head)
    return found.media_type if found else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    """Yield the chosen frames, track after track, in presentation order; none when there is no video track.

    Quarantined may be raised after frames were yielded: they are then not to be used.
    """
    found = container.identify(source.head)
    if found is None:
        raise Quarantined(Cause.UNSUPPORTED, "its first bytes are of no known video container")
    missing = container.shortfall(source.file, source.sizes[0], found.demuxer)
    if missing:
        raise Quarantined(Cause.TRUNCATED, missing)
    movie = container.movie(source.file, source.sizes[0], found.demuxer)
    if movie.outside:
        raise Quarantined(Cause.UNSAFE, container.OUTSIDE)
    if movie.encrypted:
        raise Quarantined(Cause.ENCRYPTED, "its pictures are encrypted")
    waiting: list[_Track] | None = None
    # Opening a file reads and decodes its beginning, so the first track is taken in the opening that found the tracks.
    while waiting is None or waiting:
        with container.opened(source.file, found.demuxer, options.max_pixels) as opened:
            if waiting is None:
                waiting = [
                    _Track(source.sizes[0], options, found.media_type, movie, stream.index)
                    for stream in _streams(opened)
                ]
            for track in waiting[:1]:
                try:
                    yield from track.extracts(opened)
                    del waiting[0]
                except tracks.Misled:
                    track.trusting = False


def _streams(opened: InputContainer) -> list[VideoStream]:
    """Return the streams that hold moving pictures. Quarantined when one is in a codec that is not read here."""
    streams = [stream for stream in opened.streams.video if not stream.disposition & _NOT_TRACKS]
    for stream in streams:
        # A stream without any decoder has no codec context at all.
        name = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
        if name not in CODECS:
            raise Quarantined(Cause.UNSUPPORTED, f"track {stream.index} is coded in {name}, which is not read here")
    return streams


@dataclass(frozen=True, slots=True)
class _Facts:
    """What holds for every frame of a track."""

    track: int
    media_type: str
    codec: str
    aspect: Fraction
    rate: Fraction | None
    timecode: timecode.Timecode | None
    layered_alpha: bool  # WebM keeps alpha in a second stream that the decoder does not read


class _Track:
    """One video track on its way to extracts; a second round over it goes on from where the first was misled."""

    def __init__(self, size: int, options: Options, media_type: str, movie: container.Movie, number: int) -> None:
        self._size, self._options, self._media_type = size, options, media_type
        self._movie, self._number = movie, number
        self._chosen = sampling(options.frames)
        self._grid = Grid(self._chosen) if isinstance(self._chosen, Fraction) else None
        self._facts: _Facts | None = None
        self._trail, self._held = Trail(), list[Extract]()  # the last extract waits for what is seen after it
        self.trusting = True  # what the container says of its frames

    def extracts(self, opened: InputContainer) -> Iterator[Extract]:
        stream = self._readied(opened)
        for shown in self._frames(opened, stream):
            self._facts = self._facts or _facts(opened, stream, self._movie, self._media_type, shown)
            yield from self._released()
            self._held.append(_extract(shown, self._facts, self._options))
        yield from self._released()
        if self._facts is None:
            raise Quarantined(Cause.DAMAGED, f"no frame of track {self._number} can be decoded")

    def _released(self) -> Iterator[Extract]:
        for extract in self._held:
            yield replace(extract, fields={**extract.fields, "trail_16": self._trail.take()})
        self._held = []

    def _followed(self, frames: Iterator[Shown]) -> Iterator[Shown]:
        """Let the trail see what is decoded anyway."""
        for shown in frames:
            if self._trail.wants(shown.time):
                self._trail.add(shown.time, shown.shot, luma(shown.frame) if shown.thumb is None else shown.thumb)
            yield shown

    def _readied(self, opened: InputContainer) -> VideoStream:
        """Return the stream, set for decoding it and for passing over all others."""
        for other in opened.streams:
            other.discard = Discard.default if other.index == self._number else Discard.all
        stream, cap = cast(VideoStream, opened.streams[self._number]), self._options.max_pixels
        context = stream.codec_context
        if context.width * context.height > cap:
            what = f"track {self._number} has {context.width} x {context.height} pixels, over the cap of {cap:,}"
            raise Quarantined(Cause.BOMB, what)
        # A size announced later, inside the stream, is capped too. A decoder that must guess shall give up; but where
        # the last picture may be torn, it shall mark it.
        strict = "crccheck" if opened.format.name in tracks.OPEN_ENDED else "crccheck+explode"
        context.options = {"max_pixels": str(cap), "err_detect": strict}
        # One thread: workers fill the cores already, and frame threads cost a quarter more CPU for the same frames.
        context.thread_count, context.thread_type = 1, "NONE"
        return stream

    def _frames(self, opened: InputContainer, stream: VideoStream) -> Iterator[Shown]:
        index, grid = tracks.read_index(stream), self._grid
        if index and index.end > self._size:
            what = f"its index points at byte {index.end:,} and the file has {self._size:,}"
            raise Quarantined(Cause.TRUNCATED, what)
        if self._chosen == "keyframes":
            return self._followed(tracks.keyframes(opened, stream, index))
        way = tracks.way(stream, index, grid.per_second) if grid and self.trusting else "decode"
        if grid and index and way == "seek":
            return self._followed(tracks.seek(opened, stream, index, grid))
        if grid and way == "pick":
            return self._followed(tracks.pick(opened, stream, grid))
        every = self._followed(tracks.decode(opened, stream, shots=True))
        if grid:
            return (shown for shown in every if grid.takes(shown.time))
        return every if self._chosen == "all" else _by_shot(every)


def _by_shot(frames: Iterator[Shown]) -> Iterator[Shown]:
    """Give the middle of each span of each shot."""
    middle: Middle[Shown] = Middle()
    shot, begun, whole = None, Fraction(0), False  # whole: this shot has given a whole span already
    time = Fraction(0)
    for shown in frames:
        if shown.shot != shot:
            yield from _last_span(middle, time - begun, whole)
            shot, begun, whole = shown.shot, shown.time, False
        elif shown.time - begun >= SPAN_SECONDS:
            yield from middle.take()
            begun, whole = shown.time, True
        middle.push(shown)
        time = shown.time
    yield from _last_span(middle, time - begun, whole)


def _last_span(middle: Middle[Shown], length: Fraction, whole: bool) -> list[Shown]:
    taken = middle.take()
    return [] if whole and 2 * length < SPAN_SECONDS else taken


def preload() -> None:
    """Load what PyAV and Pillow would load at the first stream and JPEG, for behind the lock no module can be read."""
    packages("av")
    Image.preinit()


def _facts(
    opened: InputContainer, stream: VideoStream, movie: container.Movie, media_type: str, first: Shown
) -> _Facts:
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    rate = Fraction(rate) if rate and 0 < rate <= _FASTEST else None
    return _Facts(
        track=stream.index,
        media_type=media_type,
        codec=stream.codec_context.codec.canonical_name,
        aspect=color.plausible_aspect(stream.sample_aspect_ratio),
        rate=rate,
        timecode=_first_timecode(opened, stream, movie, rate, first),
        layered_alpha=stream.metadata.get("alpha_mode") == "1",
    )


def _first_timecode(
    opened: InputContainer, stream: VideoStream, movie: container.Movie, rate: Fraction | None, first: Shown
) -> timecode.Timecode | None:
    """The label of the track's first frame: of a timecode track or the container, else of the stream itself."""
    places = [stream.metadata, opened.metadata, *(other.metadata for other in opened.streams)]
    if first.index == 0:
        places.append(dict(first.frame.metadata))  # MPEG-2 GOP header, H.264 and HEVC picture timing
    text = next((value for place in places for name, value in place.items() if name.lower() == "timecode"), None)
    nominal, labels = movie.timecode or (None, rate)
    return timecode.read(text, labels, nominal)


def _extract(shown: Shown, facts: _Facts, options: Options) -> Extract:
    if abs(shown.time) > _LONGEST_SECONDS:
        raise Quarantined(Cause.BOMB, f"a frame claims to be shown {float(shown.time):,.0f} seconds after the first")
    frame = shown.frame
    # Taken before the conversion, which writes its assumptions into the frame.
    colors = _colors(frame)
    picture = color.picture(frame, facts.aspect, options.max_pixels)
    chroma = "4:2:0" if "420" in frame.format.name or frame.format.name.startswith("nv") else "4:4:4"
    jpeg = io.BytesIO()
    picture.image.save(jpeg, "JPEG", quality=options.jpeg_quality, subsampling=chroma)
    notes = [f"jpeg={options.jpeg_quality},{chroma}", *picture.notes]
    if facts.layered_alpha:
        notes.append("alpha=left-out")
    label = None
    if facts.timecode and facts.rate:
        # Labels may count slower than frames (25 a second of 50): both frames of a pair then share one.
        label = facts.timecode.at(math.floor(round(shown.time * facts.rate) / facts.rate * facts.timecode.rate))
    form = frame.format
    fields: dict[str, Any] = {
        **fingerprint.measure(picture.image, picture.rows),
        **colors,
        "original_media_type": facts.media_type,
        "original_bit_depth": max(component.bits for component in form.components),
        "rendition": " ".join(notes),
        "track": facts.track,
        "time_numerator": shown.time.numerator,
        "time_denominator": shown.time.denominator,
        "time_seconds": float(shown.time),
        "frame": shown.index,
        "timecode": label,
        "timecode_rate": _ratio(facts.timecode.rate) if facts.timecode else None,
        "timecode_drop": facts.timecode.drop if facts.timecode else None,
        "shot": shown.shot,
        "key_frame": frame.key_frame,
        "codec": facts.codec,
        "frame_rate": _ratio(facts.rate) if facts.rate else None,
        "rotation": picture.rotation,
        "pixel_aspect": _ratio(facts.aspect),
        "hdr": color.hdr(frame),
    }
    locator = Locator(track=facts.track, time=shown.time, timecode=label, frame=shown.index)
    return Extract(Kind.FRAMES, locator, jpeg.getvalue(), "image/jpeg", fields)


def _colors(frame: av.VideoFrame) -> dict[str, str | None]:
    """The stream's own colour description, by H.273 names; None where it says nothing."""
    model = color.model(frame)
    matrix = color.MATRICES.get(frame.colorspace) if model == "YCbCr" else None
    return {
        "original_color_space": f"{model} {matrix}" if matrix else model,
        "color_primaries": color.PRIMARIES.get(frame.color_primaries),
        "color_transfer": color.TRANSFERS.get(frame.color_trc),
        "color_matrix": matrix,
        "color_range": color.RANGES.get(frame.color_range),
    }


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
