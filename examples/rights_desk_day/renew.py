"""Write a new last day into one record of a register, as the desk does in its spreadsheet.

python examples/rights_desk_day/renew.py REGISTER RECORD LAST_DAY
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path


def renew(register: Path, record: str, last_day: str) -> None:
    """Change the end of one record and leave all others as they are."""
    with register.open(encoding="utf-8-sig", newline="") as file:
        columns, *rows = csv.reader(file)
    for row in rows:
        if row and row[columns.index("record_id")] == record:
            row[columns.index("end")] = last_day
    with register.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


if __name__ == "__main__":
    renew(Path(sys.argv[1]), *sys.argv[2:])
