"""The one place that asks the time."""

from __future__ import annotations

import datetime as dt
import os


def now() -> dt.datetime:
    """Return the present moment in UTC, whole seconds. `SOURCE_DATE_EPOCH` fixes it for reproducible runs."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is not None and fixed.isdigit():
        return dt.datetime.fromtimestamp(int(fixed), dt.UTC)
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def today() -> dt.date:
    """Return the present UTC calendar day."""
    return now().date()


def stamp(moment: dt.datetime) -> str:
    """Return a moment as RFC 3339 with a Z: 2026-11-23T10:00:00Z."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> dt.datetime:
    """Return the moment that `stamp` wrote; ValueError for anything else."""
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
