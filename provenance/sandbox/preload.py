"""For an entry's `preload()`: load what libraries import only when first needed. Behind the lock it is too late."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection

_NEVER = ("__main__", "tests", "test", "_tests", "conftest")


def packages(*names: str, leave: Collection[str] = ()) -> tuple[str, ...]:
    """Import each package with all its submodules, and return the names of those that could not be had.

    A missing package or submodule is no error here: it is one when an extractor wants it. `leave`: dotted names of
    modules not to import, with what is below them.
    """
    missing: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        try:
            module = importlib.import_module(name)
        except Exception:  # a submodule for another system may raise anything
            missing.append(name)
            continue
        for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
            full = f"{name}.{info.name}"
            if info.name not in _NEVER and full not in leave:
                waiting.append(full)
    return tuple(sorted(missing))
