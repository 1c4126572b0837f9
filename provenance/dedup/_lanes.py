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


def _count(builder):  # type: ignore[no-untyped-def]
    kind = ir.FunctionType(_VECTOR, [_VECTOR])
    return cgutils.get_or_insert_function(builder.module, kind, f"llvm.ctpop.v{LANES}i32")


def _distance(builder, own, there, row):  # type: ignore[no-untyped-def]
    """How many bits of one row differ from those of sixteen others: a vector."""
    distance = None
    for column, lanes in zip(own, there, strict=True):
        mine = _everywhere(builder, builder.load(builder.gep(column, [row])))
        bits = builder.call(_count(builder), [builder.xor(lanes, mine)])
        distance = bits if distance is None else builder.add(distance, bits)
    return distance


def _least(builder, start, stop, distance):  # type: ignore[no-untyped-def]
    """The least distance in each lane, of what lies from `start` to `stop`."""
    closest = cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, [ir.Constant(_WORD, 1 << 20)] * LANES))
    with cgutils.for_range_slice(builder, start, stop, ir.Constant(ir.IntType(64), 1)) as (at, _):
        this, least = distance(at), builder.load(closest)
        builder.store(builder.select(builder.icmp_signed("<", this, least), this, least), closest)
    return builder.load(closest)


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
        return _told(builder, _least(builder, start, stop, lambda at: _distance(builder, own, held, at)), limit)

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
def near_after(context, listed, start, end, limit):  # type: ignore[no-untyped-def]
    """Which of the sixteen hashes from `start` on are within the limit of one behind them, before `end`: sixteen bits.

    By the first 32 bits. Each against the next, then each against the one after it: no hash meets itself.
    """

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        columns, (start, stop, limit) = _columns(context, builder, signature.args[0], given[0], numba.none), given[1:]
        (held,), one = _load(builder, columns, start), ir.Constant(ir.IntType(64), 1)

        def distance(at):  # type: ignore[no-untyped-def]
            (behind,) = _load(builder, columns, at)
            return builder.call(_count(builder), [builder.xor(held, behind)])

        return _told(builder, _least(builder, builder.add(start, one), stop, distance), limit)

    number = numba.int64
    return number(listed, number, number, number), code


@_instructions
def list_from(context, columns, place, listed, at):  # type: ignore[no-untyped-def]
    """Write the first 32 bits of the sixteen hashes from `place` on, and their places, into a list from `at` on.

    listed: uint32[2, room], bits and places.
    """

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        source = _columns(context, builder, signature.args[0], given[0], numba.none)
        bits, places = _columns(context, builder, signature.args[2], given[2], numba.int64)
        place, at = given[1], given[3]
        (held,) = _load(builder, source, place)
        nth = ir.Constant(_VECTOR, [ir.Constant(_WORD, lane) for lane in range(LANES)])
        numbers = builder.add(_everywhere(builder, builder.trunc(place, _WORD)), nth)
        for column, lanes in ((bits, held), (places, numbers)):
            to = builder.bitcast(builder.gep(column, [at]), _VECTOR.as_pointer())
            builder.store(lanes, to, align=4)
        return context.get_dummy_value()

    number = numba.int64
    return numba.void(columns, number, listed, number), code


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
