"""Digests and fingerprints of text, so that one script is known again in another format, draft or layout.

Three names, each frozen: a change of rule gets a new name, never a new meaning under the old one.

* `text-normal-v1` (`normalise`): 1. Unicode NFKC, 2. case folding, 3. NFKC again, 4. apostrophes and invisible
  format characters vanish, 5. every character that is neither letter, mark nor number becomes a space, 6. a letter of a
  script that is written without spaces becomes a word of its own, 7. runs of spaces become one, none at the ends.
* `text-sha256-v1`: SHA-256 of the normalised text in UTF-8.
* `minhash-128-word3-v1`: MinHash over the set of three-word shingles of the normalised text (words joined by one space;
  a text of one or two words is one shingle), by rensa's R-MinHash (its algorithm 2), seed 42, 128 permutations,
  stored as 128 little-endian uint32.
"""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rensa import RMinHash

NORMAL = "text-normal-v1"
MINHASH = "minhash-128-word3-v1"
PERMUTATIONS = 128
SHINGLE_WORDS = 3
_SEED = 42
_RENSA_ALGORITHM = 2
_LAYOUT = struct.Struct(f"<{PERMUTATIONS}I")

if getattr(RMinHash, "ALGORITHM_VERSION", 1) != _RENSA_ALGORITHM:
    # Other numbers under the same name would compare as strangers with every dataset that exists.
    raise ImportError(f"{MINHASH} needs rensa's algorithm {_RENSA_ALGORITHM}. Next: pip install 'rensa>=0.5,<0.6'")

_APOSTROPHES = frozenset("'’‘ʼ`´＇")
# The first word of a character's Unicode name says its script: LATIN SMALL LETTER A, CJK UNIFIED IDEOGRAPH-4E00.
_SCRIPTS = {
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "CJK": "Hani",
    "HIRAGANA": "Hira",
    "KATAKANA": "Kana",
    "HANGUL": "Hang",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "GURMUKHI": "Guru",
    "GUJARATI": "Gujr",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "KANNADA": "Knda",
    "MALAYALAM": "Mlym",
    "SINHALA": "Sinh",
    "THAI": "Thai",
    "LAO": "Laoo",
    "KHMER": "Khmr",
    "MYANMAR": "Mymr",
    "TIBETAN": "Tibt",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "ETHIOPIC": "Ethi",
    "MONGOLIAN": "Mong",
}
_ASCII_LETTER = re.compile("[A-Za-z]")
_UNSPACED = frozenset({"Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})


def _script(char: str) -> str:
    return _SCRIPTS.get(unicodedata.name(char, "").split(" ", 1)[0], "Zyyy")


class _Table(dict[int, str]):
    """What each character becomes; filled as characters are met, so that a text costs one C loop."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        if char in _APOSTROPHES or category == "Cf":
            new = ""
        elif category[0] not in "LMN":
            new = " "
        elif category[0] == "L" and _script(char) in _UNSPACED:
            new = f" {char} "
        else:
            new = char
        self[code] = new
        return new


class _Letters(dict[str, str]):
    """The script of each letter, "" for what is not a letter."""

    def __missing__(self, char: str) -> str:
        self[char] = _script(char) if unicodedata.category(char)[0] == "L" else ""
        return self[char]


_TABLE, _LETTERS = _Table(), _Letters()


def normalise(text: str) -> str:
    """Return the text as `text-normal-v1` compares it: words in lower case with one space between them."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    else:
        text = text.lower()
    return " ".join(text.translate(_TABLE).split())


def _shingles(normal: str) -> Iterator[str]:
    words = normal.split(" ")
    if len(words) < SHINGLE_WORDS:
        return iter([normal] if normal else [])
    return map(" ".join, zip(words, words[1:], words[2:], strict=False))


def minhash(normal: str) -> bytes | None:
    """Return `minhash-128-word3-v1` of a normalised text, 512 bytes; None for a text without words."""
    if not normal:
        return None
    sketch = RMinHash(PERMUTATIONS, _SEED)
    sketch.update(list(_shingles(normal)))
    return _LAYOUT.pack(*sketch.digest())


def language_script(text: str) -> str | None:
    """Return the ISO 15924 code of the script most letters are in, None without letters or for a script not listed.

    Japanese mixes three: Han with any kana is `Jpan`.
    """
    if text.isascii():
        return "Latn" if _ASCII_LETTER.search(text) else None
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        counts[_LETTERS[char]] += times
    counts.pop("", None)
    kana = counts.pop("Hira", 0) + counts.pop("Kana", 0)
    if kana:
        counts["Jpan"] = kana + counts.pop("Hani", 0)
    if not counts:
        return None
    code, _ = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return None if code == "Zyyy" else code


def measure(text: str) -> dict[str, Any]:
    """Return the columns of `dataset.schema` that a text alone decides.

    `text_sha256`: hex. `minhash_128`: 512 bytes, or None without words. `language_script`: ISO 15924, or None.
    """
    normal = normalise(text)
    return {
        "text_sha256": hashlib.sha256(normal.encode()).hexdigest(),
        "minhash_128": minhash(normal),
        "language_script": language_script(text),
    }


def jaccard(a: bytes, b: bytes) -> float:
    """Estimate the Jaccard similarity of two texts from their MinHashes, in steps of 1/128.

    The standard error is at most 0.045. ValueError for anything that is not two MinHashes of 512 bytes.
    """
    left, right = _unpack(a), _unpack(b)
    return sum(x == y for x, y in zip(left, right, strict=True)) / PERMUTATIONS


def _unpack(sketch: bytes) -> tuple[int, ...]:
    if len(sketch) != _LAYOUT.size:
        raise ValueError(f"a {MINHASH} has {_LAYOUT.size} bytes, not {len(sketch)}")
    return _LAYOUT.unpack(sketch)


def similarity(a: str, b: str) -> float:
    """Return the exact Jaccard similarity of two texts' three-word shingles; 1.0 when both have no words."""
    left, right = set(_shingles(normalise(a))), set(_shingles(normalise(b)))
    return len(left & right) / len(left | right) if left or right else 1.0
