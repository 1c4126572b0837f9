"""The pages in manifests/ describe what is there: no field without a line, no line without a field."""

from __future__ import annotations

import re
from pathlib import Path

from dataset_samples import AT, DATASET, publish

from provenance.dataset import keyring, signing, version
from provenance.dataset.chain import _COMMON
from provenance.dataset.opening import open_dataset
from provenance.dataset.schema import (
    _ASSET,
    _PICTURE,
    ASSETS,
    CAPTIONS,
    CORE,
    FORMAT_VERSION,
    INDEX,
    PAYLOAD,
    QUARANTINE,
    RIGHTS,
)
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.model.words import Cause, Kind

ROOT = Path(__file__).resolve().parents[2]
FORMAT = (ROOT / "manifests" / "FORMAT.md").read_text()
TRUST = (ROOT / "manifests" / "TRUST.md").read_text()


def described(heading: str, level: str = "##") -> dict[str, str]:
    """The rows of all tables in one section: field and meaning."""
    (section,) = re.findall(rf"^{level} {re.escape(heading)}[^\n]*\n(.*?)(?=^##|\Z)", FORMAT, re.M | re.S)
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|$", section, re.M))


def names(fields: object) -> set[str]:
    return {field.name for field in fields}  # type: ignore[attr-defined]


def test_every_column_of_every_shard_is_described_in_its_section_and_none_that_is_not_there() -> None:
    core, picture = names(CORE) | names(RIGHTS), names(_PICTURE) | {"image"}
    assert described("Columns of every shard").keys() == core
    assert described("Columns of pictures").keys() == picture
    assert described("Columns of frames only").keys() == names(PAYLOAD[Kind.FRAMES]) - core - picture
    assert described("Columns of art only").keys() == names(PAYLOAD[Kind.ART]) - core - picture
    assert described("Columns of scripts only").keys() == names(PAYLOAD[Kind.SCRIPTS]) - core


def test_every_column_of_the_tables_is_described() -> None:
    assert described("Columns of `index`").keys() == names(INDEX)
    assert described("Columns of `assets` and `quarantine`").keys() == names(ASSETS) | names(QUARANTINE)
    assert described("Columns of `captions`").keys() == names(CAPTIONS)
    assert names(_ASSET) == names(ASSETS) & names(QUARANTINE)


def test_every_field_of_a_version_and_of_a_key_is_described(tmp_path: Path) -> None:
    published = publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)})
    body = open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home")).head.entry.body
    listed = body["shards"][0].keys()
    assert described("A version", "###").keys() == body.keys() | listed
    assert body["tables"]["index"].keys() == listed - {"kind"}
    assert described("Signed entries").keys() == set(_COMMON)
    assert f"`{version.PREDICATE}`" in FORMAT and published.entry.subjects == published.content.objects
    keys = keyring.load(Store(tmp_path / "ds"), Role.BUILD, DATASET)
    assert described("A key", "###").keys() == keys.entries[0].body.keys()
    assert f"`{keyring.PREDICATE}`" in FORMAT
    assert f"Format version {FORMAT_VERSION}." in FORMAT
    assert f"`{signing.PAYLOAD_TYPE}`" in FORMAT
    assert keys.entries[0].created == AT


def test_every_cause_of_quarantine_is_explained() -> None:
    causes = described("Causes of quarantine")
    assert list(causes) == [cause.value for cause in Cause]
    assert min(map(len, causes.values())) > 20


def test_every_threat_has_a_row_and_every_test_of_one_is_named() -> None:
    rows = dict(re.findall(r"^\| (T\d\d) \|.*\| (\S+) \|$", TRUST, re.M))
    assert list(rows) == [f"T{number:02d}" for number in range(1, 24)]
    for file in (ROOT / "tests" / "adversaries").glob("test_t[0-9][0-9]_*.py"):
        threat = file.name[5:8].upper()
        assert rows[threat] == f"tests/adversaries/{file.name[:8]}_*", f"{file.name} is not in TRUST.md"
    for place in re.findall(r"tests/faults/\S+\.py", TRUST):
        assert (ROOT / place).is_file(), place


def test_trust_says_what_is_not_promised() -> None:
    (section,) = re.findall(r"## What is not promised\n(.*?)^## ", TRUST, re.M | re.S)
    for limit in ("root", "false statement", "deletion", "First use", "perceptual hash", "stolen key"):
        assert limit in section
