"""Frozen vectors: what every picture fingerprint of a few pictures was when its name was given.

The pictures are drawn in whole numbers, without a library. When one of these turns red, a library or a change here has
given an old name another meaning: datasets that exist would no longer match. Give the fingerprint a new name, raise
VERSION in `fingerprint.picture`, and only then write the new numbers down. Text has its own in `test_text`.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from provenance.fingerprint import local, picture


def _board(width: int, height: int) -> np.ndarray:
    """Squares, discs and ramps, uint8[height, width, 3]."""
    row, column = np.mgrid[0:height, 0:width]
    red = (column * 255 // width + 70 * ((row // 23 + column // 31) % 2)) % 256
    green = (row * 200 // height + 55 * (((row - 90) ** 2 + (column - 140) ** 2) < 3000)) % 256
    blue = (
        90 + 80 * (((row - height // 2) ** 2 + (column - width // 2) ** 2) < 9000) + (row * column // 97) % 60
    ) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def _boxed() -> np.ndarray:
    boxed = np.zeros((420, 640, 3), np.uint8)
    boxed[60:360] = _board(640, 300)
    return boxed


def _cut_out() -> np.ndarray:
    alpha = np.zeros((300, 400, 1), np.uint8)
    alpha[40:260, 60:340] = 255
    alpha[120:180] //= 2
    return np.concatenate([_board(400, 300), alpha], axis=2)


def _flat() -> np.ndarray:
    return np.full((90, 160, 3), 77, np.uint8)


PICTURES = {"board": lambda: _board(1280, 720), "boxed": _boxed, "cut out": _cut_out, "flat": _flat}


def _digest(value: bytes | None) -> str | None:
    return None if value is None else hashlib.sha256(value).hexdigest()[:32]


FROZEN = {
    "board": {
        "pixel_sha256": "6e32bf79b4b4bad83805a3f60ddde3428f5714cff2b25a8578a9f134a84e87a2",
        "phash_64": "9a787278dd0f0707",
        "pdq_256": "3fb02ea5889da01526323ff09ff03ff03ff01ff01ff03ff00898e00fe027e00f",
        "pdq_quality": 100,
        "trim_box": None,
        "trimmed_pdq_256": None,
        "glance_64": "c27b9af99af4ff128f4f23d396e9b3d5",
        "trimmed_glance_64": None,
        "corners": 334,
        "first corner": [7373187340101823789, 48042, 62349, 0],
        "local_features": "5ed4c864a148877e09feef5a826de81d",
    },
    "boxed": {
        "pixel_sha256": "8156dcd3f78f92d8db960df6f3e830637f99f35cc7a727903f3a708a91da2464",
        "phash_64": "8a61759e7de161d0",
        "pdq_256": "4a5b7b434b4387c1682c783c252c87c68db4f00775c377c3965f983cd857c7c3",
        "pdq_quality": 100,
        "trim_box": [0, 60, 640, 360],
        "trimmed_pdq_256": "b5bc1d1eb5b70bc34a4bfd834b4387c34848783c7a493ff88a7c983c483647c3",
        "glance_64": "7ab312ec6cefd9de99236014ad6d7932",
        "trimmed_glance_64": "1510517a2dfb9b9adc3f759d98cf2ce2",
        "corners": 359,
        "first corner": [5533854339694867375, 47701, 55523, 0],
        "local_features": "7b907a4c7a17aa0a1adf860f6d02450a",
    },
    "cut out": {
        "pixel_sha256": "ac008c0bdfdacf38f9dbc3b3914314b07dbe35fc558d713f9ba6e076010c41e1",
        "phash_64": "8a4738393a7fc839",
        "pdq_256": "9dad9c849da5607a607ae13b617af43b9d8d93819ba11f845e855e845e81e17b",
        "pdq_quality": 100,
        "trim_box": [60, 40, 340, 260],
        "trimmed_pdq_256": "a1dd04ee8c67a8f5a9d5a1cea9d5562a562a562a56224ee24fee0eee5e207721",
        "glance_64": "17bda3866a85900fb7d65950fa11f371",
        "trimmed_glance_64": "3c3b6e29f715f5892dac8bbec7f8d0f6",
        "corners": 364,
        "first corner": [3660807687606488370, 55380, 8988, 0],
        "local_features": "e69fa64e9b99767c3ff0c44f60f5191e",
    },
    "flat": {
        "pixel_sha256": "bf674822bae7e0d62b39298b15cbf1db4eda890feed01015094bc1676e62e48a",
        "phash_64": "8000000000000000",
        "pdq_256": "0000000000000000000000000000000000000000000000000000000000000000",
        "pdq_quality": 0,
        "trim_box": None,
        "trimmed_pdq_256": None,
        "glance_64": "016e1ecb51650bef2394f52662bd7706",
        "trimmed_glance_64": None,
        "corners": 0,
        "first corner": None,
        "local_features": "e3b0c44298fc1c149afbf4c8996fb924",
    },
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_fingerprints_of_a_drawn_picture_never_change(name: str):
    told = picture.measure(Image.fromarray(PICTURES[name]()))
    corners = np.frombuffer(told["local_features"], local.FEATURE)
    assert {
        "pixel_sha256": told["pixel_sha256"],
        "phash_64": f"{told['phash_64']:016x}",
        "pdq_256": told["pdq_256"].hex(),
        "pdq_quality": told["pdq_quality"],
        "trim_box": told["trim_box"],
        "trimmed_pdq_256": told["trimmed_pdq_256"].hex() if told["trimmed_pdq_256"] else None,
        "glance_64": _digest(told["glance_64"]),
        "trimmed_glance_64": _digest(told["trimmed_glance_64"]),
        "corners": len(corners),
        "first corner": [int(value) for value in corners[0]] if len(corners) else None,
        "local_features": _digest(told["local_features"]),
    } == FROZEN[name]


def test_every_fingerprint_of_a_picture_is_among_the_frozen():
    columns = set(picture.measure(Image.fromarray(_flat()))) - {"width", "height"}
    assert columns <= set(FROZEN["board"])
