"""Custody lists: what was sealed is checked against what was read, and a bad list is told, not believed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from provenance.archive.custody import CustodyList, Finding, Place, compare, discover, dump, is_list, load, read
from provenance.archive.hashing import ALGORITHMS, hash_bytes
from provenance.archive.walk import Found, open_root, walk

GOOD = b"the reel as it was sealed"


def digests(data: bytes) -> dict[str, str]:
    return {algorithm: hash_bytes(data, algorithm) for algorithm in ALGORITHMS}


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def one(files: Mapping[str, bytes]) -> CustodyList:
    """Read the only list of some files, and bring it through the pipe on the way."""
    tree = {name.encode(): data for name, data in files.items()}
    (place,) = discover(sorted(tree))
    custody = read(place, {path: tree[path] for path in place.files})
    assert load(dump(custody)) == custody
    return custody


def disagreements(custody: CustodyList, files: Mapping[str, bytes]) -> list[str]:
    found = [Found(name.encode(), len(data), None) for name, data in sorted(files.items())]
    return [f"{finding.code}: {finding.sentence}" for finding in compare([custody], found)]


# ASC MHL


def generation(*hashes: str, ignore: str = "", version: str = "v2.0", before: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<hashlist version="2.0" xmlns="urn:ASC:MHL:{version}">'
        f"<processinfo><process>in-place</process><ignore><pattern>{ignore}</pattern></ignore></processinfo>"
        f"<hashes>{''.join(hashes)}</hashes></hashlist>"
    ).encode()


def sealed(path: str, algorithm: str = "xxh64", data: bytes = GOOD, action: str = "original", more: str = "") -> str:
    digest = hash_bytes(data, algorithm)
    return f'<hash><path size="1">{path}</path><{algorithm} action="{action}">{digest}</{algorithm}>{more}</hash>'


def history(*generations: bytes, root: str = "card/") -> dict[str, bytes]:
    files, chain = {}, ""
    for number, data in enumerate(generations, 1):
        files[f"{root}ascmhl/{number:04}_card.mhl"] = data
        chain += (
            f'<hashlist sequencenr="{number}"><path>{number:04}_card.mhl</path>'
            f"<c4>{hash_bytes(data, 'c4')}</c4></hashlist>"
        )
    chain = f'<?xml version="1.0"?><ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0">{chain}</ascmhldirectory>'
    return files | {f"{root}ascmhl/ascmhl_chain.xml": chain.encode()}


@pytest.mark.parametrize("algorithm", ["c4", "md5", "sha1", "xxh128", "xxh3", "xxh64"])
def test_a_file_is_verified_by_every_hash_of_asc_mhl(algorithm: str) -> None:
    custody = one(history(generation(sealed("Clips/a.mov", algorithm))))
    assert custody.findings == []
    assert custody.algorithms(b"card/Clips/a.mov") == {algorithm}
    assert custody.check(b"card/Clips/a.mov", digests(GOOD)).state == "verified"
    assert custody.check(b"card/Clips/a.mov", digests(GOOD + b"!")).state == "mismatch"
    assert custody.check(b"card/other.mov", digests(GOOD)).state == "unlisted"


def test_a_history_at_the_root_of_the_archive_is_read() -> None:
    custody = one(history(generation(sealed("a.mov")), root=""))
    assert custody.check(b"a.mov", digests(GOOD)).state == "verified"


def test_a_later_generation_does_not_overrule_the_first() -> None:
    files = history(generation(sealed("a")), generation(sealed("a", data=b"swapped", action="failed")))
    custody = one(files)
    assert codes(custody.findings) == ["failed"]
    assert custody.check(b"card/a", digests(GOOD)).state == "verified"
    assert custody.check(b"card/a", digests(b"swapped")).state == "mismatch"


def test_two_generations_that_contradict_each_other_verify_nothing() -> None:
    custody = one(history(generation(sealed("a")), generation(sealed("a", data=b"swapped", action="verified"))))
    assert codes(custody.findings) == ["conflict"]
    assert custody.check(b"card/a", digests(GOOD)).state == "mismatch"
    assert custody.check(b"card/a", digests(b"swapped")).state == "mismatch"


def test_a_renamed_file_and_a_renamed_folder_are_known_by_their_new_names() -> None:
    renamed = sealed("new.mov", action="verified", more="<previousPath>old.mov</previousPath>")
    folder = "<directoryhash><path>Reel</path><content/><structure/><previousPath>Clips</previousPath></directoryhash>"
    custody = one(history(generation(sealed("old.mov"), sealed("Clips/x")), generation(renamed, folder)))
    assert set(custody.entries) == {b"card/new.mov", b"card/Reel/x"}


def test_a_hash_list_that_was_changed_after_sealing_is_not_believed() -> None:
    files = history(generation(sealed("a")))
    files["card/ascmhl/0001_card.mhl"] = generation(sealed("a", data=b"swapped"))
    custody = one(files)
    assert (codes(custody.findings), custody.entries) == (["generation-changed"], {})


def test_a_hash_list_slipped_in_or_taken_away_is_told() -> None:
    files = history(generation(sealed("a")), generation(sealed("b")))
    files["card/ascmhl/0003_card.mhl"] = generation(sealed("a", data=b"swapped"))
    del files["card/ascmhl/0002_card.mhl"]
    custody = one(files)
    assert codes(custody.findings) == ["generation-missing", "generation-unlisted"]
    assert set(custody.entries) == {b"card/a"}
    del files["card/ascmhl/ascmhl_chain.xml"]
    assert codes(one(files).findings) == ["chain-missing", "conflict"]


def test_missing_files_and_files_that_nobody_listed_are_told_but_for_those_left_out() -> None:
    files = history(generation(sealed("a"), sealed("gone/b"), ignore="*.tmp"))
    tree = files | {"card/a": GOOD, "card/extra": b"", "card/x/y.tmp": b"", "elsewhere": b""}
    assert disagreements(one(files), tree) == [
        "unlisted: card/extra is there and not listed",
        "missing: card/gone/b is listed and not there",
    ]


def test_a_folder_with_a_history_of_its_own_need_not_be_in_that_above() -> None:
    outer = history(generation(sealed("a")))
    inner = history(generation(sealed("b")), root="card/sub/")
    files = {name.encode(): data for name, data in (outer | inner).items()}
    lists = [read(place, {path: files[path] for path in place.files}) for place in discover(sorted(files))]
    found = [Found(name, 1, None) for name in sorted([*files, b"card/a", b"card/sub/b", b"card/sub/c"])]
    assert [finding.sentence for finding in compare(lists, found)] == ["card/sub/c is there and not listed"]


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", "", ".", "C:/x", "..\\up", "~/x", "a//b"])
def test_a_listed_path_that_leads_out_is_told_and_dropped(path: str) -> None:
    custody = one(history(generation(sealed(path), sealed("a"))))
    assert (codes(custody.findings), set(custody.entries)) == (["path-escapes"], {b"card/a"})


@pytest.mark.parametrize(
    "doctype", ['<!DOCTYPE a [<!ENTITY b "c">]>', '<!DOCTYPE a SYSTEM "file:///etc/passwd">'], ids=["entity", "system"]
)
def test_a_hash_list_with_a_document_type_is_not_read(doctype: str) -> None:
    custody = one(history(generation(sealed("a"), before=doctype)))
    assert (codes(custody.findings), custody.entries) == (["damaged"], {})


def test_damaged_deep_foreign_and_oddly_encoded_lists_are_told() -> None:
    deep = b"<hashlist xmlns='urn:ASC:MHL:v2.0'>" + b"<x>" * 1000 + b"</x>" * 1000 + b"</hashlist>"
    for data in (b"", b"<hashlist", deep, b"\xff\xfe\0", b'<?xml version="1.0" encoding="no-such"?><a/>',
                 b'<?xml version="1.0" encoding="utf-7"?><a/>'):  # fmt: skip
        assert codes(one(history(data)).findings) == ["damaged"]
    assert codes(one(history(generation(sealed("a"), version="v9"))).findings) == ["version"]
    files = history(generation(sealed("a")))
    files["card/ascmhl/ascmhl_chain.xml"] = b"no xml"
    assert codes(one(files).findings) == ["damaged"]


def test_a_digest_that_is_none_is_told_and_dropped() -> None:
    bad = "<hash><path>a</path><md5>../../x</md5><c4>c4short</c4></hash>"
    custody = one(history(generation(bad)))
    assert (codes(custody.findings), custody.entries) == (["bad-digest", "bad-digest"], {})


# BagIt


def bag(version: str = "1.0", encoding: str = "UTF-8", **payload: bytes) -> dict[str, bytes]:
    files = {f"bag/data/{name}": data for name, data in payload.items()}
    manifest = "".join(f"{hashlib.sha512(data).hexdigest()}  data/{name}\n" for name, data in payload.items())
    return files | {
        "bag/bagit.txt": f"BagIt-Version: {version}\nTag-File-Character-Encoding: {encoding}\n".encode(),
        "bag/manifest-sha512.txt": manifest.encode(encoding),
    }


@pytest.mark.parametrize("version", ["0.97", "1.0"])
def test_a_good_bag_verifies_and_has_no_findings(version: str) -> None:
    files = bag(version, reel=GOOD)
    custody = one(files)
    assert custody.check(b"bag/data/reel", digests(GOOD)).state == "verified"
    assert custody.check(b"bag/data/reel", digests(b"!")).state == "mismatch"
    assert (custody.findings, disagreements(custody, files)) == ([], [])


def test_tag_files_are_checked_by_the_tag_manifest() -> None:
    files = bag(reel=GOOD)
    files["bag/tagmanifest-md5.txt"] = f"{hashlib.md5(files['bag/bagit.txt']).hexdigest()} bagit.txt\n".encode()
    assert one(files).check(b"bag/bagit.txt", digests(files["bag/bagit.txt"])).state == "verified"
    files["bag/tagmanifest-md5.txt"] = f"{'0' * 32} data/reel\n{'0' * 32} *bagit.txt\n".encode()
    custody = one(files)
    assert codes(custody.findings) == ["misplaced"]
    assert custody.check(b"bag/bagit.txt", digests(files["bag/bagit.txt"])).state == "mismatch"


def test_a_payload_that_does_not_add_up_is_told() -> None:
    files = bag(reel=GOOD, second=b"2")
    files["bag/bag-info.txt"] = b"Contact-Name: Ines\nPayload-Oxum: 26.2\n"
    assert disagreements(one(files), files) == []
    del files["bag/data/second"]
    files["bag/data/third"] = b"333"
    assert disagreements(one(files), files) == [
        "unlisted: bag/data/third is there and not listed",
        "missing: bag/data/second is listed and not there",
        "payload-oxum: declares 26 bytes in 2 files, holds 28 in 2",
    ]


def test_what_fetch_txt_promises_is_not_fetched_and_not_called_lost_and_its_address_is_not_kept() -> None:
    files = bag(reel=GOOD)
    files["bag/fetch.txt"] = b"https://user:secret@example.org/reel 25 data/reel\nnonsense\n"
    del files["bag/data/reel"]
    custody = one(files)
    assert disagreements(custody, files) == ["not-fetched: bag/data/reel is promised by fetch.txt and was not fetched"]
    assert codes(custody.findings) == ["fetch"]
    assert b"secret" not in dump(custody)


def test_names_with_line_breaks_and_percent_signs_are_decoded_as_their_version_says() -> None:
    def names(version: str) -> set[bytes]:
        files = bag(version)
        files["bag/manifest-md5.txt"] = b"0" * 32 + b"  data/a%0Db%0Ac%25d%41\r\n"
        return set(one(files).entries)

    assert names("1.0") == {b"bag/data/a\rb\nc%d%41"}
    assert names("0.97") == {b"bag/data/a\rb\nc%25d%41"}


def test_tag_files_in_another_encoding_are_read_and_unknown_ones_are_told() -> None:
    custody = one(bag(encoding="ISO-8859-1", **{"é.txt": GOOD}))
    assert set(custody.entries) == {"bag/data/é.txt".encode()}
    files = bag(reel=GOOD)
    files["bag/bagit.txt"] = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: rot13\n"
    assert codes(one(files).findings) == ["encoding"]
    files["bag/bagit.txt"] = bag()["bag/bagit.txt"]
    files["bag/manifest-sha512.txt"] += b"0" * 128 + b"  data/\xff\n"
    custody = one(files)
    assert codes(custody.findings) == ["encoding"]
    assert b"bag/data/\xff" in custody.entries


def test_every_payload_manifest_of_a_bag_must_list_every_file() -> None:
    files = bag(reel=GOOD, second=b"2")
    files["bag/manifest-md5.txt"] = f"{hashlib.md5(GOOD).hexdigest()}  data/reel\n".encode()
    assert [finding.sentence for finding in one(files).findings] == ["bag/data/second is not listed"]


def test_a_bag_without_its_declaration_or_manifest_is_told_and_other_manifests_are_no_bags() -> None:
    files = bag(reel=GOOD)
    del files["bag/bagit.txt"]
    assert discover(name.encode() for name in files) == []
    assert codes(one(files | {"bag/bag-info.txt": b""}).findings) == ["no-declaration"]
    only = {"bag/bagit.txt": bag()["bag/bagit.txt"], "bag/manifest-whirlpool.txt": b""}
    assert codes(one(only).findings) == ["algorithm", "no-manifest"]


@pytest.mark.parametrize(
    "text",
    [b"", b"\xef\xbb\xbfBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", b"BagIt-Version: 1.0\n"],
    ids=["empty", "BOM", "one line"],
)
def test_a_declaration_that_is_not_the_standards_two_lines_is_told(text: bytes) -> None:
    assert codes(one(bag(reel=GOOD) | {"bag/bagit.txt": text}).findings) == ["declaration"]


def test_a_version_from_the_future_is_told() -> None:
    assert codes(one(bag("2.0", reel=GOOD)).findings) == ["version"]


# Both


def test_the_files_of_lists_are_known_by_name() -> None:
    lists = [
        b"a/ascmhl/0001_a.mhl",
        b"ascmhl/ascmhl_chain.xml",
        b"b/bagit.txt",
        b"b/tagmanifest-sha256.txt",
        b"fetch.txt",
    ]
    others = [b"a/0001_a.mhl", b"a/ascmhl/notes.txt", b"manifest.txt", b"manifest-md5.txt.bak", b"b/data/x.txt"]
    assert [is_list(path) for path in lists + others] == [True] * 5 + [False] * 5


def test_mutated_lists_are_read_without_an_exception() -> None:
    seeds = [history(generation(sealed("a"), sealed("b", "c4"))), bag(reel=GOOD)]
    drawn = random.Random(5)
    for number in range(600):
        files = {name.encode(): data for name, data in seeds[number % 2].items()}
        name = drawn.choice([path for path in sorted(files) if is_list(path)])
        data = bytearray(files[name])
        for _ in range(3):
            at = drawn.randrange(len(data) + 1)
            data[at : at + drawn.randrange(3)] = bytes(drawn.randrange(256) for _ in range(drawn.randrange(4)))
        files[name] = bytes(data)
        for place in discover(sorted(files)):
            load(dump(read(place, {path: files[path] for path in place.files})))


def corpus_lists(base: Path) -> dict[str, tuple[CustodyList, list[str], list[str]]]:
    """Every list below a folder: the list, the paths that do not match it, and what a comparison finds."""
    root = open_root(base)
    found = list(walk(root))
    answer = {}
    for place in discover(file.path for file in found):
        custody = read(place, {path: (base / path.decode()).read_bytes() for path in place.files})
        wrong = []
        for file in found:
            if custody.algorithms(file.path):
                data = (base / file.path.decode()).read_bytes()
                if custody.check(file.path, digests(data)).state != "verified":
                    wrong.append(file.path.rpartition(b"/")[2].decode())
        mine = [file for file in found if file.path.startswith(place.root + b"/")]
        answer[place.root.decode()] = (custody, wrong, [finding.code for finding in compare([custody], mine)])
    return answer


def test_the_asc_mhl_scenarios_of_the_corpus_verify_but_for_the_file_that_was_altered(corpus: Path) -> None:
    lists = corpus_lists(corpus / "custody/ascmhl")
    assert {root: (codes(custody.findings), wrong, found) for root, (custody, wrong, found) in lists.items()} == {
        "scenario_01/travel_01/A002R2EC": ([], [], []),
        "scenario_02/file_server/A002R2EC": ([], [], []),
        "scenario_02/travel_01/A002R2EC": ([], [], []),
        "scenario_04/file_server/A002R2EC": (["failed"], ["Sidecar.txt"], []),
        "scenario_04/travel_01/A002R2EC": ([], [], []),
    }


def test_the_bags_of_the_corpus_are_judged_as_their_folders_say(corpus: Path) -> None:
    lists = corpus_lists(corpus / "custody/bagit")
    told = {
        root: [*codes(custody.findings), *(f"wrong: {name}" for name in wrong), *found]
        for root, (custody, wrong, found) in lists.items()
    }
    assert {root for root, what in told.items() if not what} == {root for root in told if "/valid/" in root}
    assert told["v0.97/invalid/corrupt-data-file"] == ["wrong: bare-filename", "payload-oxum"]
    assert told["v0.97/invalid/missing-bagit.txt"] == ["no-declaration", "missing"]
    assert told["v0.97/invalid/out-of-scope-file-paths-using-dot-notation"] == ["path-escapes", "path-escapes"]
    assert told["v1.0/invalid/notAllManifestsListAllFiles"] == ["unlisted"]
    double = told["v1.0/invalid/same-filename-listed-twice-with-different-hashes"]
    assert double[:2] == ["listed-twice", "conflict"] and "wrong: README" in double


def test_a_place_is_shown_with_its_standard() -> None:
    assert Place("bagit", b"", ()).display == "bagit:."
    assert Place("ascmhl", b"a\nb", ()).display == "ascmhl:a\\nb"
