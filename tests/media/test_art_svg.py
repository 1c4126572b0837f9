"""SVG: drawn at its natural size, nothing followed, nothing executed, and the absence of text said."""

from __future__ import annotations

import base64

import pytest
from art_samples import drawn, extracted, payload, saved, source

from provenance.media import svg
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

pytest.importorskip("resvg_py")

RED = '<rect width="10" height="20" fill="#ff0000"/>'


def _svg(body: str, attributes: str = 'width="10" height="20"', before: str = "") -> bytes:
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{before}<svg {spaces} {attributes}>{body}</svg>".encode()


def test_a_drawing_has_its_natural_size_and_its_colours():
    (item,) = extracted(svg, _svg(RED))
    assert payload(item).size == (10, 20)
    assert payload(item).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert (item.fields["rendition"], item.fields["original_color_space"]) == ("resvg-srgb8-png-v1", "vector")


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="1in" height="72pt"', (96, 96)),
        ('width="2.54cm" height="25.4mm"', (96, 96)),
        ('viewBox="0 0 30 40"', (30, 40)),
        ('width="50%" height="100%" viewBox="0,0,30,40"', (15, 40)),
        ('width="3" height="2em"', (3, 32)),
    ],
)
def test_the_size_that_is_checked_is_the_size_that_is_drawn(attributes, size):
    data = _svg(RED, attributes)
    (item,) = extracted(svg, data, options=Options(max_pixels=size[0] * size[1]))
    assert payload(item).size == size
    with pytest.raises(Quarantined) as caught:
        extracted(svg, data, options=Options(max_pixels=size[0] * size[1] - 1))
    assert caught.value.cause is Cause.BOMB


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        '<?xml version="1.0"?>\n<!-- drawn by hand -->\n',
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">\n',
    ],
)
def test_a_drawing_is_known_by_its_root_element(before):
    data = _svg(RED, before=before)
    assert svg.sniff(source(data)) == "image/svg+xml"
    assert len(extracted(svg, data)) == 1


def test_html_with_a_drawing_inside_and_other_xml_are_not_drawings():
    for data in (b"<html><svg></svg></html>", b"<FinalDraft/>", b"<!-- <svg > --><x/>", b"<svgx/>"):
        assert svg.sniff(source(data)) is None


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<g><script href="#a"/></g>',
        '<rect onload="alert(1)"/>',
        '<image xlink:href="file:///etc/passwd"/>',
        '<image href="/etc/passwd"/>',
        '<image href="\\\\server\\share\\x.png"/>',
        '<image xlink:href=" http://127.0.0.1:9/x.png"/>',
        '<use href="https://example.org/a.svg#b"/>',
        '<rect fill="url(http://example.org/a#b)"/>',
        '<rect style="fill:url(file:///etc/passwd)"/>',
        "<style>@import url(https://example.org/a.css);</style>",
        "<style>@import 'https://example.org/a.css';</style>",
        '<feImage href="ftp://example.org/a.png"/>',
    ],
)
def test_what_is_active_or_reaches_outside_is_unsafe(body):
    with pytest.raises(Quarantined) as caught:
        extracted(svg, _svg(RED + body))
    assert caught.value.cause is Cause.UNSAFE


def test_entities_are_unsafe_before_they_are_expanded():
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    for declared in (laughs, '<!ENTITY e1 SYSTEM "file:///etc/passwd">'):
        with pytest.raises(Quarantined) as caught:
            extracted(svg, _svg("<desc>&e1;</desc>", before=f'<!DOCTYPE svg [<!ENTITY e0 "ha">{declared}]>'))
        assert caught.value.cause is Cause.UNSAFE


def test_a_relative_link_is_not_followed_even_when_the_picture_is_there(tmp_path, monkeypatch):
    (tmp_path / "page.png").write_bytes(saved(drawn((10, 20)), "PNG"))
    monkeypatch.chdir(tmp_path)
    (item,) = extracted(svg, _svg('<image xlink:href="page.png" width="10" height="20"/>'))
    assert payload(item).getextrema()[3] == (0, 0)


def test_links_that_nothing_follows_do_no_harm():
    body = (
        '<a xlink:href="https://example.org/">'
        + RED
        + '</a><metadata><r xmlns="urn:x" href="https://e.org/"/></metadata>'
    )
    assert len(extracted(svg, _svg(body))) == 1


def test_an_embedded_picture_is_drawn_and_an_embedded_drawing_is_left_out():
    png = base64.b64encode(saved(drawn((10, 20)), "PNG")).decode()
    (item,) = extracted(svg, _svg(f'<image href="data:image/png;base64,{png}" width="10" height="20"/>'))
    assert payload(item).getextrema()[-1] != (0, 0)
    inner = base64.b64encode(_svg('<image href="/etc/passwd"/>' + RED)).decode()
    (item,) = extracted(svg, _svg(f'<image href="data:image/svg+xml;base64,{inner}" width="10" height="20"/>'))
    assert payload(item).getextrema()[3] == (0, 0)


@pytest.mark.parametrize("text", ["<text y='9'>Hello</text>", "<flowRoot><flowPara>Hello</flowPara></flowRoot>"])
def test_a_drawing_with_text_says_that_its_text_is_not_drawn(text):
    (item,) = extracted(svg, _svg(RED + text))
    assert item.fields["rendition"] == "resvg-text-not-drawn-srgb8-png-v1"
    assert item.fields["pixel_sha256"] == extracted(svg, _svg(RED))[0].fields["pixel_sha256"]


def test_a_drawing_that_repeats_itself_without_end_is_a_bomb():
    levels = "".join(f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, 9))
    circle = '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'
    for body in (f'<g id="l0">{RED}</g>{levels}', circle, "<g>" * 300 + "</g>" * 300):
        with pytest.raises(Quarantined) as caught:
            extracted(svg, _svg(body))
        assert caught.value.cause is Cause.BOMB


@pytest.mark.parametrize("attributes", ['width="1e12" height="5"', 'width="99999" height="99999"'])
def test_a_canvas_without_measure_is_a_bomb(attributes):
    with pytest.raises(Quarantined) as caught:
        extracted(svg, _svg(RED, attributes))
    assert caught.value.cause is Cause.BOMB


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (_svg(RED)[:-5], Cause.DAMAGED),
        (_svg(RED, 'width="wide" height="5"'), Cause.DAMAGED),
        (_svg(RED, 'width="0" height="5"'), Cause.DAMAGED),
    ],
)
def test_a_broken_drawing_is_damaged(data, cause):
    with pytest.raises(Quarantined) as caught:
        extracted(svg, data)
    assert caught.value.cause is cause


def test_a_drawing_larger_than_the_text_cap_is_a_bomb():
    with pytest.raises(Quarantined) as caught:
        extracted(svg, _svg(RED), options=Options(max_text_bytes=50))
    assert caught.value.cause is Cause.BOMB
