"""The hand-off: what is not licensed never reaches a batch, and every read is proven."""

from __future__ import annotations

import datetime as dt
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from handoff_samples import ask, revoke
from studio import Studio, picture
from torch.utils.data import DataLoader, DistributedSampler

import provenance
from provenance.dataset.index import load_table
from provenance.handoff import NoticeWarning, RevokedWarning, TrainingAdmission
from provenance.model.errors import ChangedError, StaleLedgerError, UnlicensedError, UsageError
from provenance.rights.policy import Duplicates


def drop(studio: Studio, **how: object) -> TrainingAdmission:
    return provenance.admit(studio.dataset, ask(), on_unlicensed="drop", **how)


def rows(sample: dict[str, object]) -> object:
    return sample["row"]


def assets(admission: TrainingAdmission) -> list[str]:
    """The asset of every index row."""
    tables, store, name = admission.version.content.tables, admission.dataset.store, admission.dataset.id
    asset = load_table(store, "index", tables["index"], name, ["asset"]).column(0).to_pylist()
    shown = load_table(store, "assets", tables["assets"], name, ["asset"]).column(0).to_pylist()
    return [shown[at] for at in asset]


def test_the_public_verb_may_be_called_and_is_still_the_module() -> None:
    from provenance.admit import Admission
    from provenance.handoff import for_training

    assert provenance.admit.Admission is Admission
    assert issubclass(TrainingAdmission, Admission)
    with pytest.raises(UsageError, match="on_unlicensed is"):
        provenance.admit("/nowhere", ask(), on_unlicensed="maybe")
    assert for_training.__module__ == "provenance.handoff"
    with pytest.raises(AttributeError, match="no attribute 'admitt'"):
        _ = provenance.admitt


def test_one_unlicensed_item_stops_the_run_and_is_named_with_its_reason(built: Studio) -> None:
    with pytest.raises(UnlicensedError, match=r"1 items are not licensed: found/unknown.png \(no-record\)") as told:
        provenance.admit(built.dataset, ask())
    assert told.value.exit_code == 20


def test_left_out_items_are_counted_by_reason_and_never_come(built: Studio) -> None:
    admission = drop(built)
    assert {reason.value: count for (_, reason), count in admission.by_reason().items()} == {"no-record": 1}
    names = assets(admission)
    seen = {names[sample["row"]] for sample in map(admission.torch("art", decode="bytes").__getitem__, range(21))}
    assert len(seen) == 21
    assert "found/unknown.png" not in seen


def test_a_title_that_is_licensed_whole_may_be_taken_by_itself(built: Studio) -> None:
    admission = provenance.admit(built.dataset, ask(), under="lantern/", kinds=["art"])
    assert len(admission.torch()) == 16
    with pytest.raises(UnlicensedError, match="found/unknown"):
        provenance.admit(built.dataset, ask(), under="fo")


def test_an_item_is_the_picture_or_the_scene_that_went_in(built: Studio) -> None:
    admission = drop(built, under="lantern/")
    pictures = [admission.torch("art", decode="bytes")[at]["image"] for at in range(16)]
    assert sorted(pictures) == sorted(picture(number) for number in range(16))
    first = admission.torch("art", decode="tensor")[0]["image"]
    assert (first.dtype, tuple(first.shape)) == (torch.uint8, (3, 64, 96))
    texts = [sample["text"] for sample in map(admission.torch("scripts").__getitem__, range(3))]
    assert any("A lamp number 2 flickers." in text for text in texts)
    assert admission.torch("art", transform=rows)[-1] == admission.torch("art")[15]["row"]
    with pytest.raises(IndexError):
        admission.torch("art")[16]
    with pytest.raises(UsageError, match="items of several kinds"):
        admission.torch()


