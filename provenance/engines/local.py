"""Processes of this machine, one unit each at a time.

A stock process pool gives every waiting task up when one worker dies and names no culprit. Here each worker has a pipe
of its own, so the driver knows which unit a dead worker held, tries that unit once more on a fresh worker, and loses
nothing else.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from provenance.engines import Lost
from provenance.model.errors import ProvenanceError
from provenance.model.spared import spare

TRIES = 2

_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: Any
    pipe: multiprocessing.connection.Connection
    unit: Any = None
    tries: int = 0
    busy: bool = False


def map_unordered(fn: Callable[[Any], Any], units: Iterable[Any], workers: int) -> Iterator[Any | Lost]:
    """Yield `fn(unit)` for every unit, in order of completion; `Lost` where the worker died on every try.

    Units are drawn one at a time as workers fall idle, so a lazy iterable stays lazy. With one worker everything runs
    in this process. An exception of `fn` is raised here, and ends the run.
    """
    if workers <= 1:
        for unit in units:
            yield fn(unit)
        return
    waiting = iter(units)
    crew: list[_Worker] = []
    try:
        while True:
            crew = [worker for worker in crew if worker.busy]
            while len(crew) < workers:
                unit = next(waiting, _END)
                if unit is _END:
                    break
                crew.append(_hand(_idle(fn), unit, tries=1))
            if not crew:
                return
            for worker in _ready(crew):
                result = _collect(worker)
                if isinstance(result, Lost):
                    if worker.tries < TRIES:
                        crew.append(_hand(_idle(fn), worker.unit, tries=worker.tries + 1))
                    else:
                        yield result
                    continue
                following = next(waiting, _END)
                if following is not _END:
                    crew.append(_hand(_Worker(worker.process, worker.pipe), following, tries=1))
                else:
                    _dismiss(worker)
                yield result
    finally:
        for worker in crew:
            if worker.busy:
                _stop(worker)


_END = object()


def _idle(fn: Callable[[Any], Any]) -> _Worker:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(fn, theirs), daemon=False)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _hand(worker: _Worker, unit: Any, tries: int) -> _Worker:
    worker.unit, worker.tries, worker.busy = unit, tries, True
    try:
        worker.pipe.send(unit)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it died before it was asked: _collect sees the closed pipe and retries
    return worker


def _ready(crew: list[_Worker]) -> list[_Worker]:
    ready = multiprocessing.connection.wait([worker.pipe for worker in crew if worker.busy])
    return [worker for worker in crew if worker.busy and worker.pipe in ready]


def _collect(worker: _Worker) -> Any:
    worker.busy = False
    try:
        fine, answer = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join()
        worker.pipe.close()
        code = worker.process.exitcode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return Lost(worker.unit, how)
    if fine:
        return answer
    _dismiss(worker)
    raise answer if isinstance(answer, ProvenanceError) else RuntimeError(answer)


def _dismiss(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.join()


def _stop(worker: _Worker) -> None:
    worker.process.terminate()
    worker.process.join(timeout=5)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.pipe.close()


def _serve(fn: Callable[[Any], Any], pipe: multiprocessing.connection.Connection) -> None:
    # The terminal sends Ctrl-C to the whole group; only the driver decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    spare()
    parent = os.getppid()
    while True:
        try:
            unit = pipe.recv()
        except (EOFError, ConnectionResetError):
            sys.exit(0)
        try:
            answer: tuple[bool, Any] = (True, fn(unit))
        except ProvenanceError as error:
            answer = (False, error)
        except Exception:
            answer = (False, traceback.format_exc())
        if os.getppid() != parent:
            sys.exit(0)
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            sys.exit(0)
