"""A Sandbox serves jobs, survives its children, and leaves nobody behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from provenance.model.errors import Quarantined, SandboxError
from provenance.model.words import Cause
from provenance.sandbox import Limits, Sandbox, lock

pytestmark = pytest.mark.skipif(not lock.status().locks, reason=str(lock.status()))


def gone(pid: int, within: float = 10) -> bool:
    """True when the process has ended; a zombie that nobody has buried yet has ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_a_child_reads_the_descriptors_of_many_jobs_one_after_the_other(tmp_path: Path) -> None:
    with Sandbox("sandbox_entries:digest") as sandbox, sandbox.child() as child:
        for number in range(20):
            path = tmp_path / f"{number}"
            path.write_bytes(b"%d" % number * 1000)
            with open(path, "rb") as file:
                ((header, body),) = child.run({"name": "ä[1]=\n"}, [file.fileno()])
            assert header == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "name": "ä[1]=\n"}
            assert body == path.read_bytes()


def test_a_file_is_read_from_its_start_wherever_the_parent_had_got_to(tmp_path: Path) -> None:
    path = tmp_path / "asset"
    path.write_bytes(b"0123456789")
    with Sandbox("sandbox_entries:digest") as sandbox, sandbox.child() as child, open(path, "rb") as file:
        os.lseek(file.fileno(), 7, os.SEEK_SET)
        assert [body for _header, body in child.run({}, [file.fileno()])] == [b"0123456789"]


def test_a_sequence_longer_than_one_message_can_carry_arrives_in_order(tmp_path: Path) -> None:
    """SCM_RIGHTS takes 253 descriptors, and a child may hold 64 beside those of its job."""
    numbers = []
    for frame in range(700):
        path = tmp_path / f"{frame:04}"
        path.write_bytes(b"%d" % frame)
        numbers.append(os.open(path, os.O_RDONLY))
    try:
        with Sandbox("sandbox_entries:digest") as sandbox, sandbox.child() as child:
            for some in (700, 250, 251, 1, 500):
                bodies = [body for _header, body in child.run({}, numbers[:some])]
                assert bodies == [b"%d" % frame for frame in range(some)]
    finally:
        for number in numbers:
            os.close(number)


