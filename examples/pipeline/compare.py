"""Say whether two datasets hold the same shards and tables, byte for byte.

python examples/pipeline/compare.py DATASET DATASET
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def contents(dataset: Path) -> dict[str, str]:
    """Return path and SHA-256 of every shard and table: all but what is signed and dated."""
    files = sorted(file for part in ("data", "index", "assets", "quarantine") for file in (dataset / part).rglob("*.*"))
    return {str(file.relative_to(dataset)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


if __name__ == "__main__":
    one, other = (contents(Path(folder)) for folder in sys.argv[1:])
    print(f"{len(one)} files, all the same byte for byte" if one == other else "they differ")
