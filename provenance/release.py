"""release: a physical copy of what a policy clears, signed, with its credits, to hand to somebody who trains.

The files come first, the signed entry last: a folder without that entry is no release. Parquet makes a dataset with a
chain of versions of its own. The other forms are folders of files with one signed list of them in `release/`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

import provenance
from provenance import exports
from provenance.admit import RELEASE, TrustedKeys
from provenance.dataset import card, chain, keyring, signing
from provenance.dataset._sink import Stored
from provenance.dataset.keyring import key_folder
from provenance.dataset.opening import FILES
from provenance.dataset.shard import ShardInfo
from provenance.dataset.signing import Role
from provenance.dataset.store import TEMPS, Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import FOLDER, Content, commit_version, merkle_root
from provenance.handoff import TrainingAdmission, for_training
from provenance.model import clock
from provenance.model.errors import ChangedError, InputError, UnlicensedError, UsageError
from provenance.model.words import Kind, sha256_hex
from provenance.releasing import pages
from provenance.releasing.captions import Captioned, captioned
from provenance.releasing.tables import tables_of
from provenance.rights.policy import Policy

ATTRIBUTION = "ATTRIBUTION.md"
PREDICATE = "https://provenance.example/release/v1"


@dataclass(frozen=True)
class Released:
    """What was handed over. id: of the release. items: by kind. left_out: cleared items that are like another one."""

    place: str
    id: str
    format: str
    items: Mapping[str, int]
    left_out: int
    not_cleared: int
    files: int
    bytes: int
    credits: tuple[str, ...]
    valid_until: dt.datetime | None
    notices: tuple[str, ...] = ()
    captions: Captioned | None = None


def release(
    dataset: str | Path,
    policy: Policy | str | Path,
    out: str | Path,
    *,
    format: str = "parquet",
    captions: str | Path | None = None,
    ledger: str | Path | None = None,
    trusted_keys: TrustedKeys | None = None,
) -> Released:
    """Copy what the policy clears today into a folder of its own, sign it, and return what it holds.

    format: a form of the exports shelf. captions: a table or folder of texts that go with the pictures; see
    `releasing.captions`. Of items that are alike the first only is taken, as the policy says. UnlicensedError when
    nothing is cleared; UsageError for a folder that is not empty; InputError for captions that cannot be followed;
    CommitError; errors as `admit`.
    """
    form = exports.find(format)
    place = Path(out)
    if place.is_file() or (place.is_dir() and any(place.iterdir())):
        raise UsageError(
            "a release goes into a folder of its own, and this one is not empty",
            where=str(out),
            next_step="name a new folder; without a signed entry this one holds what an interrupted release left",
        )
    notices: list[str] = []
    admission = for_training(
        dataset, policy, ledger=ledger, trusted_keys=trusted_keys, on_unlicensed="drop", notify=notices.append
    )
    if not len(admission.admitted):
        raise UnlicensedError(
            "nothing is cleared, so there is nothing to release",
            where=str(dataset),
            next_step="provenance admit tells why",
        )
    told_captions: Captioned | None = None
    if captions is not None:
        admission, told_captions = captioned(admission, captions)
    store, name, at = Store(place), secrets.token_hex(32), clock.now()
    key = signing.own_key(Role.BUILD)
    Trust().forget(*(store.root / folder for folder in (FOLDER, FILES, key_folder(Role.BUILD))))
    stored: list[Stored | ShardInfo] = []
    items: dict[str, int] = {}
    media: dict[Kind, set[str]] = {}
    places = admission.material.places
    for kind in Kind:
        count = len(places.of_kind(kind))
        if count:
            stored += form.write(store, name, kind, _seen(admission.arrow_batches(kind), media.setdefault(kind, set())))
            items[kind.value] = count
    credits = _credits(admission)
    if admission.standing is not None:
        credits = dict(sorted((Counter(credits) + Counter(admission.standing.credits)).items()))
    attribution = pages.attributions(credits, str(admission.version.content.archive))
    store.put_new(ATTRIBUTION, attribution)
    told = _told(admission, format, {ATTRIBUTION: [sha256_hex(attribution), len(attribution)]}, told_captions)
    keys = keyring.publish(store, name, key, at)
    Trust().accept(keys)
    if format == "parquet":
        shards = tuple(each for each in stored if isinstance(each, ShardInfo))
        content = Content(
            tool={"provenance": provenance.__version__},
            archive=admission.version.content.archive,
            options={RELEASE: told},
            ledger=None,
            shards=shards,
            tables=tables_of(admission, store, name, shards),
            counts={"items": items},
        )
        version = commit_version(store, name, content, key, None, at)
        card.write(store, version)
        entry = version.entry
    else:
        subjects = [(each.path, each.sha256) for each in stored] + [(ATTRIBUTION, sha256_hex(attribution))]
        page = pages.card(form, told, name, admission.version.content.archive, items, media, at)
        store.put_new(card.FILE, page)
        subjects.append((card.FILE, sha256_hex(page)))
        body = {"release": told, "counts": items, "root": merkle_root([f"{p}\0{s}".encode() for p, s in subjects])}
        entry = chain.append(store, FILES, PREDICATE, name, body, subjects, [key], None, at)
    Trust().witness(store.root / entry.folder, [entry])
    with contextlib.suppress(OSError):  # nobody else writes here, and whoever receives it need not wonder
        (store.root / TEMPS).rmdir()
    return Released(
        place=str(out),
        id=name,
        format=format,
        items=items,
        left_out=len(admission.rows) - len(places),
        not_cleared=admission.version.rows - len(admission.rows),
        files=len(stored),
        bytes=sum(each.bytes for each in stored),
        credits=tuple(credits),
        valid_until=admission.valid_until,
        notices=tuple(notices),
        captions=told_captions,
    )


def verify_files(place: str | Path, trusted_keys: TrustedKeys | None = None) -> int:
    """Return how many files a release has that is not a dataset, once each is as signed and no other lies beside them.

    InputError when it is no such release. ChangedError, MissingError, BadSignatureError, RollbackError.
    """
    store, trust = Store(place), Trust()
    if not store.numbers(FILES):
        raise InputError("is no release: it has no signed list", where=str(place))
    keys = keyring.load(store, Role.BUILD)
    trust.accept(keys, trusted_keys)
    entries = chain.read_all(store, FILES, PREDICATE, keys.signers, keys.chain)
    trust.witness(store.root / FILES, entries)
    subjects = dict(entries[-1].subjects)
    for path, sha256 in subjects.items():
        if store.digest(path)[0] != sha256:
            raise store.changed(path)
    known = subjects.keys() | {entry.path for entry in (*entries, *keys.entries)}
    for file in sorted(store.root.rglob("*")):
        path = file.relative_to(store.root).as_posix()
        if not file.is_dir() and path not in known and not path.startswith("tmp/"):
            raise ChangedError("was not signed with the release", where=path, next_step="remove it, or ask who put it")
    return len(subjects)


def _seen(batches: Iterator[pa.RecordBatch], media: set[str]) -> Iterator[pa.RecordBatch]:
    """Pass batches on, and note the media types that go by."""
    for batch in batches:
        media.update(batch.column("media_type").unique().to_pylist())
        yield batch


def _credits(admission: TrainingAdmission) -> dict[str, int]:
    """Return each credit with the number of released items that ask for it."""
    counts: Counter[str] = Counter()
    for number, count in Counter(admission.verdicts.of_item[admission.admitted].tolist()).items():
        for credit in dict.fromkeys(admission.verdicts.verdicts[number].credits):
            counts[credit] += count
    return dict(sorted(counts.items()))


def _told(
    admission: TrainingAdmission, format: str, files: Mapping[str, Any], captions: Captioned | None
) -> dict[str, Any]:
    terms = admission.terms.as_json()
    release = admission.version.content.options.get(RELEASE)
    # A release of a release names the dataset whose ledger is the law.
    source = release["dataset"] if release is not None else terms["dataset"]
    names = ("version", "version_digest", "ledger", "policy", "policy_digest", "decided", "on", "valid_until")
    told = {"dataset": source, "format": format, "files": dict(files)} | {name: terms[name] for name in names}
    if captions is not None:
        return told | {"captions": captions.as_json()}
    # A release of a release brings the captions of that one along.
    return told | ({"captions": release["captions"]} if release is not None and "captions" in release else {})
