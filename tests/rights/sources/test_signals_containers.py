"""An opt-out is found in every container that can carry it, and in every form that RDF allows."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from signal_makers import OPT_OUT, VOCAB, box, chunk, heif, iim, jpeg, picture, png, resource, segment, tiff, xmp

from provenance.model.words import Signal
from provenance.rights.sources import signals

XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read(data: bytes, name: str = "a.bin", media_type: str = "") -> list[Signal]:
    return signals.read(io.BytesIO(data), name, data[:4096], media_type)


def values(data: bytes, standard: str, name: str = "a.bin", media_type: str = "") -> list[str]:
    return [signal.value for signal in read(data, name, media_type) if signal.standard == standard]


def itxt(packet: bytes, compressed: bool = False) -> bytes:
    text = zlib.compress(packet) if compressed else packet
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([compressed, 0]) + b"\0\0" + text)


def extended(packet: bytes) -> bytes:
    guid, half = b"0123456789ABCDEF0123456789ABCDEF", len(packet) // 2
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">I", len(packet))
    late = segment(0xE1, head + struct.pack(">I", half) + packet[half:])
    return jpeg(late, segment(0xE1, head + struct.pack(">I", 0) + packet[:half]))


def webp(*chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, chunks))) + b"WEBP" + b"".join(chunks)


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def gif(packet: bytes) -> bytes:
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return picture("GIF")[:-1] + b"\x21\xff\x0bXMP DataXMP" + packet + trailer + b"\x3b"


def psd(*resources: bytes) -> bytes:
    body = b"".join(resources)
    head = b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 1, 1, 8, 3) + struct.pack(">I", 0)
    return head + struct.pack(">I", len(body)) + body


def pdf(packet: bytes, packed: bool = False) -> bytes:
    data = zlib.compress(packet) if packed else packet
    filtered = b"/Filter /FlateDecode " if packed else b""
    head = b"%PDF-1.7\n1 0 obj\n<< /Type /Metadata /Subtype /XML " + filtered
    return head + b"/Length %d >>\nstream\n" % len(data) + data + b"\nendstream\nendobj\n%%EOF\n"


def svg(inner: bytes) -> bytes:
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><metadata>' + inner + b"</metadata></svg>"


PACKET = OPT_OUT[OPT_OUT.index(b"<x:xmpmeta") : OPT_OUT.index(b"<?xpacket end")]
FTYP = box(b"ftyp", b"isom\0\0\0\0isom")

CONTAINERS = {
    "jpeg": jpeg(segment(0xE1, XMP_HEAD + OPT_OUT)),
    "jpeg, behind fill bytes": jpeg(b"\xff\xff" + segment(0xE1, XMP_HEAD + OPT_OUT)),
    "jpeg, extended, out of order": extended(OPT_OUT),
    "jpeg, in photoshop resources": jpeg(segment(0xED, b"Photoshop 3.0\0" + resource(1060, OPT_OUT))),
    "png": png(itxt(OPT_OUT)),
    "png, compressed": png(itxt(OPT_OUT, compressed=True)),
    "png, behind the picture": png(itxt(OPT_OUT), behind=True),
    "png, hexadecimal profile": png(
        chunk(
            b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(b"\nxmp\n%d\n" % len(OPT_OUT) + OPT_OUT.hex().encode())
        )
    ),
    "webp": webp(riff_chunk(b"VP8 ", b"abc"), riff_chunk(b"XMP ", OPT_OUT)),
    "gif": gif(OPT_OUT),
    "tiff, little-endian": tiff({700: OPT_OUT}),
    "tiff, big-endian": tiff({700: OPT_OUT}, ">"),
    "psd": psd(resource(1005, b"x" * 7), resource(1060, OPT_OUT)),
    "pdf": pdf(OPT_OUT),
    "pdf, packed": pdf(OPT_OUT, packed=True),
    "mp4": FTYP + box(b"uuid", XMP_UUID + OPT_OUT),
    "mov": FTYP + box(b"moov", box(b"udta", box(b"XMP_", OPT_OUT))),
    "avif": heif(OPT_OUT),
    "svg": svg(PACKET),
    "exr": b"v/1\x01\2\0\0\0xmp\0string\0" + struct.pack("<i", len(OPT_OUT)) + OPT_OUT + b"\0",
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_an_opt_out_is_found_in(name: str) -> None:
    assert values(CONTAINERS[name], "plus:DataMining") == [f"{VOCAB}DMI-PROHIBITED"]


def test_a_sidecar_is_read_by_its_name_alone() -> None:
    assert values(OPT_OUT, "plus:DataMining", "panel.xmp") == [f"{VOCAB}DMI-PROHIBITED"]


@pytest.mark.parametrize(
    ("form", "packet"),
    [
        ("attribute", xmp(attributes=f'plus:DataMining="{VOCAB}DMI-PROHIBITED"')),
        ("element", xmp(f"<plus:DataMining>{VOCAB}DMI-PROHIBITED</plus:DataMining>")),
        ("resource", xmp(f'<plus:DataMining rdf:resource="{VOCAB}DMI-PROHIBITED"/>')),
        ("list", xmp(f"<plus:DataMining><rdf:Bag><rdf:li>{VOCAB}DMI-PROHIBITED</rdf:li></rdf:Bag></plus:DataMining>")),
        ("value", xmp(f"<plus:DataMining><rdf:value>{VOCAB}DMI-PROHIBITED</rdf:value></plus:DataMining>")),
    ],
)
def test_every_form_of_a_property_gives_its_value(form: str, packet: bytes) -> None:
    assert values(packet, "plus:DataMining", "a.xmp") == [f"{VOCAB}DMI-PROHIBITED"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_packet_is_read_in_each_unicode_encoding(codec: str) -> None:
    packet = OPT_OUT.decode()[OPT_OUT.decode().index("<x:xmpmeta") :].encode(codec)
    assert values(jpeg(segment(0xE1, XMP_HEAD + packet)), "plus:DataMining") == [f"{VOCAB}DMI-PROHIBITED"]


def test_padding_behind_a_packet_does_not_hide_it() -> None:
    assert values(jpeg(segment(0xE1, XMP_HEAD + OPT_OUT + b"\0" * 2000)), "plus:DataMining")


def test_a_broken_packet_still_gives_up_its_restrictions() -> None:
    broken = OPT_OUT.replace(b"</rdf:RDF>", b"")
    found = read(jpeg(segment(0xE1, XMP_HEAD + broken)))
    assert [signal.standard for signal in found] == ["unreadable-metadata", "plus:DataMining"]
    assert found[1].value == "DMI-PROHIBITED"


def test_a_broken_block_does_not_hide_its_neighbours() -> None:
    found = read(jpeg(segment(0xE1, b"Exif\0\0nonsense"), segment(0xE1, XMP_HEAD + OPT_OUT)))
    assert {signal.standard for signal in found} == {"unreadable-metadata", "plus:DataMining"}


def test_a_jpeg_whose_segments_break_off_is_not_taken_for_one_without_metadata() -> None:
    assert [signal.standard for signal in read(picture()[:30])] == ["unreadable-metadata"]


def test_iptc_fields_are_read_in_the_encoding_they_state() -> None:
    block = iim((1, 90, b"\x1b%G"), (2, 116, "© 2024 Ateliér".encode()), (2, 40, b"Handle with care"))
    data = jpeg(segment(0xED, b"Photoshop 3.0\0" + resource(1028, block)))
    assert values(data, "iptc:CopyrightNotice") == ["© 2024 Ateliér"]
    assert values(data, "iptc:SpecialInstructions") == ["Handle with care"]


def test_old_iptc_text_without_an_encoding_is_windows_1252() -> None:
    block = iim((2, 116, "© 2024 Ateliér".encode("cp1252")))
    assert values(psd(resource(1028, block)), "iptc:CopyrightNotice") == ["© 2024 Ateliér"]


def test_exif_copyright_is_a_claim() -> None:
    data = jpeg(segment(0xE1, b"Exif\0\0" + tiff({33432: b"(c) 2020 A. Painter\0"})))
    assert values(data, "copyright-line") == ["(c) 2020 A. Painter"]


def test_a_video_tells_its_copyright_atom() -> None:
    atom = box(b"\xa9cpy", struct.pack(">HH", 14, 0x55C4) + b"(c) 2019 Studio")
    assert values(FTYP + box(b"moov", box(b"udta", atom)), "copyright-line") == ["(c) 2019 Studio"]


@pytest.mark.parametrize("head", [b"\0\0\0\0", b""])
def test_a_music_tag_is_found_in_both_forms_of_its_box(head: bytes) -> None:
    handler = box(b"hdlr", b"\0" * 8 + b"mdir" + b"\0" * 12)
    item = box(b"ilst", box(b"cprt", box(b"data", b"\0\0\0\1\0\0\0\0(c) 2019 Studio")))
    data = FTYP + box(b"moov", box(b"udta", box(b"meta", head + handler + item)))
    assert values(data, "copyright-line") == ["(c) 2019 Studio"]


def test_a_matroska_file_tells_its_copyright_tag() -> None:
    def element(kind: bytes, body: bytes) -> bytes:
        return kind + bytes([0x40 | len(body) >> 8, len(body) & 255]) + body

    simple = element(b"\x67\xc8", element(b"\x45\xa3", b"COPYRIGHT") + element(b"\x44\x87", b"(c) 2008 Foundation"))
    tags = element(b"\x12\x54\xc3\x67", element(b"\x73\x73", simple))
    data = element(b"\x1a\x45\xdf\xa3", b"\x42\x82\x84webm") + element(b"\x18\x53\x80\x67", tags)
    assert values(data, "copyright-line") == ["(c) 2008 Foundation"]


def test_a_dpx_header_tells_its_copyright() -> None:
    data = b"SDPX" + b"\0" * 456 + b"(c) 2017 Plates Ltd".ljust(200, b"\0") + b"\0" * 1400
    assert values(data, "copyright-line") == ["(c) 2017 Plates Ltd"]


def test_addresses_lose_user_and_query_where_secrets_travel() -> None:
    packet = xmp("<xmpRights:WebStatement>https://me:pw@example.org/terms?token=s3cret#x</xmpRights:WebStatement>")
    assert values(packet, "xmpRights:WebStatement", "a.xmp") == ["https://example.org/terms"]


def test_of_a_remote_credential_only_the_host_is_kept() -> None:
    packet = xmp("<dcterms:provenance>https://manifests.example.org/private/abc?k=1</dcterms:provenance>")
    assert values(packet, "c2pa.remote", "a.xmp") == ["manifests.example.org"]


def test_a_file_without_metadata_has_no_signals() -> None:
    for form in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"):
        assert read(picture(form)) == []


def test_one_signal_found_twice_is_told_once() -> None:
    doubled = segment(0xE1, XMP_HEAD + OPT_OUT)
    assert len(read(jpeg(doubled, doubled))) == 1
