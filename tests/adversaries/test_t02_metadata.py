"""T02, in metadata: bombs, entities, circles and lies in the blocks where rights are written. Never an exception."""

from __future__ import annotations

import base64
import contextlib
import io
import random
import resource as limits
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from provenance.model.words import Signal
from provenance.rights.sources import _part, signals

MIB = 1 << 20
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"><plus:DataMining>%s</plus:DataMining>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def read(data: bytes, name: str = "a.bin", media_type: str = "") -> list[Signal]:
    return signals.read(io.BytesIO(data), name, data[:4096], media_type)


def standards(data: bytes, name: str = "a.bin") -> set[str]:
    return {signal.standard for signal in read(data, name)}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + b"\0\0\0\0"


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


@contextlib.contextmanager
def at_most(size: int) -> Iterator[None]:
    """Python's own memory must not grow beyond this inside the block."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def jumbf(content: bytes) -> bytes:
    described = box(b"jumd", bytes.fromhex("6332706100110010800000aa00389b71") + b"\x03c2pa\0")
    return box(b"jumb", described + content)


def test_entities_are_refused_and_never_expanded() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    for packet in (
        laughs + PACKET % b"&b;",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + PACKET % b"&a;",
    ):
        found = read(packet, "a.xmp")
        assert [signal.standard for signal in found] == ["unreadable-metadata"]
        assert found[0].value == "it declares entities"


def test_a_restriction_behind_an_entity_trick_is_still_found() -> None:
    trick = b'<!DOCTYPE x [<!ENTITY a "b">]>' + PACKET % b"DMI-PROHIBITED"
    assert standards(trick, "a.xmp") == {"unreadable-metadata", "plus:DataMining"}


def test_an_inflating_packet_stops_at_the_cap() -> None:
    bomb = zlib.compress(b"<" * (_part.MAX_PART + MIB), 9)
    with at_most(3 * _part.MAX_PART):
        assert standards(png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb))) == {"unreadable-metadata"}


def test_an_inflating_stream_in_a_pdf_stops_at_the_cap() -> None:
    bomb = zlib.compress(b" " * (_part.MAX_PART + MIB), 9)
    data = b"%PDF-1.7\n1 0 obj<</Subtype /XML /Filter /FlateDecode>>\nstream\n" + bomb + b"\nendstream\n"
    assert "unreadable-metadata" in standards(data)


def test_a_block_that_claims_more_than_the_file_holds_is_never_allocated() -> None:
    lies = [
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0x7FFFFFFF) + b"iTXt",
        b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff",
        b"8BPS\0\1" + b"\0" * 20 + b"\0\0\0\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 700, 7, 0xFFFFFFFF, 8) * 3,
        box(b"ftyp", b"isom") + b"\0\0\0\1uuid" + b"\x7f" + b"\xff" * 7,
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x12\x54\xc3\x67\x08\xff\xff\xff\xff",
    ]
    for data in lies:
        with at_most(MIB):
            assert standards(data) == {"unreadable-metadata"}


def test_directories_that_run_in_a_circle_come_to_an_end() -> None:
    assert standards(b"II*\0\x08\0\0\0\0\0\x08\0\0\0") == {"unreadable-metadata"}


def test_deep_nesting_is_cut_off() -> None:
    boxes = b""
    for _ in range(5000):
        boxes = box(b"moov", boxes)
    nested = b""
    for _ in range(2000):
        nested = box(b"jumb", box(b"jumd", b"x" * 17) + nested)
    deep = b"<a>" * 100_000
    for data in (box(b"ftyp", b"isom") + boxes, png(chunk(b"caBX", jumbf(nested))), deep):
        assert standards(data, "a.xmp" if data is deep else "a") == {"unreadable-metadata"}


def test_cbor_bombs_are_cut_off() -> None:
    claim = lambda body: jumbf(  # noqa: E731
        box(
            b"jumb",
            box(b"jumd", b"c2ma" + b"x" * 12 + b"\x03m\0")
            + box(
                b"jumb",
                box(b"jumd", b"c2as" + b"x" * 12 + b"\x03c2pa.assertions\0")
                + box(b"jumb", box(b"jumd", b"cbor" + b"x" * 12 + b"\x03cawg.training-mining\0") + box(b"cbor", body)),
            ),
        )
    )
    deep = b"\x81" * 1_000_000
    wide = b"\x9b" + b"\xff" * 8 + b"\0" * 1000
    many = b"\x9f" + b"\0" * 1_000_000 + b"\xff"
    tagged = b"\xc0" * 1_000_000
    for body in (deep, wide, many, tagged, b"\xa1\x81\x01\x02", b"\x7b" + b"\xff" * 8):
        found = read(png(chunk(b"caBX", claim(body))))
        assert [(s.standard, s.value) for s in found] == [
            ("cawg.training-mining", "unreadable"),
            ("c2pa.validation", "broken"),
        ]


def test_a_flood_of_blocks_and_of_values_is_capped() -> None:
    many = png(*[chunk(b"tEXt", b"Copyright\0(c) 20%02d A%d" % (number % 100, number)) for number in range(5000)])
    assert len(read(many)) <= signals.MAX_SIGNALS + 2
    assert "unreadable-metadata" in standards(many)
    values = b"".join(b"<rdf:li>DMI-PROHIBITED-%d</rdf:li>" % number for number in range(5000))
    flood = PACKET % (b"<rdf:Bag>" + values + b"</rdf:Bag>")
    assert {"unreadable-metadata", "plus:DataMining"} <= standards(flood, "a.xmp")


def test_long_values_are_bounded_and_carry_no_controls() -> None:
    value = "\u202e&lt;script&gt;\u0085" + "x" * 60_000
    (found,) = [s for s in read(PACKET % value.encode(), "a.xmp") if s.standard == "plus:DataMining"]
    assert len(found.value) <= 2000
    assert not any(ord(char) < 32 for char in found.value)


def test_text_that_makes_patterns_backtrack_is_read_in_no_time() -> None:
    lines = [
        "no " * 4000 + "train",
        "copyright " * 3000,
        "CC BY-" * 5000,
        "creativecommons.org/licenses/" * 3000,
        "Creative Commons " * 3000,
        "generated by " * 5000 + "x",
        "not " * 5000 + "public",
        "text and data " * 5000,
        " " * 100_000,
        "(c)" * 30_000,
        "http://" * 20_000,
    ]
    start = time.process_time()
    for line in lines:
        read(("\n".join([line] * 20)).encode(), "README.txt")
        read(PACKET % line.encode()[:60_000], "a.xmp")
    assert time.process_time() - start < 20  # a backtracking pattern would take hours


def test_a_hostile_zip_gives_no_more_than_its_caps() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("documentinfo.xml", b"(c) 2020 A\n" + b"\0" * (64 * MIB))
        archive.writestr("../../etc/meta.xml", "(c) 2021 outside")
    with at_most(48 * MIB):
        assert [signal.value for signal in read(data.getvalue(), "a.kra")] == ["(c) 2020 A"]
    assert standards(data.getvalue()[:-30], "a.kra") == {"unreadable-metadata"}


def _seeds() -> list[bytes]:
    """One small file of each container, with metadata in it."""
    packet = PACKET % b"DMI-PROHIBITED"
    info = Image.Exif()
    info[33432] = "(c) 2020 A"
    picture = Image.linear_gradient("L").resize((16, 16))
    made = []
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "GIF"):
        out = io.BytesIO()
        picture.save(out, form, **({"xmp": packet, "exif": info} if form != "GIF" else {"comment": b"(c) 2020 A"}))
        made.append(out.getvalue())
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:c="http://c2pa.org/manifest"><metadata><c:manifest>'
    made.append(svg + base64.b64encode(jumbf(box(b"free", b""))) + b"</c:manifest>" + packet + b"</metadata></svg>")
    made.append(box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"udta", box(b"XMP_", packet))))
    made.append(b"%PDF-1.7\n1 0 obj<</Subtype /XML>>\nstream\n" + packet + b"\nendstream endobj\n")
    made.append(packet)
    return made


def _mutant(seed: bytes, dice: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data)) if data else 0
        match dice.randrange(4):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[at : at + dice.randint(1, 40)]
            case 2:
                data[at:at] = data[max(at - 30, 0) : at]
            case _:
                data[at : at + 4] = dice.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1"])
    return bytes(data)


@pytest.mark.parametrize("number", range(9))
def test_no_mutant_of_a_file_raises_or_says_what_no_word_can_say(number: int) -> None:
    seed, dice = _seeds()[number], random.Random(number)
    for _ in range(300):
        for signal in read(_mutant(seed, dice), "a.xmp" if number == 8 else "a"):
            assert signal.value.encode()
            signals.restrictions([signal], "a")


@pytest.mark.on_demand
@pytest.mark.parametrize("number", range(9))
def test_no_mutant_of_a_file_raises_long_form(number: int) -> None:
    seed, dice = _seeds()[number], random.Random(1000 + number)
    for _ in range(20_000):
        read(_mutant(seed, dice), "a.xmp" if number == 8 else "a")


def test_every_hostile_file_of_the_corpus_is_read_without_an_exception_in_bounded_time(corpus: Path) -> None:
    slow = []
    for path in sorted((corpus / "hostile").rglob("*")):
        if path.is_file():
            start = time.process_time()
            with path.open("rb") as file:
                head = file.read(4096)
                for signal in signals.read(file, path.name, head, ""):
                    assert signal.value.encode()
            if time.process_time() - start > 2:
                slow.append(path.name)
    assert slow == []


WITHOUT_FILES = """
import io, sys
from provenance.rights.sources import signals
told = []
sys.addaudithook(lambda event, args: told.append((event, str(args[:2]))) if armed and event in {"open", "import",
    "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.listdir"} else None)
