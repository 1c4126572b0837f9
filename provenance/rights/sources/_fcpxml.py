"""FCPXML (Final Cut Pro): spines, connected clips, compound and multicam clips, read through defusedxml."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

import defusedxml.ElementTree as SafeTree
from defusedxml import DefusedXmlException

from provenance.model.timecode import droppable
from provenance.rights.sources._cut import MAX_CLIPS, Clip, Cut, Span, refuse

MAX_DEPTH = 64
MAX_STEPS = 100_000  # compounds may name each other: a small file, endless to walk
_TIME = re.compile(r"(-?\d{1,18})(?:/(\d{1,18}))?s\Z")
_HOLDERS = frozenset(
    ["clip", "gap", "spine", "sync-clip", "sync-source", "audition", "mc-angle", "title", "ref-clip", "mc-clip"]
)
_LEAVES = frozenset(["asset-clip", "video", "audio"])


def read(data: bytes, name: str) -> Cut:
    """Return the cut of the first project in an FCPXML file. InputError when it is none, or declares entities."""
    try:
        # Every FCPXML names its document type; what must not be there is a declaration inside it.
        root = SafeTree.fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
        sequence = root.find(".//project/sequence")
        if root.tag != "fcpxml" or sequence is None:
            raise refuse(name, "holds no project with a sequence")
        title = str(next(node for node in root.iter("project")).get("name") or "")
        reader = _Reader(root)
        start = _time(sequence.get("tcStart"), Fraction(0))
        rate = reader.rate(sequence.get("format"))
        for spine in sequence.findall("spine"):
            whole = Span(start, start + _time(sequence.get("duration"), Fraction(10**9)))
            reader.children(spine, Fraction(0), whole, 0)
    except (SafeTree.ParseError, DefusedXmlException, ValueError, ZeroDivisionError, KeyError):
        raise refuse(name, "is not whole FCPXML") from None
    drop = sequence.get("tcFormat") == "DF" and droppable(rate)
    return Cut(name, title, rate, drop, start, tuple(reader.clips))


def _time(text: str | None, default: Fraction) -> Fraction:
    if text is None:
        return default
    match = _TIME.match(text)
    if match is None:
        raise ValueError("no time")
    return Fraction(int(match[1]), int(match[2] or 1))


class _Reader:
    def __init__(self, root: Any) -> None:
        self.clips: list[Clip] = []
        self.steps = 0
        self.assets = {node.get("id"): node for node in root.iterfind("resources/asset")}
        self.media = {node.get("id"): node for node in root.iterfind("resources/media")}
        self.formats = {node.get("id"): node for node in root.iterfind("resources/format")}

    def rate(self, format_id: str | None) -> Fraction:
        node = self.formats.get(format_id)
        duration = _time(node.get("frameDuration") if node is not None else None, Fraction(1, 24))
        return 1 / duration

    def children(self, node: Any, zero: Fraction, window: Span, depth: int, straight: bool = True) -> None:
        """Place the children of a node. zero: where time 0 of the node's own clock stands on the cut's clock."""
        follow = window.start
        siblings = [
            child for child in node if child.tag in _HOLDERS or child.tag in _LEAVES or child.tag == "transition"
        ]
        if node.tag == "audition":
            siblings = siblings[:1]  # the first one is picked, the others are not shown
        for number, child in enumerate(siblings):
            self.steps += 1
            if depth > MAX_DEPTH or self.steps > MAX_STEPS or len(self.clips) > MAX_CLIPS:
                raise ValueError("too deep or too many clips")
            if child.tag == "transition":
                continue
            at = window.start if node.tag == "audition" else zero + _time(child.get("offset"), follow - zero)
            begin = _time(child.get("start"), self._asset_start(child))
            length = _time(child.get("duration"), self._length(child, window.end - at))
            shown: Span | None = Span(at, at + length)
            if not child.get("lane"):  # what hangs on a lane may run beyond its parent's end
                follow = at + length
                shown = _faded(Span(at, at + length), siblings, number, zero).overlap(window)
            if shown is None:
                continue
            even = straight and child.find("timeMap") is None
            if child.tag in _LEAVES:
                self.leaf(child, at - begin, shown, even)
            self.children(child, at - begin, shown, depth + 1, even)
            self.compound(child, at - begin, shown, depth + 1, even)

    def leaf(self, node: Any, zero: Fraction, shown: Span, straight: bool) -> None:
        asset = self.assets.get(node.get("ref"))
        names = [node.get("name")]
        if asset is not None:
            source = asset.find("media-rep")
            url = asset.get("src") or (source.get("src") if source is not None else None)
            names = [unquote(urlsplit(url).path) if url else None, asset.get("name"), node.get("name")]
        self.clips.append(
            Clip(
                len(self.clips) + 1,
                str(node.get("name") or names[-1] or ""),
                tuple(dict.fromkeys(name for name in names if name)),
                "audio" if node.tag == "audio" else "video",
                shown,
                Span(shown.start - zero, shown.end - zero),
                self._asset_start(node) if asset is not None else None,
                straight,
            )
        )

    def compound(self, node: Any, zero: Fraction, shown: Span, depth: int, straight: bool) -> None:
        if node.tag not in ("ref-clip", "mc-clip"):
            return
        media = self.media.get(node.get("ref"))
        for inner in media if media is not None else ():
            start = _time(inner.get("tcStart"), Fraction(0))
            for spine in inner:
                if spine.tag in ("spine", "mc-angle"):
                    self.children(spine, zero if node.get("start") else zero - start, shown, depth, straight)

    def _asset_start(self, node: Any) -> Fraction:
        asset = self.assets.get(node.get("ref"))
        return _time(asset.get("start") if asset is not None and node.tag in _LEAVES else None, Fraction(0))

    def _length(self, node: Any, default: Fraction) -> Fraction:
        asset = self.assets.get(node.get("ref"))
        return _time(asset.get("duration") if asset is not None else None, default)


def _faded(span: Span, siblings: list[Any], number: int, zero: Fraction) -> Span:
    """A transition beside a clip shows it from the transition's start, or until its end."""
    start, end = span.start, span.end
    for at, before in ((number - 1, True), (number + 1, False)):
        if 0 <= at < len(siblings) and siblings[at].tag == "transition" and siblings[at].get("offset"):
            first = zero + _time(siblings[at].get("offset"), Fraction(0))
            last = first + _time(siblings[at].get("duration"), Fraction(0))
            start, end = (min(start, first), end) if before else (start, max(end, last))
    return Span(start, end)
