"""What a malicious media file would do once it runs code in its reader. Each attack says how far it came.

`reached` true: it did what it wanted. The functions are called in a locked child, by name.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

LIBC = ctypes.CDLL(None, use_errno=True)
LINK = 3

# x86-64 and arm64
NUMBERS = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "process_vm_readv": (310, 270),
    "ptrace": (101, 117),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "name_to_handle_at": (303, 264),
    "shmget": (29, 194),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "unlinkat": (263, 35),
    "renameat2": (316, 276),
    "mkdirat": (258, 34),
    "symlinkat": (266, 36),
    "fchmodat": (268, 53),
    "truncate": (76, 45),
    "mknodat": (259, 33),
    "chroot": (161, 51),
    "personality": (135, 92),
    "add_key": (248, 217),
    "seccomp": (317, 277),
}


def call(name: str, *arguments: int) -> int:
    """Make a raw system call; return its error number, or 0."""
    number = NUMBERS[name][platform.machine() == "aarch64"]
    result = LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    return ctypes.get_errno() if result == -1 else 0


def write_file(job: dict[str, Any]) -> None:
    with open(job["new"], "w") as file:
        file.write("stolen")


def read_file(job: dict[str, Any]) -> None:
    with open(job["path"]) as file:
        assert "secret" in file.read()


def list_folder(job: dict[str, Any]) -> None:
    assert os.listdir(os.path.dirname(job["path"]))


def connect(job: dict[str, Any]) -> None:
    socket.create_connection(("127.0.0.1", job["port"]), timeout=5).close()


def send_datagram(job: dict[str, Any]) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"secret", ("127.0.0.1", job["port"]))


def knock_on_abstract_socket(job: dict[str, Any]) -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect("\0" + job["abstract"])


def fork(job: dict[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def clone_a_process(job: dict[str, Any]) -> None:
    """The system call itself, as code that avoids the C library would make it."""
    number = NUMBERS["clone"][platform.machine() == "aarch64"]
    pid = LIBC.syscall(*(ctypes.c_long(x) for x in (number, signal.SIGCHLD, 0, 0, 0, 0)))
    if pid == 0:
        os._exit(0)
    if pid == -1:
        raise OSError(ctypes.get_errno(), "clone")
    os.waitpid(pid, 0)


def execute(job: dict[str, Any]) -> None:
    os.execv("/bin/sh", ["sh", "-c", ': > "$0"', job["new"]])


def kill(job: dict[str, Any]) -> None:
    os.kill(job["victim"], signal.SIGKILL)


def trace(job: dict[str, Any]) -> None:
    seize = 0x4206
    if error := call("ptrace", seize, job["victim"], 0, 0):
        raise OSError(error, "ptrace")


def read_memory(job: dict[str, Any]) -> None:
    there = (ctypes.c_long * 2)(job["address"], 1)
    buffer = ctypes.create_string_buffer(1)
    here = (ctypes.c_long * 2)(ctypes.addressof(buffer), 1)
    if error := call("process_vm_readv", job["victim"], ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0):
        raise OSError(error, "process_vm_readv")


def allocate(job: dict[str, Any]) -> None:
    mmap.mmap(-1, job["bytes"]).close()


def hoard(job: dict[str, Any]) -> None:
    hoarded = []
    while True:
        hoarded.append(bytes(1 << 24))


def raise_own_limits(job: dict[str, Any]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, soft + 1000), hard))
    except ValueError as error:  # Python's word for EPERM here
        raise PermissionError(errno.EPERM, "setrlimit") from error


def outlive_the_parent(job: dict[str, Any]) -> None:
    set_pdeathsig = 1
    if LIBC.prctl(set_pdeathsig, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


ATTACKS: dict[str, Callable[[dict[str, Any]], None]] = {
    attack.__name__: attack
    for attack in (
        write_file,
        read_file,
        list_folder,
        connect,
        send_datagram,
        knock_on_abstract_socket,
        fork,
        clone_a_process,
        execute,
        kill,
        trace,
        read_memory,
        allocate,
        hoard,
        raise_own_limits,
        outlive_the_parent,
    )
}


def attack(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Run one attack by its name."""
    try:
        ATTACKS[job["attack"]](job)
    except OSError as error:
        yield {"reached": False, "errno": errno.errorcode.get(error.errno or 0)}, b""
    else:
        yield {"reached": True}, b""


