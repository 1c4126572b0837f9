"""YAML from a stranger to plain values, with the line of every one of them.

The safe subset only: mappings, lists and scalars. No aliases (they can make a small file enormous), no tags, no second
document, no key twice. Days stay text, and so do `no`, `on` and `yes`: NO is Norway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from provenance.rights.sources import _cells

Path = tuple[str | int, ...]

_MOST_BYTES = 16 * 1024 * 1024
_DEEPEST = 32
_CORE = "tag:yaml.org,2002:"
_SCALARS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value"))


class YamlError(ValueError):
    """What is wrong, and on which line (from 1)."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what, self.line = what, line


@dataclass
class Document:
    """The plain value, and by path the line on which each part of it starts."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def nearest(self, path: Path) -> Path:
        """Return the path itself if it was written, or else of the nearest part that it would lie in."""
        while path and path not in self.lines:
            path = path[:-1]
        return path

    def line(self, path: Path) -> int:
        """Return the line of a part, or of the nearest that it lies in."""
        return self.lines.get(self.nearest(path), 1)


def load(data: bytes) -> Document:
    """Return the one document in the data. YamlError for anything outside the subset."""
    if len(data) > _MOST_BYTES:
        raise YamlError(f"larger than {_MOST_BYTES >> 20} MiB", 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError("not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(f"not YAML: {error.problem or error.context}", mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(f"not YAML: {type(error).__name__}", 1) from None
    document = Document()
    document.value = _plain(root, (), document, set()) if root is not None else None
    return document


def _plain(node: yaml.Node, path: Path, document: Document, seen: set[int]) -> Any:
    line = node.start_mark.line + 1
    document.lines[path] = line
    if id(node) in seen:
        raise YamlError("an alias (*name); write it out", line)
    if len(path) > _DEEPEST:
        raise YamlError(f"nested more than {_DEEPEST} deep", line)
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode) and node.tag == _CORE + "map":
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(key_node)
            if key is None or key == "<<":
                raise YamlError("a key that is not plain text", key_node.start_mark.line + 1)
            if str(key) in out:
                raise YamlError(f'the key "{key}" stands there twice', key_node.start_mark.line + 1)
            document.lines[(*path, str(key))] = key_node.start_mark.line + 1
            out[str(key)] = _plain(value_node, (*path, str(key)), document, seen)
            document.lines[(*path, str(key))] = key_node.start_mark.line + 1
        return out
    if isinstance(node, yaml.SequenceNode) and node.tag == _CORE + "seq":
        return [_plain(part, (*path, at), document, seen) for at, part in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: yaml.Node) -> str | int | bool | None:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
        raise YamlError(f"the tag {node.tag} is not allowed", line)
    text = str(node.value)
    try:
        _cells.visible(text)
    except ValueError as error:
        raise YamlError(str(error), line) from None
    if node.tag == _CORE + "null":
        return None
    if node.tag == _CORE + "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if node.tag == _CORE + "int" and re.fullmatch(r"0|-?[1-9]\d{0,17}", text):
        return int(text)
    return text
