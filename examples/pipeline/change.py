"""What a working day does to an archive: a file mended, one redrawn, one added, one removed.

python examples/pipeline/change.py ARCHIVE
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageOps


def change(archive: Path) -> None:
    """Change four files below `archive`, and no other."""
    boards = archive / "02_art/storyboard"
    board = Image.open(boards / "20.png")
    board.load()
    ImageOps.mirror(board).save(archive / "08_unsorted/wave_test_damaged.png")
    ImageOps.flip(board).save(boards / "20.png")
    ImageOps.invert(board.convert("RGB")).save(boards / "25.png")
    (archive / "08_unsorted/IMG_0412.jpg").unlink()


if __name__ == "__main__":
    change(Path(sys.argv[1]))
