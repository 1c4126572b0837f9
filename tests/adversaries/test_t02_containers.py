"""T02 and T03 in containers: bombs, overlaps, depth, and members that want to leave."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import resource
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from provenance.archive.containers import members, sniff_container
from provenance.archive.member import Caps
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

SMALL = Caps(members=50, total_bytes=1 << 24, member_bytes=1 << 22, free_bytes=1 << 20, ratio=100)


def outcome(data: bytes, caps: Caps = SMALL, name: bytes = b"box") -> tuple[dict[bytes, object], Cause | None]:
    """What became of each member (its bytes, or the cause of refusal), and of the container itself."""
    found: dict[bytes, object] = {}
    try:
        for member in members(io.BytesIO(data), name, caps):
            try:
                key = member.path if member.path not in found else member.path + b" (again)"
                found[key] = b"".join(member.chunks())
            except Quarantined as refusal:
                found[key] = refusal.cause
    except Quarantined as refusal:
        return found, refusal.cause
    return found, None


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(*infos: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info in infos:
            if isinstance(info, tuple):
                made = tarfile.TarInfo(info[0])
                made.size = len(info[1])
                archive.addfile(made, io.BytesIO(info[1]))
            else:
                archive.addfile(info)
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


LEAVING = ["../up.png", "a/../../up.png", "/etc/passwd", "C:/x.png", "..\\up.png", "a\\..\\..\\up", "\\\\share\\x"]


@pytest.mark.parametrize("name", LEAVING)
def test_a_member_that_would_leave_is_refused_and_its_neighbours_come_out(name: str) -> None:
    for data in (
        zipped({"good": b"1", name: b"2", "last": b"3"}),
        tarred(("good", b"1"), (name, b"2"), ("last", b"3")),
    ):
        assert outcome(data) == ({b"good": b"1", name.encode(): Cause.UNSAFE, b"last": b"3"}, None)


def test_links_and_devices_in_a_tar_are_refused_and_the_rest_comes_out() -> None:
    kinds = {"sym": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "char": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE}
    data = tarred(*(special(name, kind, "/etc/passwd") for name, kind in kinds.items()), ("good", b"1"))
    expected: dict[bytes, object] = {name.encode(): Cause.NOT_REGULAR for name in kinds}
    assert outcome(data) == (expected | {b"good": b"1"}, None)


def test_a_link_in_a_zip_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert outcome(out.getvalue()) == ({b"link": Cause.NOT_REGULAR}, None)


def test_the_second_of_two_twins_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.png", b"seen by one tool")
            archive.writestr("a.png", b"seen by another")
    assert outcome(out.getvalue())[0] == {b"a.png": b"seen by one tool", b"a.png (again)": Cause.UNSAFE}
    assert outcome(tarred(("a", b"1"), ("./a", b"2")))[0] == {b"a": b"1", b"a (again)": Cause.UNSAFE}


def test_an_encrypted_member_says_so() -> None:
    data = bytearray(zipped({"secret": b"1"}))
    data[6] |= 1
    data[data.find(b"PK\1\2") + 8] |= 1
    assert outcome(bytes(data)) == ({b"secret": Cause.ENCRYPTED}, None)


def test_a_directory_and_a_member_that_contradict_each_other_are_refused() -> None:
    data = zipped({"innocent": b"1", "other": b"2"})
    assert outcome(data.replace(b"innocent", b"guilty!!", 1)) == ({b"innocent": Cause.UNSAFE, b"other": b"2"}, None)


def test_members_that_overlap_are_a_bomb() -> None:
    """Every entry of the directory points at one and the same kernel."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(100_000)) + kernel.flush()
    crc = zlib.crc32(bytes(100_000))
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), 100_000, 1, 0) + b"0" + packed
    entries = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(packed), 100_000, 1, 0, 0, 0, 0, 0, 0)
        + b"%d" % number
        for number in range(8)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 8, 8, len(entries), len(local), 0)
    assert outcome(local + entries + end) == ({}, Cause.BOMB)


def test_a_member_hidden_in_the_extra_field_of_another_is_a_bomb() -> None:
    """The quoted form: the first member's own header is stretched over the second one."""
    data = bytearray(zipped({"a": b"1" * 50, "b": b"2" * 50}, zipfile.ZIP_STORED))
    data[28:30] = (60).to_bytes(2, "little")
    assert outcome(bytes(data)) == ({b"a": Cause.BOMB, b"b": b"2" * 50}, None)


def test_a_member_that_swells_too_much_is_refused_before_it_is_read() -> None:
    assert outcome(zipped({"bomb": bytes(3 << 20), "good": b"1"})) == ({b"bomb": Cause.BOMB, b"good": b"1"}, None)


def test_a_member_that_declares_less_than_it_holds_is_stopped_at_what_it_declares() -> None:
    data = bytearray(zipped({"liar": bytes(3000)}))
    central = data.find(b"PK\1\2")
    data[central + 24 : central + 28] = (1000).to_bytes(4, "little")
    assert outcome(bytes(data)) == ({b"liar": Cause.BOMB}, None)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_a_compressed_tar_of_zeros_is_stopped_whether_it_is_read_or_passed_over(pack) -> None:
    data = pack(tarred(("zeros", bytes(4 << 20)), ("after", b"1")))
    assert outcome(data)[1] is Cause.BOMB
    with pytest.raises(Quarantined) as caught:
        list(members(io.BytesIO(data), b"x.tgz", SMALL))
    assert caught.value.cause is Cause.BOMB


