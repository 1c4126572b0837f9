"""Seeded mutants of good files, through a whole build: every one gets one named outcome, and none stops it."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from studio import EDL, SCRIPT, Studio, picture

from provenance.model.words import Cause
from provenance.verify import verify


def layered() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        pack.writestr("mimetype", "image/openraster")
        pack.writestr("stack.xml", '<image w="96" h="64"><stack><layer src="data/a.png"/></stack></image>')
        pack.writestr("data/a.png", picture(5))
        pack.writestr("mergedimage.png", picture(5))
    return out.getvalue()


def seeds() -> dict[str, bytes]:
    """One good file of each kind that can be drawn in a moment."""
    image, tiff, webp = Image.open(io.BytesIO(picture(7))), io.BytesIO(), io.BytesIO()
    image.save(tiff, "TIFF", compression="tiff_deflate")
    image.save(webp, "WEBP")
    final = (
        f"<FinalDraft><Content><Paragraph Type='Action'><Text>{'Rain. ' * 9}</Text></Paragraph></Content></FinalDraft>"
    )
    otio = {"OTIO_SCHEMA": "Timeline.1", "name": "cut", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": []}}
    return {
        "png": picture(1),
        "jpg": picture(2, form="JPEG"),
        "tif": tiff.getvalue(),
        "webp": webp.getvalue(),
        "gif": picture(3, form="GIF"),
        "ora": layered(),
        "fountain": SCRIPT.encode(),
        "fdx": final.encode(),
        "srt": b"1\n00:00:01,000 --> 00:00:02,000\nWho goes there?\n\n",
        "edl": EDL,
        "otio": json.dumps(otio).encode(),
    }


def mutant(good: bytes, chance: random.Random) -> bytes:
    """Cut it, flip some bits, repeat a piece, or put noise into it."""
    data = bytearray(good)
    match chance.randrange(4):
        case 0:
            del data[chance.randrange(1, len(data)) :]
        case 1:
            for _ in range(chance.randrange(1, 12)):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 2:
            start = chance.randrange(len(data))
            data[start:start] = data[start : start + chance.randrange(1, 200)]
        case _:
            start = chance.randrange(len(data))
            data[start : start + 16] = chance.randbytes(chance.randrange(1, 64))
    return bytes(data)


def fuzz(home: Path, each: int, seed: int) -> None:
    chance, studio = random.Random(seed), Studio(home)
    for suffix, good in seeds().items():
        for number in range(each):
            studio.add(f"{suffix}/{number:05}.{suffix}", mutant(good, chance))
    studio.record("**")
    report = studio.build()
    total = each * len(seeds())
    assert sum(report.files.values()) == total, f"seed {seed}"
    assert set(report.causes) <= {cause.value for cause in Cause}
    assert Counter(report.causes)["crashed"] == 0, f"seed {seed}: {report.quarantined}"
    assert verify(studio.dataset).sound


def test_mutants_of_good_files_have_one_named_outcome_each(tmp_path: Path) -> None:
    fuzz(tmp_path, each=12, seed=20261123)


@pytest.mark.on_demand
def test_a_thousand_mutants_of_each_kind_have_one_named_outcome_each(tmp_path: Path) -> None:
    fuzz(tmp_path, each=1_000, seed=random.SystemRandom().randrange(1 << 32))
