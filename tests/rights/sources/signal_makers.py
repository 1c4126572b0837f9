"""Small files with rights metadata in them, written by hand: one builder per container, and a signer of credentials."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from PIL import Image

from provenance.rights.sources._cbor import signature1

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCAB = "http://ns.useplus.org/ldf/vocab/"


def xmp(inner: str = "", attributes: str = "") -> bytes:
    """A packet with these children and attributes on its description, common namespaces declared."""
    spaces = " ".join(
        f'xmlns:{prefix}="{space}"'
        for prefix, space in (
            ("plus", PLUS),
            ("cc", "http://creativecommons.org/ns#"),
            ("dc", "http://purl.org/dc/elements/1.1/"),
            ("dcterms", "http://purl.org/dc/terms/"),
            ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/"),
            ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
            ("tdm", "http://www.w3.org/ns/tdmrep/"),
            ("rsl", "https://rslstandard.org/rsl"),
        )
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces} {attributes}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


OPT_OUT = xmp(f"<plus:DataMining>{VOCAB}DMI-PROHIBITED</plus:DataMining>")


def picture(form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize((24, 16)).convert("RGB").save(out, form)
    return out.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes) -> bytes:
    plain = picture()
    return plain[:2] + b"".join(segments) + plain[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, behind: bool = False) -> bytes:
    plain = picture("PNG")
    at = plain.rindex(b"IEND") - 4 if behind else 33
    return plain[:at] + b"".join(chunks) + plain[at:]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def resource(number: int, body: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) & 1)


def iim(*datasets: tuple[int, int, bytes]) -> bytes:
    return b"".join(struct.pack(">BBBH", 0x1C, record, number, len(body)) + body for record, number, body in datasets)


def tiff(tags: dict[int, bytes], order: str = "<") -> bytes:
    """A TIFF header with one directory of byte tags, which is also an Exif block."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    table, heap = b"", b""
    start = 8 + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", start + len(heap))
        heap += value if len(value) > 4 else b""
        table += struct.pack(order + "HHI", tag, 7, len(value)) + place
    return head + struct.pack(order + "H", len(tags)) + table + b"\0\0\0\0" + heap


def heif(packet: bytes) -> bytes:
    """A file of the HEIF family whose only item is an XMP packet."""
    infe = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"mime" + b"\0application/rdf+xml\0")
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 1) + infe)
    ftyp = box(b"ftyp", b"avif\0\0\0\0avifmif1")

    def built(offset: int) -> bytes:
        iloc = box(b"iloc", b"\0\0\0\0\x44\0" + struct.pack(">HHHHII", 1, 1, 0, 1, offset, len(packet)))
        return ftyp + box(b"meta", b"\0\0\0\0" + iinf + iloc)

    return built(len(built(0)) + 8) + box(b"mdat", packet)


def cbor(value: Any) -> bytes:
    """Deterministic enough CBOR of plain values."""

    def head(major: int, size: int) -> bytes:
        if size < 24:
            return bytes([major << 5 | size])
        return bytes([major << 5 | 26]) + struct.pack(">I", size)

    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())
    return head(4, len(value)) + b"".join(map(cbor, value))


def superbox(kind: bytes, label: str, *content: bytes) -> bytes:
    uuid = kind + bytes.fromhex("0011001080000000aa00389b71".zfill(24)[-24:])
    if kind == b"c2pa":
        uuid = bytes.fromhex("6332706100110010800000aa00389b71")
    return box(b"jumb", box(b"jumd", uuid + b"\x03" + label.encode() + b"\0") + b"".join(content))


class Signer:
    """A key with a certificate that nobody knows, as most credentials have."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test signer")])
        day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(day)
            .not_valid_after(day + dt.timedelta(days=3650))
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )

    def sign(self, claim: bytes) -> bytes:
        protected = cbor({1: -7})
        der = self.key.sign(signature1(protected, claim), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return b"\xd2" + cbor([protected, {33: self.certificate}, None, signature])


def manifest(
    label: str,
    signer: Signer,
    assertions: dict[str, Any],
    changed: Callable[[dict[str, Any]], None] = lambda claim: None,
) -> bytes:
    """One signed manifest with these assertions (a dict becomes CBOR, bytes a JSON box)."""
    boxes = {
        name: superbox(b"cbor", name, box(b"json", body) if isinstance(body, bytes) else box(b"cbor", cbor(body)))
        for name, body in assertions.items()
    }
    claim: dict[str, Any] = {
        "alg": "sha256",
        "created_assertions": [
            {"url": f"self#jumbf=c2pa.assertions/{name}", "hash": hashlib.sha256(made[8:]).digest()}
            for name, made in boxes.items()
        ],
    }
    changed(claim)
    raw = cbor(claim)
    return superbox(
        b"c2ma",
        label,
        superbox(b"c2as", "c2pa.assertions", *boxes.values()),
        superbox(b"c2cl", "c2pa.claim.v2", box(b"cbor", raw)),
        superbox(b"c2cs", "c2pa.signature", box(b"cbor", signer.sign(raw))),
    )


def signed_jpeg(
    signer: Signer,
    assertions: dict[str, Any],
    ingredients: tuple[bytes, ...] = (),
    changed: Callable[[dict[str, Any]], None] = lambda claim: None,
) -> bytes:
    """A JPEG whose credential carries these assertions and a hard binding to the rest of the file."""
    plain = picture()

    def store(digest: bytes, length: int) -> bytes:
        binding = {"exclusions": [{"start": 2, "length": length}], "alg": "sha256", "hash": digest}
        own = manifest("urn:c2pa:own", signer, {**assertions, "c2pa.hash.data": binding}, changed)
        return superbox(b"c2pa", "c2pa", *ingredients, own)

    def wrapped(made: bytes) -> bytes:
        first, rest = made[:40_000], made[40_000:]
        out = segment(0xEB, b"JP\0\1" + struct.pack(">I", 1) + first)
        return out + (segment(0xEB, b"JP\0\1" + struct.pack(">I", 2) + made[:8] + rest) if rest else b"")

    digest = hashlib.sha256(plain).digest()
    length = len(wrapped(store(digest, 1 << 30)))
    return plain[:2] + wrapped(store(digest, length + 0)) + plain[2:]


def training(**uses: Any) -> dict[str, Any]:
    """The body of a CAWG training-mining assertion."""
    return {"entries": {f"cawg.{name}": use if isinstance(use, dict) else {"use": use} for name, use in uses.items()}}
