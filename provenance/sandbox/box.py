"""The parent's side: a Sandbox is one warm process, a Child one locked fork of it that serves jobs one after the other.

The parent decodes nothing that a child sends beyond its JSON headers, waits for no child for ever, and kills what it
does not understand. A child's end costs the job it had; the next job gets a fresh child.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from provenance.model.errors import SandboxError
from provenance.sandbox import lock
from provenance.sandbox.limits import Limits
from provenance.sandbox.process import Process

_START_SECONDS = 120
_STOP_SECONDS = 5

# All that the warm process inherits: no secrets, no proxies, no search paths. One thread for libraries that would start
# a pool while they load; two malloc arenas, because each thread's own reserves 64 MiB of the address space. A reader
# takes and frees the same large buffers for every picture: glibc shall keep up to 256 MiB instead of giving them back
# and having the kernel clear them anew, which costs CPU on some of them.
_ENVIRONMENT = {
    "PATH": "",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}


class Sandbox:
    """A warm process with the entry loaded; a context manager. Children of one Sandbox may be used by many threads.

    entry: "package.module:function"; the function takes (job, files) and yields (header, body) pairs. A module-level
    `preload()` is called before the lock: nothing can be opened or imported behind it. SandboxError (exit 50) where no
    lock can be had, unless `unlocked`; that only permits going without, what can be had is still used.
    `without` takes single defences out (`lock.DEFENCES`), for tests that show what each is worth.
    """

    def __init__(
        self,
        entry: str = "provenance.inside:run",
        limits: Limits | None = None,
        unlocked: bool = False,
        *,
        without: Collection[str] = (),
    ) -> None:
        self.entry, self.limits, self.unlocked = entry, limits or Limits(), unlocked
        self._without = sorted(without)
        self._guard = threading.Lock()
        self._warm: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Self:
        with self._guard:
            self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._guard:
            self._stop()

    def child(self) -> Child:
        """Return a child, not yet forked; use it as a context manager."""
        return Child(self)

    def spawn(self) -> Process:
        """Return a fresh locked process. A warm process that has died is started again, once."""
        with self._guard:
            if self._control is None:
                raise ValueError("this sandbox is not open")
            try:
                return Process.fork(self._control, self.limits)
            except (OSError, EOFError):
                self._stop()
            try:
                return Process.fork(self._start(), self.limits)
            except (OSError, EOFError) as error:
                self._stop()
                raise SandboxError(
                    f"the sandbox's warm process does not stay alive ({error or 'it ended'})",
                    next_step="look whether this machine's memory has run out, then run again",
                ) from None

    def _start(self) -> socket.socket:
        """Start the warm process and return the socket to it, once the entry is loaded."""
        can = lock.status()
        if not sys.platform.startswith("linux"):
            raise SandboxError("the sandbox needs Linux", next_step="run on Linux, or in a Linux container")
        if not can.locks and not self.unlocked:
            raise SandboxError(str(can), next_step=lock.NEXT_STEP)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._control = ours
            self._warm = self._launch(theirs.fileno())
        ours.settimeout(_START_SECONDS)
        try:
            answer = json.loads(ours.recv(65536) or b'{"error": "it ended while loading"}')
        except TimeoutError:
            answer = {"error": f"not ready after {_START_SECONDS} s"}
        except OSError as error:
            answer = {"error": str(error)}
        if "error" in answer:
            self._stop()
            raise SandboxError(
                f"the reader {self.entry} could not be loaded: {answer['error']}",
                next_step="install the package again, extras included, and run again",
            )
        return ours

    def _launch(self, control: int) -> subprocess.Popen[bytes]:
        asked = {
            "control": control,
            "parent": os.getpid(),
            "entry": self.entry,
            "roots": [_root("provenance"), _root(self.entry.partition(":")[0].partition(".")[0])],
            "limits": asdict(self.limits),
            "unlocked": self.unlocked,
            "without": self._without,
        }
        start = (
            "import sys; sys.path.append(sys.argv[1]); from provenance.sandbox.zygote import main; main(sys.argv[2])"
        )
        inherited = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        # Its own session, so that an interrupt at the terminal reaches only the parent, which then decides.
        return subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", "-c", start, _root("provenance"), json.dumps(asked)],
            env=_ENVIRONMENT | inherited,  # LD_LIBRARY_PATH: some builds of Python do not start without
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(control,),
            start_new_session=True,
        )

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._warm is not None:
            try:
                self._warm.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._warm.kill()
                self._warm.wait()
            self._warm = None


class Child:
    """One locked child, forked at its first job. Not for two threads at once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._drop()

    def run(
        self, job: dict[str, Any], fds: Sequence[int] = (), *, cpu_seconds: float | None = None
    ) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield the messages of one job as the child sends them; Quarantined when it fails, in one clean sentence.

        The causes: what the entry raised as Quarantined; else DAMAGED, MEMORY, BOMB (too deep, or too much output),
        TIMEOUT, CRASHED. `fds`: regular files opened for reading only, ValueError for others; they stay the caller's.
        The child shares their offsets, so read with `pread` while it runs. `cpu_seconds` replaces the limit for this
        job. An iterator that is closed early ends the child.
        """
        if self._process is None or not self._process.idle():
            self._drop()
            self._process = self._sandbox.spawn()
        process, self._process = self._process, None
        try:
            yield from process.job(job, fds, cpu_seconds)
        finally:
            if process.fit:
                self._process = process
            else:
                process.close()

    def _drop(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


def _root(top: str) -> str:
    """Return the folder from which a top-level module is imported here."""
    try:
        found = importlib.util.find_spec(top)
    except ValueError:  # `__main__` has no spec
        found = None
    if found is None or not (found.origin or found.submodule_search_locations):
        raise SandboxError(f"the reader's module {top} is not to be found", next_step="install the package again")
    if found.submodule_search_locations:
        return str(Path(next(iter(found.submodule_search_locations))).resolve().parent)
    return str(Path(found.origin or "").resolve().parent)
