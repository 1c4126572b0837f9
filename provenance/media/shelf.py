"""The contract of the media shelf, and how its files are found.

A medium is one module in this folder whose name does not start with an underscore, with

    NAME: str           short and frozen; it enters item ids
    VERSION: int        raised whenever the same bytes would give other items
    PRIORITY: int       smaller is asked first; exact magic numbers near 10, text guesses near 90
    OPTIONS: tuple      names of the `Options` fields that change its result; they enter the extractor's key
    sniff(source)       -> media type such as "image/png", or None when this is not its content
    extract(source, options) -> iterator of Extract; none at all means context (no training item in it)

All of it runs in a locked child: no network, no writes, no opening of other files. A module raises `Quarantined` with
a cause for content that cannot be used; any other exception becomes cause `damaged`. Optional packages are imported
inside `extract`, and their absence raises `Quarantined(Cause.EXTRA_MISSING, ...)` that names the extra. A module with
packages that import lazily may have `preload() -> None`; it is called once before the lock falls. The four constants
are literals, one line each: a build that extracts nothing reads them from the source and loads no decoder.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from provenance.model.declared import declared
from provenance.model.words import Extract

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """One asset, opened: a file, or the frames of a sequence in order.

    files: seekable binary files, one per member. names: their last path components (shown form). head: the first
    HEAD_BYTES of the first file. numbers: frame numbers of a sequence, aligned with files; empty for a single file.
    """

    files: tuple[BinaryIO, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    head: bytes
    numbers: tuple[int, ...] = ()

    @property
    def file(self) -> BinaryIO:
        """The first file, rewound."""
        self.files[0].seek(0)
        return self.files[0]

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def suffix(self) -> str:
        """The last suffix of the name in lower case, with its dot; empty when there is none. A hint, never proof."""
        stem, dot, tail = self.name.rpartition(".")
        return f".{tail.lower()}" if dot and stem else ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a build may choose. Every field that changes a result is named by the module that heeds it."""

    frames: str = "1/s"  # "N/s", "1/Ns", "shots", "keyframes" or "all"
    jpeg_quality: int = 92
    max_pixels: int = 268_435_456  # per picture, before decoding
    max_pages: int = 5_000
    max_text_bytes: int = 64 * 1024 * 1024


class Named(Protocol):
    """What names a medium and its results."""

    @property
    def NAME(self) -> str: ...
    @property
    def VERSION(self) -> int: ...
    @property
    def PRIORITY(self) -> int: ...
    @property
    def OPTIONS(self) -> tuple[str, ...]: ...


class Medium(Named, Protocol):
    def sniff(self, source: Source) -> str | None: ...

    def extract(self, source: Source, options: Options) -> Iterator[Extract]: ...


@dataclass(frozen=True, slots=True)
class Label:
    """The constants of a medium that was not imported."""

    NAME: str
    VERSION: int
    PRIORITY: int
    OPTIONS: tuple[str, ...]


def media() -> list[Medium]:
    """Return every medium on the shelf, in the order in which they are asked."""
    return sorted((cast(Medium, importlib.import_module(name)) for name in _modules()), key=_place)


def labels() -> list[Label]:
    """Return the labels of all media, in the same order; no medium is imported."""
    names = ("NAME", "VERSION", "PRIORITY", "OPTIONS")
    return sorted((Label(*declared(module, *names)) for module in _modules()), key=_place)


def _modules() -> Iterator[str]:
    for info in pkgutil.iter_modules(importlib.import_module(__package__).__path__):
        if not info.name.startswith("_") and info.name != "shelf":
            yield f"{__package__}.{info.name}"


def _place(medium: Named) -> tuple[int, str]:
    return medium.PRIORITY, medium.NAME


def key(medium: Named, options: Options) -> str:
    """Return the extractor's key, which names its result: `video/1 frames=1/s jpeg_quality=92`."""
    chosen = "".join(f" {name}={getattr(options, name)}" for name in medium.OPTIONS)
    return f"{medium.NAME}/{medium.VERSION}{chosen}"


def identify(source: Source, shelf: list[Medium]) -> tuple[Medium, str] | None:
    """Return the medium that knows this content and the media type, or None. Content decides, never the suffix."""
    for medium in shelf:
        media_type = medium.sniff(source)
        if media_type is not None:
            return medium, media_type
    return None
