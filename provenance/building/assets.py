"""One asset, from descriptors to an outcome: items, context, or quarantine with a cause.

The worker's half of an extraction: it opens and hashes, hands descriptors to the locked child, and keeps what the child
streams back until the asset is whole. It never decodes, and it believes nothing of what the child says that it can
check itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from typing import Any

from provenance.archive.hashing import hash_file, read_file
from provenance.archive.opening import opened
from provenance.building.outcome import Outcome, Readings
from provenance.building.rows import checked
from provenance.building.spool import Spool
from provenance.building.units import Planned
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.names import display
from provenance.model.words import MOST_ORIGINAL, ORIGINAL, Cause
from provenance.sandbox import Child

FRAMES_AT_ONCE = 64  # files of a sequence open at a time
NESTING = 3  # containers within containers
_MOST_LOCATOR = 4096
_MOST_SIGNALS = 4096
_BYTES_A_CPU_SECOND = 1024 * 1024  # beside the cap of every job: a feature film may take its hour
_FREE_BYTES, _RATIO = 64 * 1024 * 1024, 200  # what may come out of a container, nested ones included


class AssetReader:
    """Reads assets through one locked child; `spare` gives another for the members of containers."""

    def __init__(
        self,
        root: int,
        child: Child,
        spare: Callable[[], AbstractContextManager[Child]],
        options: Options,
        folder: str,
        cpu_seconds: float,
    ) -> None:
        self._root, self._child, self._spare, self._folder = root, child, spare, folder
        self._options, self._cpu_seconds = asdict(options), cpu_seconds
        self._allowance = 0
        self._sidecars: dict[tuple[bytes, str], list[dict[str, Any]]] = {}

    def outcomes(self, planned: Planned, readings: Readings) -> list[Outcome]:
        """Return the asset's outcome, and one for each member or lost frame that has its own."""
        asset, lost = planned.asset, []
        good = [at for at, file in enumerate(asset.files) if file.path not in readings.problems]
        for at, file in enumerate(asset.files):
            if file.path in readings.problems:
                cause, message = readings.problems[file.path]
                number = asset.numbers[at] if asset.numbers else None
                sha256 = readings.digests.get(file.path)
                one = Outcome(file.path, display(file.path), "file", [(file.path, sha256, file.size, number)], sha256)
                lost.append(one.fail(cause, message))
        if not good:
            return lost
        if not asset.numbers:
            return [*lost, *self._file(planned, readings)]
        return [*lost, *self._sequence(planned, readings, good)]

    def _begin(self, planned: Planned, readings: Readings, chosen: list[int]) -> Outcome:
        asset = planned.asset
        files: list[tuple[bytes, str | None, int, int | None]] = [
            (asset.files[at].path, readings.digests[asset.files[at].path], asset.files[at].size,
             asset.numbers[at] if asset.numbers else None)
            for at in chosen
        ]  # fmt: skip
        outcome = Outcome(asset.files[chosen[0]].path, asset.display, asset.type, files)
        outcome.sha256 = asset_sha256([sha256 for _, sha256, _, _ in files if sha256])
        outcome.missing = asset.missing
        outcome.custody = "; ".join(sorted(set(readings.custody))) or None
        outcome.sidecars = [display(sidecar.path) for sidecar in planned.sidecars]
        for sidecar in planned.sidecars:
            outcome.signals += self._sidecar(sidecar.path, readings.sidecars.get(sidecar.path, "!"))
        return outcome

    def _file(self, planned: Planned, readings: Readings) -> list[Outcome]:
        outcome = self._begin(planned, readings, [0])
        path = outcome.path
        try:
            with opened(self._root, path, expected=readings.identities[path]) as file:
                is_container = self._job(outcome, [file.descriptor], [0], readings.data)
                members = self._members(outcome, file.descriptor, NESTING) if is_container else []
        except Quarantined as refusal:
            return [outcome.fail(refusal.cause, refusal.what)]
        return [outcome, *members]

    def _sequence(self, planned: Planned, readings: Readings, good: list[int]) -> list[Outcome]:
        """Read a sequence in handfuls of frames; a frame that cannot be read leaves it, and the others stay."""
        outcome, lost = self._begin(planned, readings, good), list[Outcome]()
        waiting = [list(range(at, min(at + FRAMES_AT_ONCE, len(good)))) for at in range(0, len(good), FRAMES_AT_ONCE)]
        gone: set[int] = set()
        outcome.spool = Spool(self._folder)
        while waiting:
            chosen = waiting.pop(0)
            part = Outcome(outcome.path, outcome.shown, outcome.type, outcome.files)
            try:
                with ExitStack() as stack:
                    handles = [
                        stack.enter_context(opened(self._root, path, expected=readings.identities[path])).descriptor
                        for path in (outcome.files[at][0] for at in chosen)
                    ]
                    if self._job(part, handles, chosen):
                        raise Quarantined(Cause.MISLABELLED, "a container under the name of a frame")
            except Quarantined as refusal:
                if len(chosen) > 1:
                    waiting[:0] = [[at] for at in chosen]
                    continue
                path, sha256, size, number = outcome.files[chosen[0]]
                one = Outcome(path, display(path), "file", [(path, sha256, size, number)], sha256)
                lost.append(one.fail(refusal.cause, refusal.what))
                gone.add(chosen[0])
                continue
            outcome.media_type, outcome.extractor = part.media_type, part.extractor
            outcome.note, outcome.signals = part.note, outcome.signals + part.signals
            if part.spool is not None:
                for header, payload in part.spool.drain():
                    outcome.spool.append(header, payload)
        if not gone:
            return [outcome]
        if len(gone) == len(good):
            outcome.spool.discard()
            return lost
        return [*lost, self._without(outcome, gone)]

    def _without(self, outcome: Outcome, gone: set[int]) -> Outcome:
        """Take lost frames out of a sequence, whose digest then names the frames that are in it."""
        kept = [at for at in range(len(outcome.files)) if at not in gone]
        unread = [number for at in gone if (number := outcome.files[at][3]) is not None]
        outcome.missing = tuple(sorted((*outcome.missing, *unread)))
        moved = {at: new for new, at in enumerate(kept)}
        old, fresh = outcome.spool, Spool(self._folder)
        assert old is not None
        for header, payload in old.drain():
            fresh.append(header | {"file": moved[header["file"]]}, payload)
        outcome.spool, outcome.files = fresh, [outcome.files[at] for at in kept]
        outcome.path = outcome.files[0][0]
        outcome.sha256 = asset_sha256([sha256 for _, sha256, _, _ in outcome.files if sha256])
        return outcome

    def _job(self, outcome: Outcome, handles: list[int], chosen: list[int], data: bytes | None = None) -> bool:
        """Extract from open files into the outcome; return whether it is a container. Quarantined otherwise.

        data: of a single file, its bytes as they were hashed, where they are held.
        """
        files = [outcome.files[at] for at in chosen]
        numbers = [number for _, _, _, number in files if number is not None]
        job = {
            "op": "extract",
            "names": [display(path.rpartition(b"/")[2]) for path, _, _, _ in files],
            "numbers": numbers,
            "sizes": [size for _, _, size, _ in files],
            "options": self._options,
        }
        by_number = dict(zip(numbers, chosen, strict=True)) if numbers else {}
        spool, container, taken = Spool(self._folder), False, set[int]()
        try:
            allowed = self._cpu_seconds + sum(size for _, _, size, _ in files) / _BYTES_A_CPU_SECOND
            for header, payload in self._child.run(job, handles, cpu_seconds=allowed):
                match header.get("t"):
                    case "identified":
                        outcome.media_type, outcome.extractor = header["media_type"], header["extractor"]
                        container = bool(header["container"])
                    case "signals":
                        source = display(files[int(header.get("file", 0))][0])
                        outcome.signals += [_from(signal, source, False) for signal in header["signals"]]
                        if len(outcome.signals) > _MOST_SIGNALS:
                            raise Quarantined(Cause.BOMB, f"more than {_MOST_SIGNALS} rights signals in one file")
                    case "item":
                        if len(header["locator"]) > _MOST_LOCATOR:
                            raise Quarantined(Cause.BOMB, "a locator of more than 4,096 characters")
                        frame = json.loads(header["locator"]).get("frame")
                        at = by_number.get(frame, chosen[0]) if by_number else 0
                        told = checked(header, payload) | {"file": at}
                        if told["fields"].get("rendition") == ORIGINAL:
                            if payload or at in taken:
                                raise ValueError
                            taken.add(at)
                            sha256 = outcome.files[at][1]
                            payload = data if data is not None else _original(handles[chosen.index(at)], sha256)
                        spool.append(told, payload)
                    case "done":
                        outcome.note = header["note"]
        except Quarantined:
            spool.discard()
            raise
        except (KeyError, TypeError, ValueError, IndexError) as error:
            spool.discard()
            raise Quarantined(Cause.CRASHED, f"the locked child spoke out of turn ({type(error).__name__})") from error
        outcome.spool = spool
        return container

    def _members(self, holder: Outcome, handle: int, depth: int) -> list[Outcome]:
        """Read the members of a container as assets of their own, streamed through unlinked temporary files.

        All that comes out of the outermost container, nested ones included, counts against one allowance.
        """
        if depth == 0:
            raise Quarantined(Cause.BOMB, f"containers within containers, more than {NESTING} deep")
        if depth == NESTING:
            self._allowance = _FREE_BYTES + _RATIO * os.fstat(handle).st_size
        found: list[Outcome] = []
        held: tuple[bytes, Any] | None = None
        name = holder.path.rpartition(b"/")[2]
        try:
            with self._spare() as child:
                for header, body in child.run({"op": "members", "name": name.hex()}, [handle]):
                    if header.get("t") == "chunk" and held is not None:
                        self._allowance -= len(body)
                        if self._allowance < 0:
                            raise Quarantined(Cause.BOMB, f"more than {_RATIO} bytes come out for each byte in")
                        held[1].write(body)
                        continue
                    if header.get("t") == "refused":
                        inner = bytes.fromhex(header["path"])
                        if held is not None and held[0] == inner:
                            held[1].close()
                            held = None
                        path = holder.path + b"/" + inner
                        refused = Outcome(path, display(path), "member", [(path, None, 0, None)])
                        found.append(refused.fail(Cause(header["cause"]), header["message"]))
                    if held is not None:
                        found += self._member(holder, *held, depth)
                        held = None
                    if header.get("t") == "member":
                        held = bytes.fromhex(header["path"]), tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        except Quarantined:
            for outcome in found:
                if outcome.spool is not None:
                    outcome.spool.discard()
            raise
        finally:
            if held is not None:
                held[1].close()
        holder.contained = sum(1 for one in found if one.spool is not None and one.spool.count)
        holder.note = f"container of {len(found)} members"
        return found

    def _member(self, holder: Outcome, inner: bytes, file: Any, depth: int) -> list[Outcome]:
        path = holder.path + b"/" + inner
        with file:
            file.flush()
            size = file.tell()
            sha256 = hash_file(file.fileno())["sha256"]
            outcome = Outcome(path, display(path), "member", [(path, sha256, size, None)], sha256)
            outcome.sidecars, outcome.custody = list(holder.sidecars), holder.custody
            outcome.signals = [signal for signal in holder.signals if signal.get("sidecar")]
            handle = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY)  # the child may read, not write
            try:
                is_container = self._job(outcome, [handle], [0])
                nested = self._members(outcome, handle, depth - 1) if is_container else []
            except Quarantined as refusal:
                return [outcome.fail(refusal.cause, refusal.what)]
            finally:
                os.close(handle)
        return [outcome, *nested]

    def _sidecar(self, path: bytes, sha256: str) -> list[dict[str, Any]]:
        """Return the signals of a sidecar, read once however many assets it concerns."""
        known = self._sidecars.get((path, sha256))
        if known is not None:
            return known
        shown, signals = display(path), list[dict[str, Any]]()
        try:
            with opened(self._root, path) as file:
                job = {"op": "signals", "names": [display(path.rpartition(b"/")[2])]}
                for header, _ in self._child.run(job, [file.descriptor]):
                    signals += [_from(signal, shown, True) for signal in header["signals"][:_MOST_SIGNALS]]
        except Quarantined as refusal:
            unread = {"standard": "unreadable-metadata", "value": refusal.what, "where": "sidecar"}
            signals = [_from(unread, shown, True)]
        self._sidecars[(path, sha256)] = signals
        return signals


def _original(handle: int, sha256: str | None) -> bytes:
    """Return a file whole, which is to be an item as it is. Quarantined(CHANGED) where it is not what was hashed."""
    if os.fstat(handle).st_size > MOST_ORIGINAL:
        raise Quarantined(Cause.BOMB, "gives more output than one file may")
    data, digests = read_file(handle)
    if digests["sha256"] != sha256:
        raise Quarantined(Cause.CHANGED, "the file changed while it was read")
    return data


def asset_sha256(digests: list[str]) -> str:
    """Return the digest of an asset: its file's, or for a sequence that of its frames' digests in order."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _from(signal: dict[str, Any], source: str, sidecar: bool) -> dict[str, Any]:
    return {
        "standard": str(signal["standard"]),
        "value": str(signal["value"]),
        "where": str(signal["where"]),
        "from": source,
        **({"sidecar": True} if sidecar else {}),
        **({"detail": signal["detail"]} if signal.get("detail") else {}),
    }