def test_a_stream_that_swells_is_stopped_in_little_memory() -> None:
    bomb = gzip.compress(bytes(1 << 28), 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert outcome(bomb, name=b"x.gz") == ({b"x": Cause.BOMB}, None)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes


def test_a_stream_that_asks_for_a_dictionary_of_gigabytes_is_refused() -> None:
    data = bytearray(lzma.compress(b"small", lzma.FORMAT_XZ))
    size = (data[12] + 1) * 4  # of the block header, which ends with its CRC-32
    assert data[14] == 0x21  # LZMA2, whose one property is the size of the dictionary
    data[16] = 40
    data[12 + size - 4 : 12 + size] = zlib.crc32(data[12 : 12 + size - 4]).to_bytes(4, "little")
    assert outcome(bytes(data), name=b"x.xz")[1] is Cause.MEMORY


def test_too_many_members_are_a_bomb_before_the_directory_is_read() -> None:
    many = {f"{number}": b"" for number in range(51)}
    assert outcome(zipped(many)) == ({}, Cause.BOMB)
    assert outcome(tarred(*((name, b"") for name in many)))[1] is Cause.BOMB


def test_a_header_of_gigabytes_is_not_read_into_memory() -> None:
    long = special("long", b"L")
    header = bytearray(long.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"17777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    assert outcome(bytes(header) + bytes(5120)) == ({}, Cause.BOMB)


def test_sparse_members_are_not_blown_up() -> None:
    assert outcome(tarred(special("sparse", b"S"), ("good", b"1"))) == (
        {b"sparse": Cause.UNSUPPORTED, b"good": b"1"},
        None,
    )


def test_an_archive_that_is_cut_short_gives_what_came_before_and_says_so() -> None:
    whole = tarred(("a", b"1" * 600), ("b", b"2" * 600))
    assert outcome(whole[:2100]) == ({b"a": b"1" * 600, b"b": Cause.TRUNCATED}, None)
    assert outcome(whole[:1700]) == ({b"a": b"1" * 600}, Cause.TRUNCATED)
    assert outcome(gzip.compress(whole)[:-9])[1] is Cause.TRUNCATED
    assert outcome(zipped({"a": b"1"})[:-10]) == ({}, Cause.TRUNCATED)


def test_a_damaged_header_in_the_middle_is_told_and_not_taken_for_the_end() -> None:
    whole = bytearray(tarred(("a", b"1"), ("b", b"2")))
    whole[1024 + 3] ^= 1
    assert outcome(bytes(whole)) == ({b"a": b"1"}, Cause.DAMAGED)


def test_a_flipped_bit_in_a_zip_member_is_damage() -> None:
    data = bytearray(zipped({"a": b"evidence"}, zipfile.ZIP_STORED))
    data[data.find(b"evidence")] ^= 1
    assert outcome(bytes(data)) == ({b"a": Cause.DAMAGED}, None)


def test_mutated_archives_end_in_members_and_causes_only() -> None:
    seeds = [
        zipped({"a": b"alpha" * 100, "b/c": bytes(2000)}),
        tarred(("a", b"alpha" * 100), ("n" * 150, b"2"), special("s", tarfile.SYMTYPE, "a")),
        gzip.compress(tarred(("a", b"alpha" * 100))),
        lzma.compress(tarred(("a", b"alpha" * 100))),
    ]
    drawn = random.Random(20)
    for number in range(2000):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(drawn.randrange(1, 4)):
            at = drawn.randrange(len(data))
            choice = drawn.randrange(4)
            if choice == 0:
                data[at] ^= 1 << drawn.randrange(8)
            elif choice == 1:
                data[at] = drawn.choice((0, 0x7F, 0x80, 0xFF))
            elif choice == 2:
                del data[at : at + drawn.randrange(1, 40)]
            else:
                data[at:at] = bytes(drawn.randrange(256) for _ in range(drawn.randrange(1, 9)))
            if not data:
                data = bytearray(b"x")
        outcome(bytes(data))  # raises nothing but Quarantined, which it turns into an answer


def test_the_hostile_archives_of_the_corpus_have_named_outcomes(corpus: Path) -> None:
    seen = 0
    for path in sorted((corpus / "hostile").rglob("*")):
        if path.suffix in (".zip", ".tar", ".celtx", ".fadein", ".gz"):
            data = path.read_bytes()
            seen += sniff_container(data[:512]) is not None
            outcome(data, Caps(), path.name.encode())
    assert seen >= 10
    slip, whole = outcome((corpus / "hostile/selfmade/zip_slip.zip").read_bytes())
    assert Cause.UNSAFE in slip.values() and whole is None
    slip, whole = outcome((corpus / "hostile/selfmade/tar_slip.tar").read_bytes())
    assert Cause.UNSAFE in slip.values() and whole is None
