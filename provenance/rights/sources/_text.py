"""Text from strangers, made fit to carry: valid Unicode, bounded, without secrets in addresses."""

from __future__ import annotations

import codecs
import re
import unicodedata  # noqa: F401  urlsplit imports it when first used, which is too late inside the lock
from urllib.parse import urlsplit, urlunsplit

# A codec is a module that is imported when first used, and the locked child can import nothing.
for _codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp437", "latin-1", "ascii"):
    codecs.lookup(_codec)

MAX_VALUE = 2000
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URL = re.compile(r"https?://[^\s<>\"']{1,2000}", re.IGNORECASE)


def clean(text: str, limit: int = MAX_VALUE) -> str:
    """Return text as evidence: no control characters, no lone surrogates, at most `limit` characters.

    Addresses inside lose their user, query and fragment, where secrets travel.
    """
    text = _CONTROL.sub("", text[: limit * 4]).encode("utf-8", "replace").decode()
    return _URL.sub(lambda match: bare(match.group()), text).strip()[:limit]


def bare(url: str) -> str:
    """Return an address without user, query and fragment."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return url.split("://", 1)[0] + "://"


def host(url: str) -> str:
    """Return the host of an address, or an empty text."""
    try:
        return (urlsplit(url).hostname or "")[:255]
    except ValueError:
        return ""
