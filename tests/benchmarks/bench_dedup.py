"""Recall of near-duplicates by what was done to the copy, beside plain imagehash and plain PDQ in the same run.

PROVENANCE_CORPUS=... python tests/benchmarks/bench_dedup.py [--pictures 6] [--tuned]

Copies are made of drawn paintings, sketches and heads and, where there is a corpus, of its pictures, one kind of change
at a time: originals and copies are joined, a copy is found when it is linked with its own original, a false merge is
any other link. Thresholds were tuned on one part (drawings by seeds below 500; storyboard 1.0, the heads `mh`, every
other one of the other pictures). What is reported is the other part (seeds from 500; storyboard 2.0, the heads
`stritracer`, the rest), and with --tuned the first one too. The corpus's labelled pairs, which were looked at while
tuning, are reported by themselves.

Pictures with too little in them take no part in the join (they are up for review by themselves), so none in the recall.

Lookalikes are sets of different pictures with something in common: mark, band, sheet, frame, paper, background,
character, words, slate, head. No two may be joined.

Beside the recall at the radius that is usual (imagehash <= 10, PDQ <= 31), the recall at the largest radius with
no false merge, and with at most 1 % of the strangers merged.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "dedup"))  # where drawings is

import drawings
import lookalikes
import numpy as np
from _report import measure, report
from PIL import Image

from provenance.dedup.pictures import LEAST_QUALITY, Pictures, near_pairs
from provenance.fingerprint import picture

GOAL, GOAL_INSIDE = 0.95, 0.7
MOST = 1200  # pixels of the longer side of a corpus picture before it is changed: no more is needed, and it is quicker
HEADS = ("ours", "imagehash<=10", "at 0", "at 1 %", "PDQ<=31", "at 0", "at 1 %")
WIDTHS = (6, 15, 7, 8, 9, 7, 8)


@dataclass
class Seen:
    """Pictures by their fingerprints: whose each is, and what was done to it."""

    whose: list[str] = field(default_factory=list)
    change: list[str] = field(default_factory=list)
    images: list[Image.Image] = field(default_factory=list)

    def add(self, image: Image.Image, whose: str, change: str) -> None:
        self.whose.append(whose)
        self.change.append(change)
        self.images.append(image)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--tuned", action="store_true")
    asked = parser.parse_args()
    corpus = Path(os.environ.get("PROVENANCE_CORPUS", ""))
    here = (corpus / "dedup" / "GROUND_TRUTH.csv").is_file()
    for part, what in ((1, "held out"), (0, "tuned on"))[: 2 if asked.tuned else 1]:
        _judge(f"drawn, {what}", _changed(_drawn(asked.pictures, part)))
        _lookalikes(f"drawn, {what}", 340 if part else 40)
        if here:
            _judge(f"corpus, {what}", _changed(_corpus(corpus, part)))
    if here:
        _judge("corpus, labelled pairs", _labelled(corpus))
        _apart(corpus)
    else:
        print("no corpus (PROVENANCE_CORPUS): its pictures and labelled pairs are left out")


def _drawn(count: int, part: int) -> dict[str, Image.Image]:
    seed = 500 * part
    out = {f"painting {at}": drawings.scene(seed + at) for at in range(count)}
    out |= {f"sketch {at}": drawings.sketch(seed + at) for at in range(count // 2)}
    return out | {f"head {at}": drawings.face(1 + at, seed + 20 + at) for at in range(2)}


def _corpus(corpus: Path, part: int) -> dict[str, Image.Image]:
    art = corpus / "art"
    names = [*(art / "munchausen").rglob("*.png"), *(art / "sprite_fright").glob("*.png")]
    names += [*(art / "pepper_carrot").rglob("*.jp*g"), *(art / "pepper_carrot").rglob("*.png")]
    names += [art / "blender_studio" / "wing_it_orig.jpg", *(art / "dwanko_nc").rglob("A_00*.tga")]
    out = {}
    for at, name in enumerate(sorted(names)):
        place = name.relative_to(art).as_posix()
        own = at % 2
        for words, which in (("storyboard_1", 0), ("/mh/", 0), ("storyboard_2", 1), ("stritracer", 1)):
            own = which if words in place else own
        if own == part:
            out[place] = _small(drawings.opened(name))
    return out


def _small(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    image.thumbnail((MOST, MOST))
    return image


def _changed(originals: dict[str, Image.Image]) -> Seen:
    seen = Seen()
    for name, image in originals.items():
        seen.add(image, name, "original")
    for change, transform in drawings.TRANSFORMS.items():
        for name, image in originals.items():
            seen.add(transform(image), name, change)
    return seen


def _labelled(corpus: Path) -> Seen:
    seen = Seen()
    known: set[str] = set()
    with open(corpus / "dedup" / "GROUND_TRUTH.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["pdq_bits"] and row["relation"].startswith("near"):
                # One drawing stands in the corpus under several names.
                whose = "coriander" if "coriander" in row["a"] else row["a"]
                if row["a"] not in known:
                    known.add(row["a"])
                    seen.add(drawings.opened(corpus / row["a"]), whose, "original")
                seen.add(drawings.opened(corpus / row["b"]), whose, row["transform"])
    return seen


def _joined(sketched: Pictures, rows: list[int]) -> np.ndarray:
    some = Pictures(*(getattr(sketched, each.name)[rows] for each in fields(sketched)))
    table = np.zeros((len(rows), len(rows)), bool)
    a, b = near_pairs(some, every=True).near()
    table[a, b] = table[b, a] = True
    return table


def _judge(what: str, seen: Seen) -> None:
    sketched = drawings.fingerprints(seen.images)
    cost = measure(lambda: drawings.fingerprints(seen.images[:20]))
    phash = np.array([[picture.phash_64(image)] for image in seen.images], ">u8").view(np.uint8)
    whose = np.array(seen.whose)
    originals = [at for at, change in enumerate(seen.change) if change == "original"]
    rows_of: dict[str, list[int]] = defaultdict(list)
    for at, change in enumerate(seen.change):
        rows_of[change].append(at)
    tables: dict[str, list[np.ndarray]] = {}
    strangers: dict[str, np.ndarray] = {}
    for change, copies in rows_of.items():
        rows = originals + (copies if change != "original" else [])
        tables[change] = [_joined(sketched, rows), _distances(phash[rows]), _distances(sketched.whole[rows])]
        strangers[change] = whose[rows][:, None] != whose[rows][None]
    radii = []
    for side in (1, 2):
        apart = np.sort(np.concatenate([tables[each][side][strangers[each]] for each in tables]))
        radii.append((int(apart[0]) - 1, int(apart[len(apart) // 100]) - 1))
    print(f"\n{what}: {len(seen.images)} pictures, fingerprints {1000 * cost.cpu / 20:.1f} CPU-ms each")
    print(" " * 28 + "".join(f"{head:>{width}}" for head, width in zip(HEADS, WIDTHS, strict=True)))
    recalls: dict[str, float] = {}
    blank = sorted({seen.whose[row] for row in originals if sketched.quality[row] < LEAST_QUALITY})
    heads = np.array([_head(each) for each in seen.whose])
    swapped = possible = 0
    merged, missed, pairs = np.zeros(3, int), [], 0
    for change, copies in rows_of.items():
        ours, bits, pdq = tables[change]
        told = [ours, bits <= 10, *(bits <= radius for radius in radii[0])]
        told += [pdq <= 31, *(pdq <= radius for radius in radii[1])]
        merged += [int(np.triu(each & strangers[change]).sum()) for each in (told[0], told[1], told[4])]
        pairs += int(np.triu(strangers[change]).sum())
        rows = originals + (copies if change != "original" else [])
        one_head = (heads[rows][:, None] == heads[rows][None]) & (heads[rows] != "") & strangers[change]
        swapped += int(np.triu(ours & one_head).sum())
        possible += int(np.triu(one_head).sum())
        _names("merged", change, whose, rows, np.argwhere(np.triu(ours & strangers[change] & ~one_head)))
        if change == "original":
            continue
        # What has too little in it for any fingerprint takes no part: it waits for a person, whatever it is like.
        copies = [row for row in copies if seen.whose[row] not in blank]
        if not copies:
            continue
        place = [rows.index(row) for row in copies]
        first = np.array([next(at for at, row in enumerate(originals) if whose[row] == whose[copy]) for copy in copies])
        found = [each[first, place] for each in told]
        recalls[change] = float(found[0].mean())
        missed += [f"{whose[copy]} ({change})" for copy, hit in zip(copies, found[0], strict=True) if not hit]
        shown = "".join(f"{each.mean():{width}.2f}" for each, width in zip(found, WIDTHS, strict=True))
        print(f"{change[:27]:28}{shown}")
    print(f"missed by ours: {', '.join(missed) or 'none'}")
    print(f"too little to see, left out: {', '.join(blank) or 'none'}")
    print(f"false merges of {pairs:,}: ours {merged[0]}, imagehash {merged[1]}, PDQ {merged[2]}")
    report(f"{what}: false merges of different pictures", merged[0] - swapped, 0, at_least=False, unit="")
    if possible:
        # A mouth of a few samples is lost where the picture was cut, framed, captioned or shrunk.
        report(
            f"{what}: copies joined with another mouth", swapped, 0, at_least=False, unit="", detail=f"of {possible}"
        )
    rest = {name: recall for name, recall in recalls.items() if name not in drawings.INSETS}
    worst = min(rest, key=rest.__getitem__)
    report(f"{what}: least recall of a change", rest[worst], GOAL, at_least=True, unit="", detail=worst)
    inside = [recalls[name] for name in drawings.INSETS if name in recalls]
    if inside:
        report(f"{what}: recall inside another picture", float(np.mean(inside)), GOAL_INSIDE, at_least=True, unit="")


def _head(whose: str) -> str:
    """The set of lip-sync drawings that a picture belongs to, empty for others."""
    return whose.rpartition("/")[0] if "/mh/" in whose or "/stritracer/" in whose else ""


def _names(word: str, change: str, whose: np.ndarray, rows: list[int], pairs: np.ndarray) -> None:
    for a, b in pairs[:4]:
        print(f"{word}: {whose[rows[a]]} and {whose[rows[b]]} ({change})")


def _lookalikes(what: str, seed: int) -> None:
    told: Counter[str] = Counter()
    for name, draw in lookalikes.SETS.items():
        for start in (seed, seed + 50):
            images = draw(6, start)
            told[name] += int(np.triu(_joined(drawings.fingerprints(images), list(range(len(images))))).sum())
    print(", ".join(f"{name} {count}" for name, count in told.items()))
    for name, draw in lookalikes.KNOWN.items():
        joined = int(np.triu(_joined(drawings.fingerprints(draw(6, seed)), list(range(6)))).sum())
        print(f"known to be joined: {name}, {joined} of 15 pairs")
    report(
        f"{what}: lookalikes joined, of 15 pairs in each of two sets", sum(told.values()), 0, at_least=False, unit=""
    )


def _apart(corpus: Path) -> None:
    """The corpus's own distinct drawings: storyboard panels and lip-sync heads."""
    names = [
        name
        for folder in ("characters/mh", "characters/stritracer", "storyboard_1.0", "storyboard_2.0")
        for name in sorted((corpus / "art" / "munchausen" / folder).glob("*.png"))
    ]
    joined = _joined(drawings.fingerprints([drawings.opened(name) for name in names]), list(range(len(names))))
    report(f"corpus: {len(names)} distinct drawings joined", int(np.triu(joined).sum()), 0, at_least=False, unit="")


def _distances(hashes: np.ndarray) -> np.ndarray:
    bits = np.unpackbits(hashes, axis=1).astype(np.int16)
    table = (bits[:, None] != bits[None]).sum(axis=2)
    np.fill_diagonal(table, 1 << 12)
    return table


if __name__ == "__main__":
    main()
