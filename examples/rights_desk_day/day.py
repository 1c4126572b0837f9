"""The rights desk's day: run every command of README.md beside this file, and say where it prints otherwise.

    python examples/rights_desk_day/day.py

To be started at the root of the checkout. It begins anew each time, in demo/rights_desk_day.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from transcript import main

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    shutil.rmtree(Path("demo") / HERE.name, ignore_errors=True)
    sys.exit(main(HERE / "README.md", sys.argv[1:] == ["--write"]))
