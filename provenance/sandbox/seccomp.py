"""The system calls that a locked child may still make, and the filter that refuses all others.

An allow-list: what is not named here fails with EPERM, and a number newer than this list with ENOSYS, so that a library
that probes finds the call missing and goes another way. A foreign architecture (32-bit calls on a 64-bit kernel) kills.
Numbers: the kernel's tables for x86-64 and arm64. Format: classic BPF over `struct seccomp_data`, seccomp(2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from errno import ENOSYS, EPERM
from typing import NamedTuple

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

# Later calls than this one are unknown here. The x32 numbers of x86-64 (bit 30) lie above it too.
NEWEST = 450

_ABSENT = -1


class Machine(NamedTuple):
    """An architecture: its audit word, and its column in the tables below."""

    audit: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}

# Allowed whatever the arguments, the frequent ones first: (x86-64, arm64).
# Reading and writing go to descriptors already held, and file size is limited to 0. No call here takes a path.
PLAIN: dict[str, tuple[int, int]] = {
    "futex": (202, 98),
    "read": (0, 63),
    "lseek": (8, 62),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    "mremap": (25, 216),
    "close": (3, 57),
    "fstat": (5, 80),
    "pread64": (17, 67),
    "readv": (19, 65),
    "preadv": (295, 69),
    "preadv2": (327, 286),
    "write": (1, 64),
    "writev": (20, 66),
    "poll": (7, _ABSENT),
    "ppoll": (271, 73),
    "select": (23, _ABSENT),
    "pselect6": (270, 72),
    "dup": (32, 23),
    "dup2": (33, _ABSENT),
    "dup3": (292, 24),
    "fadvise64": (221, 223),
    "readahead": (187, 213),
    "mincore": (27, 232),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, _ABSENT),
    "times": (100, 153),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "getcpu": (309, 168),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "membarrier": (324, 283),
    "futex_waitv": (449, 449),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}

# clone(2): exactly what pthread_create asks for (glibc; musl adds the obsolete CLONE_DETACHED), hence never a process
# and never a namespace. clone3 hides its flags behind a pointer, so it is said not to exist: libraries fall back.
_THREAD, _DETACHED = 0x3D0F00, 0x400000
_CLONE3 = 435
_AT_EMPTY_PATH = 0x1000


@dataclass(frozen=True, slots=True)
class Argument:
    """One condition: argument `index`, under `mask`, is one of `values`. `wide`: its upper 32 bits must be zero."""

    index: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    wide: bool = False


def checked(pid: int) -> dict[str, tuple[tuple[int, int], Argument]]:
    """Return the calls that are allowed for some arguments only, for the process `pid`."""
    return {
        "sendto": ((44, 206), Argument(4, (0,), wide=True)),  # on the connected socket, to no other address
        "clone": ((56, 220), Argument(0, (_THREAD,), mask=0xFFFFFFFF ^ _DETACHED, wide=True)),
        "tgkill": ((234, 131), Argument(0, (pid,))),  # abort() and pthread_kill signal themselves
        "kill": ((62, 129), Argument(0, (pid,))),
        "prlimit64": ((302, 261), Argument(2, (0,), wide=True)),  # read a limit, set none
        # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. Not F_SETFL: the parent shares the file's flags.
        "fcntl": ((72, 25), Argument(1, (0, 1, 2, 3, 1030))),
        # TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX
        "ioctl": ((16, 29), Argument(1, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451))),
        # Of descriptors. A path beside the flag is not seen here: existence, size and times of files can be asked for.
        "newfstatat": ((262, 79), Argument(3, (_AT_EMPTY_PATH,), mask=_AT_EMPTY_PATH)),
        "statx": ((332, 291), Argument(2, (_AT_EMPTY_PATH,), mask=_AT_EMPTY_PATH)),
        # PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA (names of memory areas, glibc)
        "prctl": ((157, 167), Argument(0, (3, 15, 16, 0x53564D41))),
    }


_LOAD, _EQUAL, _ABOVE, _AND, _RETURN = 0x20, 0x15, 0x25, 0x54, 0x06
_NR, _ARCH, _ARGS = 0, 4, 16


def _op(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("<HBBI", code, jt, jf, k)


def _judge(rule: Argument) -> list[bytes]:
    """Allow when the argument fits, else refuse; always returns, because the accumulator is spent."""
    low = _ARGS + 8 * rule.index
    ops: list[bytes] = []
    tail = len(rule.values) + (2 if rule.mask != 0xFFFFFFFF else 1)
    if rule.wide:
        ops += [_op(_LOAD, low + 4), _op(_EQUAL, 0, 0, tail + 1)]
    ops.append(_op(_LOAD, low))
    if rule.mask != 0xFFFFFFFF:
        ops.append(_op(_AND, rule.mask))
    for left, value in zip(range(len(rule.values) - 1, -1, -1), rule.values, strict=True):
        ops.append(_op(_EQUAL, value, left, 0 if left else 1))
    return [*ops, _op(_RETURN, ALLOW), _op(_RETURN, ERRNO | EPERM)]


def _operations(machine: Machine, pid: int) -> Iterator[bytes]:
    yield from (_op(_LOAD, _ARCH), _op(_EQUAL, machine.audit, 1, 0), _op(_RETURN, KILL_PROCESS), _op(_LOAD, _NR))
    for numbers in PLAIN.values():
        if numbers[machine.column] != _ABSENT:
            yield from (_op(_EQUAL, numbers[machine.column], 0, 1), _op(_RETURN, ALLOW))
    for numbers, rule in checked(pid).values():
        block = _judge(rule)
        yield _op(_EQUAL, numbers[machine.column], 0, len(block))
        yield from block
    yield from (_op(_EQUAL, _CLONE3, 1, 0), _op(_ABOVE, NEWEST, 0, 1), _op(_RETURN, ERRNO | ENOSYS))
    yield _op(_RETURN, ERRNO | EPERM)


def program(machine: Machine, pid: int) -> bytes:
    """Return the filter for one process, as an array of `struct sock_filter`. Little-endian machines only."""
    return b"".join(_operations(machine, pid))