def test_of_items_that_are_alike_one_comes_when_the_policy_says_so(built: Studio) -> None:
    once = provenance.admit(built.dataset, ask(duplicates=Duplicates.EXACT), on_unlicensed="drop")
    assert (len(once.torch("art")), len(drop(built).torch("art"))) == (20, 21)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_a_loader_brings_every_admitted_item_exactly_once_an_epoch(built: Studio, workers: int, context: str) -> None:
    if workers == 0 and context == "spawn":
        pytest.skip("no process is started without workers")
    admission = drop(built)
    how = {"num_workers": workers, "multiprocessing_context": context} if workers else {}
    loader = DataLoader(admission.torch("art", transform=rows), batch_size=4, shuffle=True, **how)
    for _ in range(1 if context == "spawn" else 2):
        assert sorted(torch.cat(list(loader)).tolist()) == admission.material.of_kind("art").row.tolist()
    # The record is shared: what workers read is known here.
    assert np.flatnonzero(admission.material.log.marked()).tolist() == admission.material.of_kind("art").row.tolist()


def test_ranks_of_a_distributed_sampler_share_the_items(built: Studio) -> None:
    items = provenance.admit(built.dataset, ask(), under="lantern/", kinds=["art"]).torch(transform=rows)
    got = []
    for rank in range(2):
        sampler = DistributedSampler(items, num_replicas=2, rank=rank, shuffle=True, seed=5)
        got += torch.cat(list(DataLoader(items, batch_size=3, sampler=sampler))).tolist()
    assert sorted(got) == items.places.row.tolist()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_is_resumed_in_mid_epoch_gets_the_rest_and_nothing_twice(built: Studio, workers: int) -> None:
    loaders = pytest.importorskip("torchdata.stateful_dataloader")
    items = provenance.admit(built.dataset, ask(), under="lantern/", kinds=["art"]).torch(transform=rows)

    def loader() -> object:
        torch.manual_seed(3)
        return loaders.StatefulDataLoader(items, batch_size=3, shuffle=True, num_workers=workers)

    whole = [batch.tolist() for batch in loader()]
    first = loader()
    turn = iter(first)
    begun = [next(turn).tolist() for _ in range(2)]
    state = pickle.loads(pickle.dumps(first.state_dict()))  # noqa: S301 - our own, as a checkpoint would hold it
    again = loader()
    again.load_state_dict(state)
    assert begun + [batch.tolist() for batch in again] == whole
    assert sorted(row for batch in whole for row in batch) == items.places.row.tolist()


def test_the_stream_gives_each_worker_its_share(built: Studio) -> None:
    admission = drop(built)
    stream = admission.iterable("art", shuffle=7, transform=rows)
    plain = [int(row) for row in DataLoader(stream, batch_size=None)]
    both = [int(row) for row in DataLoader(stream, batch_size=None, num_workers=2)]
    assert sorted(plain) == sorted(both) == admission.material.of_kind("art").row.tolist()
    assert plain != sorted(plain)


def test_a_pickled_dataset_reads_the_same_and_holds_no_descriptor(built: Studio) -> None:
    items = drop(built).torch("art", decode="bytes")
    before = items[3]
    again = pickle.loads(pickle.dumps(items))  # noqa: S301 - our own
    assert again._reader._handles == {}
    assert again[3] == before


def test_a_changed_byte_is_refused_at_the_item_it_is_in(studio: Studio) -> None:
    admission = drop(studio)
    items = admission.torch("art", decode="bytes")
    places = items.places
    file = studio.dataset / places.shards[int(places.shard[5])].path
    data = bytearray(file.read_bytes())
    data[int(places.offset[5]) + 40] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)
    assert items[4]["image"] in {picture(number) for number in (*range(16), *range(40, 44))}
    with pytest.raises(ChangedError, match="not the one that was signed"):
        items[5]
    assert not admission.material.log.marked()[places.row[5]]


