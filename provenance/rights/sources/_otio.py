"""OpenTimelineIO JSON, read as plain JSON: tracks, nested stacks, gaps, transitions and time warps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

from provenance.model.timecode import droppable, exact_rate
from provenance.rights.sources._cut import MAX_CLIPS, Clip, Cut, Span, refuse

MAX_DEPTH = 64


def read(data: bytes, name: str) -> Cut:
    """Return the cut of an `.otio` file. InputError when it is not whole OTIO JSON or holds no timeline."""
    try:
        root = json.loads(data)
        if _schema(root) != "Timeline":
            raise refuse(name, "holds no OpenTimelineIO timeline")
        first = root.get("global_start_time")
        start = _time(first) if first else Fraction(0)
        reader = _Reader(start)
        reader.stack(root["tracks"], start, None, 0, "video")
    except RecursionError:
        raise refuse(name, "is nested too deeply for a timeline") from None
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, OverflowError):
        raise refuse(name, "is not whole OpenTimelineIO JSON") from None
    rate = exact_rate(first["rate"]) if first else reader.rate or Fraction(24)
    clips = sorted(reader.clips, key=lambda clip: (clip.record.start, clip.number))
    numbered = tuple(
        Clip(n, c.name, c.media, c.kind, c.record, c.source, c.source_start, c.straight) for n, c in enumerate(clips, 1)
    )
    return Cut(name, str(root.get("name") or ""), rate, droppable(rate), start, numbered)


def _schema(node: Any) -> str:
    return str(node["OTIO_SCHEMA"]).split(".", 1)[0]


def _time(value: Any) -> Fraction:
    if not isinstance(value["value"], (int, float)):
        raise ValueError("a time that is no number")
    return Fraction(value["value"]) / exact_rate(value["rate"])


def _range(value: Any) -> Span | None:
    if not value:
        return None
    start = _time(value["start_time"])
    return Span(start, start + _time(value["duration"]))


def _media(clip: Any) -> Any:
    if clip.get("media_references"):
        return clip["media_references"].get(clip.get("active_media_reference_key", "DEFAULT_MEDIA"))
    return clip.get("media_reference")


class _Reader:
    def __init__(self, start: Fraction) -> None:
        self.clips: list[Clip] = []
        self.rate: Fraction | None = None
        self.start = start

    def stack(self, node: Any, at: Fraction, window: Span | None, depth: int, kind: str) -> None:
        for child in node["children"]:
            self.item(child, at, window, depth + 1, kind)

    def track(self, node: Any, at: Fraction, window: Span | None, depth: int) -> None:
        kind = str(node.get("kind") or "video").lower()
        for child, offset, before, after in _laid(node["children"]):
            self.item(child, at + offset, window, depth + 1, kind, before, after)

    def item(
        self,
        node: Any,
        at: Fraction,
        window: Span | None,
        depth: int,
        kind: str,
        before: Fraction = Fraction(0),
        after: Fraction = Fraction(0),
    ) -> None:
        """Place a node whose own range begins at `at`; before, after: by how much transitions lengthen it."""
        if depth > MAX_DEPTH or len(self.clips) > MAX_CLIPS:
            raise ValueError("too deep or too many clips")
        schema = _schema(node)
        if schema == "Clip":
            self.clip(node, at, window, kind, before, after)
        elif schema in ("Stack", "Track"):
            trim = _range(node.get("source_range"))
            if trim is not None and not trim.overlap(Span(Fraction(0), _content(node))):
                trim = None  # converters from edit lists write the cut's own timecode here, which would hide it all
            inner = Span(at - before, at + trim.duration + after) if trim else None
            if trim is not None:
                at -= trim.start
            if window is not None:
                inner = window if inner is None else inner.overlap(window)
                if inner is None:
                    return
            if schema == "Stack":
                self.stack(node, at, inner, depth, kind)
            else:
                self.track(node, at, inner, depth)

    def clip(self, node: Any, at: Fraction, window: Span | None, kind: str, before: Fraction, after: Fraction) -> None:
        media = _media(node) or {}
        available = _range(media.get("available_range"))
        trim = _range(node.get("source_range")) or available
        if trim is None:
            return  # an empty placeholder: it shows nothing that could be named
        scale, straight = _speed(node.get("effects") or ())
        record = Span(at - before, at + trim.duration + after)
        source = Span(trim.start - before * scale, trim.start + (trim.duration + after) * scale) if straight else trim
        clip = Clip(
            len(self.clips) + 1,
            str(node.get("name") or ""),
            _names(node, media),
            kind,
            record,
            source,
            available.start if available else None,
            straight,
        )
        if window is not None:
            shown = record.overlap(window)
            if shown is None:
                return
            clip = _trimmed(clip, shown)
        if self.rate is None and (node.get("source_range") or media.get("available_range")):
            self.rate = exact_rate((node.get("source_range") or media["available_range"])["duration"]["rate"])
        self.clips.append(clip)


def _trimmed(clip: Clip, shown: Span) -> Clip:
    """The clip as far as its parent shows it."""
    source = clip.source
    if source is not None and clip.straight and clip.record.duration:
        pace = source.duration / clip.record.duration
        start = source.start + (shown.start - clip.record.start) * pace
        source = Span(start, start + shown.duration * pace)
    return Clip(clip.number, clip.name, clip.media, clip.kind, shown, source, clip.source_start, clip.straight)


def _duration(node: Any) -> Fraction:
    """The length of an item in its track: its trim, else its media, else its longest child."""
    trim = _range(node.get("source_range"))
    return trim.duration if trim is not None else _content(node)


def _content(node: Any) -> Fraction:
    """The length of an item before it is trimmed."""
    schema = _schema(node)
    if schema == "Track":
        return sum((_duration(child) for child in node["children"] if _schema(child) != "Transition"), Fraction(0))
    if schema == "Stack":
        return max((_duration(child) for child in node["children"]), default=Fraction(0))
    available = _range((_media(node) or {}).get("available_range")) if schema == "Clip" else None
    return available.duration if available else Fraction(0)


def _laid(children: list[Any]) -> Iterator[tuple[Any, Fraction, Fraction, Fraction]]:
    """Yield (item, offset, before, after): transitions take no time, and let their neighbours run on behind the cut."""
    offset = Fraction(0)
    for at, child in enumerate(children):
        if _schema(child) == "Transition":
            continue
        before = after = Fraction(0)
        if at and _schema(children[at - 1]) == "Transition":
            before = _time(children[at - 1]["in_offset"])
        if at + 1 < len(children) and _schema(children[at + 1]) == "Transition":
            after = _time(children[at + 1]["out_offset"])
        yield child, offset, before, after
        offset += _duration(child)


def _speed(effects: Any) -> tuple[Fraction, bool]:
    """The factor by which the source runs, and whether it runs forward at one pace."""
    scale = Fraction(1)
    for effect in effects:
        schema = _schema(effect)
        if schema == "LinearTimeWarp":
            scale *= Fraction(float(effect.get("time_scalar", 1))).limit_denominator(1_000_000)
        elif schema in ("FreezeFrame", "TimeEffect"):
            return Fraction(1), False
    return (scale, True) if scale > 0 else (Fraction(1), False)


def _names(node: Any, media: Any) -> tuple[str, ...]:
    found = []
    url = media.get("target_url")
    if isinstance(url, str) and url:
        found.append(unquote(urlsplit(url).path) or url)
    base, prefix = media.get("target_url_base"), media.get("name_prefix")
    if isinstance(base, str) and isinstance(prefix, str):  # an image sequence
        found.append(unquote(urlsplit(base).path).rstrip("/") + "/" + prefix)
    found.extend(str(name) for name in (media.get("name"), node.get("name")) if name)
    return tuple(dict.fromkeys(found))
