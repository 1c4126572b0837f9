"""Recall of near-duplicates by what was done to the copy, beside plain imagehash and plain PDQ in the same run.

PROVENANCE_CORPUS=... python tests/benchmarks/bench_dedup.py [--pictures 12]

Copies are made of drawn paintings and sketches and, where there is a corpus, of its labelled pairs. A false merge joins
two different drawings: the originals with each other and with everybody's copies, and the mouths of one head. Beside
the recall at the radius that is usual (imagehash <= 10, PDQ <= 31), the recall of each at the largest radius with no
false merge. Pictures shown inside another one are counted as found when they are joined with their original.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "dedup"))  # where drawings is

import drawings
import numpy as np
from _report import measure, report
from PIL import Image

from provenance.dedup.pictures import near_pairs
from provenance.fingerprint import picture

GOAL, GOAL_INSIDE = 0.95, 0.7


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=12)
    asked = parser.parse_args()
    paintings = [drawings.scene(seed) for seed in range(asked.pictures)]
    originals = paintings + [drawings.sketch(seed) for seed in range(asked.pictures // 2)]
    images, owner, change = list(originals), list(range(len(originals))), ["original"] * len(originals)
    for name, transform in drawings.TRANSFORMS.items():
        for at, image in enumerate(originals):
            images.append(transform(image))
            owner.append(at)
            change.append(name)
    for seed in range(4):
        for mouth in range(5):
            images.append(drawings.face(mouth, seed))
            owner.append(len(images) + 10_000)
            change.append("mouth")
    _judge("drawn", images, owner, change)
    corpus = Path(os.environ.get("PROVENANCE_CORPUS", ""))
    if (corpus / "dedup" / "GROUND_TRUTH.csv").is_file():
        _judge("corpus", *_labelled(corpus))
    else:
        print("no corpus (PROVENANCE_CORPUS): its labelled pairs are left out")


def _labelled(corpus: Path) -> tuple[list[Image.Image], list[int], list[str]]:
    images: list[Image.Image] = []
    owner: list[int] = []
    change: list[str] = []
    known: dict[str, int] = {}

    def add(name: str, whose: int, what: str) -> None:
        image = Image.open(corpus / name)
        image.load()
        images.append(image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB"))
        owner.append(whose)
        change.append(what)

    with open(corpus / "dedup" / "GROUND_TRUTH.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["pdq_bits"] and row["relation"].startswith("near"):
                if row["a"] not in known:
                    # One drawing stands in the corpus under several names.
                    same = "coriander" if "coriander" in row["a"] else row["a"]
                    known[row["a"]] = known.setdefault(same, len(known))
                    add(row["a"], known[row["a"]], "original")
                add(row["b"], known[row["a"]], row["transform"])
    for folder in ("characters/mh", "characters/stritracer", "storyboard_1.0", "storyboard_2.0"):
        for place in sorted((corpus / "art" / "munchausen" / folder).glob("*.png")):
            if place.name != "2040.png":
                add(str(place.relative_to(corpus)), 10_000 + len(images), "drawing")
    return images, owner, change


def _judge(what: str, images: list[Image.Image], owner: list[int], change: list[str]) -> None:
    count, whose = len(images), np.array(owner)
    sketched = drawings.fingerprints(images)
    cost = measure(lambda: drawings.fingerprints(images[:20]))
    found = near_pairs(sketched, every=True)
    ours = np.zeros((count, count), bool)
    a, b = found.near()
    ours[a, b] = ours[b, a] = True
    pdq = _distances(sketched.whole)
    phash = _distances(np.array([[picture.phash_64(image)] for image in images], ">u8").view(np.uint8))
    inside = np.array([name == "in a picture" for name in change])
    # All pictures inside one host share the host: they are rightly joined with each other.
    strangers = (whose[:, None] != whose[None]) & ~(inside[:, None] & inside[None])
    first = {whose: at for at, (whose, name) in reversed(list(enumerate(zip(owner, change, strict=True))))
             if name == "original"}  # fmt: skip
    least = {name: int(table[strangers].min()) - 1 for name, table in (("pdq", pdq), ("phash", phash))}
    print(f"\n{what}: {count} pictures, fingerprints {1000 * cost.cpu / min(20, count):.1f} CPU-ms each")
    heads = ["ours", "imagehash<=10", f"<={least['phash']}", "PDQ<=31", f"<={least['pdq']}"]
    print(" " * 28 + "".join(f"{head:>{width}}" for head, width in zip(heads, (6, 15, 7, 9, 7), strict=True)))
    by_change: dict[str, list[int]] = {}
    for at, name in enumerate(change):
        if name not in ("original", "mouth", "drawing"):
            by_change.setdefault(name, []).append(at)
    recalls: dict[str, float] = {}
    for name, rows in by_change.items():
        at = np.array([first[owner[row]] for row in rows])
        told = [ours[at, rows], phash[at, rows] <= 10, phash[at, rows] <= least["phash"]]
        told += [pdq[at, rows] <= 31, pdq[at, rows] <= least["pdq"]]
        recalls[name] = float(told[0].mean())
        print(
            f"{name[:27]:28}" + "".join(f"{each.mean():{w}.2f}" for each, w in zip(told, (6, 15, 7, 9, 7), strict=True))
        )
    merged = [int(np.triu(table & strangers).sum()) for table in (ours, phash <= 10, pdq <= 31)]
    possible = int(np.triu(strangers).sum())
    print(f"false merges of {possible:,}: ours {merged[0]}, imagehash {merged[1]}, PDQ {merged[2]}")
    report(f"{what}: false merges", merged[0], 0, at_least=False, unit="")
    rest = {name: recall for name, recall in recalls.items() if name != "in a picture"}
    worst = min(rest, key=rest.__getitem__)
    report(f"{what}: least recall of a change", rest[worst], GOAL, at_least=True, unit="", detail=worst)
    if "in a picture" in recalls:
        report(f"{what}: recall inside another picture", recalls["in a picture"], GOAL_INSIDE, at_least=True, unit="")


def _distances(hashes: np.ndarray) -> np.ndarray:
    bits = np.unpackbits(hashes, axis=1).astype(np.int16)
    table = (bits[:, None] != bits[None]).sum(axis=2)
    np.fill_diagonal(table, 1 << 12)
    return table


if __name__ == "__main__":
    main()
