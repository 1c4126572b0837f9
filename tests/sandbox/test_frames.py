"""What the parent makes of bytes from a child."""

from __future__ import annotations

import pytest

from provenance.sandbox import frames


def test_a_frame_is_prefix_json_body() -> None:
    raw = frames.pack(frames.ITEM, {"a": [1, "ü"], "b": None}, 5)
    assert raw[:1] == b"I" and raw[1:5] == (len(raw) - 13).to_bytes(4, "big") and raw[5:13] == (5).to_bytes(8, "big")
    assert raw[13:] == '{"a":[1,"ü"],"b":null}'.encode()
    assert frames.read_prefix(raw[:13]) == (b"I", len(raw) - 13, 5)
    assert frames.read_header(raw[13:]) == {"a": [1, "ü"], "b": None}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"{}{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\uDfff": 1}',
        b'{"a": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b"\xff",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
)
def test_a_header_that_is_not_a_plain_object_is_refused(raw: bytes) -> None:
    with pytest.raises(frames.BadFrame):
        frames.read_header(raw)


def test_escaped_pairs_of_surrogates_are_text() -> None:
    assert frames.read_header(b'{"a": "\\ud83c\\udfac"}') == {"a": "\U0001f3ac"}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain words, 3/4 and 24000/1001", "plain words, 3/4 and 24000/1001"),
        ("two\nlines\tand\x1b[0m colour", "two lines and [0m colour"),
        ("bidi \u202egnp.exe", "bidi gnp.exe"),
        ("half \ud800 a pair", "half a pair"),
        ("[Errno 2] No such file: '/srv/studio/a.mov'", "[Errno 2] No such file: '(path)'"),
        ("see https://example.com/a/b", "see https://example.com/a/b"),
        ("x" * 1000, "x" * 299 + "…"),
    ],
)
def test_a_sentence_is_one_clean_line(text: str, clean: str) -> None:
    assert frames.sentence(text) == clean
