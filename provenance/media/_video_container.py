"""Which container this is, whether it is all there, and how to open it so that nothing but its own bytes is read.

The demuxer is chosen from the magic number and named to FFmpeg, which is never left to guess: no playlist, image
pattern, subtitle or device is ever opened. A container that asks for a second file is refused.
"""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, NamedTuple

import av
from av.container import InputContainer

from provenance.model.errors import Quarantined
from provenance.model.words import Cause

MOST_STREAMS = 64
OUTSIDE = "it keeps pictures in another file, and one asset is one file"
_READ_BYTES = 1 << 18
_MOST_BOXES = 200_000
_MOST_INDEX_BYTES = 64 << 20
_PICTURE_BRANDS = frozenset(
    {"avif", "avis", "mif1", "mif2", "msf1", "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"}
    | {"jpeg", "jpgs", "j2ki", "j2is", "jp2 ", "jpx ", "jpm ", "crx "}
)
_BRAND_TYPES = {"qt  ": "video/quicktime", "M4A ": "audio/mp4", "M4B ": "audio/mp4"}
_FIRST_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_KNOWN_BOXES = (*_FIRST_BOXES, b"ftyp", b"moof", b"styp", b"sidx", b"mfra", b"uuid", b"udta", b"meta", b"emsg", b"prft")
_PARTITION = bytes.fromhex("060e2b34020501010d01020101")  # SMPTE 377: partition pack, any kind and status follows
_FOOTER_AT = 24  # in the pack's value: after versions, KAG size, this and previous partition


class Format(NamedTuple):
    media_type: str
    demuxer: str


_MAGIC = [
    (b"\x00\x00\x01\xba", Format("video/mpeg", "mpeg")),
    (b"\x00\x00\x01\xb3", Format("video/mpeg", "mpegvideo")),
    (b"FLV\x01", Format("video/x-flv", "flv")),
    (b"OggS", Format("video/ogg", "ogg")),
    (b"DKIF", Format("video/x-ivf", "ivf")),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), Format("video/x-ms-asf", "asf")),
]


def identify(head: bytes) -> Format | None:
    """Return the container that a file beginning so is, or None. AVIF, HEIF, JPEG 2000 and camera raw are pictures."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Format("video/webm" if b"webm" in head[:64] else "video/matroska", "matroska")
    if head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"AVIX"):
        return Format("video/vnd.avi", "avi")
    if head.startswith(b"\0\0\0\0\x01\xbc") and head[14:16] == b"\xe1\xe2":
        return Format("application/gxf", "gxf")
    if head[4:8] == b"ftyp":
        brand = head[8:12].decode("latin-1")
        return None if brand in _PICTURE_BRANDS else Format(_BRAND_TYPES.get(brand, "video/mp4"), "mov")
    if head[4:8] in _FIRST_BOXES and head[0] < 0x20:
        return Format("video/quicktime", "mov")
    if _PARTITION in head:  # a run-in of up to 64 KiB may come first; the head covers what occurs
        return Format("application/mxf", "mxf")
    for packet, sync in ((188, 0), (192, 4)):  # the second form carries four bytes of arrival time
        beats = range(sync, len(head), packet)
        if len(beats) >= 4 and all(head[at] == 0x47 for at in beats):
            return Format("video/mp2t", "mpegts")
    return None


def shortfall(file: BinaryIO, size: int, demuxer: str) -> str | None:
    """Return a sentence on what the container announces beyond its end, or None when nothing is known to be missing."""
    if demuxer == "mov":
        return _short_mov(file, size)
    file.seek(0)
    head = file.read(4096)
    end = {"matroska": _matroska_end, "mxf": _mxf_end, "avi": _avi_end}.get(demuxer, lambda _: 0)(head)
    return f"its header promises {end:,} bytes and the file has {size:,}" if end > size else None


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and announced end of each box at the top of an ISO base media file, while they are known."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or head[4:8] not in _KNOWN_BOXES:
            return
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        end = at + length if length else size
        if end < at + 8:
            return
        yield head[4:8], at, end
        at = end


def _short_mov(file: BinaryIO, size: int) -> str | None:
    kinds = set()
    for kind, _, end in _boxes(file, size):
        kinds.add(kind)
        if end > size:
            return f"its {kind.decode()} box promises {end:,} bytes and the file has {size:,}"
    return None if kinds & {b"moov", b"moof"} else "its index (the moov box) is not there"


def _matroska_end(head: bytes) -> int:
    """Where the Segment after the EBML header ends; 0 when its size is unknown, as in a live recording."""
    try:
        length, at = _vint(head, 4)
        at += length
        if head[at : at + 4] != b"\x18\x53\x80\x67":
            return 0
        length, at = _vint(head, at + 4)
    except IndexError:
        return 0
    return 0 if length < 0 else at + length


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """Return an EBML length and where it ends; -1 for the reserved value that means unknown."""
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (-1 if value == (1 << 7 * width) - 1 else value), at + width


def _mxf_end(head: bytes) -> int:
    """Where the footer partition begins, as the header partition has it; 0 when it is left open."""
    at = head.find(_PARTITION)
    if at < 0 or len(head) < at + 64:
        return 0
    length = head[at + 16]  # BER: short form, or how many bytes of length follow
    footer = at + 17 + (length & 0x7F if length & 0x80 else 0) + _FOOTER_AT
    start = int.from_bytes(head[footer : footer + 8], "big")
    return at + start if start else 0


def _avi_end(head: bytes) -> int:
    return 8 + int.from_bytes(head[4:8], "little")


@dataclass(frozen=True, slots=True)
class Movie:
    """What the movie header of a QuickTime or MP4 file says and FFmpeg does not tell, or would obey.

    timecode: labels a second and their exact rate, of a timecode track; for 50 and 60 frames a second they may be 25
    and 30. outside: media lies in another file. encrypted: samples are under Common Encryption (ISO/IEC 23001-7).
    """

    timecode: tuple[int, Fraction] | None = None
    outside: bool = False
    encrypted: bool = False


def movie(file: BinaryIO, size: int, demuxer: str) -> Movie:
    """Read the movie header. It moves the file's position: to be asked before the file is opened for decoding."""
    if demuxer != "mov":
        return Movie()
    header = _moov(file, size)
    return Movie(
        timecode=_labels(header),
        outside=_refers(header),
        encrypted=re.search(rb"stsd\0{4}.{8}encv", header, re.DOTALL) is not None,
    )


