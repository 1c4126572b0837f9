"""Ray: the same units of work on the processes of a cluster. An extra: `pip install provenance[ray]`.

Every machine of the cluster must see the archive and the dataset under the same paths, as on a shared file system; the
driver's memory of digests stays with the driver. A worker that dies is told by Ray, its unit is tried once more, and no
other unit is touched. Ray moves functions and answers between its own processes in its own way: the cluster is trusted
as the machine itself is, and never to be shared with others.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from provenance.engines import Lost
from provenance.model.errors import ProvenanceError, UsageError

TRIES = 2


@dataclass
class _Held:
    unit: Any
    tries: int


def map_unordered(fn: Callable[[Any], Any], units: Iterable[Any], workers: int) -> Iterator[Any | Lost]:
    """Yield `fn(unit)` for every unit, in order of completion; `Lost` where the worker died on every try.

    At most `workers` units are under way, and units are drawn as places fall free. Uses the cluster that this process
    is connected to, or RAY_ADDRESS names, or else starts one here and ends it. UsageError without Ray. An exception of
    `fn` is raised here, and ends the run.
    """
    ray = _ray()
    with _cluster(ray, workers):
        # No retries by Ray itself: it would not say how often a unit has killed its worker.
        remote, work = ray.remote(num_cpus=1, max_retries=0)(_answer), ray.put(fn)
        waiting, held = iter(units), dict[Any, _Held]()

        def hand(unit: Any, tries: int) -> None:
            held[remote.remote([work], unit)] = _Held(unit, tries)

        try:
            while True:
                while len(held) < max(workers, 1):
                    unit = next(waiting, _END)
                    if unit is _END:
                        break
                    hand(unit, 1)
                if not held:
                    return
                (ready, *_), _ = ray.wait(list(held), num_returns=1)
                one = held.pop(ready)
                try:
                    fine, answer = ray.get(ready)
                except ray.exceptions.RayTaskError as error:
                    raise RuntimeError(str(error)) from None
                except ray.exceptions.RayError as error:
                    if one.tries < TRIES:
                        hand(one.unit, one.tries + 1)
                    else:
                        yield Lost(one.unit, type(error).__name__)
                    continue
                if not fine:
                    raise answer if isinstance(answer, ProvenanceError) else RuntimeError(answer)
                yield answer
        finally:
            for under_way in held:
                ray.cancel(under_way, force=True)


_END = object()


_known: dict[Any, Callable[[Any], Any]] = {}


def _answer(work: list[Any], unit: Any) -> tuple[bool, Any]:
    """Run one unit in a worker. Refusals travel as they are: Ray would wrap them in an error of its own.

    work: a reference to the function, in a list so that Ray leaves it alone. It is fetched once: what a worker keeps
    warm between units, it keeps for the very function that it was given.
    """
    if work[0] not in _known:
        _known.clear()
        _known[work[0]] = _ray().get(work[0])
    try:
        return True, _known[work[0]](unit)
    except ProvenanceError as error:
        return False, error


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise UsageError(
            "the engine ray needs Ray, which is not installed",
            next_step="pip install 'provenance[ray]', or use --engine local",
        ) from None


@contextlib.contextmanager
def _cluster(ray: Any, workers: int) -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    told: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    kept = os.environ.get("PYTHONPATH")
    if not os.environ.get("RAY_ADDRESS"):
        told |= {"num_cpus": max(workers, 1), "include_dashboard": False}
        # Workers that are started here find modules where this process does.
        os.environ["PYTHONPATH"] = os.pathsep.join(place for place in sys.path if place)
    try:
        ray.init(**told)
        yield
    finally:
        ray.shutdown()
        if kept is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = kept
