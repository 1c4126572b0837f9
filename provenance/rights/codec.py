"""Words to JSON and back, and the JSON Schema of a word: all three from the same type hints, so they cannot differ.

Dataclasses become objects without the fields that hold their default; sets become sorted lists; dates ISO 8601;
rationals "24000/1001". Reading is strict: an unknown key, a wrong type or a value outside a closed list is refused.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
import types
import typing
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar

T = TypeVar("T")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_RATIO = re.compile(r"-?\d{1,18}(/[1-9]\d{0,17})?\Z")


class DecodeError(ValueError):
    """A JSON value is not the word it should be. `path` leads to it: ("territory", "places", 0)."""

    def __init__(self, what: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.path = what, path

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.path)
        return f"{where}: {self.what}" if where else self.what


def encode(value: Any) -> Any:
    """Return the JSON form of a word; `decode` undoes it exactly."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = {}
        for part in dataclasses.fields(value):
            held = getattr(value, part.name)
            if held != _default(part):
                out[part.name] = encode(held)
        return out
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, frozenset):
        return sorted(encode(part) for part in value)
    if isinstance(value, tuple):
        return [encode(part) for part in value]
    return value


def decode(kind: type[T], value: Any) -> T:
    """Return the word of this kind that a JSON value spells; DecodeError with the path to the first mistake."""
    return typing.cast(T, _decode(kind, value, ()))


def schema(kind: type, title: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a dataclass. It checks shapes; the word checks the rest."""
    parts: dict[str, Any] = {}
    top = _schema(kind, parts)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **top, "$defs": parts}


def _default(part: dataclasses.Field[Any]) -> Any:
    if part.default_factory is not dataclasses.MISSING:
        return part.default_factory()
    return part.default


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, value: Any, path: tuple[str | int, ...]) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            raise DecodeError("null is never written: leave the key out", path)
        return _decode(next(arg for arg in args if arg is not type(None)), value, path)
    if origin in (tuple, frozenset):
        if not isinstance(value, list):
            raise DecodeError("expected a list", path)
        if origin is tuple and args[-1] is not Ellipsis:
            if len(value) != len(args):
                raise DecodeError(f"expected {len(args)} entries", path)
            return tuple(_decode(args[at], part, (*path, at)) for at, part in enumerate(value))
        parts = [_decode(args[0], part, (*path, at)) for at, part in enumerate(value)]
        if origin is frozenset and len(set(parts)) != len(parts):
            raise DecodeError("the same entry twice", path)
        return origin(parts)
    if dataclasses.is_dataclass(kind):
        return _decode_object(typing.cast(type, kind), value, path)
    return _decode_plain(kind, value, path)


def _decode_object(kind: type, value: Any, path: tuple[str | int, ...]) -> Any:
    if not isinstance(value, dict):
        raise DecodeError("expected an object", path)
    hints, given = _hints(kind), {}
    for key, part in value.items():
        if key not in hints:
            raise DecodeError(f'unknown key "{key}"', (*path, key))
        given[key] = _decode(hints[key], part, (*path, key))
    for part in dataclasses.fields(kind):
        if part.name not in given and _default(part) is dataclasses.MISSING:
            raise DecodeError(f'"{part.name}" is missing', path)
    try:
        return kind(**given)
    except DecodeError as error:
        raise DecodeError(error.what, (*path, *error.path)) from None


def _decode_plain(kind: Any, value: Any, path: tuple[str | int, ...]) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            choices = ", ".join(str(choice.value) for choice in kind)
            raise DecodeError(f'unknown value "{value}" (one of: {choices})', path) from None
    if kind in (dt.date, Fraction):
        pattern, called = (_DAY, "an ISO date, 2026-11-23") if kind is dt.date else (_RATIO, "a ratio, 24000/1001")
        if isinstance(value, str) and pattern.match(value):
            try:
                return dt.date.fromisoformat(value) if kind is dt.date else Fraction(value)
            except ValueError:
                raise DecodeError(f'"{value}": no such day', path) from None
        raise DecodeError(f'"{value}" is not {called}', path)
    # bool is an int in Python, and must not pass for a number here.
    if type(value) is not kind:
        raise DecodeError(f"expected {_NAMES[kind]}", path)
    return value


_NAMES = {str: "text", int: "a whole number", bool: "true or false"}


def _schema(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _schema(next(arg for arg in args if arg is not type(None)), parts)
    if origin is frozenset:
        return {"type": "array", "items": _schema(args[0], parts), "uniqueItems": True}
    if origin is tuple and args[-1] is Ellipsis:
        return {"type": "array", "items": _schema(args[0], parts)}
    if origin is tuple:
        each = [_schema(arg, parts) for arg in args]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        parts.setdefault(kind.__name__, {"enum": [choice.value for choice in kind]})
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if dataclasses.is_dataclass(kind):
        name = typing.cast(type, kind).__name__
        if name not in parts:
            parts[name] = {}  # claims the name first, so that a word may hold itself
            fields = dataclasses.fields(kind)
            hints = _hints(typing.cast(type, kind))
            parts[name].update(
                type="object",
                properties={part.name: _schema(hints[part.name], parts) for part in fields},
                required=[part.name for part in fields if _default(part) is dataclasses.MISSING],
                additionalProperties=False,
            )
        return {"$ref": f"#/$defs/{name}"}
    plain = {
        str: {"type": "string"},
        int: {"type": "integer"},
        bool: {"type": "boolean"},
        dt.date: {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        Fraction: {"type": "string", "pattern": r"^-?\d{1,18}(/[1-9]\d{0,17})?$"},
    }
    return dict(plain[kind])