def raw_calls(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Try every call of the table with arguments that would do no harm."""
    for name in NUMBERS:
        yield {"call": name, "errno": errno.errorcode.get(call(name, -1, 0, 0, 0, 0, 0), "OK")}, b""


def abuse_descriptor(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Try to do more with a descriptor than read it."""
    number = files[0].fileno()
    attempts: dict[str, Callable[[], object]] = {
        "read": lambda: files[0].read(),
        "write": lambda: os.write(number, b"x"),
        "pwrite": lambda: os.pwrite(number, b"x", 0),
        "truncate": lambda: os.ftruncate(number, 0),
        "chmod": lambda: os.fchmod(number, 0o777),
        "times": lambda: os.utime(number, (0, 0)),
        "setxattr": lambda: os.setxattr(number, "user.x", b"x"),
        "map for writing": lambda: mmap.mmap(number, 1, mmap.MAP_SHARED, mmap.PROT_WRITE),
        "reopen": lambda: os.open(f"/proc/self/fd/{number}", os.O_RDWR),
        "append flag": lambda: os.set_blocking(number, False),
        "link": lambda: os.link(f"/proc/self/fd/{number}", job["path"], follow_symlinks=True),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError as error:
            yield {"attempt": name, "reached": False, "errno": errno.errorcode.get(error.errno or 0)}, b""
        else:
            yield {"attempt": name, "reached": True}, b""


def look_around(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Tell what a reader finds about itself."""
    held = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        held.append(number)
    yield (
        {
            "environment": dict(os.environ),
            "descriptors": held,
            "argv": sys.argv,
            "pids": [os.getpid(), os.getppid()],
        },
        b"",
    )


def die(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """End the process in the way the job names, after a first message."""
    yield {"alive": True}, b""
    how = job["how"]
    if how == "abort":
        os.abort()
    elif how == "segfault":
        ctypes.string_at(0)
    elif how == "exit":
        os._exit(0)
    elif how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    elif how == "recursion":
        recurse()
    elif how == "thread":
        threading.Thread(target=lambda: ctypes.string_at(0)).start()
        time.sleep(10)
    elif how == "hang up":
        os.close(LINK)
        time.sleep(3600)


def recurse() -> None:
    recurse()


def lie(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Write raw bytes on the parent's socket, as code that has taken over the reader would."""
    data = bytes.fromhex(job["raw"])
    while data:
        data = data[os.write(LINK, data) :]
    if job.get("then") == "exit":
        os._exit(0)
    time.sleep(job.get("sleep", 60))
    yield {}, b""


def dawdle(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Take time in the way the job names."""
    how = job["how"]
    while how == "sleep":
        time.sleep(1)
    while how == "spin":
        pass
    while how == "drip messages":
        time.sleep(0.05)
        yield {}, b""
    while how == "drip bytes":
        os.write(LINK, b"I")
        time.sleep(0.3)
    if how == "drip a header":
        os.write(LINK, b"I" + (1000).to_bytes(4, "big") + bytes(8))
        while True:
            os.write(LINK, b" ")
            time.sleep(0.05)
    while how == "spin and chat":
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        yield {}, b""
    while how == "flood":
        yield {}, bytes(job["bytes"])


def fail(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Raise with a message that a terminal or a report should not get."""
    yield {}, b""
    raise ValueError(
        "bad \x1b[31mchunk\u202e in /srv/studio/secret/film.mov\nTraceback (most recent call last):\n" + "x" * 9999
    )
