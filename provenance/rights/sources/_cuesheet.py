"""Cue sheets (CSV): which music or clip sounds from where to where, and what the row says of its rights."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

from provenance.model.errors import InputError
from provenance.model.timecode import TimecodeError, droppable, exact_rate, parse
from provenance.rights.sources._cut import MAX_CLIPS, Clip, Cut, Span, refuse

# What a column may be called, in lower case without punctuation.
_COLUMNS = {
    "title": ("title", "cue", "cue title", "music title", "song", "song title", "clip", "name"),
    "tc_in": ("tc in", "in", "time in", "start tc", "timecode in", "cue in", "in point"),
    "tc_out": ("tc out", "out", "time out", "end tc", "timecode out", "cue out", "out point"),
    "rate": ("rate", "fps", "frame rate"),
    "media": ("file", "source", "source file", "media"),
    "rights_holder": ("rights holder", "holder", "publisher", "label", "owner"),
}


def read(data: bytes, name: str, rate: Fraction | None) -> Cut:
    """Return the cues of a sheet as clips. InputError naming file and line for a row that cannot be read.

    Needs the columns title, tc_in and tc_out (common other names are known); a rate column or a given rate. Every other
    column is kept as written.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse(name, "is not UTF-8 text") from None
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [_known(cell) for cell in next(rows, [])]
        missing = [column for column in ("title", "tc_in", "tc_out") if column not in header]
        if missing:
            raise InputError(f"the cue sheet lacks the column {missing[0]}", where=name, next_step="name its columns")
        if twice := [cell for cell in header if cell and header.count(cell) > 1]:
            raise InputError(f"the cue sheet has the column {twice[0]} twice", where=name, next_step="keep one of them")
        clips: list[Clip] = []
        counted = rate
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header):
                raise refuse(f"{name}:{rows.line_num}", "has more cells than the header")
            cells = {column: cell.strip() for column, cell in zip(header, row, strict=False) if column}
            counted = _rate(cells.get("rate"), rate, f"{name}:{rows.line_num}")
            clips.append(_cue(cells, len(clips) + 1, counted, f"{name}:{rows.line_num}"))
            if len(clips) > MAX_CLIPS:
                raise refuse(name, "has more rows than the cap")
    except csv.Error:
        raise refuse(name, "is not a whole CSV file") from None
    return Cut(name, "", counted or Fraction(24), False, None, tuple(clips))


def _known(cell: str) -> str:
    plain = " ".join(cell.lower().replace("_", " ").replace("-", " ").split())
    return next((column for column, names in _COLUMNS.items() if plain in names), plain.replace(" ", "_"))


def _rate(cell: str | None, given: Fraction | None, where: str) -> Fraction:
    try:
        found = exact_rate(cell) if cell else given
    except TimecodeError as error:
        raise InputError(str(error), where=where, next_step="write a rate such as 24 or 29.97") from None
    if found is None:
        raise InputError(
            "the cue sheet does not say its frame rate", where=where, next_step="give the rate, such as 24"
        )
    return found


def _cue(cells: dict[str, str], number: int, rate: Fraction, where: str) -> Clip:
    title = cells.get("title", "")
    if not title:
        raise InputError("the title is empty", where=where, next_step="name the cue")
    try:
        start, end = (
            parse(cells.get(column, ""), rate, None if droppable(rate) else False).seconds
            for column in ("tc_in", "tc_out")
        )
    except TimecodeError as error:
        raise InputError(str(error), where=where, next_step="write times such as 01:00:10:00") from None
    if end <= start:
        raise InputError("tc_out is not after tc_in", where=where, next_step="check both times")
    media = tuple(dict.fromkeys(name for name in (cells.get("media"), title) if name))
    return Clip(number, title, media, "music", Span(start, end), rights=tuple(sorted(cells.items())))
