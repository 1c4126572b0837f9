"""The lock: after `apply`, this process can compute, read the descriptors it holds and answer on its socket; no more.

Four defences, each of which a test takes out to see its attack succeed:
    limits      rlimits: memory, file size 0, descriptors, no core dump
    privileges  no new privileges, no capabilities (root's too), closed to ptrace
    landlock    no file, no TCP port, no outside abstract socket or process, as far as the kernel's ABI goes
    seccomp     an allow-list of system calls (`seccomp.py`); by itself it refuses all opening, sockets and processes
Seccomp is the lock; Landlock a second one on the same doors. The number of processes is not limited by rlimit, because
that one counts the threads of everything the user runs: seccomp refuses processes instead, and lets threads be.
What stays possible: burning the allotted memory and time, answering falsely, and asking for a file's existence or size.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import socket
import struct
import sys
from collections.abc import Collection
from dataclasses import dataclass

from provenance.model.errors import SandboxError
from provenance.sandbox import seccomp
from provenance.sandbox.limits import Limits

DEFENCES = ("limits", "privileges", "landlock", "seccomp")

# Exit code of a child that could not be locked; it has read no job by then.
UNLOCKABLE = 97

NEXT_STEP = (
    "use Linux on x86-64 or arm64 whose container lets a process filter its own system calls, "
    "or run again with --unlocked to read these files without a lock"
)

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 2, 1, 1
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same on every architecture
_SYSCALLS = {"x86_64": {"seccomp": 317, "capset": 126}, "aarch64": {"seccomp": 277, "capset": 91}}


@dataclass(frozen=True, slots=True)
class Status:
    """What this machine can lock with: `seccomp`, and the Landlock ABI (0 for none). As text, words for people."""

    seccomp: bool
    landlock: int

    @property
    def locks(self) -> bool:
        """True when a child can be locked here. Landlock alone is not enough: it leaves processes and UDP open."""
        return self.seccomp

    def __str__(self) -> str:
        if not self.seccomp:
            return "no lock: this system gives a process no filter for its own system calls (seccomp)"
        return f"seccomp + Landlock ABI {self.landlock}" if self.landlock else "seccomp (this kernel has no Landlock)"


def status() -> Status:
    """Return what can be had here, without changing anything."""
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in seccomp.MACHINES or struct.calcsize("P") != 8:
        return Status(False, 0)
    libc = _libc()
    # A filter at address 0: EFAULT says that the kernel went to read it; EINVAL or EPERM, that there are no filters.
    ask = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, 0, 0, 0)
    has_seccomp = ask == -1 and ctypes.get_errno() == errno.EFAULT
    return Status(has_seccomp, max(0, libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)))


def die_with(parent: int) -> None:
    """Tie this process to its parent: the kernel kills it when the parent ends. If that has happened, it ends now."""
    _libc().prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def apply(limits: Limits, *, unlocked: bool = False, without: Collection[str] = ()) -> Status:
    """Lock this process for good and return with what. SandboxError where seccomp cannot be had, unless `unlocked`.

    Call with one thread, and with everything loaded that will be needed. `without` takes defences out, for tests only.
    """
    can = status()
    if "limits" not in without:
        _limit(limits)
    if "privileges" not in without:
        _drop_privileges()
    _call("no_new_privs", _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    landlock = can.landlock if "landlock" not in without else 0
    if landlock:
        _landlock(landlock)
    if "seccomp" in without:
        return Status(False, landlock)
    if not can.seccomp:
        return _refuse(can, unlocked)
    _filter()
    _prove()
    return Status(True, landlock)


def _refuse(can: Status, unlocked: bool) -> Status:
    if unlocked:
        return can
    raise SandboxError(str(can), next_step=NEXT_STEP)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(what: str, result: int) -> int:
    if result < 0:
        reason = os.strerror(ctypes.get_errno())
        raise SandboxError(f"the lock did not close: {what} failed ({reason})", next_step=NEXT_STEP)
    return result


def _limit(limits: Limits) -> None:
    for which, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))
    # Only the soft limit: the parent raises it for a sequence of many files. The child itself may set none (seccomp).
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.descriptors, hard))


def _drop_privileges() -> None:
    numbers = _SYSCALLS.get(platform.machine())
    if numbers:
        header, none = struct.pack("<Ii", 0x20080522, 0), bytes(24)  # _LINUX_CAPABILITY_VERSION_3, this thread
        _call("capset", _libc().syscall(numbers["capset"], header, none))
    _call("dumpable", _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def _landlock(abi: int) -> None:
    """Handle every right that the ABI knows and grant none of them."""
    # Bits by ABI: 1 the first 13 rights on files, 2 refer, 3 truncate, 5 ioctl on devices; 4 TCP bind and connect;
    # 6 abstract sockets and signals outside.
    files = (1 << 13) - 1 | (abi >= 2) << 13 | (abi >= 3) << 14 | (abi >= 5) << 15
    rules = struct.pack("<QQQ", files, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    ruleset = _call("landlock", _libc().syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), 0))
    try:
        _call("landlock", _libc().syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def _filter() -> None:
    machine = platform.machine()
    code = seccomp.program(seccomp.MACHINES[machine], os.getpid())
    program = ctypes.byref(_Program(len(code) // 8, code))
    # With TSYNC the filter holds for every thread, should a library have started one; a positive answer names the
    # thread that could not be brought along.
    done = _libc().syscall(_SYSCALLS[machine]["seccomp"], _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, program)
    if done > 0:
        raise SandboxError("the lock did not close: a thread stayed outside", next_step=NEXT_STEP)
    _call("seccomp", done)


def _prove() -> None:
    """Try the two doors that matter most. A filter that was accepted but does not bite is no lock."""
    for door in (lambda: os.close(os.open("/", os.O_RDONLY)), lambda: socket.socket().close()):
        try:
            door()
        except PermissionError:
            continue
        raise SandboxError("the lock was accepted but does not hold", next_step=NEXT_STEP)
