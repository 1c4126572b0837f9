"""A report as PDF, set from its page by WeasyPrint: nothing is fetched, and equal pages give equal bytes."""

from __future__ import annotations

from provenance.model.errors import UsageError


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
    told: bytes = weasyprint.HTML(string=page.decode(), url_fetcher=nowhere, media_type="print").write_pdf()
    return told
