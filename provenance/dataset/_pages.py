"""Where payloads lie inside a Parquet file: the page headers of one plain column, read by hand.

Page headers are Thrift structs in the compact protocol (Apache Parquet format, `PageHeader`; Apache Thrift, compact
protocol). Only the few fields that place the values are kept; the rest is stepped over. Every number is checked against
the column chunk it must lie in before it is used.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from provenance.model.errors import ChangedError

_DATA_PAGE = 0
_PLAIN = 0
_HEADER_BYTES = 1024  # ours have no statistics and are near 30

# Field numbers of PageHeader and of its DataPageHeader, by Thrift id.
_TYPE, _PLAIN_SIZE, _STORED_SIZE, _DATA_HEADER = 1, 2, 3, 5
_VALUES, _ENCODING = 1, 2

_Fields = dict[int, "int | _Fields"]


@dataclass(frozen=True, slots=True)
class Page:
    """Values of one page: `values` of them, each a 4-byte little-endian length and its bytes, from `start` to `end`."""

    start: int
    end: int
    values: int


def payload_pages(handle: int, metadata: pq.FileMetaData, leaf: str, where: str) -> Iterator[Page]:
    """Yield the pages of a plain, uncompressed byte-array column, in row order. ChangedError for any other layout."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        at = next((i for i in range(row_group.num_columns) if row_group.column(i).path_in_schema == leaf), None)
        if at is None:
            raise ChangedError(f"has no column {leaf}", where=where)
        chunk = row_group.column(at)
        plain = chunk.compression == "UNCOMPRESSED" and not chunk.has_dictionary_page
        if not plain or chunk.physical_type != "BYTE_ARRAY" or chunk.num_values != row_group.num_rows:
            raise ChangedError(f"its column {leaf} is not stored plainly", where=where)
        optional = metadata.schema.column(at).max_definition_level > 0
        yield from _chunk_pages(handle, chunk, optional, where)


def _chunk_pages(handle: int, chunk: pq.ColumnChunkMetaData, optional: bool, where: str) -> Iterator[Page]:
    at, end, left = chunk.data_page_offset, chunk.data_page_offset + chunk.total_compressed_size, chunk.num_values
    while left > 0:
        head = os.pread(handle, min(_HEADER_BYTES, max(end - at, 0)), at)
        try:
            fields, size = _struct(head, 0, depth=0)
            inner = fields[_DATA_HEADER]
            if not isinstance(inner, dict) or fields[_TYPE] != _DATA_PAGE or inner[_ENCODING] != _PLAIN:
                raise ValueError("another kind of page")
            values, stored = inner[_VALUES], fields[_STORED_SIZE]
            if not isinstance(values, int) or not isinstance(stored, int) or stored != fields[_PLAIN_SIZE]:
                raise ValueError("sizes that disagree")
            start = at + size
            stop = start + stored
            # Definition levels of an optional column come first, with their length before them.
            if optional:
                start += 4 + int.from_bytes(os.pread(handle, 4, start), "little")
            if not 0 < values <= left or not start <= stop <= end:
                raise ValueError("a page outside its column")
        except (KeyError, IndexError, ValueError, OSError, OverflowError) as error:
            raise ChangedError(f"a payload page at byte {at} cannot be read ({error})", where=where) from error
        yield Page(start, stop, values)
        at, left = stop, left - values


def place(handle: int, pages: Sequence[Page], lengths: npt.NDArray[np.int64], where: str) -> npt.NDArray[np.int64]:
    """Return the offset of each value, int64[rows], given each one's length; ChangedError when the file disagrees."""
    offsets = np.empty(len(lengths), np.int64)
    row = 0
    for page in pages:
        part = lengths[row : row + page.values]
        ends = page.start + np.cumsum(part + 4)
        # Together with the comparison below: no value is NULL, and none hides between two others.
        if len(part) != page.values or (part < 0).any() or ends[-1] != page.end:
            raise ChangedError(f"its rows {row} and on do not fill their page", where=where)
        offsets[row : row + page.values] = ends - part
        row += page.values
    if row != len(lengths):
        raise ChangedError(f"has {len(lengths)} rows and {row} payloads", where=where)
    if row and (_prefixes(handle, offsets) != lengths).any():
        raise ChangedError("payload_bytes is not the length of every payload", where=where)
    return offsets


def _prefixes(handle: int, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    with mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as mapped:
        seen = np.frombuffer(mapped, np.uint8)
        found = sum(seen[offsets - 4 + byte].astype(np.int64) << (8 * byte) for byte in range(4))
        del seen  # the mapping cannot close while an array looks at it
    return np.asarray(found, np.int64)


# The compact protocol: a field's header byte holds the step to its number and its type.
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)


def _struct(data: bytes, at: int, depth: int) -> tuple[_Fields, int]:
    """Return the integer and struct fields of a Thrift struct, and where it ends. IndexError, ValueError."""
    if depth > 4:
        raise ValueError("nested too deep")
    fields: _Fields = {}
    number = 0
    while True:
        head = data[at]
        at += 1
        kind, step = head & 15, head >> 4
        if kind == _STOP:
            return fields, at
        if step:
            number += step
        else:
            number, at = _zigzag(data, at)
        if kind in (_I16, _I32, _I64):
            fields[number], at = _zigzag(data, at)
        elif kind == _STRUCT:
            fields[number], at = _struct(data, at, depth + 1)
        elif kind == _BINARY:
            length, at = _varint(data, at)
            at += length
        elif kind == _BYTE:
            at += 1
        elif kind == _DOUBLE:
            at += 8
        elif kind not in (_TRUE, _FALSE):
            raise ValueError("a list or map in a page header")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number without end")


def _zigzag(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at
