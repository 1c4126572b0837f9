"""Screenplay PDF to scenes, with elements and fingerprints, against a pdfplumber loop that only gets lines of text.

python tests/benchmarks/bench_pdf.py [--scenes 300]
"""

from __future__ import annotations

import argparse
import gc
import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "media"))  # where script_samples is

import pdfplumber
import pypdfium2
import script_samples as samples
from _report import measure, report

from provenance.media import pdf
from provenance.media.shelf import Options

_SLOW_PAGES = 20  # enough for a steady figure per page
_ROUNDS = 7  # turn and turn about, so that both sides meet the same neighbours on a shared machine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=300)
    data = samples.pdf(samples.long_script(parser.parse_args().scenes), numbers=True)
    source = samples.source(data, "long.pdf")
    pages = len(pypdfium2.PdfDocument(data))
    items = len(list(pdf.extract(source, Options())))

    def loop() -> None:
        with pdfplumber.open(io.BytesIO(data), pages=list(range(1, _SLOW_PAGES + 1))) as document:
            for page in document.pages:
                page.extract_text_lines()
                page.close()

    # As the reader process of a build does: what is loaded by now is no garbage, and is not looked at again.
    gc.collect()
    gc.freeze()
    costs = [(measure(lambda: list(pdf.extract(source, Options()))).cpu, measure(loop).cpu) for _ in range(_ROUNDS)]
    ours = min(cost for cost, _ in costs) / pages
    theirs = min(cost for _, cost in costs) / min(_SLOW_PAGES, pages)
    detail = f"{pages} pages, {items} items; pdfplumber {1 / theirs:.1f} pages/CPU-s"
    fast = report("screenplay PDF, pages per CPU-second", 1 / ours, 500, at_least=True, unit="", detail=detail)
    return 0 if report("screenplay PDF against a pdfplumber loop", theirs / ours, 25, at_least=True) and fast else 1


if __name__ == "__main__":
    sys.exit(main())
