"""Well-behaved readers for the tests of the sandbox."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from provenance.model.errors import Quarantined
from provenance.model.words import Cause

LOADED: list[str] = []


def preload() -> None:
    import colorsys

    LOADED.append(colorsys.__name__)


def digest(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Give each file's digest, and its bytes back."""
    for file in files:
        data = file.read()
        yield {"sha256": hashlib.sha256(data).hexdigest(), "name": job.get("name")}, data


def bodies(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    for size in job["sizes"]:
        yield {"size": size}, bytes(i % 251 for i in range(min(size, 5000))) * max(1, size // 5000)


def count(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    for number in range(job["n"]):
        yield {"number": number}, b"x" * 1000


def who(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield {"pid": os.getpid(), "zygote": os.getppid()}, b""
    time.sleep(job.get("sleep", 0))


def modules(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield {"modules": sorted(sys.modules), "loaded": LOADED}, b""


def import_late(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    try:
        __import__(job["module"])
    except ImportError as error:
        yield {"error": str(error)}, b""


def decode(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield {"text": bytes.fromhex(job["raw"]).decode(job["encoding"])}, b""


def threads(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    done: list[int] = []
    workers = [threading.Thread(target=lambda n=n: done.append(n * n)) for n in range(job["n"])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    yield {"done": sorted(done)}, b""


def refuse(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield {"before": True}, b""
    raise Quarantined(Cause(job["cause"]), job["what"], where=job.get("where"))


def unsayable(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield {"nan": float("nan")} if job["what"] == "nan" else {"text": "\ud800"}, b""


def touch(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Say which doors open: a file, a socket, a process."""
    import socket

    doors = {
        "file": lambda: open(job["path"], "rb").close(),
        "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "process": lambda: os.fork() or os._exit(0),
    }
    opened = []
    for name, door in doors.items():
        try:
            door()
        except OSError:
            continue
        opened.append(name)
    yield {"opened": opened}, b""


def limits(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    import ctypes
    import resource

    yield (
        {
            "memory": resource.getrlimit(resource.RLIMIT_AS),
            "file size": resource.getrlimit(resource.RLIMIT_FSIZE),
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
        },
        b"",
    )
