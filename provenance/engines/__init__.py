"""SHELF: where units of work run. An engine is one module with `map_unordered(fn, units, workers)`.

The contract, which the house relies on and the shelf's suite tests: every unit's result comes back exactly once, in any
order; a unit may run twice without harm; a worker that dies costs its own unit one retry and no other unit anything;
closing the iterator stops the workers.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

from provenance.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Lost:
    """The result of a unit whose worker died each time it was tried."""

    unit: Any
    how: str


class Engine(Protocol):
    def map_unordered(self, fn: Callable[[Any], Any], units: Iterable[Any], workers: int) -> Iterator[Any | Lost]: ...


def names() -> list[str]:
    """Return the engines on the shelf."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))


def find(name: str) -> Engine:
    """Return an engine by name, or UsageError with the names there are."""
    if name not in names():
        raise UsageError(f"no engine is called {name!r}", next_step=f"choose one of: {', '.join(names())}")
    return cast(Engine, importlib.import_module(f"{__name__}.{name}"))
