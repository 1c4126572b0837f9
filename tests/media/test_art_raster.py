"""Flat pictures: what passes through, what is rendered, what is refused, and what is measured of each."""

from __future__ import annotations

import struct
import zlib

import imagehash
import numpy as np
import pytest
from art_samples import drawn, extracted, payload, rounded_profile, saved, source, swapped_profile, tagged
from PIL import Image, ImageCms

from provenance.fingerprint import picture
from provenance.media import raster
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Kind

EIGHT_BIT = [
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "L", {}),
    ("PNG", "P", {}),
    ("PNG", "1", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
]


@pytest.mark.parametrize(("form", "mode", "settings"), EIGHT_BIT)
def test_what_training_tools_read_passes_through_byte_for_byte(form, mode, settings):
    data = saved(drawn(mode=mode), form, **settings)
    (item,) = extracted(raster, data)
    assert item.payload == data
    assert (item.kind, item.media_type) == (Kind.ART, f"image/{form.lower()}")
    assert item.locator.canonical() == "{}"
    assert item.fields["rendition"] == "original"
    assert (item.fields["width"], item.fields["height"]) == (64, 48)


@pytest.mark.parametrize(("form", "mode", "settings"), EIGHT_BIT)
def test_the_hash_of_an_original_is_what_imagehash_says_of_the_stored_bytes(form, mode, settings):
    (item,) = extracted(raster, saved(drawn((320, 200), mode), form, **settings))
    assert f"{item.fields['phash_64']:016x}" == str(imagehash.phash(payload(item)))


@pytest.mark.parametrize(
    ("form", "mode", "model"),
    [
        ("TIFF", "RGB", "RGB"),
        ("BMP", "RGB", "RGB"),
        ("TGA", "RGBA", "RGB"),
        ("GIF", "P", "indexed"),
        ("AVIF", "RGB", "RGB"),
    ],
)
def test_other_formats_become_a_png_whose_pixels_have_the_recorded_digest(form, mode, model):
    (item,) = extracted(raster, saved(drawn(mode=mode), form), names=["a.tga"])
    assert (item.media_type, item.fields["rendition"]) == ("image/png", "srgb8-png-v1")
    assert item.fields["original_color_space"] == model
    assert picture.pixel_sha256(payload(item)) == item.fields["pixel_sha256"]
    assert payload(item).info == {}


def test_a_bigtiff_and_every_tiff_compression_give_the_same_picture():
    settings = [
        {"big_tiff": True},
        *({"compression": kind} for kind in ("raw", "packbits", "tiff_lzw", "tiff_deflate")),
    ]
    digests = {extracted(raster, saved(drawn(), "TIFF", **each))[0].fields["pixel_sha256"] for each in settings}
    assert digests == {picture.pixel_sha256(drawn())}


def test_a_lossless_original_in_another_format_is_the_same_picture():
    image = drawn()
    digests = {
        extracted(raster, saved(image, form), names=["a.tga"])[0].fields["pixel_sha256"]
        for form in ("PNG", "TIFF", "BMP", "TGA")
    }
    assert digests == {picture.pixel_sha256(image)}


