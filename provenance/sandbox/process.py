"""One locked process as its parent sees it: a socket for jobs and messages, and a socket that tells of its death."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import signal
import socket
import stat
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from provenance.model.errors import Quarantined, SandboxError
from provenance.model.words import Cause
from provenance.sandbox import frames, lock
from provenance.sandbox.limits import Limits

_FORK_SECONDS = 60
_FATE_SECONDS = 2
_CHUNK = 1 << 18


class Process:
    """A forked, locked child. `fit` tells whether it may be asked again."""

    def __init__(self, pid: int, link: socket.socket, fate: socket.socket, limits: Limits) -> None:
        self._pid, self._link, self._fate, self._limits = pid, link, fate, limits
        self.fit, self._locked, self._room = True, False, 1
        self._buffer, self._at = b"", 0
        self._oom_kills = _oom_kills()
        self._watch = _Watch(pid, limits, limits.cpu_seconds)
        # A read or write that waits longer than this comes back to look at the clocks.
        microseconds = max(1000, int(1e6 * min(1.0, limits.stall_seconds / 4, limits.wall_seconds / 4)))
        tick = struct.pack("ll", microseconds // 1_000_000, microseconds % 1_000_000)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, tick)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, tick)

    @classmethod
    def fork(cls, control: socket.socket, limits: Limits) -> Process:
        """Ask the warm process for a child. OSError or EOFError when that has ended; SandboxError when it cannot."""
        link, their_link = socket.socketpair()
        their_link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK * 4)
        fate, their_fate = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with their_link, their_fate:
            try:
                socket.send_fds(control, [b"fork"], [their_link.fileno(), their_fate.fileno()])
                fate.settimeout(_FORK_SECONDS)
                told = json.loads(fate.recv(4096) or b"{}")
                if "error" in told:
                    raise SandboxError(
                        f"the sandbox could not fork a reader ({told['error']})",
                        next_step="run with fewer workers, or raise the limits of this user or container",
                    )
                if not told:
                    raise EOFError
                return cls(told["pid"], link, fate, limits)
            except BaseException:
                link.close()
                fate.close()
                raise

    def close(self) -> None:
        """End the process. Its zygote kills it when this end of the fate socket closes."""
        self.fit = False
        self._link.close()
        self._fate.close()

    def idle(self) -> bool:
        """True when it waits for a job: nothing unread from it, not even its end."""
        try:
            self._link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self._at == len(self._buffer)
        except OSError:
            return False
        return False

    def job(
        self, job: dict[str, Any], fds: Sequence[int], cpu_seconds: float | None
    ) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Run one job; see `box.Child.run`. Not `fit` from here on until the job has ended as planned."""
        _only_readable(fds)
        limits, self.fit = self._limits, False
        self._watch = _Watch(self._pid, limits, cpu_seconds or limits.cpu_seconds)
        left, messages = limits.output_bytes, 0
        try:
            self._send_job(job, fds)
            while True:
                self._watch.start()
                kind, header_length, body_length = frames.read_prefix(self._exactly(frames.PREFIX.size))
                if header_length > limits.header_bytes:
                    raise frames.BadFrame("header too long")
                left -= frames.PREFIX.size + header_length + body_length
                messages += kind == frames.ITEM
                if body_length > limits.body_bytes or left < 0 or messages > limits.messages:
                    self._end(Cause.BOMB, "gives more output than one file may")
                header = frames.read_header(self._exactly(header_length))
                body = self._exactly(body_length)
                self._watch.stop()
                if kind == frames.ITEM:
                    yield header, body
                elif kind == frames.DONE and not body:
                    self.fit = True
                    return
                elif kind == frames.FAILED and not body:
                    self._failed(header)
                else:
                    raise frames.BadFrame("unknown kind")
        except frames.BadFrame:
            self._end(Cause.CRASHED, "crashed: its reader no longer speaks sense")
        except _Late as late:
            self._end(Cause.TIMEOUT, str(late))
        except (EOFError, ConnectionError, ProcessLookupError):
            self._end(*self._fate_of())

    def _failed(self, header: dict[str, Any]) -> NoReturn:
        try:
            cause, what, where = Cause(header["cause"]), str(header["what"]), header.get("where")
        except (KeyError, ValueError):
            raise frames.BadFrame("no cause") from None
        # Whoever failed in a way that nobody planned may be damaged inside, and is not asked again.
        self.fit = header.get("planned") is True
        error = Quarantined(cause, frames.sentence(what), where=frames.sentence(str(where)) if where else None)
        if header.get("note"):
            error.add_note(frames.sentence(str(header["note"])))
        raise error

    def _end(self, cause: Cause, what: str) -> NoReturn:
        self.close()
        raise Quarantined(cause, what) from None

    def _fate_of(self) -> tuple[Cause, str]:
        """Return the cause of a death. SandboxError when the process could not lock itself and hence read nothing."""
        self._fate.settimeout(_FATE_SECONDS)
        try:
            words = self._fate.recv(4096)
        except OSError:  # it hung up and lives on
            words = b"{}"
        if not words:
            return Cause.CRASHED, "was not finished, because the sandbox's warm process ended"
        told = json.loads(words)
        if told.get("exit") == lock.UNLOCKABLE:
            self.close()
            raise SandboxError("a reader could not be locked", next_step=lock.NEXT_STEP)
        number = told.get("signal")
        if number == signal.SIGXCPU:
            return Cause.TIMEOUT, "took more processor time than one file may"
        if number == signal.SIGKILL and self._oom_kills is not None and _oom_kills() != self._oom_kills:
            return Cause.MEMORY, "used up the memory of this machine and was ended by the system"
        if number is not None:
            name = (signal.strsignal(number) or f"signal {number}").lower()
            return Cause.CRASHED, f"crashed its reader ({name})"
        return Cause.CRASHED, "crashed its reader (it left without an answer)"

    def _send_job(self, job: dict[str, Any], fds: Sequence[int]) -> None:
        self._watch.start()
        if not self._locked:
            if self._exactly(1) != frames.LOCKED:
                raise frames.BadFrame("not locked")
            self._locked = True
        if len(fds) > self._room:
            wanted, hard = self._limits.descriptors + len(fds), resource.prlimit(self._pid, resource.RLIMIT_NOFILE)[1]
            if hard != resource.RLIM_INFINITY and wanted > hard:
                raise ValueError(f"a job of {len(fds)} files; this system lets a process hold {hard}")
            resource.prlimit(self._pid, resource.RLIMIT_NOFILE, (wanted, hard))
            self._room = len(fds)
        frame = frames.pack(frames.JOB, job, len(fds))
        sent = self._patiently(frame, fds[: frames.BATCH])
        while sent < len(frame):
            sent += self._patiently(frame[sent:], ())
        for at in range(frames.BATCH, len(fds), frames.BATCH):
            if self._exactly(1) != frames.MORE:
                raise frames.BadFrame("no acknowledgement")
            self._patiently(b"f", fds[at : at + frames.BATCH])

    def _patiently(self, data: bytes, fds: Sequence[int]) -> int:
        """Send what fits and return how much it was, with descriptors attached. Heeds the clocks."""
        while True:
            try:
                return socket.send_fds(self._link, [data], fds) if fds else self._link.send(data)
            except BlockingIOError:
                self._watch.look()
            except OSError as error:
                # The user's descriptors under way in all sockets together are limited; they are soon received.
                if error.errno != errno.ETOOMANYREFS:
                    raise
                self._watch.look()
                time.sleep(0.001)

    def _exactly(self, count: int) -> bytes:
        """Return the next `count` bytes. Heeds the clocks at every piece: a drip is no progress."""
        parts = [self._buffer[self._at : self._at + count]]
        self._at += len(parts[0])
        count -= len(parts[0])
        while count:
            try:
                part = self._link.recv(_CHUNK)
            except BlockingIOError:
                self._watch.look()
                continue
            if not part:
                raise EOFError
            self._watch.look()
            parts.append(part[:count])
            self._buffer, self._at = part, len(parts[-1])
            count -= len(parts[-1])
        return b"".join(parts)


