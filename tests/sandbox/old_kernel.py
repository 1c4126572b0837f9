"""Run a script on what looks like an older kernel: chosen system calls fail as they do where they do not exist.

    python old_kernel.py [no-seccomp | seccomp-refused | seccomp-forgotten] [no-landlock] [no-fork] -- script argument

The pretence is a seccomp filter of its own, which children inherit.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

ARM = platform.machine() == "aarch64"
SECCOMP, PRCTL, CLONE, LANDLOCK = (277, 167, 220, 444) if ARM else (317, 157, 56, 444)
FORK = 0x1200011  # what fork() asks of clone; vfork(), which starts programs, asks otherwise
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def op(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("<HBBI", code, jt, jf, k)


def fails(number: int, error: int, option: int | None = None) -> bytes:
    """`number` fails with `error`; with `option`, only when that is its first argument."""
    if option is None:
        return op(0x20, 0) + op(0x15, number, 0, 1) + op(0x06, ERRNO | error)
    return op(0x20, 0) + op(0x15, number, 0, 3) + op(0x20, 16) + op(0x15, option, 0, 1) + op(0x06, ERRNO | error)


def pretend(lacks: list[str]) -> None:
    code = b""
    if "no-seccomp" in lacks:
        code += fails(PRCTL, errno.EINVAL, option=22) + fails(SECCOMP, errno.ENOSYS)
    if "seccomp-refused" in lacks:
        code += fails(SECCOMP, errno.EINVAL)
    if "seccomp-forgotten" in lacks:
        code += fails(SECCOMP, 0)
    if "no-fork" in lacks:
        code += fails(CLONE, errno.EAGAIN, option=FORK)
    if "no-landlock" in lacks:
        code += fails(LANDLOCK, errno.ENOSYS)
    code += op(0x06, ALLOW)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0):
        raise OSError(ctypes.get_errno(), "this kernel takes no filter")


if __name__ == "__main__":
    at = sys.argv.index("--")
    pretend(sys.argv[1:at])
    os.execv(sys.executable, [sys.executable, *sys.argv[at + 1 :]])
