"""Content credentials: training entries are read from whole, broken and nested ones, and breakage is noticed."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from signal_makers import Signer, box, cbor, chunk, manifest, png, signed_jpeg, superbox, training

from provenance.model.words import Signal
from provenance.rights.sources import signals


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def read(data: bytes) -> list[Signal]:
    return signals.read(io.BytesIO(data), "a.jpg", data[:4096], "")


def proof(data: bytes) -> tuple[str, list[str]]:
    (found,) = [signal for signal in read(data) if signal.standard == "c2pa.validation"]
    return found.value, list(found.detail.get("problems", found.detail.get("unchecked", [])))


def uses(data: bytes) -> list[tuple[str, str, str]]:
    return [
        (signal.detail["entry"], signal.value, signal.where)
        for signal in read(data)
        if signal.standard.endswith("training-mining")
    ]


OPT_OUT = {"cawg.training-mining": training(ai_generative_training="notAllowed")}
ENTRY = ("cawg.ai_generative_training", "notAllowed", "c2pa")


def test_an_untouched_credential_is_valid_and_names_its_signer(signer: Signer) -> None:
    found = read(signed_jpeg(signer, OPT_OUT))
    assert [signal.standard for signal in found] == ["cawg.training-mining", "c2pa.validation"]
    assert found[1].value == "valid"
    assert len(found[1].detail["signer_sha256"]) == 64


def test_a_credential_over_several_segments_is_joined(signer: Signer) -> None:
    data = signed_jpeg(signer, {**OPT_OUT, "c2pa.thumbnail.claim": {"data": b"x" * 60_000}})
    assert (proof(data)[0], uses(data)) == ("valid", [ENTRY])


def test_changed_pixels_break_the_credential_and_keep_its_opt_out(signer: Signer) -> None:
    data = bytearray(signed_jpeg(signer, OPT_OUT))
    data[-10] ^= 1
    assert proof(bytes(data)) == ("broken", ["the file was changed after it was signed"])
    assert uses(bytes(data)) == [ENTRY]


def test_an_altered_assertion_is_noticed(signer: Signer) -> None:
    data = signed_jpeg(signer, {"cawg.training-mining": training(ai_training="notAllowed")})
    altered = data.replace(b"notAllowed", b"allowed   ")
    assert proof(altered) == ("broken", ["assertion cawg.training-mining was altered"])


def test_a_foreign_signature_is_noticed(signer: Signer) -> None:
    class Other(Signer):
        def sign(self, claim: bytes) -> bytes:
            return super().sign(claim + b"x")

    assert proof(signed_jpeg(Other(), OPT_OUT)) == ("broken", ["the claim signature does not match"])


def test_an_assertion_that_the_claim_does_not_name_is_noticed(signer: Signer) -> None:
    def forget(claim: dict[str, Any]) -> None:
        del claim["created_assertions"][0]

    data = signed_jpeg(signer, OPT_OUT, changed=forget)
    assert proof(data) == ("broken", ["assertion cawg.training-mining is not in the claim"])
    assert uses(data) == [ENTRY]


def test_a_claim_without_a_hash_algorithm_proves_nothing(signer: Signer) -> None:
    data = signed_jpeg(signer, OPT_OUT, changed=lambda claim: claim.pop("alg"))
    assert proof(data) == ("broken", ["no known hash algorithm is named"])


def test_an_ingredients_opt_out_counts_for_what_was_made_of_it(signer: Signer) -> None:
    parent = manifest("urn:c2pa:parent", signer, OPT_OUT)
    data = signed_jpeg(signer, {"cawg.training-mining": training(ai_generative_training="allowed")}, (parent,))
    assert uses(data) == [
        ("cawg.ai_generative_training", "notAllowed", "c2pa-ingredient:urn:c2pa:parent"),
        ("cawg.ai_generative_training", "allowed", "c2pa"),
    ]
    assert proof(data)[0] == "valid"


def test_a_broken_ingredient_is_told_apart(signer: Signer) -> None:
    parent = manifest("urn:c2pa:parent", signer, OPT_OUT).replace(b"notAllowed", b"notAllowee")
    assert proof(signed_jpeg(signer, {}, (parent,))) == (
        "broken",
        ["ingredient: assertion cawg.training-mining was altered"],
    )


def test_both_spellings_of_a_constraint_are_kept(signer: Signer) -> None:
    for key in ("constraint_info", "constraints_info"):
        data = signed_jpeg(
            signer, {"c2pa.training-mining": training(data_mining={"use": "constrained", key: "boards"})}
        )
        (found,) = [signal for signal in read(data) if signal.standard == "c2pa.training-mining"]
        assert (found.value, found.detail["constraint_info"]) == ("constrained", "boards")


def test_json_assertions_and_second_instances_are_read(signer: Signer) -> None:
    body = b'{"entries": {"c2pa.ai_training": {"use": "notAllowed"}}}'
    assert uses(signed_jpeg(signer, {"c2pa.training-mining__1": body})) == [("c2pa.ai_training", "notAllowed", "c2pa")]


@pytest.mark.parametrize("body", [{}, {"entries": "none"}, {"entries": {}, "x": 1}, b"not json", ["a"]])
def test_an_assertion_of_that_name_is_never_silent_when_it_cannot_be_read(signer: Signer, body: Any) -> None:
    found = uses(signed_jpeg(signer, {"cawg.training-mining": body}))
    assert found == ([] if body == {"entries": {}, "x": 1} else [("*", "unreadable", "c2pa")])


@pytest.mark.parametrize("value", ["BANANA", 7, None, {"use": ["notAllowed"]}, {"purpose": "x"}])
def test_a_value_that_nobody_knows_is_kept_as_it_is(signer: Signer, value: Any) -> None:
    data = signed_jpeg(signer, {"cawg.training-mining": training(ai_training=value)})
    assert uses(data) == [("cawg.ai_training", "BANANA" if value == "BANANA" else "unreadable", "c2pa")]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_film_is_bound_box_by_box(signer: Signer, version: int) -> None:
    """From version 2 on the place of each top-level box is hashed in front of it."""
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + b"\0\0\0\0manifest\0" + b"\0" * 8
    ftyp, media = box(b"ftyp", b"isom\0\0\0\0isom"), box(b"mdat", b"moving pictures")
    label = "c2pa.hash.bmff" + (f".v{version}" if version > 1 else "")

    def film(digest: bytes, content: bytes = media) -> bytes:
        rules = [{"xpath": "/uuid", "data": [{"offset": 8, "value": uuid[:16]}]}, {"xpath": "/ftyp"}]
        binding = {"exclusions": rules, "alg": "sha256", "hash": digest}
        store = superbox(b"c2pa", "c2pa", manifest("own", signer, {**OPT_OUT, label: binding}))
        return ftyp + box(b"uuid", uuid + store) + content

    place = len(film(b"\0" * 32)) - len(media)
    digest = hashlib.sha256((place.to_bytes(8, "big") if version > 1 else b"") + media).digest()
    assert proof(film(digest)) == ("valid", [])
    assert proof(film(digest, media.replace(b"moving", b"frozen"))) == (
        "broken",
        ["the file was changed after it was signed"],
    )
    assert (proof(film(digest) + box(b"free", b""))[0], uses(film(digest))) == ("broken", [ENTRY])


WITHOUT_FILES = """
import io, sys
from provenance.rights.sources import signals
data, armed, told = open(sys.argv[1], "rb").read(), False, []
sys.addaudithook(lambda event, args: told.append(event) if armed and event in {"open", "import"} else None)
armed = True
found = signals.read(io.BytesIO(data), "a.jpg", data[:4096], "")
armed = False
print([signal.value for signal in found], told)
"""


def test_a_proof_needs_no_file_and_no_import_once_the_readers_are_loaded(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(signed_jpeg(signer, OPT_OUT))
    done = subprocess.run([sys.executable, "-c", WITHOUT_FILES, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['notAllowed', 'valid'] []"


def test_a_binding_of_an_unknown_kind_is_neither_valid_nor_broken(signer: Signer) -> None:
    store = superbox(b"c2pa", "c2pa", manifest("urn:c2pa:own", signer, {**OPT_OUT, "c2pa.hash.boxes": {"boxes": []}}))
    assert proof(png(chunk(b"caBX", store))) == ("unchecked", ["binding c2pa.hash.boxes"])


def test_a_compressed_manifest_is_said_to_be_unread(signer: Signer) -> None:
    store = superbox(b"c2pa", "c2pa", superbox(b"c2cm", "urn:c2pa:x", box(b"brob", b"..")), manifest("own", signer, {}))
    assert "unreadable-metadata" in [signal.standard for signal in read(png(chunk(b"caBX", store)))]


def test_an_embedded_credential_comes_before_a_remote_one(signer: Signer) -> None:
    from signal_makers import segment, xmp

    remote = xmp("<dcterms:provenance>https://example.org/m</dcterms:provenance>")
    data = signed_jpeg(signer, OPT_OUT)
    data = data[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + remote) + data[2:]
    assert "c2pa.remote" not in [signal.standard for signal in read(data)]


def test_cbor_of_every_length_is_read() -> None:
    from provenance.rights.sources._cbor import decode

    for size in (0, 23, 24, 255, 256, 70_000):
        assert decode(cbor({"a": b"x" * size, "b": [1, -5, True, None]})) == {
            "a": b"x" * size,
            "b": [1, -5, True, None],
        }
    assert decode(b"\x9f\x01\x7f\x61a\x61b\xff\xff") == [1, "ab"]
    assert decode(b"\xfb\x3f\xf8\0\0\0\0\0\0") == 1.5
