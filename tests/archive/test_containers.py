"""Members of zip and tar: what ordinary archives hold comes out whole, in order, under its name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Iterator

import pytest

from provenance.archive.containers import members, sniff_container
from provenance.archive.inflate import inflated
from provenance.archive.member import CHUNK
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

FILES = {b"a.txt": b"alpha", b"art/b.png": os.urandom(3000) * 90, b"art/empty": b"", "é/ü.txt".encode(): b"x" * 1000}


def zipped(method: int = zipfile.ZIP_DEFLATED, files: dict[bytes, bytes] = FILES) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("art/", b"")
        for name, data in files.items():
            archive.writestr(name.decode(), data)
    return out.getvalue()


def tarred(form: int = tarfile.GNU_FORMAT, files: dict[bytes, bytes] = FILES) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("art")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def content(data: bytes, name: bytes = b"box") -> dict[bytes, bytes]:
    return {member.path: b"".join(member.chunks()) for member in members(io.BytesIO(data), name)}


ORDINARY = {
    "zip-deflate": zipped(),
    "zip-store": zipped(zipfile.ZIP_STORED),
    "zip-bzip2": zipped(zipfile.ZIP_BZIP2),
    "tar-gnu": tarred(),
    "tar-ustar": tarred(tarfile.USTAR_FORMAT),
    "tar-pax": tarred(tarfile.PAX_FORMAT),
    "tar-gz": gzip.compress(tarred()),
    "tar-bz2": bz2.compress(tarred()),
    "tar-xz": lzma.compress(tarred()),
    "tar-gz-in-parts": gzip.compress(tarred()[:700]) + gzip.compress(tarred()[700:]) + bytes(512),
}


@pytest.mark.parametrize("form", ORDINARY)
def test_every_member_comes_out_whole_and_in_the_order_of_the_container(form: str) -> None:
    found = content(ORDINARY[form])
    assert found == FILES
    assert list(found) == list(FILES)


@pytest.mark.parametrize("form", ORDINARY)
def test_members_that_nobody_reads_are_passed_over(form: str) -> None:
    assert [member.path for member in members(io.BytesIO(ORDINARY[form]), b"box")] == list(FILES)


def test_the_kind_is_known_from_the_first_bytes() -> None:
    assert {form: sniff_container(data[:512]) for form, data in ORDINARY.items()} == {
        "zip-deflate": "application/zip",
        "zip-store": "application/zip",
        "zip-bzip2": "application/zip",
        "tar-gnu": "application/x-tar",
        "tar-ustar": "application/x-tar",
        "tar-pax": "application/x-tar",
        "tar-gz": "application/gzip",
        "tar-bz2": "application/x-bzip2",
        "tar-xz": "application/x-xz",
        "tar-gz-in-parts": "application/gzip",
    }
    for other in (b"", b"PK", b"\x89PNG\r\n\x1a\n" + bytes(600), b"%PDF-1.7", bytes(512), b"INT. HOUSE - DAY\n" * 40):
        assert sniff_container(other) is None


def test_a_document_that_is_a_zip_inside_is_no_container() -> None:
    for first in ("mimetype", "[Content_Types].xml"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(first, b"application/x-krita")
            archive.writestr("maindoc.xml", b"<x/>")
        assert sniff_container(out.getvalue()[:512]) is None
        assert content(out.getvalue()) == {}


def test_an_empty_archive_has_no_members() -> None:
    out = io.BytesIO()
    zipfile.ZipFile(out, "w").close()
    assert content(out.getvalue()) == {}
    assert content(zipped(files={})) == {}
    assert content(gzip.compress(bytes(1024)), b"x.gz") == {b"x": bytes(1024)}


def test_a_compressed_single_file_is_one_member_named_without_its_suffix() -> None:
    assert content(gzip.compress(b"INT. HOUSE"), b"story/draft.fountain.gz") == {b"draft.fountain": b"INT. HOUSE"}
    assert content(lzma.compress(b""), b"nothing.XZ") == {b"nothing": b""}
    assert content(bz2.compress(b"1"), b"oddly-named") == {b"oddly-named": b"1"}


def test_names_that_are_not_utf_8_and_long_names_keep_their_bytes() -> None:
    name = b"\xff\xfe\xe9.png"
    long = b"/".join([b"n" * 90] * 20)
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert content(tarred(form, {name: b"1", long: b"2"})) == {name: b"1", long: b"2"}
    old = bytearray(zipped(files={b"eee.png": b"1"}))
    assert content(bytes(old).replace(b"eee.png", b"\xff\xfe\xe9.png")) == {b"\xff\xfe\xe9.png": b"1"}


def test_a_leading_dot_is_not_part_of_the_name() -> None:
    assert content(tarred(files={b"./a": b"1", b"b//./c": b"2"})) == {b"a": b"1", b"b/c": b"2"}


def test_a_container_in_a_container_is_a_member_that_can_be_opened_in_turn() -> None:
    inner = tarred(files={b"deep.txt": b"deep"})
    outer = gzip.compress(tarred(files={b"box/middle.zip": zipped(files={b"inner.tar": inner})}))
    middle = content(outer)[b"box/middle.zip"]
    assert content(content(middle)[b"inner.tar"]) == {b"deep.txt": b"deep"}


def test_a_member_larger_than_four_gigabytes_is_announced_by_zip64() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive, archive.open("big", "w", force_zip64=True) as file:
        file.write(b"not so big")
    data = out.getvalue()
    assert content(data) == {b"big": b"not so big"}
    # The same archive with its counts and offsets told in the Zip64 end record only.
    end = data.rfind(b"PK\5\6")
    size, start = (int.from_bytes(data[end + at : end + at + 4], "little") for at in (12, 16))
    record = b"PK\6\6" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + bytes(8)
    record += b"".join(number.to_bytes(8, "little") for number in (1, 1, size, start))
    locator = b"PK\6\7" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little")
    full = b"PK\5\6" + bytes(4) + b"\xff" * 12 + b"\0\0"
    assert content(data[:end] + record + locator + full) == {b"big": b"not so big"}


@pytest.mark.parametrize("method", ["deflate", "gzip", "bzip2", "xz"])
def test_inflation_gives_bounded_pieces_and_the_whole(method: str) -> None:
    data = os.urandom(100_000) + bytes(3_000_000)
    packed = {
        "deflate": lambda: gzip.compress(data)[10:-8],
        "gzip": lambda: gzip.compress(data),
        "bzip2": lambda: bz2.compress(data),
        "xz": lambda: lzma.compress(data),
    }[method]()
    pieces = list(inflated(io.BytesIO(packed).read, method))
    assert b"".join(pieces) == data
    assert max(len(piece) for piece in pieces) <= CHUNK


@pytest.mark.parametrize("method", ["gzip", "bzip2", "xz"])
def test_a_stream_that_is_cut_or_damaged_says_which(method: str) -> None:
    data = os.urandom(50_000)
    packed = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}[method](data)

    def cause(stream: bytes) -> Cause:
        with pytest.raises(Quarantined) as caught:
            list(inflated(io.BytesIO(stream).read, method))
        return caught.value.cause

    assert cause(packed[:-20]) is Cause.TRUNCATED
    assert cause(packed[:60] + b"\xa5" * 400 + packed[460:]) is Cause.DAMAGED


def test_a_member_kept_for_later_is_refused_and_not_silently_wrong() -> None:
    both: Iterator = members(io.BytesIO(gzip.compress(tarred())), b"x.tgz")
    first = next(both)
    next(both)
    with pytest.raises(ValueError, match="after the next one"):
        list(first.chunks())
