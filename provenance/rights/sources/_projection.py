"""From an edit to ranged statements: what holds of a source holds of the cut wherever the cut shows it.

A projected statement never widens the cut's own record: it speaks about its source as a subject of its own, so that the
gate asks for both. Where a source has several records, the closest one decides for each stretch, as it does for the
source itself; records of one source that are equally close all come along, and conflict there as they would here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from provenance.model.errors import InputError
from provenance.model.words import Use
from provenance.rights.codec import DecodeError
from provenance.rights.matcher import Bound
from provenance.rights.selector import LocatorRange, Selector, TimecodeRange
from provenance.rights.sources._cut import Clip, Cut, Span
from provenance.rights.sources._edl import timecodes
from provenance.rights.statement import Basis, Interest, RightsStatement
from provenance.rights.territory import WORLDWIDE, Geography

Lookup = Callable[[Clip], tuple[str, Sequence[Bound[RightsStatement]]] | None]
_VISIBLE = frozenset({"video", "audio"})


@dataclass(frozen=True, slots=True)
class Projection:
    """statements: ranged, for the cut's asset. unknown: clips whose source nobody found, or that has no record."""

    statements: tuple[RightsStatement, ...]
    unknown: tuple[Clip, ...]


def project(cut: Cut, target: Selector, lookup: Lookup) -> Projection:
    """Return the statements that the sources of a cut bring to it, in the order of its clips.

    target: the cut's own asset, without a range. lookup: what a clip's source is called in the archive and which
    statements apply to it (as `Matcher.match` returns them), or None when it is not there. Cue-sheet rows speak for
    themselves (interest music). InputError for a cue whose columns contradict each other.
    """
    statements: list[RightsStatement] = []
    unknown: list[Clip] = []
    for clip in cut.clips:
        if clip.kind not in _VISIBLE:
            statements.append(_cue(cut, clip, target))
            continue
        found = lookup(clip)
        if found is None or not found[1]:
            unknown.append(clip)
            continue
        path, bounds = found
        for concern in dict.fromkeys(bound.statement.concern for bound in bounds):
            rivals = [bound for bound in bounds if bound.statement.concern == concern]
            for number, (span, each) in enumerate(_stretches(clip, rivals), 1):
                statements.append(_carried(cut, clip, path, target, span, each, number))
    return Projection(tuple(statements), tuple(unknown))


def by_name(paths: Iterable[str]) -> Callable[[Clip], str | None]:
    """Return a finder of a clip's source among archive paths: the longest common tail of folders wins.

    A name without folders must be the name, or the name without suffix, of one file alone: two candidates find nothing,
    since a guess would hang one file's rights on another.
    """
    files: dict[str, list[str]] = {}
    for path in paths:
        name = path.rsplit("/", 1)[-1].lower()
        for key in {name, name.rsplit(".", 1)[0]}:
            files.setdefault(key, []).append(path)

    def find(clip: Clip) -> str | None:
        for media in clip.media:
            steps = media.lower().strip("/").split("/")
            candidates = files.get(steps[-1], [])
            best, most, tied = None, -1, False
            for path in candidates:
                own = path.lower().split("/")
                common = 0
                while common + 1 < min(len(own), len(steps)) and own[-2 - common] == steps[-2 - common]:
                    common += 1
                if common >= most:
                    best, tied, most = path, common == most, common
            if best is not None and not tied:
                return best
        return None

    return find


def _stretches(clip: Clip, bounds: Sequence[Bound[RightsStatement]]) -> list[tuple[Span, RightsStatement]]:
    """Cut the clip at the edges of its statements' ranges, and give each stretch to the closest of them."""
    placed = []
    for bound in bounds:
        part = _part(clip, bound.statement.applies_to.range)
        span = clip.record if part is None else clip.on_cut(part)
        if span is not None:
            placed.append((span, bound))
    edges = sorted({edge for span, _ in placed for edge in (span.start, span.end)})
    out: dict[int, list[tuple[Span, RightsStatement]]] = {}
    for start, end in pairwise(edges):
        here = [bound for span, bound in placed if span.start <= start and end <= span.end]
        closest = max((bound.closeness for bound in here), default=None)
        for bound in here:
            if bound.closeness == closest:
                pieces = out.setdefault(id(bound), [])
                if pieces and pieces[-1][0].end == start:
                    pieces[-1] = (Span(pieces[-1][0].start, end), bound.statement)
                else:
                    pieces.append((Span(start, end), bound.statement))
    return [piece for pieces in out.values() for piece in pieces]


def _part(clip: Clip, range_: LocatorRange | None) -> Span | None:
    """The stretch of the source's clock that a range names; None for all of it, or where nobody can tell."""
    if range_ is None:
        return None
    if range_.timecode is not None:
        return Span(*range_.timecode.seconds())
    if (range_.start is None and range_.end is None) or clip.source is None or clip.source_start is None:
        return None
    start = clip.source_start + range_.start if range_.start is not None else clip.source.start
    end = clip.source_start + range_.end if range_.end is not None else clip.source.end
    return Span(start, end) if start < end else Span(start, start)


def _carried(
    cut: Cut, clip: Clip, path: str, target: Selector, span: Span, statement: RightsStatement, number: int
) -> RightsStatement:
    subject = path if statement.subject is None else f"{statement.subject} in {path}"
    return replace(
        statement,
        id=f"{statement.id}@{cut.where(clip)}.{number}",
        source=f"{cut.where(clip)} ({statement.source})",
        applies_to=replace(target, range=_range(cut, span)),
        subject=subject,
    )


def _range(cut: Cut, span: Span) -> LocatorRange:
    """Seconds of presentation where the cut says its first timecode, else timecodes, which the item must carry too."""
    if cut.start is not None:
        start = max(span.start - cut.start, Fraction(0))
        return LocatorRange(start=start, end=max(span.end - cut.start, start + Fraction(1, 10**6)))
    first, last = timecodes(cut, span)
    return LocatorRange(timecode=TimecodeRange(first, last, cut.rate, cut.drop))


def _cue(cut: Cut, clip: Clip, target: Selector) -> RightsStatement:
    """A cue-sheet row as a statement on the music. Without a basis it claims none, and clears nothing."""
    cells: Mapping[str, str] = dict(clip.rights)
    where = cut.where(clip)
    try:
        territory = frozenset(_list(cells.get("territories", "")))
        return RightsStatement(
            id=f"cue@{where}",
            source=where,
            applies_to=replace(target, range=_range(cut, clip.record)),
            basis=Basis(cells.get("basis") or Basis.NONE),
            interest=Interest(cells.get("interest") or Interest.MUSIC),
            subject=clip.name,
            holder=cells.get("rights_holder") or None,
            licensor=cells.get("licensor") or None,
            license=cells.get("license") or None,
            agreement=cells.get("agreement") or None,
            allowed=frozenset(Use(use) for use in _list(cells.get("uses_allowed", ""))),
            refused=frozenset(Use(use) for use in _list(cells.get("uses_refused", ""))),
            purposes=frozenset(_list(cells.get("purposes", ""))),
            territory=Geography(territory or frozenset({WORLDWIDE})),
            credit=cells.get("credit") or None,
        )
    except (ValueError, DecodeError) as error:
        raise InputError(f"the cue says what no rights record can say ({error})", where=where) from None


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]
