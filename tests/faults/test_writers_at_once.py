"""Many processes commit to one dataset at the same moment: one winner a number, no gap, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.dataset.store import Store
from provenance.model.errors import CommitError

WRITER = """
import json, sys
from provenance.dataset.store import Store
from provenance.model.errors import ConflictError

root, name, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])
store, done = Store(root), 0
stored = None
while done < wanted:
    stored = stored or store.put_bytes("index", ".parquet", b"%s %d" % (name.encode(), done))
    number = (store.numbers("versions") or [0])[-1] + 1
    try:
        store.commit("versions", number, json.dumps({"by": name, "path": stored.path}).encode())
        done, stored = done + 1, None
    except ConflictError:
        pass
"""


@pytest.fixture
def quick_place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: eight writers on a shared disk mostly wait for its fsync."""
    if os.access("/dev/shm", os.W_OK):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
            yield Path(place)
    else:
        yield tmp_path


def test_eight_writers_of_a_hundred_versions_leave_no_gap(quick_place: Path) -> None:
    place = quick_place / "ds"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(place), f"writer-{at}", "100"]) for at in range(8)]
    assert [writer.wait(timeout=300) for writer in writers] == [0] * 8
    store = Store(place)
    assert store.numbers("versions") == list(range(1, 801))
    told = [json.loads(store.read(f"versions/{number:06d}.json")) for number in range(1, 801)]
    for at in range(8):
        own = [entry["path"] for entry in told if entry["by"] == f"writer-{at}"]
        assert len(own) == len(set(own)) == 100
    assert store.names("tmp") == []


def test_a_sweep_takes_the_temps_of_the_dead_and_spares_those_of_the_living(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dead = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys; from provenance.dataset.disk import PosixDisk; d = PosixDisk(sys.argv[1]);"
            "d.mkdir('tmp'); d.create('tmp/' + 'd' * 32 + '.tmp'); os._exit(9)",
            str(tmp_path),
        ]
    )
    assert dead.returncode == 9
    (tmp_path / "tmp" / "notes.txt").write_text("somebody's own file")
    with store.new_object("index", ".parquet") as sink:
        sink.write(b"still writing")
        living = [name for name in store.names("tmp") if name.endswith(".tmp") and not name.startswith("d")]
        assert len(living) == 1
        assert store.sweep() == [f"tmp/{'d' * 32}.tmp"]
        assert store.names("tmp") == sorted([*living, "notes.txt"])
    assert sink.stored is not None
    assert store.read(sink.stored.path) == b"still writing"


def test_a_stale_temp_that_is_a_hard_link_to_a_committed_version_is_unlinked_and_never_emptied(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.commit("versions", 1, b"the first version")
    (tmp_path / "tmp" / f"{'a' * 32}.tmp").hardlink_to(tmp_path / path)
    assert store.sweep() == [f"tmp/{'a' * 32}.tmp"]
    assert store.read(path) == b"the first version"


def test_gc_is_refused_while_a_build_or_a_reader_holds_the_dataset(tmp_path: Path) -> None:
    builder, reader, collector = Store(tmp_path), Store(tmp_path), Store(tmp_path)
    with builder.hold(), reader.hold(), pytest.raises(CommitError, match="a build or a reader is using it"):
        collector.alone().__enter__()
    with collector.alone(), pytest.raises(CommitError, match="another process is removing objects"):
        reader.hold().__enter__()


def test_a_reader_keeps_the_shard_that_it_opened_when_gc_takes_its_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    stored = store.put_bytes("data/art", ".parquet", b"a drawing")
    handle = store.open(stored.path)
    with store.alone():
        store.remove([stored.path])
    assert os.pread(handle, 100, 0) == b"a drawing"
    os.close(handle)
    assert store.names("data/art") == []
