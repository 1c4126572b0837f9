"""Outside lists of fingerprints: what third parties, and those who opted out, know their pictures by."""

from __future__ import annotations

import csv
from pathlib import Path

from provenance.model.errors import InputError


def read_list(path: str | Path) -> tuple[list[str], dict[int, bytes], dict[int, int]]:
    """Return the names of a list's lines, and by line its PDQ hashes and phashes. InputError names file and line."""
    names: list[str] = []
    hashes: dict[int, bytes] = {}
    phashes: dict[int, int] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = {name.strip().casefold(): name for name in reader.fieldnames or ()}
            if not columns.keys() & {"pdq", "phash"}:
                raise InputError(
                    "has no column `pdq` or `phash`",
                    where=str(path),
                    next_step="give a CSV with one of them, in hex, and a `name` if you like",
                )
            for line in reader:
                told = {key: (line[name] or "").strip() for key, name in columns.items()}
                at = len(names)
                names.append(told.get("name") or f"{Path(path).name}:{reader.line_num}")
                for key, digits in (("pdq", 64), ("phash", 16)):
                    value = told.get(key, "")
                    if not value:
                        continue
                    if len(value) != digits or value.strip("0123456789abcdefABCDEF"):
                        raise InputError(
                            f"`{key}` is not {digits} hexadecimal digits", where=f"{path}:{reader.line_num}"
                        )
                    if key == "pdq":
                        hashes[at] = bytes.fromhex(value)
                    else:
                        phashes[at] = int(value, 16)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"the list cannot be read: {error}", where=str(path)) from error
    return names, hashes, phashes