class _Late(Exception):
    """A limit of time is reached; the message is the sentence to show."""


class _Watch:
    """The clocks of one job: since the last message, waited in all, and the child's own processor time."""

    def __init__(self, pid: int, limits: Limits, cpu_seconds: float) -> None:
        # CPUCLOCK_SCHED of a process; the kernel's encoding, which clock_getcpuclockid(3) gives too.
        self._clock = (~pid << 3) | 2
        self._stall, self._wall, self._cpu = limits.stall_seconds, limits.wall_seconds, cpu_seconds
        self._since, self._waited = time.monotonic(), 0.0
        self._cpu_end = self._used() + cpu_seconds

    def _used(self) -> float:
        try:
            return time.clock_gettime(self._clock)
        except OSError:  # it is dead; its socket will say so
            return 0.0

    def start(self) -> None:
        """From here on we wait for the child."""
        self._since = time.monotonic()

    def stop(self) -> None:
        """A message is here; what the caller does with it is not the child's time."""
        self._waited += time.monotonic() - self._since

    def look(self) -> None:
        waited = time.monotonic() - self._since
        if waited > self._stall:
            raise _Late(f"gave no result for {self._stall:g} s")
        if self._waited + waited > self._wall:
            raise _Late(f"took more than {self._wall:g} s")
        if self._used() > self._cpu_end:
            raise _Late(f"took more than {self._cpu:g} s of processor time")


def _only_readable(fds: Sequence[int]) -> None:
    """ValueError unless each is a regular file opened for reading only: a descriptor takes its rights past the lock."""
    for number in fds:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise ValueError(f"descriptor {number} is not a regular file")
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise ValueError(f"descriptor {number} is not opened for reading only")


def _oom_kills() -> int | None:
    """Return how often this kernel has ended a process for want of memory, or None where it does not say."""
    try:
        with open("/proc/vmstat", "rb") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(b"oom_kill ")), None)
    except OSError:
        return None
