"""A table of captions, line by line: CSV, JSON lines or Parquet. What is wrong in it is told with file and line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.model.errors import InputError, UsageError
from provenance.model.words import sha256_hex
from provenance.rights.codec import DecodeError
from provenance.rights.selector import Selector

# What a line may be about, closest first: ours, then as image folders and their tools call it.
KEYS = ("item_id", "path", "asset", "file_name")
TEXTS = ("text", "caption")

SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. number: of the line in the file; of the row, from 1, in Parquet. It is about one item, or files by a
    path or glob; it says a text, or which script (a path or an item's id) and scene the text is taken from.
    """

    number: int
    item: str | None
    applies_to: Selector | None
    text: str | None
    script: str | None
    scene: int | None

    @property
    def about(self) -> str:
        return self.item[:16] if self.item is not None else str(self.applies_to)

    @property
    def says(self) -> tuple[str | None, str | None, int | None]:
        return self.text, self.script, self.scene


def read_lines(file: Path) -> tuple[list[Line], str]:
    """Return the lines of a table, and the SHA-256 of the file. UsageError for another kind of file, InputError."""
    if file.suffix not in SUFFIXES:
        raise UsageError(
            f"captions come from a folder of texts or from a file in {', '.join(SUFFIXES)}", where=str(file)
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file)) from error
    rows = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[file.suffix](data, file.name)
    lines: list[Line] = []
    first: dict[str, int] = {}
    for number, row in rows:
        line = _line(row, number, f"{file.name}:{number}")
        key = line.item or str(line.applies_to)
        if key in first:
            raise InputError(f"is about {line.about} again, after line {first[key]}", where=f"{file.name}:{number}")
        first[key] = number
        lines.append(line)
    if not lines:
        raise InputError("holds no caption", where=file.name)
    return lines, sha256_hex(data)


def _line(row: Mapping[str, Any], number: int, where: str) -> Line:
    key = next((name for name in KEYS if row.get(name) not in (None, "")), None)
    said = next((name for name in (*TEXTS, "script") if row.get(name) not in (None, "")), None)
    if key is None:
        raise InputError("does not say what it is about", where=where, next_step=f"fill one of {', '.join(KEYS)}")
    if said is None:
        raise InputError("has no caption", where=where, next_step="fill `text`, or `script`; or leave the line out")
    for name in (key, said):
        if not isinstance(row[name], str) or not row[name].strip():
            raise InputError(f"`{name}` is no text", where=where)
    scene = row.get("scene")
    if scene in (None, "") or said != "script":
        scene = None
    elif not str(scene).isdecimal():
        raise InputError(f"`scene` is no number from 1: {str(scene)[:40]!r}", where=where)
    item, selector = None, None
    if key == "item_id":
        item = row[key]
        if len(item) != 64 or item.strip("0123456789abcdef"):
            raise InputError("`item_id` is not 64 lower-case hex digits", where=where)
    else:
        try:
            selector = Selector(path=row[key])
        except DecodeError as error:
            raise InputError(f"`{key}`: {error.what}", where=where) from None
    words = row[said].strip()
    return Line(
        number=number,
        item=item,
        applies_to=selector,
        text=words if said != "script" else None,
        script=words if said == "script" else None,
        scene=int(scene) if scene is not None else None,
    )


def _csv(data: bytes, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.reader(io.StringIO(_text(data, name), newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                _columns(header, f"{name}:{reader.line_num}")
            elif len(cells) != len(header):
                what = f"has {len(cells)} cells where the header has {len(header)}"
                raise InputError(what, where=f"{name}:{reader.line_num}", next_step="quote commas")
            else:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"is no CSV ({error})", where=f"{name}:{reader.line_num}") from None


def _jsonl(data: bytes, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(_text(data, name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"is no JSON ({error})", where=f"{name}:{number}") from None
        if not isinstance(row, dict):
            raise InputError("is no JSON object", where=f"{name}:{number}")
        yield number, row


def _parquet(data: bytes, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            names = [each for each in (*KEYS, *TEXTS, "script", "scene") if each in file.schema_arrow.names]
            _columns(names, name)
            rows = file.read(columns=names).to_pylist()
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError(f"is no Parquet that can be read ({error})", where=name) from None
    yield from enumerate(rows, 1)


def _columns(names: list[str], where: str) -> None:
    wanted = ((KEYS, "to say what a line is about"), ((*TEXTS, "script"), "to say the caption"))
    for among, what in wanted:
        if not set(names) & set(among):
            raise InputError(f"has no column {what}", where=where, next_step=f"name one {' or '.join(among)}")


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError("is not UTF-8", where=f"{name}:{line}", next_step="save it as UTF-8") from None
