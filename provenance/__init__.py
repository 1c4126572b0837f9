"""Know, item by item, where a studio's material came from and whether it may be used; hold that until the GPU.

The public verbs are `provenance.build`, `admit`, `verify`, ...: each is the submodule of that name, and may be called.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

__version__ = "0.1.0"

# verb -> the function that a call of it runs.
VERBS = {
    "admit": "provenance.handoff:for_training",
    "audit": "provenance.audit:audit",
    "build": "provenance.build:build",
    "diff": "provenance.diff:diff",
    "explain": "provenance.explain:explain",
    "gc": "provenance.gc:gc",
    "impact": "provenance.impact:impact",
    "release": "provenance.release:release",
    "verify": "provenance.verify:verify",
}


class _Verb(types.ModuleType):
    """A submodule that may be called: `provenance.admit(...)` works, and so does `from provenance.admit import ...`."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        module, _, function = VERBS[self.__name__.rpartition(".")[2]].partition(":")
        return getattr(importlib.import_module(module), function)(*args, **named)


class _Package(types.ModuleType):
    """Imports a verb when it is first asked for, so that `provenance --help` stays quick."""

    def __getattr__(self, name: str) -> Any:
        if name in VERBS:
            return importlib.import_module(f"{self.__name__}.{name}")
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system hangs every submodule here, whoever imports it first.
        if name in VERBS and isinstance(value, types.ModuleType):
            value.__class__ = _Verb
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
