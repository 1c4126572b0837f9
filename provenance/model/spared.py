"""What a process of our own does without: modules that a library would load only to find out that they are not used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

# pyarrow looks for pandas at the first column that it hands out; loading it takes longer than most commands do.
UNUSED = ("pandas",)


class _Spared:
    """A finder on `sys.meta_path` by which these modules count as not installed."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in UNUSED:
            raise ModuleNotFoundError(f"{name} is not used here", name=name)
        return None


def spare() -> None:
    """Let modules that nobody uses count as not installed, unless loaded. Only in a process of our own: it lasts."""
    if _Spared not in sys.meta_path:
        sys.meta_path.insert(0, _Spared)  # type: ignore[arg-type]