def test_bodies_of_any_size_come_back_whole_and_in_order() -> None:
    sizes = [0, 1, 65535, 65536, 65537, 262_144, 5_000_000, 3, 0, 20_000_000, 1]
    with Sandbox("sandbox_entries:bodies") as sandbox, sandbox.child() as child:
        got = [(header["size"], body) for header, body in child.run({"sizes": sizes})]
    pattern = bytes(i % 251 for i in range(5000))
    for size, body in got:
        assert body == pattern[: min(size, 5000)] * max(1, size // 5000)
    assert [size for size, _body in got] == sizes


def test_a_child_waits_for_a_slow_reader_instead_of_filling_its_memory() -> None:
    with Sandbox("sandbox_entries:count", Limits(stall_seconds=1)) as sandbox, sandbox.child() as child:
        run = child.run({"n": 20_000})
        next(run)
        time.sleep(1.5)  # the caller's own time is not the child's: no TIMEOUT
        assert sum(len(body) for _header, body in run) == 19_999 * 1000


def test_a_job_that_is_left_early_ends_its_child_and_the_next_gets_a_fresh_one() -> None:
    with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child:
        run = child.run({"sleep": 60})
        first = next(run)[0]["pid"]
        run.close()
        assert gone(first)
        ((second, _body),) = child.run({})
        assert second["pid"] != first


def test_a_child_that_dies_between_two_jobs_is_replaced() -> None:
    with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child:
        ((first, _body),) = child.run({})
        os.kill(first["pid"], signal.SIGKILL)
        assert gone(first["pid"])
        ((second, _body),) = child.run({})
        assert second["pid"] != first["pid"]


def test_a_warm_process_that_dies_takes_its_children_along_and_is_started_again() -> None:
    with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child, sandbox.child() as other:
        ((pids, _body),) = child.run({})
        busy = other.run({"sleep": 60})
        orphan = next(busy)[0]["pid"]
        os.kill(pids["zygote"], signal.SIGKILL)
        assert gone(orphan) and gone(pids["pid"])
        with pytest.raises(Quarantined, match="warm process ended"):
            next(busy)
        ((after, _body),) = child.run({})
        assert after["zygote"] != pids["zygote"]


def test_nobody_is_left_when_the_sandbox_is_closed() -> None:
    with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child:
        run = child.run({"sleep": 60})
        pids = next(run)[0]
    assert gone(pids["pid"]) and gone(pids["zygote"])
    with pytest.raises(ValueError, match="not open"):
        list(sandbox.child().run({}))


@pytest.mark.parametrize("held", [False, True])
def test_nobody_is_left_when_the_parent_is_killed(held: bool) -> None:
    """`held`: a process that the parent forked still holds copies of its sockets, so that no end of file tells."""
    script = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from provenance.sandbox import Sandbox
with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child:
    run = child.run({{"sleep": 60}})
    pids = next(run)[0]
    holder = os.fork() if {held} else 0
    if {held} and holder == 0:
        time.sleep(60)
    print(pids["pid"], pids["zygote"], holder, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, zygote, holder = map(int, parent.stdout.readline().split())
        try:
            assert not gone(child, within=0.1) and not gone(zygote, within=0.1)
            parent.kill()
            assert gone(child) and gone(zygote)
        finally:
            parent.kill()
            if holder:
                os.kill(holder, signal.SIGKILL)


def test_an_interrupt_at_the_terminal_does_not_reach_the_children() -> None:
    with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child:
        run = child.run({"sleep": 0})
        pids = next(run)[0]
        assert {os.getpgid(pids["pid"]), os.getpgid(pids["zygote"])} == {pids["zygote"]} != {os.getpgid(0)}
        assert os.getsid(pids["pid"]) == pids["zygote"]
        assert list(run) == []


def test_children_of_one_sandbox_serve_many_threads() -> None:
    totals: list[int] = []

    def work(sandbox: Sandbox) -> None:
        with sandbox.child() as child:
            totals.append(sum(header["number"] for _ in range(5) for header, _body in child.run({"n": 50})))

    with Sandbox("sandbox_entries:count") as sandbox:
        workers = [threading.Thread(target=work, args=(sandbox,)) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert totals == [5 * sum(range(50))] * 6


def test_a_sandbox_outlives_the_thread_that_opened_it() -> None:
    box: list[Sandbox] = []
    opener = threading.Thread(target=lambda: box.append(Sandbox("sandbox_entries:count").__enter__()))
    opener.start()
    opener.join()
    with box[0] as sandbox, sandbox.child() as child:
        assert len(list(child.run({"n": 3}))) == 3


def test_threads_work_behind_the_lock() -> None:
    with Sandbox("sandbox_entries:threads") as sandbox, sandbox.child() as child:
        ((header, _body),) = child.run({"n": 32})
    assert header["done"] == [n * n for n in range(32)]


def test_a_planned_refusal_keeps_its_cause_and_words_and_the_child() -> None:
    with Sandbox("sandbox_entries:refuse") as sandbox, sandbox.child() as child:
        for cause in (Cause.ENCRYPTED, Cause.EXTRA_MISSING):
            with pytest.raises(Quarantined) as caught:
                list(child.run({"cause": cause.value, "what": "the zip is locked", "where": "a/b.zip"}))
            assert (caught.value.cause, caught.value.what, caught.value.where) == (
                cause,
                "the zip is locked",
                "a/b.zip",
            )
            assert child._process is not None and child._process.fit


@pytest.mark.parametrize("what", ["nan", "surrogate"])
def test_an_item_that_json_cannot_say_costs_its_asset(what: str) -> None:
    with (
        Sandbox("sandbox_entries:unsayable") as sandbox,
        sandbox.child() as child,
        pytest.raises(Quarantined) as caught,
    ):
        list(child.run({"what": what}))
    assert caught.value.cause is Cause.DAMAGED


def test_what_preload_loads_is_there_and_the_rest_is_missing_like_any_module() -> None:
    with Sandbox("sandbox_entries:modules") as sandbox, sandbox.child() as child:
        ((header, _body),) = child.run({})
    assert header["loaded"] == ["colorsys"]
    assert "pyarrow" not in header["modules"] and "pytest" not in header["modules"]
    with Sandbox("sandbox_entries:import_late") as sandbox, sandbox.child() as child:
        ((header, _body),) = child.run({"module": "imaplib"})
        assert header["error"] == "imaplib was not loaded before the lock: import it in the entry's preload()"


@pytest.mark.parametrize(("encoding", "raw", "text"), [("shift_jis", "93fa967b", "日本"), ("cp1252", "80", "€")])
def test_encodings_of_old_scripts_can_be_read_behind_the_lock(encoding: str, raw: str, text: str) -> None:
    with Sandbox("sandbox_entries:decode") as sandbox, sandbox.child() as child:
        ((header, _body),) = child.run({"encoding": encoding, "raw": raw})
    assert header["text"] == text


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("no_such_module_here:run", "no_such_module_here is not to be found"),
        ("sandbox_entries:no_such_function", "no_such_function"),
        ("leaves_a_thread_entry:run", "left a thread running"),
    ],
)
def test_a_reader_that_cannot_be_loaded_says_so_at_once(entry: str, words: str) -> None:
    with pytest.raises(SandboxError, match=words) as caught:
        Sandbox(entry).__enter__()
    assert caught.value.exit_code == 50
    assert "Traceback" not in str(caught.value)
