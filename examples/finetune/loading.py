"""From admitted items to batches: how a picture is decoded, what is put beside it, and in which order they come."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from model import tokens
from PIL import Image
from torch.utils.data import Sampler

if TYPE_CHECKING:
    from keeping import Place

MOST_KEPT = 16_384  # pictures that one process remembers decoded


class Shrunk:
    """Decodes a picture no larger than the model wants it, and remembers it: every epoch reads and proves the bytes
    again, but only the first decodes them. A class, so that workers can be spawned.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._known: dict[bytes, torch.Tensor] = {}

    def __call__(self, payload: bytes) -> torch.Tensor:
        digest = hashlib.sha256(payload).digest()
        found = self._known.get(digest)
        if found is None:
            found = self._decoded(payload)
            if len(self._known) < MOST_KEPT:
                self._known[digest] = found
        return found

    def _decoded(self, payload: bytes) -> torch.Tensor:
        with Image.open(io.BytesIO(payload)) as image:
            # JPEG gives an eighth of itself for a fraction of the work.
            image.draft("RGB", (self.size, self.size))
            picture = image.convert("RGB").resize((self.size, self.size), reducing_gap=2.0)
        return torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1).contiguous()


class Told:
    """Puts words beside each picture: its own caption where the release has one, else those of the title's script."""

    def __init__(self, script: str) -> None:
        self.script = script

    def __call__(self, sample: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        return sample["image"], tokens(sample.get("text") or self.script)


class Order(Sampler[list[int]]):
    """The batches of each epoch: an order that follows from seed and epoch alone, so that it can be taken up anywhere.

    epoch, taken: where training stands, as far as batches were handed out, not as far as workers have prefetched.
    identity: which items are learned from; another one begins a new epoch.
    """

    def __init__(self, items: Any, size: int, seed: int, learns: Callable[[int], bool]) -> None:
        self._items, self._size, self._seed = items, size, seed
        self._learned = np.array([at for at in range(len(items)) if learns(at)])
        self.identity = hashlib.sha256(items.places.item_id[self._learned].tobytes()).hexdigest()
        self.epoch = self.taken = 0
        self._turn: Iterator[Any] | None = None

    def go_on(self, place: Place) -> None:
        """Take up the order where a checkpoint left it."""
        same = place.items == self.identity
        # Other items than then: what is new comes with the next epoch, and what is old is not cut short twice.
        self.epoch, self.taken = (place.epoch, place.taken) if same or not place.step else (place.epoch + 1, 0)

    def __len__(self) -> int:
        return -(-len(self._learned) // self._size)

    def __iter__(self) -> Iterator[list[int]]:
        len(self._items)  # an epoch begins: the admission is looked at again
        order = np.random.default_rng([self._seed, self.epoch]).permutation(self._learned)
        for at in range(self.taken, len(self)):
            yield order[at * self._size : (at + 1) * self._size].tolist()

    def batch_of(self, loader: Any) -> Any:
        """Return the next batch, of the next epoch where this one is over."""
        if self.taken == len(self):
            self.epoch, self.taken, self._turn = self.epoch + 1, 0, None
        if self._turn is None:
            self._turn = iter(loader)
        batch = next(self._turn)
        self.taken += 1
        return batch
