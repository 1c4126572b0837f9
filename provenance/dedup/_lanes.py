"""Sixteen hashes compared at once, by 32 or 96 of their bits. LLVM makes of it what the processor has: one instruction
a step, or several."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from provenance.dedup._bands import LANES

_WORD = ir.IntType(32)
_VECTOR = ir.VectorType(_WORD, LANES)
_FIRST = ir.Constant(ir.VectorType(_WORD, LANES), [ir.Constant(_WORD, 0)] * LANES)


def _instructions(code: Any) -> Any:
    """numba's `intrinsic`, of a type that leaves out the argument that callers do not give."""
    return intrinsic(code)


def _columns(context, builder, kind, array, pieces):  # type: ignore[no-untyped-def]
    """Where the columns of an array begin, as many as the type says: one for None, two for a number, else three."""
    held = context.make_array(kind)(context, builder, array)
    long = cgutils.unpack_tuple(builder, held.shape)[1]
    count = 1 if isinstance(pieces, numba.types.NoneType) else 2 if isinstance(pieces, numba.types.Integer) else 3
    return [builder.gep(held.data, [builder.mul(long, ir.Constant(long.type, at))]) for at in range(count)]


def _everywhere(builder, value):  # type: ignore[no-untyped-def]
    lane = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(lane, lane, _FIRST)


def _load(builder, columns, place):  # type: ignore[no-untyped-def]
    kind = _VECTOR.as_pointer()
    return [builder.load(builder.bitcast(builder.gep(column, [place]), kind), align=4) for column in columns]


def _distance(builder, own, there, row):  # type: ignore[no-untyped-def]
    """How many bits of one row differ from those of sixteen others: a vector."""
    count = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), f"llvm.ctpop.v{LANES}i32"
    )
    distance = None
    for column, lanes in zip(own, there, strict=True):
        mine = _everywhere(builder, builder.load(builder.gep(column, [row])))
        bits = builder.call(count, [builder.xor(lanes, mine)])
        distance = bits if distance is None else builder.add(distance, bits)
    return distance


def _told(builder, distance, limit):  # type: ignore[no-untyped-def]
    near = builder.icmp_signed("<=", distance, _everywhere(builder, builder.trunc(limit, _WORD)))
    return builder.zext(builder.bitcast(near, ir.IntType(LANES)), ir.IntType(64))


@_instructions
def near_many(context, mine, others, pieces, row, end, place, limit):  # type: ignore[no-untyped-def]
    """Which of the sixteen hashes from `place` on are within the limit of any of the rows: sixteen bits.

    mine, others: uint32[columns, n]. pieces: by its type, how many columns are looked at. Behind the last hash sixteen
    more can be read.
    """

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        own, other = (_columns(context, builder, signature.args[at], given[at], signature.args[2]) for at in (0, 1))
        start, stop, there, limit = given[3:]
        held = _load(builder, other, there)
        closest = cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, [ir.Constant(_WORD, 1 << 20)] * LANES))
        with cgutils.for_range_slice(builder, start, stop, ir.Constant(ir.IntType(64), 1)) as (at, _):
            distance, least = _distance(builder, own, held, at), builder.load(closest)
            builder.store(builder.select(builder.icmp_signed("<", distance, least), distance, least), closest)
        return _told(builder, builder.load(closest), limit)

    number = numba.int64
    return number(mine, others, pieces, number, number, number, number), code


@_instructions
def near_one(context, mine, others, pieces, row, place, limit):  # type: ignore[no-untyped-def]
    """The same of one row: most buckets of few who ask hold no more."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        own, other = (_columns(context, builder, signature.args[at], given[at], signature.args[2]) for at in (0, 1))
        row, there, limit = given[3:]
        return _told(builder, _distance(builder, own, _load(builder, other, there), row), limit)

    number = numba.int64
    return number(mine, others, pieces, number, number, number), code


@_instructions
def bits(context, value):  # type: ignore[no-untyped-def]
    """How many bits of a word are set."""
    return numba.int64(numba.uint64), lambda context, builder, signature, given: builder.ctpop(given[0])


@_instructions
def lowest(context, value):  # type: ignore[no-untyped-def]
    """Which is the lowest bit of a word that is set. There must be one."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 1))

    return numba.int64(numba.int64), code


@_instructions
def leading(context, value):  # type: ignore[no-untyped-def]
    """How many bits of a word of 32 lie above the highest that is set. There must be one."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        return builder.zext(builder.ctlz(given[0], ir.Constant(ir.IntType(1), 1)), ir.IntType(64))

    return numba.int64(numba.uint32), code
