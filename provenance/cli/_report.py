"""What the commands share that write reports."""

from __future__ import annotations

FORMATS = ("html", "json", "csv", "xlsx", "parquet", "pdf")
