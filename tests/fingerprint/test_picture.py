"""Pixel digests and phash-64: equal for equal pictures, equal to imagehash, and frozen."""

from __future__ import annotations

import hashlib
import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw

from provenance.fingerprint import lanczos, pdq, picture


def _drawn(size: tuple[int, int] = (160, 90), mode: str = "RGB") -> Image.Image:
    """A ramp with shapes: no randomness, no fonts, so that its digest can be frozen."""
    across = np.linspace(0, 255, size[0]).astype(np.uint8)
    down = np.linspace(255, 0, size[1]).astype(np.uint8)
    grid = np.stack(
        [np.tile(across, (size[1], 1)), np.tile(down[:, None], (1, size[0])), np.full(size[::-1], 90, np.uint8)], axis=2
    )
    image = Image.fromarray(grid)
    ImageDraw.Draw(image).rectangle((20, 15, 70, 60), fill=(200, 30, 60))
    return image.convert(mode)


def _saved(image: Image.Image, form: str, **settings: object) -> Image.Image:
    held = io.BytesIO()
    image.save(held, form, **settings)
    return Image.open(io.BytesIO(held.getvalue()))


def test_the_digest_and_the_hash_of_a_drawn_picture_never_change():
    told = picture.measure(_drawn())
    assert {name: told[name] for name in ("width", "height", "pixel_sha256", "phash_64")} == {
        "width": 160,
        "height": 90,
        "pixel_sha256": "84bd08105a0822bfe702c3b8c0d8ffcaccc4f8c948936aef7944ddf83881f1ad",
        "phash_64": 0xB9B9C6C2C2C6C2B9,
    }


def test_the_pixel_digest_is_the_one_that_the_docstring_spells_out():
    image = _drawn((3, 2))
    header = b"pixels-v1\0RGB\0" + b"3x2\0"
    assert picture.pixel_sha256(image) == hashlib.sha256(header + image.tobytes()).hexdigest()


def test_what_an_earlier_save_left_on_a_picture_changes_no_digest():
    image = Image.radial_gradient("L").convert("RGB")
    expected = picture.pixel_sha256(image.copy())
    image.save(io.BytesIO(), "PNG", compress_level=1)
    assert picture.pixel_sha256(image) == expected


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_png_tiff_bmp_tga_and_lossless_webp_of_one_picture_share_a_pixel_digest(mode):
    image = _drawn(mode=mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    digests = {
        picture.pixel_sha256(_saved(image, "PNG")),
        picture.pixel_sha256(_saved(image, "TIFF", compression="tiff_lzw")),
        picture.pixel_sha256(_saved(image, "TGA")),
        picture.pixel_sha256(_saved(image, "WEBP", lossless=True)),
    }
    assert digests == {picture.pixel_sha256(image)}


def test_a_picture_taller_than_one_strip_is_digested_whole():
    image = _drawn((1024, 1000))
    header = b"pixels-v1\0RGB\0" + b"1024x1000\0"
    assert picture.pixel_sha256(image) == hashlib.sha256(header + image.tobytes()).hexdigest()


def test_opaque_alpha_grey_and_palette_do_not_make_another_picture():
    colour, grey = _drawn(), _drawn(mode="L")
    assert picture.pixel_sha256(colour.convert("RGBA")) == picture.pixel_sha256(colour)
    assert picture.pixel_sha256(grey) == picture.pixel_sha256(grey.convert("RGB"))
    few = colour.quantize(16)
    assert picture.pixel_sha256(few) == picture.pixel_sha256(few.convert("RGB"))


def test_the_colour_under_a_fully_transparent_pixel_does_not_count_but_alpha_does():
    one, other = Image.new("RGBA", (4, 4), (255, 0, 0, 0)), Image.new("RGBA", (4, 4), (0, 0, 255, 0))
    assert picture.pixel_sha256(one) == picture.pixel_sha256(other)
    faint = Image.new("RGBA", (4, 4), (255, 0, 0, 1))
    assert picture.pixel_sha256(faint) != picture.pixel_sha256(one)
    half = one.copy()
    half.putpixel((0, 0), (9, 8, 7, 128))
    header = b"pixels-v1\0RGBA\0" + b"4x4\0"
    assert picture.pixel_sha256(half) == hashlib.sha256(header + bytes([9, 8, 7, 128]) + bytes(60)).hexdigest()


def test_a_colour_declared_transparent_is_transparent():
    image = _saved(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert picture.pixel_sha256(image) == picture.pixel_sha256(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))


def test_the_same_samples_in_another_shape_are_another_picture():
    assert picture.pixel_sha256(Image.new("RGB", (4, 2))) != picture.pixel_sha256(Image.new("RGB", (2, 4)))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (31, 33), (640, 360)])
