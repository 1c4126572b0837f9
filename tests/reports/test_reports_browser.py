"""The report in a real browser: nothing from outside becomes markup, nothing is loaded, any screen will do."""

from __future__ import annotations

import html.parser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hostile_studio import MARKUP, hostile, orders
from PIL import Image
from studio import Studio

from provenance import audit as verb
from provenance.reports import forms

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium (apt-get install chromium)")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = hostile(tmp_path_factory.mktemp("browser"))
    orders(made)
    return made


@pytest.fixture(scope="module")
def page(studio: Studio) -> Path:
    report = verb.report(verb.audit(studio.dataset, studio.policy()), thumbnails=8, unlocked=True)
    place = studio.home / "report.html"
    forms.write(report, "html", place)
    return place


def browse(tmp_path: Path, page: Path, *options: str) -> str:
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--virtual-time-budget=3000",
            f"--user-data-dir={tmp_path / 'profile'}",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr.decode()[-400:]
    return done.stdout.decode("utf-8", "replace")


class Tags(html.parser.HTMLParser):
    """Notes every element with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(page: Path) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(page.read_text("utf-8"))
    return parser.found


def test_the_page_holds_one_script_of_its_own_and_no_handler(page: Path) -> None:
    found = tags(page)
    assert sum(1 for tag, _ in found if tag == "script") == 1
    assert not any(name.startswith("on") for _, attributes in found for name in attributes)
    assert not {"iframe", "object", "embed", "form", "base", "link"} & {tag for tag, _ in found}


def test_the_page_loads_nothing(page: Path) -> None:
    for tag, attributes in tags(page):
        for name in ("src", "href", "srcset", "data", "action"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:image/jpeg;base64,")), (tag, target[:80])
    assert "url(" not in page.read_text("utf-8") and "@import" not in page.read_text("utf-8")


@needs_browser
def test_hostile_names_do_not_become_markup_in_a_browser(page: Path, tmp_path: Path) -> None:
    seen = browse(tmp_path, page, "--dump-dom")
    title = re.search("<title>(.*?)</title>", seen, re.DOTALL)
    assert title is not None and title[1].startswith("Rights audit")
    assert seen.count("<script") == 1
    assert "&lt;script&gt;document.title='owned'&lt;/script&gt;" in seen and MARKUP not in seen
    assert "&lt;img src=x onerror=document.title=1&gt;.png" in seen
    assert "{{ 7*7 }}{% raw %}" in seen
    assert "a/\\u202egnp.exe.png" in seen and "\u202e" not in seen


@needs_browser
def test_the_script_of_the_page_runs_under_its_own_policy(page: Path, tmp_path: Path) -> None:
    seen = browse(tmp_path, page, "--dump-dom")
    assert re.search(r'<html[^>]*class="js"', seen)
    assert 'type="search"' in seen


@needs_browser
def test_a_script_that_was_smuggled_in_does_not_run(page: Path, tmp_path: Path) -> None:
    smuggled = tmp_path / "smuggled.html"
    attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    smuggled.write_text(page.read_text("utf-8").replace("<main>", f"<main>{attack}"), "utf-8")
    seen = browse(tmp_path, smuggled, "--dump-dom")
    assert "<title>Rights audit" in seen


@needs_browser
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (500, False), (500, True)])
def test_the_page_is_drawn_at_desk_and_phone_width_light_and_dark(
    page: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    place = tmp_path / "seen.png"
    options = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    browse(tmp_path, page, f"--window-size={width},900", f"--screenshot={place}", *options)
    with Image.open(place) as image:
        assert image.size == (width, 900)
        corner = image.convert("L").getpixel((3, 3))
        assert isinstance(corner, int) and ((corner < 60) if dark else (corner > 220))
        assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 50  # there is something on it


@needs_browser
def test_the_page_prints_with_its_details_open(page: Path, tmp_path: Path) -> None:
    import pypdfium2

    place = tmp_path / "report.pdf"
    browse(tmp_path, page, f"--print-to-pdf={place}", "--no-pdf-header-footer")
    with pypdfium2.PdfDocument(place) as document:
        words = "".join(each.get_textpage().get_text_bounded() for each in document)
    assert "What is not covered" in words
    assert "The rights desk" in words or "signed ledger" in words or "twin" in words
