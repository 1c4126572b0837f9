"""Impact: what one agreement, work, asset or item touches, where it went, and the work that follows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from studio import Studio, picture

from provenance import cli, impact
from provenance.auditing.reach import Target, Touch
from provenance.impact import Impact
from provenance.model.errors import UsageError


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = Studio(tmp_path_factory.mktemp("impact"))
    for number in range(3):
        made.add(f"bought/{number}.png", picture(number))
    made.add("own/a.png", picture(10))
    made.add("own/copy of 1.png", picture(1))
    made.record(
        "bought/**", basis="license", agreement="B-1", license="LicenseRef-B", rights_holder="Seller", work="Bought"
    )
    made.record("own/**")
    seller = {"basis": "license", "license": "LicenseRef-B", "rights_holder": "Seller", "work": "Bought"}
    made.record("own/copy of 1.png", agreement="B-2", **seller)
    made.build()
    return made


def ask(studio: Studio, what: Touch, name: str, **more: object) -> Impact:
    return impact.impact(studio.dataset, Target(what, name), studio.policy(), **more)  # type: ignore[arg-type]


def test_an_agreement_touches_its_items_and_their_copies_elsewhere(studio: Studio) -> None:
    found = ask(studio, Touch.AGREEMENT, "B-1")
    assert found.assets == {"bought/0.png": 1, "bought/1.png": 1, "bought/2.png": 1}
    assert (found.exact, found.copies) == (1, {"own/copy of 1.png": 1})
    assert [each.id for each in found.statements] == ["R-001"]
    assert sum(found.shards.values()) == 3 and found.survivals == {"not stated": 3}


def test_a_revocation_would_reach_the_copy_under_another_record(studio: Studio) -> None:
    found = ask(studio, Touch.AGREEMENT, "B-1")
    flips = {(each.after.value, each.reason): each.items for each in found.flips.flips}
    assert flips[("refused", "revoked")] == 3
    assert flips[("refused", "twin-revoked")] == 1


def test_nothing_is_signed_by_asking(studio: Studio) -> None:
    before = sorted((studio.dataset / "ledger").iterdir())
    ask(studio, Touch.WORK, "Bought")
    assert sorted((studio.dataset / "ledger").iterdir()) == before


def test_an_asset_and_an_item_are_found_by_path_and_by_the_beginning_of_an_id(studio: Studio) -> None:
    found = ask(studio, Touch.ASSET, "own/a.png")
    assert (found.items, found.cleared_now, found.flips.newly_refused) == (1, 1, 1)
    admission = studio.admit()
    from provenance.dataset.index import load_table

    info = admission.version.content.tables["index"]
    first = load_table(admission.dataset.store, "index", info, admission.dataset.id, ["item_id"]).column(0)[0].as_py()
    assert ask(studio, Touch.ITEM, first.hex()[:12]).items == 1


@pytest.mark.parametrize(
    ("what", "name"),
    [
        (Touch.AGREEMENT, "never"),
        (Touch.PERSON, "nobody"),
        (Touch.ASSET, "never.png"),
        (Touch.ITEM, "00000000"),
        (Touch.ITEM, "xyz"),
    ],
)
def test_what_is_not_there_is_refused_with_a_next_step(studio: Studio, what: Touch, name: str) -> None:
    with pytest.raises(UsageError) as told:
        ask(studio, what, name)
    assert told.value.next_step


def test_every_version_that_holds_the_items_is_named(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.record("**", agreement="B-1")
    studio.build()
    studio.add("b.png", picture(2))
    studio.build()
    found = ask(studio, Touch.AGREEMENT, "B-1")
    assert [(each.name, each.items) for each in found.versions] == [("version 1", 1), ("version 2", 2)]


def test_the_work_list_begins_at_the_rights_desk_and_asks_for_receipts(studio: Studio) -> None:
    tasks = ask(studio, Touch.AGREEMENT, "B-1").tasks
    assert tasks[0].who == "rights desk" and "provenance rights revoke DATASET --agreement 'B-1'" in tasks[0].what
    assert any("no receipt was given" in each.what for each in tasks)


def test_a_model_is_known_by_its_receipt(studio: Studio, tmp_path: Path) -> None:
    from provenance.dataset.signing import Role, own_key
    from provenance.handoff import for_training

    own_key(Role.TRAIN)
    admission = for_training(studio.dataset, studio.policy(duplicates="keep"))
    assert sum(batch.num_rows for batch in admission.arrow_batches("art")) == 5
    place = tmp_path / "run.receipt.json"
    admission.write_receipt(place)
    found = ask(studio, Touch.AGREEMENT, "B-1", receipt_files=[place])
    # Four, because a copy of the same file is the same item to whoever trains.
    assert [(each.items, each.unknown) for each in found.receipts] == [(4, 0)]
    assert found.receipts[0].clauses == {"not stated": 4}
    assert [each.who for each in found.tasks if "read 4 of the items; not stated" in each.what] == ["counsel"]


def test_each_model_is_told_only_the_clauses_of_what_it_read(tmp_path: Path) -> None:
    from provenance.dataset.signing import Role, own_key
    from provenance.handoff import for_training

    studio = Studio(tmp_path)
    studio.add("a/1.png", picture(1))
    studio.add("b/2.png", picture(2))
    manifest = tmp_path / "rights.yaml"
    manifest.write_text(
        "manifest: 1\nagreements:\n"
        "  Destroyed:\n    basis: license\n    license: LicenseRef-S\n    allowed: [ai_generative_training]\n"
        "    territory: {places: [worldwide]}\n    survival: destroy\n"
        "  Kept:\n    basis: license\n    license: LicenseRef-S\n    allowed: [ai_generative_training]\n"
        "    territory: {places: [worldwide]}\n    survival: perpetual\n"
        "statements:\n"
        "  - {id: S-1, agreement: Destroyed, work: Both, holder: Seller, applies_to: a/**}\n"
        "  - {id: S-2, agreement: Kept, work: Both, holder: Seller, applies_to: b/**}\n"
    )
    studio.build(rights=(str(manifest),))
    own_key(Role.TRAIN)
    admission = for_training(studio.dataset, studio.policy(duplicates="keep"))
    assert sum(batch.num_rows for batch in admission.arrow_batches("art")) == 2
    place = tmp_path / "run.receipt.json"
    admission.write_receipt(place)
    found = ask(studio, Touch.WORK, "Both", receipt_files=[place])
    assert found.survivals == {"perpetual": 1, "destroy": 1}
    assert found.receipts[0].clauses == {"perpetual": 1, "destroy": 1}
    assert any("read 1 of the items; destroy: models already trained must be destroyed" in t.what for t in found.tasks)
    narrow = ask(studio, Touch.ASSET, "a/1.png", receipt_files=[place])
    assert narrow.receipts[0].clauses == {"destroy": 1}


def test_a_public_impact_names_nothing_and_holds_no_order(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["impact", str(studio.dataset), "--agreement", "B-1", "--on", "2026-11-23"]
    for form in ("html", "json", "xlsx", "csv", "parquet"):
        out = tmp_path / (form if form in ("csv", "parquet") else f"impact.{form}")
        assert cli.run([*words, "--public", "--format", form, "--out", str(out)]) == 0
        files = [out] if out.is_file() else sorted(out.iterdir())
        data = b"".join(_plain(file) for file in files)
        assert [
            secret
            for secret in ("B-1", "bought/", "Bought", "Seller", "rights revoke", "--by WHO")
            if secret.encode() in data
        ] == []
    assert cli.run([*words, "--public"]) == 2
    assert "--out" in capsys.readouterr().err


def _plain(file: Path) -> bytes:
    """The bytes of a file, those that it holds packed unpacked."""
    import zipfile

    import pyarrow.parquet as pq

    if file.suffix == ".xlsx":
        with zipfile.ZipFile(file) as package:
            return b"".join(package.read(name) for name in package.namelist())
    return str(pq.read_table(file).to_pylist()).encode() if file.suffix == ".parquet" else file.read_bytes()


def test_the_command_prints_and_writes_a_page(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "impact.html"
    words = ["impact", str(studio.dataset), "--agreement", "B-1", "--on", "2026-11-23", "--out", str(page)]
    assert cli.run(words) == 0
    assert "3 touched" in capsys.readouterr().out
    assert "Content-Security-Policy" in page.read_text() and "bought/1.png" in page.read_text()
    assert cli.run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == {"cleared_now": 3, "hours": 0.0, "touched": 3}
    assert told["schema"] == {"name": "provenance-impact", "version": 2} and told["marking"].startswith("Private")
    assert cli.run(["impact", str(studio.dataset), "--agreement", "B-1", "--work", "Bought"]) == 2


def test_a_release_that_holds_the_items_is_called_back_and_can_be_audited_itself(
    studio: Studio, tmp_path: Path
) -> None:
    from provenance import audit, release

    place = tmp_path / "release"
    release.release(studio.dataset, studio.policy(duplicates="keep", on=None), place)
    found = ask(studio, Touch.AGREEMENT, "B-1", releases=[place])
    assert [each.items for each in found.releases] == [4]
    assert any(task.what.startswith("call back release") for task in found.tasks)
    audited = audit.audit(place, studio.policy(), ledger=studio.dataset)
    assert audited.census.by_decision()["cleared"].items == audited.census.total.items == 5
    scope = {each.key: each for each in audit.report(audited, thumbnails=0).sections}
    assert dict(scope["scope"].facts)["Release of"].startswith(f"dataset {studio.admit().dataset.id}, version 1")
    assert "are the same" in scope["crawl"].about
    facts = dict(next(s for s in audit.report(audited, thumbnails=0).sections if s.key == "scope").facts)
    assert audited.rights_keys.current.fingerprint == facts["Signed with rights key"]


def test_a_release_whose_items_were_revoked_since_is_to_be_called_back(tmp_path: Path) -> None:
    from provenance import audit, release, rightsdesk
    from provenance.rights.ledger import Revoke

    studio = Studio(tmp_path)
    studio.add("sold/a.png", picture(1))
    studio.add("own/b.png", picture(2))
    studio.record("sold/**", basis="license", license="LicenseRef-S", agreement="S-1", rights_holder="Seller")
    studio.record("own/**")
    studio.build()
    place = tmp_path / "release"
    release.release(studio.dataset, studio.policy(duplicates="keep", on=None), place)
    desk = rightsdesk.open_desk(studio.dataset)
    order = Revoke(by="counsel", why="over", effective=desk.moment.date(), agreement="S-1")
    rightsdesk.append(desk.store, desk.dataset.id, desk.book, [order], desk.moment)
    audited = audit.audit(place, studio.policy(on=None), ledger=studio.dataset)
    report = audit.report(audited, thumbnails=0)
    assert report.answer is not None and report.answer.verdict == "Yes for 1 item (50 %). No for 1."
    work = next(each for each in report.tables() if each.key == "todo")
    assert [row[2] for row in work.rows if str(row[3]).startswith("Call this release back")] == [1]