def test_hugging_face_rows_are_decoded_on_demand_and_copied_nowhere(
    built: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admission = drop(built, under="lantern/")
    found = admission.hf("art")
    assert found.num_rows == 16
    assert found[2]["image"].size == (96, 64)
    assert admission.material.log.marked().sum() == 1
    assert found.shuffle(seed=1)[:3]["item_id"] != found[:3]["item_id"]
    assert found.data.nbytes < 16 * 200
    assert admission.hf("scripts")[0]["text"].startswith("INT. ROOM")


def test_arrow_batches_hold_admitted_rows_with_all_their_columns(built: Studio) -> None:
    admission = drop(built)
    batches = list(admission.arrow_batches("art", columns=["asset", "image", "rights_credit"], rows=4))
    names = [name for batch in batches for name in batch.column("asset").to_pylist()]
    assert len(names) == 21
    assert "found/unknown.png" not in names
    assert max(batch.num_rows for batch in batches) <= 4
    credits = {credit for batch in batches for credit in batch.column("rights_credit").to_pylist()}
    assert credits == {"Art by the Lantern crew", "Courtesy of Harbour Films"}
    with pytest.raises(UsageError, match="no column 'cleared'"):
        list(admission.arrow_batches("art", columns=["cleared"]))


def test_a_revocation_in_mid_run_stops_the_next_epoch_and_names_what_it_hit(studio: Studio) -> None:
    admission = drop(studio)
    items = admission.torch("art", transform=rows)
    loader = DataLoader(items, batch_size=4, num_workers=0)
    first = torch.cat(list(loader)).tolist()
    revoke(studio.dataset, "H")
    with pytest.raises(UnlicensedError, match=r"5 items that were admitted are refused now: harbour/art/00.png"):
        list(loader)
    with pytest.warns(RevokedWarning, match=r"5 items .* harbour/art/00.png \(revoked\)"):
        rest = admission.refresh()
    left = torch.cat(list(DataLoader(rest.torch("art", transform=rows), batch_size=4))).tolist()
    assert (len(first), len(left)) == (21, 16)
    names = assets(rest)
    assert {names[row].split("/")[0] for row in left} == {"lantern"}
    assert [part.terms.ledger["number"] for part in rest.material.parts()] == [1, 2]
    assert [len(part.read) for part in rest.material.parts()] == [21, 16]


def test_a_run_that_wants_everything_licensed_is_stopped_by_refresh(studio: Studio) -> None:
    admission = provenance.admit(studio.dataset, ask(), under="harbour/")
    revoke(studio.dataset, "H")
    with pytest.raises(UnlicensedError, match="refused now"):
        admission.refresh()


def test_a_revocation_of_something_else_does_not_stop_a_run(studio: Studio) -> None:
    admission = provenance.admit(studio.dataset, ask(), under="lantern/", kinds=["art"])
    items = admission.torch()
    revoke(studio.dataset, "H")
    assert len(items) == 16
    assert admission.material.terms.ledger["number"] == 2


def test_past_the_end_of_the_ledger_not_one_more_item_is_read(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    admission = drop(studio)
    items = pickle.loads(pickle.dumps(admission.torch("art")))  # noqa: S301 - as a worker holds it
    assert items[0]["row"] == items.places.row[0]
    later = admission.valid_until + dt.timedelta(seconds=1)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(later.timestamp())))
    with pytest.raises(StaleLedgerError, match="the admission ended at"):
        items[1]
    with pytest.raises(StaleLedgerError):
        len(admission.torch("art"))


def test_a_clock_set_back_does_not_prolong_an_admission(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    admission = drop(studio)
    watch = admission.material.watch
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    watch.require_time()
    passed = (admission.valid_until - admission.moment).total_seconds() + 1
    monkeypatch.setattr("provenance.training.watch.time.monotonic", lambda: watch._ticks + passed)
    with pytest.raises(StaleLedgerError):
        watch.require_time()


def test_random_access_is_proven_whatever_the_order(built: Studio) -> None:
    items = drop(built).torch("art", decode="bytes")
    order = list(range(21)) * 3
    random.Random(4).shuffle(order)
    by_position = {at: items[at]["image"] for at in range(21)}
    assert all(items[at]["image"] == by_position[at] for at in order)
    assert [sample["row"] for sample in items.__getitems__([2, 0])] == [items.places.row[2], items.places.row[0]]


def test_a_key_that_is_seen_first_is_shown_to_whoever_trains(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "elsewhere"))
    with pytest.warns(NoticeWarning, match="first use of build key SHA256:"):
        provenance.admit(studio.dataset, ask(), under="lantern/")
