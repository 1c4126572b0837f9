"""What a module declares of itself, read from its source: a reader's name and version without what it takes to read."""

from __future__ import annotations

import ast
import importlib.util
import re
from typing import Any


def declared(module: str, *names: str) -> tuple[Any, ...]:
    """Return the constants of these names, written as literals on one line at the top level of a module.

    The module itself is not imported. LookupError when it is not there, or a name of these is not declared so.
    """
    found = importlib.util.find_spec(module)
    source = getattr(found and found.loader, "get_source", lambda _: None)(module)
    if source is None:
        raise LookupError(f"{module} has no source to read")
    return tuple(_literal(module, source, name) for name in names)


def _literal(module: str, source: str, name: str) -> Any:
    written = re.search(rf"^{name}(?:: [^=\n]+)? = (.+)$", source, re.MULTILINE)
    try:
        if written is not None:
            return ast.literal_eval(written[1])
    except (ValueError, SyntaxError):
        pass
    raise LookupError(f"{module} declares no {name} that can be read without importing it")
