"""Timelines and cue sheets: which part of which source stands where in a cut, and what that means for its rights.

`read` is pure over bytes from a stranger: bounded, no entities, nothing opened. `project` turns statements on the
sources into statements on time ranges of the cut.
"""

from __future__ import annotations

from fractions import Fraction

from provenance.model.errors import InputError
from provenance.rights.sources import _cuesheet, _edl, _fcpxml, _otio
from provenance.rights.sources._cut import MAX_BYTES, Clip, Cut, Span
from provenance.rights.sources._projection import Projection, by_name, project

__all__ = ["SUFFIXES", "Clip", "Cut", "Projection", "Span", "by_name", "project", "read"]

SUFFIXES = (".otio", ".edl", ".fcpxml", ".csv")


def read(data: bytes, name: str, rate: Fraction | None = None) -> Cut:
    """Return the cut that a timeline file describes: OTIO, CMX 3600 EDL, FCPXML, or a cue sheet in CSV.

    rate: frames a second, for the two formats that do not say it themselves (EDL, cue sheet). InputError, with file and
    line where there are lines, for what is none of these or is broken.
    """
    if len(data) > MAX_BYTES:
        raise InputError("the timeline is larger than the cap", where=name, next_step="split it, or leave it out")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:512]
    if start.startswith(b"{"):
        return _otio.read(data, name)
    if start.startswith(b"<"):
        return _fcpxml.read(data, name)
    if name.lower().endswith(".csv"):
        return _cuesheet.read(data, name, rate)
    return _edl.read(data, name, rate)
