"""The ASC MHL of what was read: digests of paths in public, and with the archive at hand a list that tools verify."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from secretive_studio import Case
from studio import Studio, picture, small

from provenance import audit as verb
from provenance import cli
from provenance.archive.hashing import hash_bytes
from provenance.archive.mhl import CHAIN, FOLDER, read_history
from provenance.archive.sealed import Place
from provenance.model.errors import InputError

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]
LIST, OURS = "{urn:ASC:MHL:v2.0}", "{https://provenance.example/asc-mhl/v1}"

# HashType and what holds it, in the order of the XSD of ASC MHL v2.0.
ORDER = {
    "hashlist": ["creatorinfo", "processinfo", "hashes"],
    "creatorinfo": ["creationdate", "hostname", "tool", "comment"],
    "processinfo": ["process", "ignore"],
    "hash": ["path", "c4", "xxh128", "metadata"],
}


def keeps_the_schema(data: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(data)
    assert (root.tag, root.attrib) == (LIST + "hashlist", {"version": "2.0"})
    for each in root.iter():
        wanted = ORDER.get(each.tag.removeprefix(LIST))
        if wanted is not None:
            found = [wanted.index(child.tag.removeprefix(LIST)) for child in each]
            assert found == sorted(set(found)), each.tag
    for each in root.iter(LIST + "hash"):
        assert each[0].tag == LIST + "path" and each[0].attrib["size"].isdigit()
    return root


def sha256s(root: ElementTree.Element) -> dict[str, str]:
    found = {}
    for each in root.iter(LIST + "hash"):
        path, sha256 = each.findtext(LIST + "path"), each.findtext(f"{LIST}metadata/{OURS}sha256")
        assert path is not None and sha256 is not None
        found[path] = sha256
    return found


def files(archive: Path) -> dict[str, str]:
    places = (place for place in archive.rglob("*") if place.is_file())
    return {str(place.relative_to(archive)): hashlib.sha256(place.read_bytes()).hexdigest() for place in places}


def test_in_public_files_of_cleared_items_are_listed_by_digests_of_their_paths(case: Case) -> None:
    root = keeps_the_schema(verb.document(case.found, "asc-mhl")[0])
    census = case.found.census
    cleared = {
        census.shown[asset]
        for asset, number in zip(*[column.tolist() for column in census.pairs[:2]], strict=True)
        if census.classes[number].verdict.cleared
    }
    told, known = sha256s(root), files(case.archive)
    assert len(told) == len(cleared) and all(path.startswith("asset-") for path in told)
    assert set(told.values()) <= set(known.values())
    assert root.find(f".//{LIST}c4") is None
    comment = root.findtext(f"{LIST}creatorinfo/{LIST}comment") or ""
    rest = 0 if census.admission.version.content.options.get("release") else len(known) - len(told)
    assert comment.startswith("Public:") and f"{len(told)} files are listed, {rest} more were read" in comment


def test_with_the_archive_at_hand_every_file_is_sealed_anew_and_our_own_reader_believes_it(case: Case) -> None:
    data = verb.document(case.found, "asc-mhl", case.archive)[0]
    told, known = sha256s(keeps_the_schema(data)), files(case.archive)
    released = bool(case.found.census.admission.version.content.options.get("release"))
    assert told.items() <= known.items() and (released or told == known)
    name = b"0001_archive.mhl"
    chain = (
        '<?xml version="1.0"?><ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0"><hashlist sequencenr="1">'
        f"<path>{name.decode()}</path><c4>{hash_bytes(data, 'c4')}</c4></hashlist></ascmhldirectory>"
    ).encode()
    held = {FOLDER + b"/" + name: data, FOLDER + b"/" + CHAIN: chain}
    history = read_history(Place("ascmhl", b"", tuple(held)), held)
    assert history.findings == []
    assert {os.fsdecode(path) for path in history.entries} == told.keys()
    for path in history.entries:
        content = (case.archive / os.fsdecode(path)).read_bytes()
        digests = {algorithm: hash_bytes(content, algorithm) for algorithm in ("c4", "xxh128")}
        assert history.check(path, digests).state == "verified"
        assert history.check(path, digests | {"c4": "c4" + "1" * 88}).state == "mismatch"
    assert b"Private: names the files of an archive." in data


def test_both_forms_keep_the_published_schema(case: Case, corpus: Path) -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    schema = etree.XMLSchema(etree.parse(str(corpus / "custody/ascmhl/ASCMHL.xsd")))
    for archive in (None, case.archive):
        data = verb.document(case.found, "asc-mhl", archive)[0]
        schema.assertValid(etree.fromstring(data))
        assert not schema.validate(
            etree.fromstring(data.replace(b"<hostname>", b"<host>").replace(b"</hostname>", b"</host>"))
        )


def test_the_tool_of_asc_verifies_the_list_and_sees_a_changed_file(case: Case, tmp_path: Path) -> None:
    tool = shutil.which("ascmhl-debug")
    if tool is None:
        pytest.skip("ascmhl is not installed (it wants an older click than the others do)")
    if case.found.census.admission.version.content.options.get("release"):
        pytest.skip("a release lists a part of the archive, and the tool wants all of it")
    place, copy = tmp_path / "read.mhl", tmp_path / "archive"
    place.write_bytes(verb.document(case.found, "asc-mhl", case.archive)[0])
    shutil.copytree(case.archive, copy)
    ask = [tool, "verify", "--packing_list", str(place), str(copy)]
    assert subprocess.run(ask, capture_output=True).returncode == 0
    (copy / "licensed/stock.png").write_bytes(picture(99))
    assert subprocess.run(ask, capture_output=True).returncode != 0


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A small one with three names that a hash list cannot hold."""
    made = small(tmp_path_factory.mktemp("names"))
    for number, name in enumerate((b"art/owned/\xff.png", b"art/owned/\x01.png", b"art/owned/end.png ")):
        made.add(name, picture(70 + number))
    made.build()
    return made


def test_a_file_that_is_not_the_one_that_was_read_stops_the_private_list(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = verb.audit(studio.dataset, studio.policy())
    out, copy = tmp_path / "read.mhl", tmp_path / "archive"
    shutil.copytree(studio.archive, copy)
    (copy / "art/owned/00.png").write_bytes(picture(99))
    with pytest.raises(InputError, match="not the file that the build read"):
        verb.document(found, "asc-mhl", copy)
    (copy / "art/owned/00.png").unlink()
    ask = ["audit", str(studio.dataset), *ASK, "--document", "asc-mhl", "--archive", str(copy)]
    assert cli.run([*ask, "--out", str(out)]) == 10
    assert "art/owned/00.png" in capsys.readouterr().err and not out.exists()
    assert verb.document(found, "asc-mhl")[0].startswith(b"<?xml")  # in public nothing is read again


def test_a_name_that_xml_cannot_hold_is_left_out_and_counted(studio: Studio) -> None:
    data = verb.document(verb.audit(studio.dataset, studio.policy()), "asc-mhl", studio.archive)[0]
    told = sha256s(keeps_the_schema(data))
    assert not any(path.startswith(("art/owned/\x01", "art/owned/end.png")) for path in told)
    assert b", 3 have paths that cannot be written here" in data
    assert "art/owned/01.png" in told


def test_all_documents_with_the_archive_mark_the_private_one_in_their_index(case: Case) -> None:
    written = verb.every_document(case.found, case.archive)
    index = json.loads(written["index.json"])
    assert [each["name"] for each in index["documents"] if each["private"]] == ["asc-mhl"]
