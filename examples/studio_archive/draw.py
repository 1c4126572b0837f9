"""Draw a small studio archive: an animated short, its script, its art, and a rights desk's register.

    python examples/studio_archive/draw.py DEST

writes DEST/archive and DEST/rights/register.csv, the same bytes and times on every run. All of it is invented: the
studio, the film, the people and the contracts.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from draw_art import draw_art, seal_deliverables
from draw_film import draw_film, draw_timelines
from draw_register import draw_register
from draw_script import draw_script

_THEN = 1_767_603_600  # 2026-01-05 09:00 UTC


def draw(dest: Path) -> None:
    """Write the archive and the register below `dest`. What was there of them before is replaced."""
    archive = dest / "archive"
    for old in (archive, dest / "rights"):
        shutil.rmtree(old, ignore_errors=True)
    archive.mkdir(parents=True)
    draw_script(archive)
    draw_art(archive)
    draw_film(archive)
    draw_timelines(archive)
    seal_deliverables(archive)
    draw_register(dest / "rights" / "register.csv")
    for path in sorted(dest.rglob("*"), reverse=True):
        os.utime(path, (_THEN, _THEN))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python draw.py DEST")
    draw(Path(sys.argv[1]))
