"""The corpus: each file with rights inside gives what a rights desk expects of it."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from provenance.model.words import Signal, Use
from provenance.rights.reasons import Decision, Reason, decision
from provenance.rights.sources import signals

ON = dt.date(2026, 11, 23)
# What the file alone must amount to, by the reason class that the corpus expects.
BY_CLASS = {
    "opt-out-in-file": (Decision.REFUSED, Reason.OPT_OUT_IN_FILE),
    "broken-credential": (Decision.REVIEW, Reason.BROKEN_CREDENTIAL),
    "remote-credential": (Decision.REVIEW, Reason.REMOTE_CREDENTIAL),
    "constrained": (Decision.REVIEW, Reason.CONSTRAINED_IN_FILE),
}
# Their record alone refuses them; what the file adds is told here.
ALSO_IN_FILE = {
    "06_stock/iptc/cc_by_nc_4.jpg": Reason.PURPOSE_IN_FILE,
    "06_stock/iptc/stock_licensed_expires_2026-06-30.jpg": Reason.EXPIRED_IN_FILE,
    "06_stock/iptc/all_rights_reserved_iim_only.jpg": Reason.OPT_OUT_IN_FILE,
}


def read(path: Path) -> list[Signal]:
    with path.open("rb") as file:
        head = file.read(4096)
        return signals.read(file, path.name, head, "")


def bites(path: Path, name: str) -> tuple[Reason, ...]:
    found = signals.restrictions(read(path), name)
    return tuple(each.reason for each in found if each.bites(Use.AI_GENERATIVE_TRAINING, "commercial", ON))


def test_every_file_of_the_studio_says_what_is_expected_of_it(studio_archive: Path) -> None:
    wrong = []
    with (studio_archive / "expected.csv").open(encoding="utf-8-sig", newline="") as sheet:
        for row in csv.DictReader(sheet):
            name = row["archive_path"]
            if row["verdict"] == "context":
                continue
            found = bites(studio_archive / "archive" / name, name)
            if row["reason_class"] in BY_CLASS:
                verdict, reason = BY_CLASS[row["reason_class"]]
                if decision(found) is not verdict or reason not in found:
                    wrong.append((name, row["reason_class"], found))
            elif name in ALSO_IN_FILE:
                if ALSO_IN_FILE[name] not in found:
                    wrong.append((name, "expected also in the file", found))
            elif row["verdict"] != "unreadable" and found:
                wrong.append((name, "expected to say nothing against itself", found))
    assert wrong == []


def test_the_sidecar_of_panel_2010_opts_out(studio_archive: Path) -> None:
    path = studio_archive / "archive" / "02_art/storyboard/reel2/2010.xmp"
    (found,) = signals.restrictions(read(path), "2010.xmp", sidecar=True)
    assert found.reason is Reason.OPT_OUT_IN_SIDECAR


def test_the_licence_beside_the_cels_is_non_commercial_and_the_mixed_one_decides_nothing(studio_archive: Path) -> None:
    cels = read(studio_archive / "archive" / "03_production/cel_dwanko/LICENSE.txt")
    assert {each.reason for each in signals.restrictions(cels, "LICENSE.txt", sidecar=True)} == {Reason.PURPOSE_IN_FILE}
    mixed = read(studio_archive / "archive" / "02_art/README_LICENSE.txt")
    assert signals.restrictions(mixed, "README_LICENSE.txt", sidecar=True) == ()


@pytest.mark.parametrize(("name", "contradicts"), [("library_freakout", True), ("TPC_ep01_v03", False)])
def test_a_script_that_names_its_owner_contradicts_a_public_domain_record(
    studio_archive: Path, name: str, contradicts: bool
) -> None:
    found = read(studio_archive / "archive" / f"01_story/scripts/{name}.fountain")
    assert bool(signals.conflicts(found, name, "public-domain")) is contradicts


def test_no_record_of_the_studio_is_contradicted_but_the_one_that_is_known(studio_archive: Path) -> None:
    wrong = []
    for name, basis, licence in (
        ("06_stock/iptc/cc_by_4.jpg", "public-license", "CC-BY-4.0"),
        ("06_stock/iptc/marked_false_public_domain.jpg", "public-domain", "CC0-1.0"),
        ("01_story/scripts/TPC_ep01_v03.pdf", "public-domain", ""),
        ("02_art/comic_bible/E06_cover_signed.jpg", "public-license", "CC-BY-4.0"),
    ):
        if signals.conflicts(read(studio_archive / "archive" / name), name, basis, licence):
            wrong.append(name)
    assert wrong == []


def test_our_proof_of_credentials_agrees_with_the_c2pa_library(corpus: Path) -> None:
    """On every sample but those where the library knows more: a misspelt label, a claim without algorithm, an update.

    Files that point at a remote credential are left out, so that nothing is ever fetched.
    """
    apart = {"testv2_training_mining.jpg", "no_alg.jpg", "update_manifest.jpg", "cloud.jpg", "libpng-test_with_url.png"}
    c2pa = pytest.importorskip("c2pa")
    import json

    kinds = {".jpg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf", ".mp4": "video/mp4"}
    settings = c2pa.Settings.from_dict({"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}})
    ours, theirs = {}, {}
    for path in sorted([*(corpus / "metadata/c2pa").glob("*.*"), *(corpus / "metadata/c2pa_training").glob("*")]):
        if path.suffix not in kinds or path.name in apart:
            continue
        found = [signal.value for signal in read(path) if signal.standard == "c2pa.validation"]
        ours[path.name] = found[0] if found else None
        try:
            with path.open("rb") as file:
                reader = c2pa.Reader(kinds[path.suffix], file, context=c2pa.Context(settings))
                state = json.loads(reader.json())["validation_state"]
            theirs[path.name] = {"Valid": "valid", "Trusted": "valid", "Invalid": "broken"}[state]
        except c2pa.C2paError:
            theirs[path.name] = None
    assert ours == theirs
    assert sorted(set(ours.values()), key=str) == [None, "broken", "valid"]
