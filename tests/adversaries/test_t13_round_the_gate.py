"""T13: an engineer in a hurry goes round the gate. What can be stopped is stopped; what cannot leaves no receipt."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from handoff_samples import ask, built, revoke, studio
from studio import Studio

import provenance
from provenance.dataset import signing
from provenance.dataset.signing import Role
from provenance.model.errors import (
    BadSignatureError,
    ChangedError,
    ForeignError,
    MissingError,
    RightsError,
    RollbackError,
    UnlicensedError,
)
from provenance.model.words import canonical_json
from provenance.receipts import verify_model
from provenance.training.material import Material
from provenance.training.places import Places, load_places

__all__ = ["built", "studio"]


def assets_read(admission: object) -> set[str]:
    rows = [batch.column("asset").to_pylist() for batch in admission.arrow_batches("art", columns=["asset"])]
    return {name for part in rows for name in part}


def test_an_old_shard_in_the_place_of_a_new_one_is_not_read(studio: Studio) -> None:
    """The old shard still holds the title whose files the archive no longer has."""
    old = sorted((studio.dataset / "data" / "art").iterdir())
    for file in sorted((studio.archive / "harbour" / "art").iterdir()):
        file.unlink()
    studio.build()
    new = sorted(set((studio.dataset / "data" / "art").iterdir()) - set(old))
    assert new
    new[0].chmod(0o644)
    shutil.copyfile(old[0], new[0])
    admission = provenance.admit(studio.dataset, ask(), on_unlicensed="drop")
    items = admission.torch("art", decode="bytes")
    with pytest.raises(ChangedError):
        [items[at] for at in range(len(items))]
    with pytest.raises(ChangedError):
        assets_read(admission)


def test_an_index_that_is_edited_to_add_items_is_not_opened(studio: Studio) -> None:
    index = next((studio.dataset / "index").iterdir())
    table = pq.read_table(index)
    index.chmod(0o644)
    pq.write_table(table.slice(0, table.num_rows - 1), index)
    with pytest.raises(ChangedError, match="not the ones that were signed"):
        provenance.admit(studio.dataset, ask(), on_unlicensed="drop")


def test_the_ledger_from_before_the_revocation_is_refused(studio: Studio, tmp_path: Path) -> None:
    shutil.copytree(studio.dataset / "ledger", tmp_path / "old")
    revoke(studio.dataset, "H")
    shutil.rmtree(studio.dataset / "ledger")
    shutil.copytree(tmp_path / "old", studio.dataset / "ledger")
    with pytest.raises(RollbackError):
        provenance.admit(studio.dataset, ask(), on_unlicensed="drop")


def test_the_ledger_of_another_dataset_is_refused(studio: Studio, tmp_path: Path) -> None:
    other = Studio(tmp_path / "other")
    other.add("found/unknown.png", b"not read")
    other.record("**")
    other.build()
    with pytest.raises(ForeignError):
        provenance.admit(studio.dataset, ask(), ledger=other.dataset, on_unlicensed="drop")


def test_no_ledger_at_all_is_no_permission(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "elsewhere"))
    shutil.rmtree(studio.dataset / "ledger")
    shutil.rmtree(studio.dataset / "keys" / "rights")
    with pytest.raises(RightsError, match="nothing is licensed"):
        provenance.admit(studio.dataset, ask(), on_unlicensed="drop")


def test_a_folder_that_is_called_cleared_changes_nothing(studio: Studio) -> None:
    """Names of folders are no columns, and a shard that no version names is no shard."""
    before = provenance.admit(studio.dataset, ask(), on_unlicensed="drop")
    shard = next((studio.dataset / "data" / "art").iterdir())
    (studio.dataset / "data" / "art" / "rights_status=cleared").mkdir()
    shutil.copyfile(shard, studio.dataset / "data" / "art" / "rights_status=cleared" / shard.name)
    after = provenance.admit(studio.dataset, ask(), on_unlicensed="drop")
    assert after.admitted.tolist() == before.admitted.tolist()
    assert "found/unknown.png" not in assets_read(after)
    renamed = studio.dataset.rename(studio.home / "rights_status=cleared")
    with pytest.raises(UnlicensedError, match=r"found/unknown\.png"):
        provenance.admit(renamed, ask())


def test_a_clock_set_back_does_not_bring_a_revoked_title_back(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(studio.dataset, "H")
    assert len(provenance.admit(studio.dataset, ask(), on_unlicensed="drop").torch("art")) == 16
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1577836800")
    assert len(provenance.admit(studio.dataset, ask(), on_unlicensed="drop").torch("art")) == 16


def test_items_that_are_smuggled_past_the_gate_show_in_the_receipt(studio: Studio, tmp_path: Path) -> None:
    """Python cannot stop its own user from building a reader of everything; the receipt says what was read with it."""
    admission = provenance.admit(studio.dataset, ask(), on_unlicensed="drop")
    store, version = admission.dataset.store, admission.version
    places: Places = load_places(store, version, np.arange(version.rows))
    smuggled = Material(store, admission.terms, places, admission.material.watch)
    for at in range(len(smuggled.of_kind("art"))):
        smuggled.torch("art", decode="bytes")[at]
    model = tmp_path / "model.pt"
    model.write_bytes(b"weights")
    smuggled.write_receipt(model=model)
    problems = verify_model(model, [studio.dataset]).problems
    assert problems == ("part 1: 1 of the items read were not cleared",)


def test_a_model_that_was_trained_without_a_receipt_or_with_anothers_is_found(studio: Studio, tmp_path: Path) -> None:
    raw = pq.ParquetFile(next((studio.dataset / "data" / "art").iterdir())).read(columns=["image"])
    assert raw.num_rows == 22  # nothing stops a raw read of a dataset; see manifests/TRUST.md
    model = tmp_path / "model.pt"
    model.write_bytes(b"weights from a raw read")
    with pytest.raises(MissingError, match="nobody knows what it was trained on"):
        verify_model(model, [studio.dataset])
    honest = tmp_path / "honest.pt"
    honest.write_bytes(b"weights")
    provenance.admit(studio.dataset, ask(), under="lantern/").write_receipt(model=honest)
    shutil.copyfile(f"{honest}.receipt.json", f"{model}.receipt.json")
    assert "not of this model file" in verify_model(model, [studio.dataset]).problems[0]


def test_a_receipt_that_drops_what_was_read_breaks_its_signature(studio: Studio, tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    model.write_bytes(b"weights")
    admission = provenance.admit(studio.dataset, ask(), under="lantern/")
    admission.torch("art")[0]
    admission.write_receipt(model=model)
    place = Path(f"{model}.receipt.json")
    envelope = json.loads(place.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["parts"] = []
    envelope["payload"] = base64.b64encode(canonical_json(statement)).decode()
    place.write_bytes(canonical_json(envelope) + b"\n")
    with pytest.raises(BadSignatureError, match="the signature is not that of key"):
        verify_model(model)
    stranger = signing.own_key(Role.TRAIN, tmp_path / "stranger")
    statement["predicate"]["signer"] = stranger.public.text
    place.write_bytes(signing.seal(canonical_json(statement), [stranger]))
    with pytest.raises(BadSignatureError, match="not trusted for training"):
        verify_model(model)


def test_a_copied_release_and_the_newer_ledger_leave_the_revoked_title_out(studio: Studio, tmp_path: Path) -> None:
    provenance.release(studio.dataset, ask(), tmp_path / "release")
    shutil.copytree(tmp_path / "release", tmp_path / "copy")
    revoke(studio.dataset, "H")
    with pytest.raises(UnlicensedError, match="harbour/art"):
        provenance.admit(tmp_path / "copy", ask(), ledger=studio.dataset)
