"""Files that speak of other files: which sidecar belongs to which asset, by names alone.

A sidecar speaks of the files that it can mean, all of them: beside `a.png` and `a.tif`, `a.xmp` concerns both, since a
restriction that is taken too widely does no harm. A licence text concerns what lies in its folder and below.
"""

from __future__ import annotations

import re

from provenance.archive.sequences import Asset

_SIDECAR = re.compile(rb"(?s)(.+)\.(?:[xX][mM][pP]|c2pa|license)")  # XMP; a detached C2PA manifest; REUSE's form
_LICENCE = re.compile(
    rb"(?i:licen[sc]e|copying|readme_licen[sc]e)(?i:\.txt|\.md|\.rst)?"
    rb"|(?:README_)?(?:LICEN[SC]E|COPYING)(?:[-_ ][^.]*|[-_. ].*\.(?:txt|md|rst))"
)

# What desktops leave behind: name, first bytes, what it is. Both must agree, so that nothing of worth is passed over.
_LITTER = (
    (re.compile(rb"\.DS_Store"), b"\0\0\0\1Bud1", "folder view left by macOS"),
    (re.compile(rb"(?s)\._.*"), b"\0\5\x16\7", "resource fork left by macOS"),
    (re.compile(rb"(?i)thumbs\.db"), b"\xd0\xcf\x11\xe0", "thumbnails left by Windows"),
    (re.compile(rb"(?i)desktop\.ini"), b"", "folder view left by Windows"),
)


def is_sidecar(path: bytes) -> bool:
    """Say whether a file is, by its suffix, a sidecar of another one."""
    return _SIDECAR.fullmatch(_name(path)) is not None


def is_licence(path: bytes) -> bool:
    """Say whether a file is, by its name, a licence text for its folder.

    `LICENSE`, `license.txt`, `COPYING.md`, `README_LICENSE.txt`, and in capitals with more behind, as in
    `LICENSE-CC-BY-4.0.txt`; but neither `license_plate.png` nor a screenplay called `license_to_dream.txt`.
    """
    return _LICENCE.fullmatch(_name(path)) is not None


def litter(path: bytes, head: bytes) -> str | None:
    """Return what a file is that a desktop left behind, by its name and its first eight bytes, or None.

    Such a file is context: it has an outcome like any other, and holds no training item.
    """
    for name, magic, sentence in _LITTER:
        if name.fullmatch(_name(path)) and head.startswith(magic):
            return sentence
    return None


class Tree:
    """The sidecars and licence texts of an archive, added as a walk finds them; it keeps those and no other path."""

    def __init__(self) -> None:
        self._sidecars: dict[bytes, tuple[bytes, ...]] = {}  # by the path without the sidecar's suffix
        self._licences: dict[bytes, tuple[bytes, ...]] = {}  # by folder

    def add(self, path: bytes) -> bool:
        """Take note of a path. Returns whether it is a sidecar or a licence text: context, no training item."""
        folder, slash, name = path.rpartition(b"/")
        if is_licence(path):
            self._licences[folder] = (*self._licences.get(folder, ()), path)
            return True
        match = _SIDECAR.fullmatch(name)
        if match is None:
            return False
        target = folder + slash + match[1]
        self._sidecars[target] = (*self._sidecars.get(target, ()), path)
        return True

    def of(self, asset: Asset) -> tuple[bytes, ...]:
        """Return what speaks of an asset: its own sidecars in byte order, then licence texts, nearest folder first.

        `a.png.xmp` and `a.xmp` belong to `a.png`; for a sequence those of any frame, and `shot.xmp` of `shot.0001.exr`.
        Nothing speaks of a sidecar or of a licence text.
        """
        if is_sidecar(asset.path) or is_licence(asset.path):
            return ()
        targets = {target for file in asset.files for target in (file.path, _without_suffix(file.path))}
        if asset.numbers:
            targets.add(_without_suffix(asset.path).rstrip(b"0123456789").rstrip(b"._-"))
        own = sorted({sidecar for target in targets for sidecar in self._sidecars.get(target, ())})
        above, folder = [], asset.path
        while folder and self._licences:
            folder = folder.rpartition(b"/")[0]
            above += sorted(self._licences.get(folder, ()))
        return (*own, *above)


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _without_suffix(path: bytes) -> bytes:
    folder, slash, name = path.rpartition(b"/")
    base, dot, _ = name.rpartition(b".")
    return folder + slash + base if dot and base else path
