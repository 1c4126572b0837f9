"""Pictures side by side in one HTML file: nothing is fetched, nothing runs, every name is escaped."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

MOST_BYTES = 4 * 1024 * 1024  # of one picture: a larger one is told, not shown
_SHOWN = frozenset({"image/jpeg", "image/png", "image/webp"})
_TEXT = 1200  # characters of a script's item

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }}
section {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin: 0 0 2.5rem }}
section h2 {{ grid-column: 1 / 3; font-size: 1rem; margin: 0; border-bottom: 1px solid #ccc }}
section p {{ grid-column: 1 / 3; margin: 0 }}
figure {{ margin: 0; min-width: 0 }}
img {{ max-width: 100%; max-height: 24rem; background: #eee }}
pre {{ white-space: pre-wrap; background: #f6f6f6; padding: .5rem; max-height: 24rem; overflow: auto }}
figcaption {{ overflow-wrap: anywhere }}
</style></head><body>
<h1>{title}</h1>
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One item: name and place for people, and its payload."""

    name: str
    place: str
    payload: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items, and how they are related; relation is empty for more of the pair before. told: the ranges in which two
    videos show the same, in words."""

    left: Cell
    right: Cell
    relation: str
    changes: tuple[str, ...] = ()
    told: str = ""


def page(what: str, pairs: Sequence[Pair]) -> str:
    """Return the sheet for what was asked about."""
    out = [_HEAD.format(title=html.escape(f"Twins of {what}"))]
    if not pairs:
        out.append("<p>No twin was found.</p>")
    for pair in pairs:
        told = ": ".join(filter(None, (pair.relation, ", ".join(pair.changes))))
        head = f"<h2>{html.escape(told)}</h2>" if told else ""
        head += f"<p>{html.escape(pair.told)}</p>" if pair.told else ""
        out.append(f"<section>{head}{_cell(pair.left)}{_cell(pair.right)}</section>")
    return "\n".join([*out, "</body></html>\n"])


def _cell(cell: Cell) -> str:
    caption = html.escape(" ".join(filter(None, (cell.name, cell.place))))
    if cell.media_type.startswith("text/"):
        text = cell.payload.decode("utf-8", "replace")
        shown = f"<pre>{html.escape(text[:_TEXT] + ('…' if len(text) > _TEXT else ''))}</pre>"
    elif cell.media_type in _SHOWN and len(cell.payload) <= MOST_BYTES:
        data = base64.b64encode(cell.payload).decode("ascii")
        shown = f'<img alt="{caption}" src="data:{cell.media_type};base64,{data}">'
    else:
        shown = f"<p>{html.escape(cell.media_type)}, {len(cell.payload):,} bytes: too large to show here</p>"
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"
