"""Archive to items to shards to one committed version.

The driver: survey the archive, plan units of work, let an engine run them, and commit. It opens no file of the archive
but custody lists, decodes nothing, and is the only one that commits. Killed at any moment, the next run finds what was
finished and goes on; the version that it commits is byte for byte that of an undisturbed run.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field, replace

import provenance
from provenance import engines, rightsdesk
from provenance.archive.walk import open_root
from provenance.building import extraction, shards, unchanged, units
from provenance.building.extraction import Done, Job
from provenance.building.memo import Memo
from provenance.building.parts import Old
from provenance.building.report import BuildReport
from provenance.building.survey import Survey, planned, survey
from provenance.building.toolset import near_rule
from provenance.building.units import Unit
from provenance.dataset import card, keyring, signing
from provenance.dataset import ledger as ledger_chain
from provenance.dataset.chain import Entry
from provenance.dataset.opening import open_dataset
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import FOLDER, commit_version, parse
from provenance.media.shelf import Options
from provenance.model.errors import InputError, UsageError
from provenance.sandbox import Child, Limits, Sandbox

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Plan:
    """What a person asks of a build. rights: paths of registers and manifests; empty means the dataset's own ledger."""

    archive: str
    out: str
    rights: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    workers: int = 1
    engine: str = "local"
    limit: int | None = None
    unlocked: bool = False
    limits: Limits = field(default_factory=Limits)


def silent(done: int, of: int, what: str) -> None:
    """Show nothing."""


def build(plan: Plan, progress: Progress = silent) -> BuildReport:
    """Commit the archive's items as the dataset's next version and return what was done.

    An unchanged archive under unchanged rights commits nothing. ProvenanceError kinds: UsageError, InputError for the
    archive itself or a rights sheet, CommitError, TamperError for a dataset that is not what was signed, SandboxError.
    """
    began, at = time.monotonic(), Trust().moment()
    engine = engines.find(plan.engine)
    _check_options(plan.options)
    _check_places(plan)
    with ExitStack() as stack:
        root = open_root(plan.archive)
        stack.callback(os.close, root)
        looked = survey(root, plan.out, _reader(plan, stack), progress)
        if not looked.files:
            raise InputError("the archive holds no file", where=plan.archive, next_step="name the folder that holds it")
        store = Store(plan.out)
        stack.enter_context(store.hold())
        stack.enter_context(Memo.alone(Memo.place(plan.out)))
        report = BuildReport(plan.out, findings=looked.findings)
        dataset, entries = _open(store, looked, at, report)
        head = parse(entries[-1]) if entries else None
        ledger = rightsdesk.for_build(store, dataset, plan.rights, at, report.notices)
        memo = stack.enter_context(Memo(Memo.place(plan.out)))
        old = Old(store, head) if head is not None else None
        job = Job(
            archive=os.path.realpath(plan.archive),
            dataset=os.path.realpath(plan.out),
            dataset_id=dataset,
            memo=str(Memo.place(plan.out)),
            options=plan.options,
            statements=ledger.statements,
            evidence=ledger.evidence,
            known=frozenset(old.keys()) if old is not None else frozenset(),
            failed=old.failed if old is not None else {},
            unlocked=plan.unlocked,
            limits=plan.limits,
        )
        done = _run(job, plan, root, looked, memo, old, engine, progress)
        told = (ledger.head, _tool(), _options(plan, job), os.path.basename(job.archive))
        if head is not None and old is not None and unchanged.stands(head, old, done, *told):
            unchanged.tell(head, old, done, report)
            version = head
        else:
            # What joins near-duplicates takes longer to load than an unchanged build to be told.
            from provenance.building.assembly import Assembly
            from provenance.building.kept import Kept

            with Kept(Kept.place(plan.out)) as kept:
                content = Assembly(store, dataset, old, ledger.matcher, kept).content(done, report, *told)
            version = commit_version(store, dataset, content, signing.own_key(Role.BUILD), head, at)
        report.version, report.changed = version.number, head is None or version.number != head.number
        Trust().witness(store.root / FOLDER, [*entries, version.entry] if report.changed else entries)
        card.write(store, version)
        memo.forget_finished()
        shards.clear_work(store)
    report.seconds = time.monotonic() - began
    return report


def survey_only(plan: Plan) -> BuildReport:
    """Return what a build would meet, by the look of the names: nothing is opened, nothing is written."""
    _check_options(plan.options)
    report = BuildReport(plan.out, dry_run=True)
    root = open_root(plan.archive)
    try:
        with ExitStack() as stack:
            looked = survey(root, plan.out, _reader(plan, stack), silent)
        report.findings = looked.findings
        for unit in units.plan(planned(root, plan.out, looked, plan.limit)):
            report.units["planned"] += 1
            for one in unit.assets:
                report.assets += 1
                good = sum(1 for file in one.asset.files if file.problem is None)
                report.files["to read"] += good
                report.files["cannot be read"] += len(one.asset.files) - good
    finally:
        os.close(root)
    return report


