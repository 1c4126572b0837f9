"""A custody list beside the files is believed less than the files: what it sealed and what was read must agree."""

from __future__ import annotations

import hashlib
from pathlib import Path

from studio import Studio, picture

from provenance.building.report import BuildReport


def bagged(home: Path, sealed: bytes, found: bytes) -> BuildReport:
    """Build an archive with one bag, whose manifest was made over `sealed`, and which holds `found`."""
    studio = Studio(home)
    studio.add("bag/data/a.png", found)
    studio.add("bag/bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    studio.add("bag/manifest-sha256.txt", f"{hashlib.sha256(sealed).hexdigest()}  data/a.png\n".encode())
    studio.record("**")
    return studio.build()


def test_a_bag_that_agrees_with_its_files_leaves_nothing_to_complain_of(tmp_path: Path) -> None:
    report = bagged(tmp_path, picture(1), picture(1))
    assert report.findings == []
    assert dict(report.items) == {"art": 1}


def test_a_file_that_its_bag_sealed_otherwise_goes_to_quarantine(tmp_path: Path) -> None:
    report = bagged(tmp_path, picture(1), picture(2))
    assert [(asset, cause) for asset, cause, _ in report.quarantined] == [("bag/data/a.png", "custody-mismatch")]
    assert dict(report.items) == {}
