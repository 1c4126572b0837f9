"""Hostile scripts: each ends in one named outcome, in the locked child that a build uses."""

from __future__ import annotations

import dataclasses
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import script_samples as samples

from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause
from provenance.sandbox import Child, Limits, Sandbox


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Sandbox(limits=Limits(cpu_seconds=60, memory_bytes=3 << 30), unlocked=True) as box, box.child() as reader:
        yield reader


def outcome(child: Child, path: Path) -> str:
    """What became of a file: its cause, or how many items it gave."""
    job = {
        "op": "extract",
        "options": dataclasses.asdict(Options()),
        "names": [path.name],
        "sizes": [path.stat().st_size],
        "numbers": [],
    }
    descriptor = os.open(path, os.O_RDONLY)
    try:
        messages = [header for header, _ in child.run(job, [descriptor])]
    except Quarantined as refusal:
        assert refusal.what and "Traceback" not in refusal.what
        return refusal.cause.value
    finally:
        os.close(descriptor)
    assert messages[0]["t"] == "identified" and messages[-1]["t"] == "done"
    return f"{sum(message['t'] == 'item' for message in messages)} items"


def bomb() -> bytes:
    return samples.zipped({"document.xml": b"<document>" + b" " * (8 << 20) + b"</document>"})


def twins() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("document.xml", samples.osf(samples.SHORT))
        archive.writestr("document.xml", b"<other/>")
    return out.getvalue()


def encrypted() -> bytes:
    data = bytearray(samples.fadein(samples.SHORT))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


ENTITIES = b'<!DOCTYPE FinalDraft [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
HOSTILE: list[tuple[str, Callable[[], bytes], Cause]] = [
    ("laughs.fdx", lambda: samples.fdx(samples.SHORT).replace(b"?>\n", b"?>" + ENTITIES, 1), Cause.UNSAFE),
    ("plain-doctype.fdx", lambda: b"<!DOCTYPE FinalDraft><FinalDraft/>", Cause.UNSAFE),
    ("external.fdx", lambda: b'<!DOCTYPE FinalDraft SYSTEM "file:///etc/passwd"><FinalDraft/>', Cause.UNSAFE),
    ("deep.fdx", lambda: b"<FinalDraft>" + b"<a>" * 5000, Cause.BOMB),
    ("cut.fdx", lambda: samples.fdx(samples.SHORT)[:700], Cause.TRUNCATED),
    ("torn.fdx", lambda: samples.fdx(samples.SHORT).replace(b"</Text>", b"</Txet>", 3), Cause.DAMAGED),
    ("encoding.fdx", lambda: b'<?xml version="1.0" encoding="x-none"?><FinalDraft/>', Cause.DAMAGED),
    ("other.fdx", lambda: b"<?xml version='1.0'?><Spreadsheet/>", Cause.MISLABELLED),
    ("bomb.fadein", bomb, Cause.BOMB),
    ("twins.fadein", twins, Cause.UNSAFE),
    ("locked.fadein", encrypted, Cause.ENCRYPTED),
    ("cut.fadein", lambda: samples.fadein(samples.SHORT)[:200], Cause.DAMAGED),
    ("slip.celtx", lambda: samples.zipped({"project.rdf": b"", "../../evil.html": b""}), Cause.UNSAFE),
    ("windows.celtx", lambda: samples.zipped({"project.rdf": b"", "a\\..\\b.html": b""}), Cause.UNSAFE),
    ("bytes.fountain", lambda: b"INT. A - DAY\n\nBad \xff\xfe bytes\n", Cause.DAMAGED),
    ("controls.fountain", lambda: b"INT. A - DAY\n\nBell\x07 rings\n", Cause.DAMAGED),
    ("text.mp4", lambda: b"this is no film\n", Cause.MISLABELLED),
]


@pytest.mark.parametrize(("name", "make", "cause"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_hostile_content_is_set_aside_with_its_cause(
    child: Child, tmp_path: Path, name: str, make: Callable[[], bytes], cause: Cause
) -> None:
    (tmp_path / name).write_bytes(make())
    assert outcome(child, tmp_path / name) == cause.value


@pytest.mark.parametrize(
    "text",
    ["[[" * 200_000, "/*" * 200_000, "*a" * 200_000, "_" * 400_000, "(" * 400_000, "> <" * 100_000, "A\n" * 200_000,
     "INT. " * 100_000, "\n" * 400_000, " " * 400_000 + "X", "#" * 400_000, "\n".join(["A: b"] * 100_000)],
    ids=lambda text: text[:5].strip() or "space",
)  # fmt: skip
def test_text_made_to_be_slow_is_read_in_time(child: Child, tmp_path: Path, text: str) -> None:
    """Each would cost hours if a rule of ours were quadratic; the child has a minute."""
    (tmp_path / "slow.fountain").write_text(f"INT. A - DAY\n\n{text}\n")
    assert outcome(child, tmp_path / "slow.fountain").endswith("items")


def test_the_slow_pdf_reader_works_behind_the_lock(child: Child, tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "turned.pdf"
    canvas = Canvas(str(path))
    canvas.setPageRotation(90)
    canvas.translate(595, 0)
    canvas.rotate(90)
    for row, text in enumerate(("INT. HUT - DAY", "", "Rain on the roof.", "", "More rain.")):
        canvas.drawString(72, 400 - 12 * row, text)
    canvas.save()
    job = {"op": "extract", "options": dataclasses.asdict(Options()), "names": [path.name], "numbers": []}
    with path.open("rb") as file:
        messages = child.run(job | {"sizes": [path.stat().st_size]}, [file.fileno()])
        payloads = [body for header, body in messages if header["t"] == "item"]
    # PDFium alone gives the lines of a turned page in the wrong order.
    assert payloads == [b"INT. HUT - DAY\n\nRain on the roof.\n\nMore rain."] * 2


SELF_MADE = {
    "billion_laughs.fdx": "unsafe",
    "xxe_file.fdx": "unsafe",
    "invalid_utf8.fountain": "damaged",
    "traversal.celtx": "unsafe",
    "zip_bomb_20MB.fadein": "bomb",
    "pdf_named.jpg": "mislabelled",
    "empty.pdf": "empty",
}


def test_every_hostile_script_of_the_corpus_has_a_named_outcome(child: Child, corpus: Path) -> None:
    hostile = corpus / "hostile"
    assert {name: outcome(child, hostile / "selfmade" / name) for name in SELF_MADE} == SELF_MADE
    found = {path.name: outcome(child, path) for path in sorted(hostile.glob("pdf/*/*"))}
    assert found["bomb_giant.pdf"] == "bomb"
    assert found["encryption_openpassword.pdf"] == found["encrypted_hello_world_r6.pdf"] == "encrypted"
    assert found["bug_xrefv4_loop.pdf"] == "empty"
    assert found["T02-02_007_page-tree-wrong-count.pdf"] == "damaged"
    assert set(found.values()) <= {"1 items", "damaged", "truncated", "empty", "encrypted", "bomb"}
    for path in sorted(hostile.glob("gofuzz/xml/*")):
        assert outcome(child, path) in ("0 items", "unsupported")
