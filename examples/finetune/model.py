"""A small rectified-flow transformer over picture patches, told what to draw by the words of a script."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor, nn

VOCABULARY = 512  # words are hashed: nothing has to be learned before training
WORDS = 24


def tokens(text: str) -> Tensor:
    """Return the first words of a text as hashed ids, int64[WORDS]; 0 fills up."""
    ids = [1 + zlib.crc32(word.encode()) % (VOCABULARY - 1) for word in text.lower().split()[:WORDS]]
    return torch.tensor(ids + [0] * (WORDS - len(ids)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.after = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        y = self.before(x)
        batch, length, width = y.shape
        split = (batch, length, self.heads, width // self.heads)
        query, key, value = (each(y).view(split).transpose(1, 2) for each in (self.query, self.key, self.value))
        mixed = nn.functional.scaled_dot_product_attention(query, key, value).transpose(1, 2)
        x = x + self.out(mixed.reshape(batch, length, width))
        return x + self.down(nn.functional.gelu(self.up(self.after(x))))


class Flow(nn.Module):
    """Predicts the velocity from noise to picture: v(x_t, t, words). Pictures are float[batch, 3, size, size]."""

    def __init__(self, size: int = 32, patch: int = 4, width: int = 96, depth: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.shape = (size // patch, patch)
        count, dots = (size // patch) ** 2, 3 * patch * patch
        self.words = nn.Embedding(VOCABULARY, width, padding_idx=0)
        self.time = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.enter, self.leave = nn.Linear(dots, width), nn.Linear(width, dots)
        self.place = nn.Parameter(torch.randn(1, count, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, picture: Tensor, time: Tensor, words: Tensor) -> Tensor:
        side, patch = self.shape
        batch = len(picture)
        cut = picture.view(batch, 3, side, patch, side, patch).permute(0, 2, 4, 1, 3, 5).reshape(batch, side * side, -1)
        waves = time[:, None] * torch.exp(torch.linspace(0, 6, 16, device=time.device))
        told = self.time(torch.cat([waves.sin(), waves.cos()], 1)) + self.words(words).mean(1)
        x = self.enter(cut) + self.place + told[:, None]
        for block in self.blocks:
            x = block(x)
        y = self.leave(self.norm(x)).view(batch, side, side, 3, patch, patch)
        return y.permute(0, 3, 1, 4, 2, 5).reshape(batch, 3, side * patch, side * patch)


def loss(model: nn.Module, picture: Tensor, words: Tensor, seed: Tensor | None = None) -> Tensor:
    """Return the rectified-flow loss: the squared error of the velocity on a straight line from noise to picture."""
    generator = torch.Generator(picture.device)
    if seed is not None:
        generator.manual_seed(int(seed))
    else:
        generator.seed()
    noise = torch.randn(picture.shape, generator=generator, device=picture.device)
    time = torch.rand(len(picture), generator=generator, device=picture.device)
    at = time[:, None, None, None]
    velocity = model((1 - at) * noise + at * picture, time, words)
    return (velocity - (picture - noise)).float().pow(2).mean()