armed = False
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    armed = True
    found = signals.read(io.BytesIO(data), path, data[:4096], "")
    armed = False
    print(path.rsplit("/", 1)[-1], len(found))
print("told", told)
"""


def test_reading_opens_nothing_imports_nothing_and_asks_no_network(tmp_path: Path) -> None:
    paths = []
    for number, seed in enumerate(_seeds()):
        paths.append(tmp_path / f"{number}.bin")
        paths[-1].write_bytes(seed)
    with zipfile.ZipFile(tmp_path / "z.kra", "w") as archive:
        archive.writestr("\xe9documentinfo.xml", "x")
        archive.writestr("documentinfo.xml", "(c) 2020 A")
    remote = PACKET.replace(b"plus:DataMining>", b"d:provenance>").replace(b"<rdf:Desc", b"<rdf:Desc", 1)
    remote = remote.replace(b"xmlns:plus=", b'xmlns:d="http://purl.org/dc/terms/" xmlns:plus=')
    (tmp_path / "r.xmp").write_bytes(remote % b"https://example.org/m.c2pa")
    for codec in ("utf-16", "cp1252"):
        (tmp_path / f"{codec}.txt").write_bytes("Ånd (c) 2020".encode(codec))
    every = [*paths, tmp_path / "z.kra", tmp_path / "r.xmp", tmp_path / "utf-16.txt", tmp_path / "cp1252.txt"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FILES, *map(str, every)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "told []"
    assert "r.xmp 1" in done.stdout


def test_the_largest_reader_stays_within_a_child_of_half_a_gigabyte(tmp_path: Path) -> None:
    """A picture full of the largest blocks that are allowed, read with 512 MiB of data for the whole process."""
    body = b"\0" * (_part.MAX_PART - 1)
    path = tmp_path / "big.png"
    path.write_bytes(png(*[chunk(b"caBX", body)] * 6, chunk(b"eXIf", body)))
    code = (
        "import sys; from provenance.rights.sources import signals\n"
        "file = open(sys.argv[1], 'rb'); print(len(signals.read(file, 'big.png', file.read(4096), '')))"
    )

    def cap() -> None:
        limits.setrlimit(limits.RLIMIT_DATA, (512 * MIB, 512 * MIB))

    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, preexec_fn=cap)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 1
