"""A report as PDF, set from its page by WeasyPrint: nothing is fetched, and equal pages give equal bytes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from provenance.model.errors import UsageError

_EPOCH = "SOURCE_DATE_EPOCH"


def pdf(page: bytes) -> bytes:
    """Return the page on A4, every list open and who may read it at the top of each sheet.

    UsageError where the extra or the system's text library is missing.
    """
    try:
        import weasyprint
    except ImportError as error:
        raise UsageError(
            "a PDF needs WeasyPrint", next_step="pip install provenance[pdf], or print the page from a browser"
        ) from error
    except OSError as error:
        raise UsageError(
            "a PDF needs Pango, the system's text library",
            next_step="apt-get install libpango-1.0-0 libpangoft2-1.0-0, or print the page from a browser",
        ) from error
    nowhere = weasyprint.URLFetcher(allowed_protocols={"data"})
    document = weasyprint.HTML(string=page.decode(), url_fetcher=nowhere, media_type="print")
    with _no_clock():
        told: bytes = document.write_pdf()
    return told


@contextlib.contextmanager
def _no_clock() -> Iterator[None]:
    """Keep the time of day out of the file: the fonts in it would say when they were cut down to what is used.

    The way that reproducible builds ask for: https://reproducible-builds.org/specs/source-date-epoch/
    """
    before = os.environ.get(_EPOCH)
    os.environ.setdefault(_EPOCH, "0")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_EPOCH, None)
