"""Admitted items as torch datasets: map-style for training, and an iterable one that splits itself by rank and worker.

Map-style, because every sampler, every resume and every launcher of torch understands it: each admitted item comes
exactly once an epoch, however many workers and ranks there are.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from provenance.model.errors import UsageError
from provenance.model.words import Kind
from provenance.training.captions import Captions
from provenance.training.places import Places
from provenance.training.reader import Reader
from provenance.training.reads import ReadLog
from provenance.training.watch import Watch

Sample = dict[str, Any]
Decode = str | Callable[[bytes], Any]

FORMS = ("pil", "tensor", "bytes")


class AdmittedItems(Dataset[Any]):
    """The admitted items, by position. `dataset[i]` is one proven read: {"row", "item_id", "image" or "text"}.

    Where captions came with the pictures, a picture has "text" too, which is empty for one without.
    decode: "pil" (RGB picture), "tensor" (uint8[3, height, width]), "bytes", or a function of the payload; a script is
    text either way, but for "bytes" and a function. transform: applied to the sample last.
    Its length is asked when an epoch begins, and then the admission is looked at again: UnlicensedError when an item
    was revoked since, StaleLedgerError when the admission has ended. A sampler of your own has to ask it too, in the
    process that admitted. May be pickled, forked and spawned.
    """

    def __init__(
        self,
        reader: Reader,
        log: ReadLog,
        watch: Watch,
        decode: Decode = "pil",
        transform: Callable[[Sample], Any] | None = None,
        captions: Captions | None = None,
    ) -> None:
        if isinstance(decode, str) and decode not in FORMS:
            raise UsageError(f'"{decode}" is no way to decode', next_step=f"one of {', '.join(FORMS)}, or a function")
        self._reader, self._log, self._watch = reader, log, watch
        self._decode, self._transform, self._captions = decode, transform, captions

    @property
    def places(self) -> Places:
        return self._reader.places

    def __len__(self) -> int:
        self._watch.require_law()
        return len(self.places)

    def __getitem__(self, at: int) -> Any:
        count = len(self.places)
        if not -count <= at < count:
            raise IndexError(f"item {at} of {count}")
        at = at % count
        self._watch.require_time()
        row = int(self.places.row[at])
        payload = self._reader.payload(at)
        self._log.mark(row)
        kind = self.places.kind(at)
        sample = {
            "row": row,
            "item_id": self.places.item_id[at].tobytes().hex(),
            "text" if kind is Kind.SCRIPTS else "image": decoded(payload, kind, self._decode),
        }
        if self._captions is not None and kind is not Kind.SCRIPTS:
            sample["text"], source = self._captions.of(row) or ("", -1)
            if source >= 0:
                self._log.mark(source)
        return self._transform(sample) if self._transform is not None else sample

    def __getitems__(self, many: Sequence[int]) -> list[Any]:
        return [self[at] for at in many]


def decoded(payload: bytes, kind: Kind, form: Decode) -> Any:
    """Return a payload in the form asked for; see AdmittedItems."""
    if not isinstance(form, str):
        return form(payload)
    if form == "bytes":
        return payload
    if kind is Kind.SCRIPTS:
        return payload.decode()
    with Image.open(io.BytesIO(payload)) as image:
        picture = image.convert("RGB")
    return picture if form == "pil" else torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()


class IterableItems(IterableDataset[Any]):
    """The same items as a stream. Each rank and each worker takes its share, so that none comes twice; the shares of
    ranks differ by one item when they do not come out even. shuffle: None for the order of the index, or a seed.
    """

    def __init__(self, items: AdmittedItems, shuffle: int | None = None) -> None:
        self._items, self._seed, self._epoch = items, shuffle, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch, as for a DistributedSampler."""
        self._epoch = epoch

    def __len__(self) -> int:
        share, shares = _rank()
        return len(range(share, len(self._items), shares))

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        share, shares = _rank()
        mine = np.arange(share, len(self._items), shares)
        if self._seed is not None:
            order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self._items))
            mine = order[mine]
        if worker is not None:
            mine = mine[worker.id :: worker.num_workers]
        return (self._items[at] for at in mine.tolist())


def _rank() -> tuple[int, int]:
    ready = torch.distributed.is_available() and torch.distributed.is_initialized()
    return (torch.distributed.get_rank(), torch.distributed.get_world_size()) if ready else (0, 1)
