"""Photoshop, Krita and OpenRaster documents: the merged picture, its colours, and the number of layers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from art_samples import drawn, extracted, layered, payload, psd, saved, source, swapped_profile

from provenance.fingerprint import picture
from provenance.media import layered as documents
from provenance.media import photoshop
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

KRITA, OPENRASTER = "application/x-krita", "image/openraster"
KRITA_LAYERS = b"""<?xml version="1.0"?>
<!DOCTYPE DOC PUBLIC '-//KDE//DTD krita 2.0//EN' 'http://www.calligra.org/DTD/krita-2.0.dtd'>
<DOC xmlns="http://www.calligra.org/DTD/krita"><IMAGE><layers><layer nodetype="grouplayer"><layers>
<layer nodetype="paintlayer"/><layer nodetype="paintlayer"/></layers></layer></layers></IMAGE></DOC>"""


def _planes(mode="RGB", size=(40, 30)):
    pixels = np.asarray(drawn(size, mode))
    return [pixels[..., channel] for channel in range(pixels.shape[2])] if pixels.ndim == 3 else [pixels]


@pytest.mark.parametrize("long", [False, True], ids=["PSD", "PSB"])
@pytest.mark.parametrize("packed", [False, True], ids=["raw", "packbits"])
@pytest.mark.parametrize("depth", [8, 16])
def test_the_merged_picture_comes_back_pixel_for_pixel(long, packed, depth):
    planes = [plane.astype(np.uint16) << (depth - 8) for plane in _planes()]
    data = psd(planes, depth=depth, long=long, packed=packed, layers=[0, 3, 0, 0, 1])
    assert photoshop.sniff(source(data)) == "image/vnd.adobe.photoshop"
    (item,) = extracted(photoshop, data)
    assert item.fields["pixel_sha256"] == picture.pixel_sha256(drawn((40, 30)))
    assert item.fields["rendition"] == "merged-srgb8-png-v1"
    assert item.fields["original_bit_depth"] == depth


def test_groups_and_their_ends_are_not_layers():
    assert extracted(photoshop, psd(_planes(), layers=[0, 3, 0, 0, 1, 2]))[0].fields["layers"] == 3
    assert extracted(photoshop, psd(_planes()))[0].fields["layers"] == 0


def test_the_colour_modes_of_photoshop_become_rgb_or_grey():
    grey = _planes("L")
    assert np.array_equal(np.asarray(payload(extracted(photoshop, psd(grey, 1))[0])), grey[0])
    palette = bytes(range(256)) + bytes(reversed(range(256))) + bytes(256)
    (item,) = extracted(photoshop, psd(grey, 2, palette=palette))
    assert payload(item).getpixel((39, 0)) == (grey[0][0, 39], 255 - grey[0][0, 39], 0)
    ink = [np.full((4, 4), value, np.uint8) for value in (255, 0, 0, 255)]  # no cyan; all magenta and yellow; no black
    assert payload(extracted(photoshop, psd(ink, 4))[0]).getpixel((0, 0)) == (255, 0, 0)
    lab = [np.full((4, 4), value, np.uint8) for value in (255, 128, 128)]
    assert min(payload(extracted(photoshop, psd(lab, 9))[0]).getpixel((0, 0))) >= 254
    bits = [np.array([[0b10100000], [0b01000000]], np.uint8)]
    data = bytearray(psd(bits, 0, depth=1, packed=False))
    data[18:22] = (3).to_bytes(4, "big")  # three pixels to the row, in one byte
    assert np.asarray(payload(extracted(photoshop, bytes(data))[0])).tolist() == [[0, 255, 0], [255, 0, 255]]


def test_the_white_that_photoshop_mixes_into_transparency_is_taken_out():
    colour = np.array([[[200, 100, 0], [10, 20, 30]]], float)
    alpha = np.array([[128, 255]], float)
    stored = 255 - (255 - colour) * alpha[..., None] / 255
    planes = [np.round(stored[..., channel]).astype(np.uint8) for channel in range(3)] + [alpha.astype(np.uint8)]
    image = payload(extracted(photoshop, psd(planes, layers=[0], alpha=True))[0])
    assert image.mode == "RGBA"
    assert np.abs(np.asarray(image)[0, :, :3].astype(int) - colour[0]).max() <= 1
    assert np.asarray(image)[0, :, 3].tolist() == [128, 255]


def test_an_extra_channel_without_transparency_is_a_saved_selection_and_not_alpha():
    image = payload(extracted(photoshop, psd([*_planes(), np.zeros((30, 40), np.uint8)], layers=[0]))[0])
    assert image.mode == "RGB"


def test_the_profile_of_a_photoshop_file_is_applied():
    red = [np.full((4, 4), value, np.uint8) for value in (255, 0, 0)]
    red_value, green, _ = payload(extracted(photoshop, psd(red, icc=swapped_profile()))[0]).getpixel((0, 0))
    assert green > 240 > 80 > red_value


def test_a_document_without_a_real_merged_picture_is_composited_from_its_layers():
    psd_tools = pytest.importorskip("psd_tools")
    document = psd_tools.PSDImage.new("RGB", (40, 30))
    document.create_pixel_layer(drawn((40, 30)), name="paint")
    held = io.BytesIO()
    document.save(held)
    (item,) = extracted(photoshop, held.getvalue())
    assert item.fields["rendition"] == "merged-srgb8-png-v1"
    (item,) = extracted(photoshop, _unreal(held.getvalue()))
    assert item.fields["rendition"] == "composited-srgb8-png-v1"
    assert item.fields["layers"] == 1
    assert item.fields["pixel_sha256"] == picture.pixel_sha256(drawn((40, 30)))


def _unreal(data: bytes) -> bytes:
    """Append to the image resources a version info that denies the merged picture."""
    start = 26 + 4 + int.from_bytes(data[26:30], "big")
    length = int.from_bytes(data[start : start + 4], "big")
    end = start + 4 + length
    # Version 1, no real merged data, writer and reader unnamed, file version 1; padded to an even length.
    info = b"\0\0\0\1" + b"\0" + b"\0\0\0\0" * 2 + b"\0\0\0\1"
    block = b"8BIM" + (1057).to_bytes(2, "big") + b"\0\0" + len(info).to_bytes(4, "big") + info + b"\0"
    return data[:start] + (length + len(block)).to_bytes(4, "big") + data[start + 4 : end] + block + data[end:]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_photoshop_file_cut_short_is_truncated(share):
    data = psd(_planes(size=(90, 80)), layers=[0, 0, 0], packed=False)
    with pytest.raises(Quarantined) as caught:
        extracted(photoshop, data[: int(len(data) * share)])
    assert caught.value.cause is Cause.TRUNCATED


def test_lengths_that_lie_allocate_nothing():
    data = bytearray(psd(_planes(), layers=[0]))
    data[26:30] = b"\xff\xff\xff\xf0"  # four gigabytes of palette
    with pytest.raises(Quarantined) as caught:
        extracted(photoshop, bytes(data))
    assert caught.value.cause is Cause.TRUNCATED


def test_a_photoshop_header_may_not_ask_for_more_pixels_than_the_cap():
    with pytest.raises(Quarantined) as caught:
        extracted(photoshop, psd(_planes()), options=Options(max_pixels=1199))
    assert caught.value.cause is Cause.BOMB
    assert len(extracted(photoshop, psd(_planes()), options=Options(max_pixels=1200))) == 1


def test_a_krita_document_is_its_merged_picture_with_the_layers_counted():
    members = {
        "maindoc.xml": KRITA_LAYERS,
        "preview.png": saved(drawn((8, 6)), "PNG"),
        "mergedimage.png": saved(drawn(), "PNG"),
    }
    data = layered(KRITA, members)
    assert documents.sniff(source(data)) == KRITA
    (item,) = extracted(documents, data)
    assert item.fields["pixel_sha256"] == picture.pixel_sha256(drawn())
    assert (item.fields["rendition"], item.fields["layers"]) == ("merged-srgb8-png-v1", 2)


def test_an_openraster_document_with_a_thumbnail_only_says_that_it_is_the_preview():
    stack = b"<image><stack><layer/><stack><layer/><layer/></stack></stack></image>"
    data = layered(OPENRASTER, {"stack.xml": stack, "Thumbnails/thumbnail.png": saved(drawn((8, 6)), "PNG")})
    assert documents.sniff(source(data)) == OPENRASTER
    (item,) = extracted(documents, data)
    assert (item.fields["rendition"], item.fields["layers"], item.fields["width"]) == ("preview-srgb8-png-v1", 3, 8)


def test_a_plain_zip_and_another_document_are_not_ours():
    assert documents.sniff(source(layered("application/epub+zip", {}))) is None
    assert documents.sniff(source(layered("x", {}).replace(b"mimetype", b"mimetypo"))) is None


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ({"maindoc.xml": KRITA_LAYERS}, Cause.UNSUPPORTED),
        ({"mergedimage.png": saved(drawn(), "PNG")[:120]}, Cause.TRUNCATED),
        ({"mergedimage.png": b"\x89PNG\r\n\x1a\n" + b"\0" * (32 << 20)}, Cause.BOMB),
        ({"../mergedimage.png": b"x"}, Cause.UNSAFE),
        (
            {"maindoc.xml": b'<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', "mergedimage.png": saved(drawn(), "PNG")},
            Cause.UNSAFE,
        ),
    ],
)
def test_a_hostile_document_is_refused_with_its_cause(members, cause):
    with pytest.raises(Quarantined) as caught:
        extracted(documents, layered(KRITA, members))
    assert caught.value.cause is cause
