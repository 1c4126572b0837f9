"""Receipts: exactly what was read, under which decision, and no way to make it look better than it was."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from handoff_samples import ask, revoke
from studio import Studio
from torch.utils.data import DataLoader

import provenance
from provenance import receipts as checking
from provenance.dataset import receipt as form
from provenance.dataset import signing
from provenance.dataset.signing import Role
from provenance.model.errors import BadSignatureError, MissingError, SchemaError
from provenance.model.words import canonical_json
from provenance.training.material import trusted_signers
from provenance.training.unsafe import UnsafeNoGate, UnsafeNoGateWarning


def lantern(studio: Studio, **how: object) -> object:
    return provenance.admit(studio.dataset, ask(), under="lantern/", **how)


def test_a_receipt_lists_exactly_the_items_that_were_read(built: Studio, tmp_path: Path) -> None:
    admission = lantern(built)
    items = admission.torch("art", decode="bytes")
    read = [items[at]["row"] for at in (3, 1, 9)]
    admission.write_receipt(tmp_path / "r.json", model_id="base-1", code="git:abc")
    assert [each.name for each in tmp_path.iterdir()] == ["r.json"]  # and nothing else is left beside it
    found = checking.verify_receipt(tmp_path / "r.json", [built.dataset])
    assert found.good and found.recomputed == 1
    (part,) = found.receipt.parts
    assert part.read.tolist() == sorted(read)
    assert (found.receipt.model_id, found.receipt.code) == ("base-1", "git:abc")
    assert part.terms.version_digest == admission.version.digest
    assert part.terms.ledger == admission.book.head
    assert part.terms.policy_digest == admission.policy.digest
    assert part.items == form.items_digest(items.places.item_id[[1, 3, 9]])


def test_a_receipt_is_an_in_toto_statement_about_the_model_beside_it(built: Studio, tmp_path: Path) -> None:
    admission, model = lantern(built), tmp_path / "model.pt"
    torch.save({"weight": torch.ones(3)}, model)
    admission.write_receipt(model=model)
    envelope = json.loads((tmp_path / "model.pt.receipt.json").read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [each["name"] for each in statement["subject"]] == ["model.pt"]
    assert str(tmp_path) not in json.dumps(statement) and str(built.home) not in json.dumps(statement)
    assert checking.verify_model(model, [built.dataset]).good


def test_a_model_without_its_own_receipt_fails(built: Studio, tmp_path: Path) -> None:
    admission, model = lantern(built), tmp_path / "model.pt"
    model.write_bytes(b"weights")
    with pytest.raises(MissingError, match="nobody knows what it was trained on"):
        checking.verify_model(model)
    admission.write_receipt(model=model)
    assert checking.verify_model(model).good
    model.write_bytes(b"other weights")
    assert "not of this model file" in checking.verify_model(model).problems[0]


def test_the_unsafe_door_warns_and_its_receipt_says_so(built: Studio, tmp_path: Path) -> None:
    with pytest.warns(UnsafeNoGateWarning, match="licensed or not"):
        door = UnsafeNoGate(built.dataset)
    assert len(door.torch("art")) == 22
    door.torch("art")[0]
    model = tmp_path / "model.pt"
    model.write_bytes(b"weights")
    assert not door.write_receipt(model=model).gated
    assert checking.verify_model(model).problems == (
        "part 1 was read through UnsafeNoGate: nobody asked whether it may be used",
    )


def test_a_run_that_goes_on_carries_what_the_checkpoint_before_it_had_read(built: Studio, tmp_path: Path) -> None:
    first = lantern(built)
    first.torch("art")[0]
    (tmp_path / "a.pt").write_bytes(b"a")
    before = first.write_receipt(model=tmp_path / "a.pt")
    second = lantern(built)
    second.torch("scripts")[1]
    (tmp_path / "b.pt").write_bytes(b"b")
    after = second.write_receipt(model=tmp_path / "b.pt", continues=tmp_path / "a.pt.receipt.json")
    assert after.continues == before.digest
    assert [len(part.read) for part in after.parts] == [1, 1]
    assert checking.verify_model(tmp_path / "b.pt", [built.dataset]).recomputed == 2


def test_what_was_cleared_then_stays_right_and_what_is_revoked_since_is_told(studio: Studio, tmp_path: Path) -> None:
    admission = provenance.admit(studio.dataset, ask(), under="harbour/")
    items = admission.torch("art")
    read = [items[at]["row"] for at in range(3)]
    admission.write_receipt(tmp_path / "r.json")
    revoke(studio.dataset, "H")
    found = checking.verify_receipt(tmp_path / "r.json", [studio.dataset])
    assert found.good
    assert found.refused_today == {1: tuple(read)}
    assert found.notes == ("3 of the items read are refused today; provenance impact says what follows",)


def forge(path: Path, **changes: object) -> None:
    """Sign, with our own key, a receipt that tells something else: what a liar with the key can do."""
    envelope = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    for name, value in changes.items():
        part = statement["predicate"]["parts"][0]
        (part["read"] if name in part["read"] else part)[name] = value
    path.write_bytes(signing.seal(canonical_json(statement), [signing.own_key(Role.TRAIN)]))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"version_digest": "0" * 64}, "no such version"),
        ({"ledger": {"number": 2, "digest": "0" * 64}}, "no such head"),
        ({"ledger": {"number": 1, "digest": "0" * 64}}, "no such head"),
        ({"policy_digest": "0" * 64}, "policy is not the one"),
        ({"items": "0" * 64}, "not the ones whose digest"),
        ({"admitted": 5}, "items were cleared, 5 are told"),
        ({"on": "2020-01-01"}, "the day that counted"),
        ({"index": "0" * 64}, "another index"),
        ({"decided": "2199-01-01T00:00:00Z", "on": "2199-01-01"}, "the ledger was stale"),
    ],
)
def test_a_receipt_that_tells_something_else_is_found_out(
    built: Studio, tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    admission, place = lantern(built), tmp_path / "r.json"
    admission.torch("art")[0]
    admission.write_receipt(place)
    assert checking.verify_receipt(place, [built.dataset]).good
    forge(place, **changes)
    assert any(problem in each for each in checking.verify_receipt(place, [built.dataset]).problems)


def test_an_item_that_was_not_cleared_cannot_hide_in_a_receipt(built: Studio, tmp_path: Path) -> None:
    admission, place = provenance.admit(built.dataset, ask(), on_unlicensed="drop"), tmp_path / "r.json"
    refused = [row for row in range(admission.version.rows) if row not in admission.rows]
    admission.material.log.mark(refused[0])
    admission.write_receipt(place)
    problems = checking.verify_receipt(place, [built.dataset]).problems
    assert problems[0] == "part 1: 1 of the items read were not cleared"


def test_no_flipped_byte_of_a_receipt_is_believed(built: Studio, tmp_path: Path) -> None:
    admission, place = lantern(built), tmp_path / "r.json"
    admission.torch("art")[0]
    admission.write_receipt(place)
    data = place.read_bytes()
    for at in range(0, len(data), 7):
        with pytest.raises((BadSignatureError, SchemaError)):
            form.load(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :], trusted_signers(), "r.json")


def test_a_strangers_receipt_is_refused_until_their_key_is_named(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lantern(studio).write_receipt(tmp_path / "r.json")
    theirs = signing.own_key(Role.TRAIN).public
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(BadSignatureError, match="not trusted for training") as told:
        checking.verify_receipt(tmp_path / "r.json")
    assert f"--trusted-key train:{theirs.text}" in str(told.value)
    assert checking.verify_receipt(tmp_path / "r.json", trusted_keys={Role.TRAIN: [theirs]}).good


def test_a_bitmap_that_inflates_beyond_its_rows_is_refused() -> None:
    import zlib

    bomb = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()
    with pytest.raises(ValueError, match="not of this many rows"):
        form._bits(bomb, 16)


RUN = """
import sys, time
import provenance
from handoff_samples import ask
from torch.utils.data import DataLoader