def _reader(plan: Plan, stack: ExitStack) -> Callable[[], AbstractContextManager[Child]]:
    """Return what gives a locked child for custody lists. Its sandbox starts at the first: most archives have none."""

    def child() -> AbstractContextManager[Child]:
        box = stack.enter_context(Sandbox("provenance.inside:run", limits=plan.limits, unlocked=plan.unlocked))
        return box.child()

    return child


def _open(store: Store, looked: Survey, at: dt.datetime, report: BuildReport) -> tuple[str, tuple[Entry, ...]]:
    """Return the dataset's id and its versions, verified; at the first build the id is born from the archive."""
    key = signing.own_key(Role.BUILD)
    if key.made:
        report.notices.append(f"made a build key, {key.public.fingerprint}, in {signing.home() / 'keys'}")
    store.sweep()
    if store.names(FOLDER):
        dataset = open_dataset(store.root)
        report.notices += dataset.notices
        keyring.publish(store, dataset.id, key, at)
        return dataset.id, dataset.entries
    if not store.names("keys"):
        # Nothing is there at all: whoever builds here begins a new dataset, whatever the folder held before.
        folders = (FOLDER, ledger_chain.FOLDER, *map(keyring.key_folder, Role))
        Trust().forget(*(store.root / folder for folder in folders))
    # Keys without a version: an earlier first build did not get to its end; the id that it chose stands.
    started = store.numbers(keyring.key_folder(Role.BUILD))
    name = keyring.load(store, Role.BUILD).chain if started else looked.fingerprint
    Trust().accept(keyring.publish(store, name, key, at))
    return name, ()


def _run(
    job: Job,
    plan: Plan,
    root: int,
    looked: Survey,
    memo: Memo,
    old: Old | None,
    engine: engines.Engine,
    progress: Progress,
) -> list[Done]:
    """Run every unit whose result is not committed, and return the answers in the order of the archive."""
    done: dict[int, Done] = {}
    sizes: dict[int, int] = {}
    ready = 0

    def waiting() -> Iterator[Unit]:
        nonlocal ready
        for unit in units.plan(planned(root, plan.out, looked, plan.limit)):
            sizes[unit.number] = sum(one.asset.size for one in unit.assets)
            answer = _known(job, unit, memo, old)
            if isinstance(answer, Done):
                done[unit.number] = answer
                ready += sizes[unit.number]
                progress(ready, looked.size, "unchanged")
            else:
                yield answer

    progress(0, looked.size, "extracting")
    work = functools.partial(extraction.run_unit, job)
    try:
        for answer in engine.map_unordered(work, waiting(), plan.workers):
            if isinstance(answer, engines.Lost):
                answer = extraction.given_up(job, answer.unit, answer.how)
            memo.learn(answer.learned, time.time_ns())
            # Kept until the end for every unit there is: without what the memory knows now, path by path.
            done[answer.number] = replace(answer, learned=())
            if answer.status == "finished":
                memo.finish(extraction.finished_key(job, answer.key), answer.record)
            ready += sizes[answer.number]
            progress(ready, looked.size, "extracting")
    finally:
        extraction.release()
    return [done[number] for number in sorted(done)]


def _known(job: Job, unit: Unit, memo: Memo, old: Old | None) -> Done | Unit:
    """Return the unit's committed result without opening a file of it, when that can be told; else the unit, to run."""
    if old is None:
        return unit
    digests: list[list[str]] = []
    for one in unit.assets:
        told = []
        for file in one.asset.files:
            if file.problem is not None:
                told.append(f"!{file.problem.value}")
                continue
            sha256 = memo.digest(file.path, file.identity) if file.identity is not None else None
            if sha256 is None:
                return unit
            told.append(sha256)
        for sidecar in one.sidecars:
            sha256 = memo.digest(sidecar.path, sidecar.identity) if sidecar.identity is not None else None
            if sha256 is None:
                return unit
            told.append(sha256)
        digests.append(told)
    key = units.key(job.toolset, job.dataset_id, unit, digests)
    if key not in job.known:
        return unit
    return unit if key in job.failed else Done(unit.number, key, "known", {}, ())


def _tool() -> dict[str, str]:
    return {"provenance": provenance.__version__, "python": platform.python_version()}


def _options(plan: Plan, job: Job) -> dict[str, object]:
    limited = {"limit": plan.limit} if plan.limit is not None else {}
    return asdict(plan.options) | limited | {"near_duplicates": near_rule(job.toolset)}


def _check_options(options: Options) -> None:
    if not re.fullmatch(r"[1-9][0-9]*/s|1/[1-9][0-9]*s|shots|keyframes|all", options.frames):
        raise UsageError(
            f"--frames {options.frames!r} is no way to sample",
            next_step="use N/s, 1/Ns, shots, keyframes or all",
        )


def _check_places(plan: Plan) -> None:
    archive, out = os.path.realpath(plan.archive), os.path.realpath(plan.out)
    if archive == out or archive.startswith(out + os.sep):
        raise UsageError(
            "the dataset's folder must not hold the archive",
            where=plan.out,
            next_step="choose another folder for --out",
        )
