"""The words of custody lists, shared by ASC MHL and BagIt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from provenance.model.names import display

_HEX_DIGITS = {
    "md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128,
    "xxh64": 16, "xxh3": 16, "xxh128": 32,
}  # fmt: skip
_C4 = re.compile(r"c4[1-9A-HJ-NP-Za-km-z]{88}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list lies: the folder that it speaks of, and the list's own files; all paths from the archive root."""

    standard: str  # "ascmhl" or "bagit"
    root: bytes
    files: tuple[bytes, ...]

    @property
    def display(self) -> str:
        return f"{self.standard}:{display(self.root) or '.'}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as it was sealed. digest: lower-case hex, or a C4 id. source: `bagit:cards/A001/manifest-md5.txt`."""

    algorithm: str
    digest: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a list, or between a list and what was found. Told to people; refuses nothing.

    code: a short word of its kind, such as `missing`, `unlisted`, `conflict`, `path-escapes`.
    """

    code: str
    sentence: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Check:
    """A file against a list: state is `verified`, `mismatch` or `unlisted`."""

    state: str
    sentence: str = ""


@dataclass(slots=True)
class CustodyList:
    """What one list says: entries by path from the archive root, and what is wrong with the list itself.

    ignored: patterns, from the list's root, of files that it leaves out. fetched: paths that the list promises to be
    fetched from elsewhere (nothing is). oxum: bytes and files that a bag declares. whole: folder prefixes, from the
    list's root, in which every file must be listed.
    """

    standard: str
    root: bytes
    entries: dict[bytes, tuple[Entry, ...]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    fetched: frozenset[bytes] = frozenset()
    oxum: tuple[int, int] | None = None
    whole: bytes = b""

    def algorithms(self, path: bytes) -> frozenset[str]:
        """Return which digests of a file `check` needs; empty when the list does not name it."""
        return frozenset(entry.algorithm for entry in self.entries.get(path, ()))

    def check(self, path: bytes, digests: Mapping[str, str]) -> Check:
        """Compare a file's digests with the list. All that are listed must hold; KeyError when one was not computed."""
        entries = self.entries.get(path, ())
        for entry in entries:
            if digests[entry.algorithm] != entry.digest:
                read = f"sealed as {entry.algorithm} {entry.digest}, read as {digests[entry.algorithm]}"
                return Check("mismatch", f"{entry.source}: {read}")
        if not entries:
            return Check("unlisted")
        return Check("verified", "; ".join(f"{entry.source}: {entry.algorithm}" for entry in entries))

    def add(self, path: bytes, entry: Entry) -> None:
        """Take an entry in. A second digest of one kind that differs is kept too: no file can then be verified."""
        known = self.entries.get(path, ())
        if any(other.algorithm == entry.algorithm and other.digest != entry.digest for other in known):
            self.note("conflict", f"{display(path)} is listed with two different {entry.algorithm}", entry.source)
        if all((other.algorithm, other.digest) != (entry.algorithm, entry.digest) for other in known):
            self.entries[path] = (*known, entry)

    def note(self, code: str, sentence: str, where: str) -> None:
        self.findings.append(Finding(code, sentence, where))


def digest_of(algorithm: str, text: str) -> str | None:
    """Return a digest in the form that is compared, or None when the text is none of this algorithm."""
    if algorithm == "c4":
        return text if _C4.fullmatch(text) else None
    low = text.lower()
    return low if len(low) == _HEX_DIGITS.get(algorithm) and not low.strip("0123456789abcdef") else None


def below(root: bytes, listed: bytes) -> bytes | None:
    """Return a listed path from the archive root, or None when it leads out of the list's folder.

    Taken as written but for a leading `./`; `..` is refused also when backslashes hide it.
    """
    while listed.startswith(b"./"):
        listed = listed[2:]
    steps = listed.split(b"/")
    if any(step.replace(b"\\", b"") in (b"", b".", b"..") for step in steps):
        return None
    if b"\0" in listed or b".." in listed.replace(b"\\", b"/").split(b"/") or re.match(rb"~|[A-Za-z]:[\\/]", listed):
        return None
    return root + b"/" + listed if root else listed