admission = provenance.admit(sys.argv[1], ask(), under="lantern/", kinds=["art"], receipt=sys.argv[2])
items = admission.torch(transform=lambda sample: sample["row"])
for number, batch in enumerate(DataLoader(items, batch_size=2)):
    print(number, flush=True)
    if number == 3:
        admission.write_receipt(sys.argv[2])
        print("signed", flush=True)
    if number == 5:
        time.sleep(60)
"""


def test_a_killed_run_leaves_a_truthful_receipt_and_the_marks_of_what_came_later(
    studio: Studio, tmp_path: Path
) -> None:
    place = tmp_path / "r.json"
    paths = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(studio.dataset), str(place)], stdout=subprocess.PIPE, text=True, env=env
    )
    assert run.stdout is not None
    for line in run.stdout:
        if line == "5\n":
            break
    run.send_signal(signal.SIGKILL)
    run.wait()
    found = checking.verify_receipt(place, [studio.dataset])
    assert found.good and found.read == 8
    # The same decision goes on in the same record: what was read after the last receipt is not lost.
    again = lantern(studio, kinds=["art"], receipt=place)
    assert again.material.log.marked().sum() == 12
    assert checking.verify_receipt(place, [studio.dataset]).read == 12


def test_two_ranks_that_name_one_receipt_keep_one_record(built: Studio, tmp_path: Path) -> None:
    one, other = (lantern(built, kinds=["art"], receipt=tmp_path / "r.json") for _ in range(2))
    first = list(DataLoader(one.torch(decode="bytes", transform=len), sampler=range(8), num_workers=1))
    second = list(DataLoader(other.torch(decode="bytes", transform=len), sampler=range(8, 16)))
    assert len(first) + len(second) == 16
    assert one.write_receipt(tmp_path / "r.json").parts[0].read.tolist() == one.material.places.row.tolist()
