"""Small edits and statements for the tests of timelines."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from provenance.rights.sources.timelines import Cut, read


def time(value: float, rate: float = 24) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}


def span(start: float, length: float, rate: float = 24) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(length, rate)}


def clip(name: str, start: float, length: float, available: tuple[float, float] | None = None, **more: Any) -> Any:
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": f"file:///show/plates/{name}.mov"}
    if available:
        media["available_range"] = span(*available)
    made = {"OTIO_SCHEMA": "Clip.1", "name": name, "source_range": span(start, length), "media_reference": media}
    return made | more


def group(schema: str, *children: Any, trim: Any = None) -> dict[str, Any]:
    return {"OTIO_SCHEMA": f"{schema}.1", "children": list(children), "source_range": trim, "kind": "Video"}


def otio(*items: Any, start: float | None = None) -> Cut:
    tracks = group("Stack", group("Track", *items))
    root = {"OTIO_SCHEMA": "Timeline.1", "name": "t", "tracks": tracks}
    root |= {"global_start_time": time(start)} if start is not None else {}
    return read(json.dumps(root).encode(), "film.otio")


def frames(cut: Cut) -> list[tuple[str, Fraction, Fraction]]:
    return [(c.name, c.record.start * cut.rate, c.record.end * cut.rate) for c in cut.clips]


GAP = {"OTIO_SCHEMA": "Gap.1", "source_range": span(0, 10)}


EDL = """TITLE: REEL 1
FCM: NON-DROP FRAME
001  TAPE1 V     C        01:00:04:00 01:00:05:00 10:00:00:00 10:00:01:00
* FROM CLIP NAME:  plate_a.mov
002  TAPE1 V     C        01:00:05:00 01:00:05:00 10:00:01:00 10:00:01:00
002  TAPE2 V     D    010 01:00:08:00 01:00:09:00 10:00:01:00 10:00:02:00
* FROM CLIP NAME:  plate_a.mov
* TO CLIP NAME:  plate_b.mov
003  BL    V     C        00:00:00:00 00:00:01:00 10:00:02:00 10:00:03:00
004  TAPE3 A     C        01:00:00:00 01:00:02:00 10:00:03:00 10:00:04:00
M2   TAPE3       048.0                01:00:00:00
* SOURCE FILE: TAPE3.0007.wav
"""
