"""T01: a media file that takes over its reader. Each attack fails, and succeeds when the defence is taken out."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from provenance.model.errors import Quarantined
from provenance.model.words import Cause
from provenance.sandbox import Limits, Sandbox, lock

CAN = lock.status()
pytestmark = pytest.mark.skipif(not CAN.locks, reason=str(CAN))

MIB = 1 << 20
PLAIN = Limits()
OPEN: dict[tuple[str, Limits, frozenset[str]], Sandbox] = {}
ROOF = ExitStack()

# For each attack, the defences that each stop it alone: it succeeds when all of them are out.
FILES = ("seccomp", "landlock") if CAN.landlock else ("seccomp",)
TCP = ("seccomp", "landlock") if CAN.landlock >= 4 else ("seccomp",)
OUTSIDE = ("seccomp", "landlock") if CAN.landlock >= 6 else ("seccomp",)
# Whoever has capabilities (root) can be traced only by those who have them too; a plain user's processes by each other.
CAPABLE = int(Path("/proc/self/status").read_text().partition("CapPrm:")[2].split()[0], 16) != 0
TRACE = (*FILES, "privileges") if CAPABLE else FILES
STOPPED_BY = {
    "read_file": FILES,
    "list_folder": FILES,
    "connect": TCP,
    "send_datagram": ("seccomp",),
    "knock_on_abstract_socket": OUTSIDE,
    "fork": ("seccomp",),
    "clone_a_process": ("seccomp",),
    "kill": OUTSIDE,
    "trace": TRACE,
    "read_memory": TRACE,
    "raise_own_limits": ("seccomp",),
    "outlive_the_parent": ("seccomp",),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What an attacker would want: a secret, a place to write, servers, and another process."""
    secret, name = tmp_path / "secret", f"provenance-t01-{os.getpid()}"
    secret.write_text("secret")
    victim = subprocess.Popen(
        [sys.executable, "-c", "import time; print(id(None), flush=True); time.sleep(300)"], stdout=subprocess.PIPE
    )
    assert victim.stdout is not None
    with (
        victim.stdout,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        datagrams.bind(server.getsockname())
        abstract.bind("\0" + name)
        abstract.listen()
        yield {
            "path": str(secret),
            "new": str(tmp_path / "new"),
            "port": server.getsockname()[1],
            "abstract": name,
            "victim": victim.pid,
            "address": int(victim.stdout.readline()),
        }
        victim.kill()
        victim.wait()


def box(entry: str, limits: Limits = PLAIN, without: Iterable[str] = ()) -> Sandbox:
    """Return an open sandbox, one for each kind: a start costs more than most attacks."""
    key = (entry, limits, frozenset(without))
    if key not in OPEN:
        OPEN[key] = ROOF.enter_context(Sandbox(f"t01_entries:{entry}", limits, without=without))
    return OPEN[key]


@pytest.fixture(scope="module", autouse=True)
def _close_boxes() -> Iterator[None]:
    with ROOF:
        yield
    OPEN.clear()


def reaches(attack: str, world: dict[str, Any], without: Iterable[str] = (), limits: Limits = PLAIN) -> bool:
    with box("attack", limits, without).child() as child:
        ((header, _body),) = child.run({**world, "attack": attack})
        return header["reached"]


@pytest.mark.parametrize("attack", STOPPED_BY)
def test_a_reader_that_is_taken_over_cannot(attack: str, world: dict[str, Any]) -> None:
    assert reaches(attack, world) is False
    stops = STOPPED_BY[attack]
    for kept in stops if len(stops) > 1 else ():
        assert reaches(attack, world, tuple(set(stops) - {kept})) is False, f"{kept} alone should stop it"
    yama = Path("/proc/sys/kernel/yama/ptrace_scope")
    if stops is TRACE and yama.exists() and yama.read_text().strip() != "0":
        return  # this kernel forbids it by itself
    assert reaches(attack, world, stops) is True, "the attack itself does not work: the test proves nothing"


def test_a_reader_that_is_taken_over_cannot_write_a_file(world: dict[str, Any]) -> None:
    new = Path(world["new"])
    assert reaches("write_file", world) is False
    assert not new.exists()
    # A third line holds where the others are out: a file may have no bytes.
    assert reaches("write_file", world, FILES) is False
    assert new.read_bytes() == b""
    assert reaches("write_file", world, (*FILES, "limits")) is True
    assert new.read_bytes() == b"stolen"


def test_a_reader_that_is_taken_over_cannot_become_another_program(world: dict[str, Any]) -> None:
    new = Path(world["new"])
    for without in ((), *((each,) for each in FILES if len(FILES) > 1)):
        assert reaches("execute", world, without) is False
    with (
        box("attack", without=(*FILES, "limits")).child() as child,
        pytest.raises(Quarantined, match="left without an answer"),
    ):
        list(child.run({**world, "attack": "execute"}))
    assert new.exists()


def test_memory_beyond_the_limit_costs_the_asset_only(world: dict[str, Any]) -> None:
    job, limits = {**world, "bytes": 1200 * MIB}, Limits(memory_bytes=1000 * MIB)
    assert reaches("allocate", job, limits=limits) is False
    assert reaches("allocate", job, ("limits",), limits) is True
    with box("attack", limits).child() as child:
        with pytest.raises(Quarantined, match="needs more memory") as caught:
            list(child.run({**world, "attack": "hoard"}))
        assert caught.value.cause is Cause.MEMORY
        assert next(child.run({**world, "attack": "fork"}))[0]["reached"] is False


def test_every_dangerous_call_is_refused_by_the_kernel_itself(world: dict[str, Any]) -> None:
    def answers(without: tuple[str, ...]) -> dict[str, str]:
        with box("raw_calls", without=without).child() as child:
            return {header["call"]: header["errno"] for header, _body in child.run({})}

    locked = answers(())
    assert set(locked.values()) == {"EPERM", "ENOSYS"}
    assert [name for name, error in locked.items() if error == "ENOSYS"] == ["clone3"]
    # With harmless arguments most of these only complain about them, once the filter is out.
    open_door = answers(("seccomp",))
    assert {open_door["mkdirat"], open_door["shmget"], open_door["clone3"]}.isdisjoint({"EPERM", "ENOSYS"})


def test_a_descriptor_can_be_read_and_nothing_else(tmp_path: Path) -> None:
    asset = tmp_path / "asset"
    asset.write_bytes(b"content")
    before = asset.stat()

    def attempts(without: tuple[str, ...]) -> dict[str, bool]:
        with (
            box("abuse_descriptor", without=without).child() as child,
            open(asset, "rb") as file,
        ):
            run = child.run({"path": str(tmp_path / "twin")}, [file.fileno()])
            return {header["attempt"]: header["reached"] for header, _body in run}

    locked = attempts(())
    assert [name for name, did in locked.items() if did] == ["read"]
    assert asset.read_bytes() == b"content"
    assert (asset.stat().st_mode, asset.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert not (tmp_path / "twin").exists()
    # These the kernel grants to any descriptor of an own file, for reading or not: the filter is what stops them.
    unlocked = attempts(("seccomp", "landlock", "limits"))
    assert {"chmod", "times", "append flag", "reopen"} <= {name for name, did in unlocked.items() if did}


def test_only_regular_files_opened_for_reading_cross_the_lock(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    writable = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    folder = os.open(tmp_path, os.O_RDONLY)
    with box("look_around").child() as child:
        for number, complaint in ((reader, "regular"), (folder, "regular"), (writable, "reading only")):
            with pytest.raises(ValueError, match=complaint):
                list(child.run({}, [number]))
        assert len(list(child.run({}))) == 1
    for number in (reader, writer, writable, folder):
        os.close(number)


def test_a_reader_finds_no_secret_in_its_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("CMAP_PATH", "/srv/evil")
    inherited = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    try:
        with Sandbox("t01_entries:look_around") as sandbox, sandbox.child() as child:
            ((found, _body),) = child.run({})
    finally:
        os.close(inherited)
    assert not {"AWS_SECRET_ACCESS_KEY", "CMAP_PATH", "HOME", "USER", "PROVENANCE_HOME"} & set(found["environment"])
    assert found["descriptors"] == [0, 1, 2, 3]
    assert "hush" not in str(found)


@pytest.mark.parametrize(
    ("how", "cause", "words"),
    [
        ("abort", Cause.CRASHED, "aborted"),
        ("segfault", Cause.CRASHED, "segmentation fault"),
        ("thread", Cause.CRASHED, "segmentation fault"),
        ("kill", Cause.CRASHED, "killed"),
        ("interrupt", Cause.CRASHED, "interrupt"),
        ("exit", Cause.CRASHED, "without an answer"),
        ("hang up", Cause.CRASHED, "without an answer"),
        ("recursion", Cause.BOMB, "deeper"),
    ],
)
def test_a_death_costs_one_asset_and_leaves_its_siblings_unharmed(how: str, cause: Cause, words: str) -> None:
    with box("die").child() as doomed, box("die").child() as sibling:
        work = sibling.run({"how": "live"})
        assert next(work) == ({"alive": True}, b"")
        run = doomed.run({"how": how})
        assert next(run) == ({"alive": True}, b"")
        with pytest.raises(Quarantined, match=words) as caught:
            next(run)
        assert caught.value.cause is cause
        assert list(work) == []
        assert [header for header, _body in doomed.run({"how": "live"})] == [{"alive": True}]


@pytest.mark.parametrize(
    ("how", "limits", "cause", "words"),
    [
        ("sleep", Limits(stall_seconds=1), Cause.TIMEOUT, "no result for 1 s"),
        ("spin", Limits(stall_seconds=1), Cause.TIMEOUT, "no result for 1 s"),
        ("spin", Limits(cpu_seconds=0.3), Cause.TIMEOUT, "0.3 s of processor time"),
        ("spin and chat", Limits(cpu_seconds=0.3), Cause.TIMEOUT, "0.3 s of processor time"),
        ("drip messages", Limits(wall_seconds=1), Cause.TIMEOUT, "more than 1 s"),
        ("drip bytes", Limits(stall_seconds=1), Cause.TIMEOUT, "no result for 1 s"),
        ("drip a header", Limits(stall_seconds=1), Cause.TIMEOUT, "no result for 1 s"),
        ("flood", Limits(output_bytes=5 * MIB), Cause.BOMB, "more output"),
        ("flood", Limits(messages=5), Cause.BOMB, "more output"),
        ("flood", Limits(body_bytes=MIB // 2), Cause.BOMB, "more output"),
    ],
)
def test_time_and_output_have_an_end(how: str, limits: Limits, cause: Cause, words: str) -> None:
    with box("dawdle", limits).child() as child:
        with pytest.raises(Quarantined, match=words) as caught:
            for _message in child.run({"how": how, "bytes": MIB}):
                pass
        assert caught.value.cause is cause
        assert list(child.run({"how": "nothing"})) == []


def item(header: bytes, body: int = 0, claim: int | None = None) -> str:
    return (
        b"I" + (len(header) if claim is None else claim).to_bytes(4, "big") + body.to_bytes(8, "big") + header
    ).hex()


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (item(b"", claim=0xFFFFFFFF), Cause.CRASHED),
        (item(b"", claim=16 * MIB + 1), Cause.CRASHED),
        (item(b"{}", body=1 << 63), Cause.BOMB),
        (item(b"{}", body=(1 << 29) + 1), Cause.BOMB),
        (item(b"[]"), Cause.CRASHED),
        (item(b'{"a": NaN}'), Cause.CRASHED),
        (item(b'{"a": "\\ud800"}'), Cause.CRASHED),
        (item(b'{"a": ' + b"9" * 5000 + b"}"), Cause.CRASHED),
        (item(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), Cause.CRASHED),
        (item(b"\xff\xfe"), Cause.CRASHED),
        (b"GET / HTTP/1.1\r\n\r\n".hex(), Cause.CRASHED),
        (b"".join((b"F", (2).to_bytes(4, "big"), bytes(8), b"{}")).hex(), Cause.CRASHED),
        (b"".join((b"F", (28).to_bytes(4, "big"), bytes(8), b'{"cause":"fine","what":"it"} ')).hex(), Cause.CRASHED),
        (b"".join((b"D", (2).to_bytes(4, "big"), (1).to_bytes(8, "big"), b"{}x")).hex(), Cause.CRASHED),
    ],
)
def test_a_reader_that_talks_nonsense_is_ended(raw: str, cause: Cause) -> None:
    with box("lie").child() as child:
        with pytest.raises(Quarantined) as caught:
            list(child.run({"raw": raw}))
        assert caught.value.cause is cause
        assert "\n" not in str(caught.value)


def test_a_damaged_conversation_ends_in_a_message_or_a_quarantine_and_nothing_else() -> None:
    whole = bytes.fromhex(item(b'{"a":[1,"x"]}', body=3) + b"abc".hex() + item(b"{}"))
    whole += b"F" + (29).to_bytes(4, "big") + bytes(8) + b'{"cause":"damaged","what":""}'
    dice, causes = random.Random(1), set()
    with box("lie").child() as child:
        for _ in range(150):
            raw = bytearray(whole)
            for _ in range(dice.randint(1, 4)):
                raw[dice.randrange(len(raw))] = dice.choice((0, 1, 0x22, 0x5B, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            with pytest.raises(Quarantined) as caught:
                for header, body in child.run({"raw": raw.hex(), "then": "exit"}):
                    assert type(header) is dict and type(body) is bytes
            causes.add(caught.value.cause)
    assert causes == {Cause.CRASHED, Cause.DAMAGED, Cause.BOMB}


def test_an_answer_kept_back_for_the_next_asset_is_not_believed() -> None:
    """A taken-over reader ends its job and leaves a forged message behind, for the asset that comes next."""
    done = (b"D" + (2).to_bytes(4, "big") + bytes(8) + b"{}").hex()
    forged = item(b'{"forged":1}')
    with box("lie").child() as child:
        assert list(child.run({"raw": done + forged})) == []
        honest = item(b'{"honest":1}') + done
        assert list(child.run({"raw": honest})) == [({"honest": 1}, b"")]


def test_the_sentence_of_a_failure_is_clean() -> None:
    with box("fail").child() as child, pytest.raises(Quarantined) as caught:
        list(child.run({}))
    assert caught.value.cause is Cause.DAMAGED
    assert str(caught.value) == "could not be read (ValueError: bad [31mchunk in (path))"
    assert caught.value.__notes__[0].startswith("t01_entries.py:")
