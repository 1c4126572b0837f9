"""ASC MHL v2.0: a hash list of the archive's files as the build read them.

In public a file is a digest of its path, and only those are listed from which cleared items come. With the archive at
hand the list is private: it names every file, and seals it anew after reading it again and finding it the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, File, Subject

NAME = "asc-mhl"
SUFFIX = ".mhl"
PRIVATE = True  # it has a private form too, for which the archive is read again
WITHOUT = (
    "ASC MHL has no SHA-256, which is what the build records: it stands in the metadata of each file.",
    "In public no file has a hash that its tools check; with the archive at hand, C4 and XXH128 are worked out anew.",
    "Whoever holds a file can tell by its SHA-256 whether it is listed; in public only files of cleared items are.",
    "It is one generation without its chain file and without hashes of folders, and sidecars are not in it.",
    "A path that XML cannot hold, or that is no UTF-8, is left out and counted; so is a file that could not be read.",
    "Verdicts and rights are not expressible: their numbers stand in the comment.",
)

SPACE = "https://provenance.example/asc-mhl/v1"

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|^\\s|\\s$")


def write(subject: Subject) -> bytes:
    """Return the hash list, UTF-8 XML."""
    reading = subject.read()
    hashes: list[str] = []
    unfit = 0
    for file in reading.files:
        try:
            path = file.path.decode()
        except UnicodeDecodeError:
            path = "\ud800"
        if _UNFIT.search(path):
            unfit += 1
            continue
        hashes += _hash(file, path)
    what = "Private: names the files of an archive." if reading.private else "Public: paths are salted digests."
    comment = " ".join(
        filter(
            None,
            [
                what,
                f"Files read for {subject.name} version {subject.version}, Merkle root {subject.root}.",
                f"{len(reading.files) - unfit} files are listed, {reading.left_out} more were read and are not, "
                f"{unfit} have paths that cannot be written here, {subject.quarantined} assets were set aside.",
                subject.judged,
                subject.made_from,
                "What this form cannot say:",
                *WITHOUT,
            ],
        )
    )
    version = subject.tool.get("provenance", "")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">',
        "  <creatorinfo>",
        f"    <creationdate>{clock.stamp(subject.created)}</creationdate>",
        f"    <hostname>{escape(NOT_STATED)}</hostname>",
        f"    <tool version={quoteattr(version)}>provenance</tool>",
        f"    <comment>{escape(comment)}</comment>",
        "  </creatorinfo>",
        "  <processinfo>",
        "    <process>in-place</process>",
        "    <ignore>",
        "      <pattern>ascmhl</pattern>",
        "    </ignore>",
        "  </processinfo>",
        *(["  <hashes>", *hashes, "  </hashes>"] if hashes else []),
        "</hashlist>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _hash(file: File, path: str) -> Iterator[str]:
    yield "    <hash>"
    yield f'      <path size="{file.bytes}">{escape(path)}</path>'
    for algorithm, digest in file.hashes:
        yield f'      <{algorithm} action="original">{digest}</{algorithm}>'
    yield f'      <metadata><sha256 xmlns="{SPACE}">{file.sha256}</sha256></metadata>'
    yield "    </hash>"