def test_phash_64_is_imagehash_bit_for_bit(mode, size):
    image = _drawn(size, mode)
    assert f"{picture.phash_64(image):016x}" == str(imagehash.phash(image))


def test_phash_64_of_flat_and_mirrored_pictures_is_imagehash_too():
    # The pictures on which a matrix form of the DCT differs from the library's in the last bit of a float.
    ramp = Image.linear_gradient("L").rotate(90)
    mirrored = Image.new("L", (512, 256))
    mirrored.paste(ramp, (0, 0))
    mirrored.paste(ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (256, 0))
    for image in (Image.new("RGB", (320, 180)), Image.new("L", (99, 99), 255), Image.new("L", (8, 8), 77), mirrored):
        assert f"{picture.phash_64(image):016x}" == str(imagehash.phash(image))


@pytest.mark.parametrize("size", [(1920, 1080), (1081, 1607), (601, 1171), (3001, 97), (512, 512)])
@pytest.mark.parametrize("cell", [1, 29])
def test_a_large_picture_is_reduced_to_the_very_bytes_that_pillow_gives(size, cell):
    width, height = size
    chance = np.random.default_rng(width + cell)
    # Black and white cells reach both ends of the scale, where a sum is clipped.
    cells = chance.integers(0, 2, (height // cell + 1, width // cell + 1), np.uint8) * 255
    image = Image.fromarray(np.ascontiguousarray(np.kron(cells, np.ones((cell, cell), np.uint8))[:height, :width]))
    expected = image.resize((32, 32), Image.Resampling.LANCZOS)
    assert lanczos.reduced(np.asarray(image)).tobytes() == expected.tobytes()
    assert f"{picture.phash_64(image):016x}" == str(imagehash.phash(image))


def test_a_pillow_that_weighs_otherwise_is_believed(monkeypatch):
    """Other builds of Pillow exist; whatever this one answers is what imagehash would have seen."""
    image, asked = _drawn((800, 600), "L"), []
    monkeypatch.setattr(lanczos, "_weights", lambda side: asked.append(side) or np.ones((side, 32)))
    for cached in (lanczos.agrees, lanczos._windows):
        cached.cache_clear()
    try:
        assert (
            lanczos.reduced(np.asarray(image)).tobytes() == image.resize((32, 32), Image.Resampling.LANCZOS).tobytes()
        )
        assert asked and not lanczos.agrees()
    finally:
        for cached in (lanczos.agrees, lanczos._windows):
            cached.cache_clear()


def test_rows_at_hand_give_the_digest_that_packing_gives():
    image = _drawn((64, 48))
    assert picture.measure(image, memoryview(image.tobytes())) == picture.measure(image)


def test_pdq_of_a_flat_or_symmetric_picture_is_no_work_of_chance():
    flat = picture.measure(Image.new("RGB", (300, 200), (90, 120, 30)))
    assert flat["pdq_256"] == bytes(32)
    left = np.asarray(_drawn((32, 64), "L")).astype(np.float32)
    told = pdq.of_samples(np.hstack([left, left[:, ::-1]]))
    bits = pdq.unpack(np.frombuffer(told.hash, np.uint8)[None])[0]
    assert not bits[:, ::2].any()  # nothing is odd about the middle of a mirror picture
    assert 40 < bits[:, 1::2].sum() < 90


def test_phash_64_fits_an_unsigned_64_bit_column():
    hashes = [picture.phash_64(_drawn((64, 64)).rotate(turn)) for turn in range(0, 360, 45)]
    assert all(0 <= value < 1 << 64 for value in hashes)
    assert any(value >= 1 << 63 for value in hashes)


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "F", "YCbCr"])
def test_a_picture_that_is_not_8_bit_rgb_is_refused_rather_than_guessed(mode):
    with pytest.raises(ValueError, match=mode):
        picture.measure(Image.new(mode, (4, 4)))