# How a camera stores an upright picture for each EXIF orientation: the inverse of the turn that shows it.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("turn", STORED)
def test_a_picture_is_measured_upright_whatever_way_its_camera_was_held(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    upright = drawn()
    stored = upright if STORED[turn] is None else upright.transpose(STORED[turn])
    (item,) = extracted(raster, saved(stored, "PNG", exif=exif))
    assert item.fields["orientation"] == turn
    assert (item.fields["width"], item.fields["height"]) == (64, 48)
    assert item.fields["pixel_sha256"] == picture.pixel_sha256(upright)
    (page,) = extracted(raster, saved(stored, "TIFF", tiffinfo={0x0112: turn}))
    assert page.fields["orientation"] == turn
    assert page.fields["pixel_sha256"] == picture.pixel_sha256(upright)
    assert payload(page).size == (64, 48)


@pytest.mark.parametrize("icc", [tagged(ImageCms.createProfile("sRGB")), rounded_profile()], ids=["exact", "rounded"])
def test_an_srgb_profile_makes_no_new_picture_however_its_maker_rounded_it(icc):
    (item,) = extracted(raster, saved(drawn(), "PNG", icc_profile=icc))
    assert "sRGB" in item.fields["icc_profile"]
    assert item.fields["pixel_sha256"] == picture.pixel_sha256(drawn())


def test_another_profile_is_applied_to_what_is_measured_and_left_in_the_original():
    data = saved(Image.new("RGB", (8, 8), (255, 0, 0)), "PNG", icc_profile=swapped_profile())
    (item,) = extracted(raster, data)
    assert item.payload == data
    (rendered,) = extracted(raster, saved(Image.new("RGB", (8, 8), (255, 0, 0)), "TIFF", icc_profile=swapped_profile()))
    red, green, _ = payload(rendered).getpixel((4, 4))
    assert green > 240 > 80 > red  # what the profile calls red is green
    assert item.fields["pixel_sha256"] == rendered.fields["pixel_sha256"] != picture.pixel_sha256(drawn((8, 8)))
    assert "icc_profile" not in payload(rendered).info


def test_a_profile_that_makes_no_sense_is_named_unreadable_and_changes_nothing():
    for icc in (b"no profile at all" * 20, tagged(ImageCms.createProfile("LAB"))):
        (item,) = extracted(raster, saved(drawn(), "PNG", icc_profile=icc))
        assert item.fields["icc_profile"] == "unreadable"
        assert item.fields["pixel_sha256"] == picture.pixel_sha256(drawn())


def test_transparency_survives_a_profile():
    image = drawn(mode="RGBA")
    image.putalpha(128)
    (item,) = extracted(raster, saved(image, "TIFF", icc_profile=swapped_profile()))
    assert payload(item).mode == "RGBA"
    assert payload(item).getpixel((5, 5))[3] == 128


def test_a_cmyk_jpeg_becomes_rgb():
    (item,) = extracted(raster, saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    assert (item.media_type, item.fields["original_color_space"]) == ("image/png", "CMYK")
    red, green, blue = payload(item).getpixel((8, 8))
    assert red > 250 and green < 5 and blue < 5


def test_a_16_bit_grey_picture_gives_its_high_byte():
    grey = np.array([[0x0000, 0x00FF], [0x0100, 0xFFFF]], np.uint16)
    for form in ("PNG", "TIFF"):
        (item,) = extracted(raster, saved(Image.fromarray(grey), form))
        assert item.fields["original_bit_depth"] == 16
        assert np.asarray(payload(item)).tolist() == [[0, 0], [1, 255]]


def test_a_16_bit_rgb_png_is_rendered_not_passed():
    rows = b"".join(b"\0" + bytes([value >> 8, value & 255]) * 6 for value in (0x80FF, 0xFF00))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    (item,) = extracted(raster, b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert (item.fields["rendition"], item.fields["original_bit_depth"]) == ("srgb8-png-v1", 16)
    assert np.asarray(payload(item))[:, 0, 0].tolist() == [0x80, 0xFF]


def test_lab_white_is_white_and_lab_red_is_red():
    lab = Image.merge("LAB", [Image.new("L", (4, 4), value) for value in (255, 128, 128)])
    (item,) = extracted(raster, saved(lab, "TIFF"))
    assert item.fields["original_color_space"] == "Lab"
    assert min(payload(item).getpixel((0, 0))) >= 254


def test_every_page_of_a_tiff_is_an_item_with_its_number():
    pages = [drawn((30 + page, 20)) for page in range(3)]
    items = extracted(raster, saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert [item.locator.page for item in items] == [1, 2, 3]
    assert [item.fields["width"] for item in items] == [30, 31, 32]
    assert {item.fields["pages"] for item in items} == {3}


def test_a_reduced_page_is_not_a_page_and_previews_alone_are_no_picture():
    preview = drawn((16, 12))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    (item,) = extracted(raster, saved(drawn(), "TIFF", save_all=True, append_images=[preview]))
    assert (item.fields["width"], item.fields["pages"]) == (64, 1)
    with pytest.raises(Quarantined) as caught:
        extracted(raster, saved(drawn((16, 12)), "TIFF", tiffinfo={254: 1}))
    assert caught.value.cause is Cause.UNSUPPORTED


def test_more_pages_than_the_cap_are_a_bomb():
    pages = [drawn((8, 8))] * 4
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert len(extracted(raster, data, options=Options(max_pages=4))) == 4
    with pytest.raises(Quarantined) as caught:
        extracted(raster, data, options=Options(max_pages=3))
    assert caught.value.cause is Cause.BOMB


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_its_first_frame_and_nothing_unmeasured_is_stored(form):
    first, second = drawn(), drawn().rotate(180)
    settings = {"lossless": True} if form == "WEBP" else {}
    data = saved(first, form, save_all=True, append_images=[second], duration=100, **settings)
    (item,) = extracted(raster, data)
    assert item.fields["rendition"] == "first-frame-srgb8-png-v1"
    assert getattr(payload(item), "n_frames", 1) == 1
    if form != "GIF":
        assert item.fields["pixel_sha256"] == picture.pixel_sha256(first)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TGA", "TIFF", "WEBP"])
def test_a_picture_cut_short_is_refused_and_never_half_decoded(form):
    noise = Image.effect_noise((120, 90), 80).convert("RGB")
    data = saved(noise, form)
    with pytest.raises(Quarantined) as caught:
        extracted(raster, data[: len(data) // 2], names=["a.tga"])
    assert caught.value.cause in (Cause.TRUNCATED, Cause.DAMAGED)
    assert " at 0x" not in str(caught.value)
    if form in ("JPEG", "PNG", "BMP", "TGA"):
        assert caught.value.cause is Cause.TRUNCATED


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TGA", "TIFF", "WEBP", "AVIF"])
def test_a_picture_above_the_pixel_cap_is_a_bomb_and_one_at_the_cap_is_not(form):
    data = saved(drawn((40, 30)), form)
    assert len(extracted(raster, data, options=Options(max_pixels=1200), names=["a.tga"])) == 1
    with pytest.raises(Quarantined) as caught:
        extracted(raster, data, options=Options(max_pixels=1199), names=["a.tga"])
    assert caught.value.cause is Cause.BOMB


def test_the_cap_is_asked_of_the_header_before_any_pixel():
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(Quarantined) as caught:
        extracted(raster, data + struct.pack(">I", 4) + b"IDAT" + b"\0" * 8)
    assert caught.value.cause is Cause.BOMB


def test_text_that_inflates_without_end_is_a_bomb():
    body = b"Comment\0\0" + zlib.compress(b"a" * (8 << 20))
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    data = saved(drawn(), "PNG")
    with pytest.raises(Quarantined) as caught:
        extracted(raster, data[:33] + chunk + data[33:])
    assert caught.value.cause is Cause.BOMB


def test_pillow_keeps_its_own_cap_afterwards():
    before = Image.MAX_IMAGE_PIXELS
    extracted(raster, saved(drawn(), "PNG"), options=Options(max_pixels=5000))
    assert before == Image.MAX_IMAGE_PIXELS


def test_content_decides_and_a_suffix_of_another_kind_of_file_is_a_contradiction():
    data = saved(drawn(), "PNG")
    assert raster.sniff(source(data, names=["a.jpg"])) == "image/png"
    assert len(extracted(raster, data, names=["a.jpg"])) == 1
    with pytest.raises(Quarantined) as caught:
        extracted(raster, data, names=["a.mp4"])
    assert caught.value.cause is Cause.MISLABELLED


@pytest.mark.parametrize("form", ["PPM", "SGI", "PCX", "ICO", "EPS", "DDS", "JPEG2000", "MSP", "SPIDER", "XBM"])
def test_formats_outside_the_list_are_not_known_at_all(form):
    image = drawn(mode="1" if form in ("MSP", "XBM") else "F" if form == "SPIDER" else "RGB")
    assert raster.sniff(source(saved(image, form), names=["a.png"])) is None


def test_a_tga_without_a_footer_needs_its_suffix():
    data = saved(drawn(), "TGA").removesuffix(b"TRUEVISION-XFILE.\0")
    assert raster.sniff(source(data, names=["a.tga"])) == "image/x-tga"
    assert raster.sniff(source(data, names=["a.bin"])) is None
    assert raster.sniff(source(saved(drawn(), "TGA"), names=["a.bin"])) == "image/x-tga"


def test_a_numbered_sequence_is_frames_with_the_numbers_of_its_files():
    files = [saved(drawn().rotate(step), "PNG") for step in (0, 90, 180)]
    names = ["f.1001.png", "f.1002.png", "f.1004.png"]
    items = extracted(raster, *files, names=names, numbers=[1001, 1002, 1004])
    assert [item.kind for item in items] == [Kind.FRAMES] * 3
    assert [item.locator.canonical() for item in items] == ['{"frame":1001}', '{"frame":1002}', '{"frame":1004}']
    assert [item.fields["frame"] for item in items] == [1001, 1002, 1004]
    assert [item.payload for item in items] == files
    assert "icc_profile" not in items[0].fields


def test_a_bad_member_fells_its_sequence_and_is_named():
    files = [saved(drawn(), "PNG"), saved(drawn(), "PNG")[:60]]
    with pytest.raises(Quarantined) as caught:
        extracted(raster, *files, names=["f.1.png", "f.2.png"], numbers=[1, 2])
    assert caught.value.where == "f.2.png"


def test_broken_exif_costs_the_orientation_not_the_picture():
    (item,) = extracted(raster, saved(drawn(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    assert item.fields["orientation"] is None
    assert item.fields["rendition"] == "original"
