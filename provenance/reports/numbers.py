"""Numbers as people read them."""

from __future__ import annotations


def length(seconds: float) -> str:
    """Return a length of time as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600:,}:{whole // 60 % 60:02}:{whole % 60:02}"


def in_bytes(count: int) -> str:
    """Return a number of bytes in the unit that suits it, decimal: 38.4 MB."""
    if count < 1000:
        return f"{count} B"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB", "PB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:,.1f} {unit}"
