"""The words of an edit: which part of which source stands where in a cut. Exact rationals, no frames lost."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from provenance.model.errors import InputError

MAX_CLIPS = 200_000
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open: from `start` up to but without `end`, in seconds."""

    start: Fraction
    end: Fraction

    @property
    def duration(self) -> Fraction:
        return self.end - self.start

    def overlap(self, other: Span) -> Span | None:
        """Return what both hold, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Clip:
    """One use of a source in a cut.

    number: from 1, as in `film.otio#clip 12`. media: what names the source, best first: a path or address, a source
    file, a clip name. record: where it stands on the cut's timecode clock. source: which part of the source it shows,
    on the source's timecode clock, None when nothing says so. source_start: where the source's first frame stands on
    that clock, None when unknown. straight: played forward at one speed, so that times can be carried over. rights:
    columns of a cue sheet, as written.
    """

    number: int
    name: str
    media: tuple[str, ...]
    kind: str
    record: Span
    source: Span | None = None
    source_start: Fraction | None = None
    straight: bool = True
    rights: tuple[tuple[str, str], ...] = ()

    def on_cut(self, part: Span) -> Span | None:
        """Return where a part of the source stands on the cut's clock; None when the clip does not show it.

        A clip whose source range or speed is not known shows every part everywhere: nobody can tell more.
        """
        if self.source is None or not self.straight or not self.source.duration:
            return self.record
        shown = self.source.overlap(part)
        if shown is None:
            return None
        pace = self.record.duration / self.source.duration
        start = self.record.start + (shown.start - self.source.start) * pace
        return Span(start, start + shown.duration * pace)


@dataclass(frozen=True, slots=True)
class Cut:
    """A timeline. start: the timecode, in seconds, of its first frame; None when the file does not say (EDL, cues).

    rate, drop: how its timecode counts.
    """

    name: str
    title: str
    rate: Fraction
    drop: bool
    start: Fraction | None
    clips: tuple[Clip, ...]

    def where(self, clip: Clip) -> str:
        return f"{self.name}#clip {clip.number}"


def refuse(name: str, what: str) -> InputError:
    return InputError(what, where=name, next_step="export the timeline again, or leave it out of the sources")
