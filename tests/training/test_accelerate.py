"""Two processes under accelerate: each admitted item once an epoch, the resume exact, one record of what was read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from handoff_samples import ask
from studio import Studio

import provenance
from provenance.receipts import verify_receipt

HERE = Path(__file__).parent


def test_two_ranks_get_every_item_once_and_share_one_receipt(built: Studio, tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    out, receipt = tmp_path / "rows", tmp_path / "r.json"
    common = {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(HERE / "accelerate_rank.py"), str(built.dataset), str(out), str(receipt)]
    ranks = [
        subprocess.Popen(
            command,
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    told = [rank.communicate(timeout=240)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], "\n".join(told)
    got = [json.loads(Path(f"{out}.{rank}").read_text()) for rank in range(2)]
    wanted = provenance.admit(built.dataset, ask(), under="lantern/", kinds=["art"]).material.places.row.tolist()
    assert sorted(got[0]["whole"] + got[1]["whole"]) == wanted
    assert sorted(got[0]["resumed"] + got[1]["resumed"]) == wanted
    assert not set(got[0]["whole"]) & set(got[1]["whole"])
    found = verify_receipt(receipt, [built.dataset])
    assert found.good and found.receipt.parts[0].read.tolist() == wanted
