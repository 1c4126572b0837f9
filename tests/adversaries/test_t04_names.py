"""T04: names that are not UTF-8, twins under normalisation, newlines, bidirectional marks, globs, key=value."""

from __future__ import annotations

import os
from pathlib import Path

from provenance.archive.opening import open_beneath
from provenance.archive.sequences import assets
from provenance.archive.walk import open_root, walk
from provenance.model.names import display, raw

HOSTILE = [
    b"\xff\xfe.png",  # not UTF-8
    "caf\u00e9.png".encode(),  # NFC
    "cafe\u0301.png".encode(),  # NFD: looks the same
    b"two\nlines.png",
    "\u202egnp.exe".encode(),  # right-to-left override
    b"show[12].png",
    b"*.png",
    b"rights_status=cleared/x.png",
    b"back\\slash.png",
    b"-rf",
    b" ",
    b"~",
    b"con.png ",
    "\ufeffbom.png".encode(),
    b"frame.\xff.0001.exr",
    b"frame.\xff.0002.exr",
    b"n" * 255,
]


def test_a_hostile_name_is_walked_opened_and_shown_without_losing_a_byte(tmp_path: Path) -> None:
    for name in HOSTILE:
        path = os.fsencode(tmp_path) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(name)
    root = open_root(tmp_path)
    found = [item.path for item in walk(root)]
    assert found == sorted(HOSTILE)
    for path in found:
        descriptor = open_beneath(root, path)
        assert os.read(descriptor, 300) == path
        os.close(descriptor)
    shown = [display(path) for path in found]
    assert len(set(shown)) == len(HOSTILE)
    assert [raw(text) for text in shown] == found
    assert all(text.isprintable() for text in shown)
    os.close(root)


def test_a_sequence_with_a_hostile_name_is_shown_on_one_line(tmp_path: Path) -> None:
    for number in (1, 2):
        path = os.fsencode(tmp_path) + b"/a\nb\xff\xe2\x80\xae.%04d.exr" % number
        with open(path, "wb"):
            pass
    root = open_root(tmp_path)
    (asset,) = assets(walk(root))
    assert asset.display == "a\\nb\\xff\\u202e.[0001-0002].exr"
    os.close(root)
