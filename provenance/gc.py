"""Objects that no retained version names, deleted. What any retained version names is spared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provenance.dataset.index import TABLES
from provenance.dataset.opening import open_dataset
from provenance.dataset.shard import shard_folder
from provenance.dataset.version import live_objects
from provenance.model.errors import UsageError
from provenance.model.words import Kind


@dataclass(frozen=True)
class Collected:
    """What a collection removed, or would remove. size: in bytes."""

    paths: tuple[str, ...]
    size: int
    kept_versions: tuple[int, ...]


def gc(dataset: str | Path, *, keep: int = 1, dry_run: bool = False) -> Collected:
    """Delete the objects of all but the newest `keep` versions; the signed chain itself stays whole.

    Nobody may be building or reading meanwhile: CommitError otherwise. TamperError kinds when the chain is not sound;
    then nothing is deleted.
    """
    if keep < 1:
        raise UsageError("at least one version must be kept", next_step="give --keep 1 or more")
    opened = open_dataset(dataset)
    numbers = range(max(1, opened.head.number - keep + 1), opened.head.number + 1)
    with opened.store.alone():
        live = live_objects(opened.version(number) for number in numbers)
        folders = [*TABLES, *map(shard_folder, Kind)]
        there = [f"{folder}/{name}" for folder in folders for name in opened.store.names(folder)]
        dead = tuple(sorted(path for path in there if path not in live))
        size = sum((opened.store.root / path).stat().st_size for path in dead)
        if not dry_run:
            opened.store.remove(dead)
    return Collected(dead, size, tuple(numbers))