def _labels(header: bytes) -> tuple[int, Fraction] | None:
    match = re.search(rb"stsd\0{4}.{8}tmcd.{16}(.{9})", header, re.DOTALL)
    scale, duration, nominal = struct.unpack(">IIB", match.group(1)) if match else (0, 0, 0)
    return (nominal, Fraction(scale, duration)) if scale and duration and nominal else None


def _refers(header: bytes) -> bool:
    """Tell whether any data reference is not to the file itself (flag 1)."""
    for match in re.finditer(rb"dref\0{4}", header):
        at = match.end() + 4
        for _ in range(min(int.from_bytes(header[match.end() : at], "big"), MOST_STREAMS)):
            length, _kind, flags = struct.unpack(">I4sI", header[at : at + 12].ljust(12, b"\0"))
            if length < 12:
                break
            if not flags & 1:
                return True
            at += length
    return False


def _moov(file: BinaryIO, size: int) -> bytes:
    """The movie header box; nothing when there is none or it is larger than any index needs to be."""
    for kind, start, end in _boxes(file, size):
        if kind == b"moov" and end - start <= _MOST_INDEX_BYTES:
            file.seek(start)
            return file.read(end - start)
    return b""


@contextmanager
def opened(file: BinaryIO, demuxer: str, max_pixels: int) -> Iterator[InputContainer]:
    """Open the container for decoding. Quarantined when it is damaged, or when it reaches outside itself."""
    asked: list[str] = []

    def refuse(url: str, flags: int, options: dict[str, str]) -> BinaryIO:
        asked.append(url)
        raise PermissionError("one asset is one file")

    av.logging.set_level(None)  # damaged files would otherwise speak on stderr
    file.seek(0)
    limits = {"max_streams": str(MOST_STREAMS + 1), "max_pixels": str(max_pixels)}
    try:
        with av.open(
            file, "r", demuxer, limits, metadata_errors="replace", buffer_size=_READ_BYTES, io_open=refuse
        ) as container:
            if len(container.streams) > MOST_STREAMS:
                raise Quarantined(Cause.BOMB, f"it has more than {MOST_STREAMS} streams")
            yield container
    except (av.FFmpegError, OSError) as problem:
        if asked:
            raise Quarantined(Cause.UNSAFE, OUTSIDE) from None
        # A plain OSError comes from our own file: a position before its beginning is the container's doing.
        if not isinstance(problem, av.FFmpegError) and problem.errno != errno.EINVAL:
            raise Quarantined(Cause.UNREADABLE, f"reading it failed ({_plain(problem)})") from None
        if isinstance(problem, av.MemoryError):
            raise Quarantined(Cause.MEMORY, "decoding it needs more memory than a child may have") from None
        if isinstance(problem, (av.PatchWelcomeError, av.DecoderNotFoundError)):
            raise Quarantined(Cause.UNSUPPORTED, f"it uses what no decoder here knows ({_plain(problem)})") from None
        raise Quarantined(Cause.DAMAGED, f"the decoder cannot make sense of it ({_plain(problem)})") from None


def _plain(problem: OSError | av.FFmpegError) -> str:
    """The library's own words, without the file name it may carry."""
    return str(problem.strerror or type(problem).__name__).lower()
