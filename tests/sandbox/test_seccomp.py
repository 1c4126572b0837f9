"""The filter, judged by a small interpreter of its language: every number, both machines, no call made."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from provenance.sandbox import seccomp

PID = 4242
ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x80000000
MACHINES = list(seccomp.MACHINES)
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def judge(name: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """Run the filter as the kernel would, over `struct seccomp_data`."""
    machine = seccomp.MACHINES[name]
    given = [argument & 0xFFFFFFFFFFFFFFFF for argument in arguments] + [0] * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, machine.audit if audit is None else audit, 0, *given)
    code = list(struct.iter_unpack("<HBBI", seccomp.program(machine, PID)))
    assert len(code) <= 4096
    at = accumulator = 0
    while True:
        op, yes, no, k = code[at]
        at += 1
        if op == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif op == 0x54:
            accumulator &= k
        elif op == 0x06:
            return k
        else:
            at += yes if {0x15: accumulator == k, 0x25: accumulator > k}[op] else no


def number(name: str, call: str) -> int:
    column = seccomp.MACHINES[name].column
    return (seccomp.PLAIN[call] if call in seccomp.PLAIN else seccomp.checked(PID)[call][0])[column]


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_not_listed_is_refused_whatever_its_number(name: str) -> None:
    column = seccomp.MACHINES[name].column
    plain = {numbers[column] for numbers in seccomp.PLAIN.values()} - {-1}
    checked = {numbers[column] for numbers, _rule in seccomp.checked(PID).values()}
    for call in range(seccomp.NEWEST + 1):
        if call in checked:
            continue
        verdict = ALLOW if call in plain else ENOSYS if call == 435 else EPERM
        assert judge(name, call) == verdict, call
    for call in (seccomp.NEWEST + 1, 1000, 0x40000000, 0x40000039, 0x7FFFFFFF, 0xFFFFFFFF):
        assert judge(name, call) == ENOSYS


@pytest.mark.parametrize("name", MACHINES)
def test_calls_of_another_machine_kill(name: str) -> None:
    i386, arm = 0x40000003, 0x40000028
    for audit in (i386, arm, 0, seccomp.MACHINES[next(other for other in MACHINES if other != name)].audit):
        assert judge(name, number(name, "read"), audit=audit) == KILL


@pytest.mark.parametrize("name", MACHINES)
def test_clone_makes_threads_and_never_a_process_or_a_namespace(name: str) -> None:
    clone, glibc, musl = number(name, "clone"), 0x3D0F00, 0x7D0F00
    assert judge(name, clone, glibc) == judge(name, clone, musl) == ALLOW
    sigchld, vm, vfork, new_user, new_net, thread = 17, 0x100, 0x4000, 0x10000000, 0x40000000, 0x10000
    for flags in (0, sigchld, vm | vfork | sigchld, glibc ^ thread, glibc | new_user, glibc | new_net, glibc | sigchld):
        assert judge(name, clone, flags) == EPERM, hex(flags)
    assert judge(name, clone, glibc | 1 << 32) == EPERM
    for bit in range(64):
        assert (judge(name, clone, glibc ^ 1 << bit) == ALLOW) == (bit == 22), bit


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(
    ("call", "allowed", "refused"),
    [
        ("kill", [(PID, 9)], [(0, 9), (-1, 9), (1, 9), (PID + 1, 0)]),
        ("tgkill", [(PID, PID, 6)], [(1, 1, 6), (PID + 1, PID, 6)]),
        ("sendto", [(3, 1, 1, 0, 0, 0)], [(3, 1, 1, 0, 1, 0), (3, 1, 1, 0, 1 << 32, 0)]),
        ("prlimit64", [(0, 7, 0, 1)], [(0, 7, 1, 0), (0, 7, 1 << 40, 0)]),
        (
            "fcntl",
            [(3, 0), (3, 1), (3, 2), (3, 3), (3, 1030)],
            [(3, 4), (3, 6), (3, 8), (3, 1024), (3, 1026), (3, 1033)],
        ),
        (
            "ioctl",
            [(1, 0x5401), (1, 0x541B), (3, 0x5450)],
            [(0, 0x5412), (3, 0x40086602), (3, 0x40049409), (3, 0x541C)],
        ),
        (
            "prctl",
            [(15, 1), (16, 1), (3,), (0x53564D41, 0)],
            [(1, 0), (4, 1), (22, 2), (24, 1), (0x59616D61, 1), (47, 1)],
        ),
        ("newfstatat", [(3, 1, 1, 0x1000), (3, 1, 1, 0x1900)], [(-100, 1, 1, 0), (3, 1, 1, 0x100)]),
        ("statx", [(3, 1, 0x1000, 0xFFF)], [(-100, 1, 0, 0xFFF), (3, 1, 0x100, 0xFFF)]),
    ],
)
def test_some_calls_depend_on_their_arguments(
    name: str, call: str, allowed: list[tuple[int, ...]], refused: list[tuple[int, ...]]
) -> None:
    for arguments in allowed:
        assert judge(name, number(name, call), *arguments) == ALLOW, arguments
    for arguments in refused:
        assert judge(name, number(name, call), *arguments) == EPERM, arguments


@pytest.mark.parametrize("name", MACHINES)
def test_the_numbers_are_those_of_the_kernel(name: str) -> None:
    header = HEADERS[name]
    if not header.is_file():
        pytest.skip(f"no kernel headers at {header}")
    kernel = {
        found[1]: int(found[2])
        for found in re.finditer(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(), re.M)
    }
    kernel |= {"newfstatat": kernel["fstatat"]} if name == "aarch64" else {}
    calls = {**seccomp.PLAIN, **{call: numbers for call, (numbers, _rule) in seccomp.checked(PID).items()}}
    column = seccomp.MACHINES[name].column
    ours = {call: numbers[column] for call, numbers in calls.items() if numbers[column] != -1}
    assert ours == {call: kernel.get(call) for call in ours}
    # Absent here is absent there; this header is the generic one, which has a few more names than arm64.
    if name == "x86_64":
        assert all(call in kernel for call in calls)
