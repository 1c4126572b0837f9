"""The report in a real browser: nothing from outside becomes markup, nothing is loaded, any screen or paper will do."""

from __future__ import annotations

import base64
import html.parser
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus_builds import once
from hostile_studio import MARKUP, hostile, orders
from PIL import Image
from studio import TODAY, Studio

from provenance import audit as verb
from provenance import release
from provenance.model.words import Use
from provenance.reports import forms
from provenance.rights.policy import Policy

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

BROWSER = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
DRIVER = shutil.which("chromedriver")
SCREENS = [(1280, False), (1280, True), (390, False), (390, True)]


class Browser:
    """Chromium without a window; it notes every complaint and every request."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for each in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
            options.add_argument(f"--{each}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(executable_path=DRIVER)
        self.driver = webdriver.Chrome(options=options, service=service)

    def open(self, page: Path, width: int = 1280, dark: bool = False, scripts: bool = True) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme, still])
        self.tell("Emulation.setScriptExecutionDisabled", value=not scripts)
        phone = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 640}
        self.tell("Emulation.setDeviceMetricsOverride", **phone)
        self.driver.get_log("browser"), self.driver.get_log("performance")
        self.driver.get(page.as_uri())

    def tell(self, command: str, **told: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, told)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        told = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [e["params"]["request"]["url"] for e in told if e["method"] == "Network.requestWillBeSent"]

    def screenshot(self) -> Image.Image:
        return Image.open(io.BytesIO(base64.b64decode(self.tell("Page.captureScreenshot")["data"])))

    def printed(self) -> list[str]:
        """The words of each page on paper."""
        import pypdfium2

        data = self.tell("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        with pypdfium2.PdfDocument(base64.b64decode(data)) as document:
            return [each.get_textpage().get_text_bounded() for each in document]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if BROWSER is None or DRIVER is None:
        pytest.skip("no Chromium with its driver (apt-get install chromium chromium-driver)")
    opened = Browser()
    yield opened
    opened.driver.quit()


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
    assert not any(name == "style" for _, attributes in found for name in attributes)
    assert not {"iframe", "object", "embed", "form", "base", "link"} & {tag for tag, _ in found}


def test_the_page_loads_nothing(page: Path) -> None:
    for tag, attributes in tags(page):
        for name in ("src", "href", "srcset", "data", "action"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:image/jpeg;base64,")), (tag, target[:80])
    assert "url(" not in page.read_text("utf-8") and "@import" not in page.read_text("utf-8")


def test_hostile_names_do_not_become_markup_in_a_browser(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.driver.title.startswith("Rights audit")
    seen = browser.driver.page_source
    assert seen.count("<script") == 1
    assert "&lt;script&gt;document.title='owned'&lt;/script&gt;" in seen and MARKUP not in seen
    assert "&lt;img src=x onerror=document.title=1&gt;.png" in seen
    assert "{{ 7*7 }}{% raw %}" in seen
    assert "a/\\u202egnp.exe.png" in seen and "\u202e" not in seen
    assert browser.complaints() == []
    assert {url for url in browser.requests() if not url.startswith("data:image/jpeg")} == {page.as_uri()}


def test_a_script_that_was_smuggled_in_does_not_run(browser: Browser, page: Path, tmp_path: Path) -> None:
    smuggled = tmp_path / "smuggled.html"
    attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    smuggled.write_text(page.read_text("utf-8").replace("<main>", f"<main>{attack}"), "utf-8")
    browser.open(smuggled)
    assert browser.driver.title.startswith("Rights audit")
    assert any("Content Security Policy" in each for each in browser.complaints())


@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_the_page_fits_desk_and_phone_light_and_dark(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.open(page, width, dark)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    drawn = browser.screenshot().convert("RGB")
    assert drawn.size == (width, 900)
    corner = drawn.convert("L").getpixel((3, 3))
    assert isinstance(corner, int) and ((corner < 60) if dark else (corner > 220))
    assert len(drawn.getcolors(1 << 20) or ()) > 50  # there is something on it
    # The answer is on the first screen.
    assert browser.run("return document.querySelector('.verdict').getBoundingClientRect().bottom") < 450


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_their_ground(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    pairs = browser.run(
        """function lum(text) {
             var part = text.match(/[0-9.]+/g).slice(0, 3).map(function (c) {
               c = c / 255; return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4); });
             return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; }
           function ground(node) {
             for (; node; node = node.parentElement) {
               var colour = getComputedStyle(node).backgroundColor;
               if (!/, 0\\)$/.test(colour)) { return colour; } }
             return 'rgb(255, 255, 255)'; }
           return Array.from(document.querySelectorAll('p, a, td, th, dt, dd, summary, span, h1, h2, h3, li'))
             .filter(function (node) { return node.textContent.trim() && node.checkVisibility(); }).slice(0, 900)
             .map(function (node) {
               var one = lum(getComputedStyle(node).color), other = lum(ground(node));
               return [(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), node.className]; });"""
    )
    assert len(pairs) > 200
    assert [pair for pair in pairs if pair[0] < 4.5] == []


def test_with_scripts_tables_sort_and_are_searched_and_a_figure_opens_its_items(browser: Browser, page: Path) -> None:
    browser.open(page)
    told = browser.run(
        """var table = document.querySelector('#assets table'), rows = table.tBodies[0].rows;
           function names() { return Array.from(rows).map(function (row) { return row.cells[0].textContent; }); }
           var before = names(), head = table.tHead.rows[0].cells[0].querySelector('[role=button]');
           head.click(); var up = names(); head.click(); var down = names();
           var box = document.querySelector('#assets input[type=search]');
           box.value = 'canary-folder'; box.dispatchEvent(new Event('input'));
           var left = Array.from(rows).filter(function (row) { return row.checkVisibility(); }).length;
           return [before.length, up, down, left];"""
    )
    assert told[1] == sorted(told[1], key=str.lower) and told[2] == sorted(told[2], key=str.lower, reverse=True)
    assert 0 < told[3] < told[0]
    assert browser.run("return document.querySelectorAll('details[open]').length") == 0
    browser.run("document.querySelector('.figure.refused a').click()")
    assert browser.run("return document.querySelector(location.hash).open")


@pytest.mark.parametrize("width", [1280, 390])
def test_very_long_names_stay_inside_the_page(browser: Browser, tmp_path: Path, width: int) -> None:
    from provenance.reports.content import Answer, Bar, Bars, Column, Detail, Figure, Form, Part, Report, Section, Table

    long = "averylongnamewithoutanyspace" * 12
    columns = (
        Column("name", "Name", leads="name"),
        Column("path", "Path", Form.CODE),
        Column("n", "Items", Form.COUNT),
    )
    table = Table("things", long, columns, [(long, long, 1234567890)] * 5)
    bars = Bars(long, (Bar(long, "1,234,567 / 1,234,567 / 1,234,567", (Part("cleared", 1.0),), "name"),), ("cleared",))
    detail = Detail("name", long, table, long, 3)
    section = Section("one", long, long, ((long, long),), (bars,), (table,), (), (detail,), (long,))
    figures, answer = (Figure("1,234,567,890", long),), Answer(long, long, ((long, long),))
    report = Report("Title", long, "Private.", False, figures, (section,), {}, answer)
    place = tmp_path / "long.html"
    forms.write(report, "html", place)
    browser.open(place, width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.run("document.querySelectorAll('details').forEach(function (one) { one.open = true; })")
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_the_tab_key_goes_through_the_page_in_its_order(browser: Browser, page: Path) -> None:
    browser.open(page)
    keys = webdriver.Keys.TAB
    places = []
    for _ in range(24):
        webdriver.ActionChains(browser.driver).send_keys(keys).perform()
        places.append(
            browser.run(
                """var at = document.activeElement, box = at.getBoundingClientRect();
                   return [Array.from(document.querySelectorAll('*')).indexOf(at), box.width * box.height];"""
            )
        )
    assert [at for at, _ in places] == sorted({at for at, _ in places}) and all(size > 0 for _, size in places)


def test_each_printed_page_says_who_may_read_it(browser: Browser, page: Path) -> None:
    browser.open(page)
    pages = browser.printed()
    assert len(pages) > 4
    assert all(words.startswith("Rights audit. Private: names people and works") for words in pages)
    assert any("What is not covered" in words for words in pages)


@pytest.fixture(scope="module")
def real(studio_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of the corpus archive and of a release of it."""
    register = studio_archive / "rights/register.csv"
    built = once("corpus", tmp_path_factory, studio_archive / "archive", register)
    places = tmp_path_factory.mktemp("real")
    asked = {"name": "test", "use": Use.AI_GENERATIVE_TRAINING, "purpose": "commercial"}
    undated = Policy(**asked, territories=frozenset({"US"}))  # type: ignore[arg-type]
    release.release(built.dataset, undated, places / "release")
    dated = Policy(**asked, territories=frozenset({"US"}), on=TODAY)  # type: ignore[arg-type]
    pages = {}
    for name, dataset, policy, ledger in (
        ("dataset", built.dataset, dated, None),
        ("release", places / "release", undated, built.dataset),
    ):
        pages[name] = places / f"{name}.html"
        found = verb.audit(dataset, policy, ledger=ledger)
        forms.write(verb.report(found, thumbnails=12, unlocked=True), "html", pages[name])
    return pages


@pytest.mark.parametrize("name", ["dataset", "release"])
def test_the_page_of_the_real_archive_fits_every_screen_and_keeps_to_itself(
    browser: Browser, real: dict[str, Path], name: str
) -> None:
    for width, dark in SCREENS:
        browser.open(real[name], width, dark)
        assert browser.complaints() == []
        assert {url for url in browser.requests() if not url.startswith("data:image/jpeg")} == {real[name].as_uri()}
        assert browser.run("return document.documentElement.scrollWidth") <= width
    told = browser.driver.find_element("css selector", ".verdict").text
    assert re.match(r"Yes for 1\d\d items \(\d\d %" if name == "dataset" else r"Yes, all of them", told)
    broken = browser.run(
        """return Array.from(document.querySelectorAll('a[href^="#"]'))
             .filter(function (a) { return !document.getElementById(a.getAttribute('href').slice(1)); }).length"""
    )
    assert broken == 0


def test_a_long_table_repeats_its_head_on_each_printed_page(browser: Browser, real: dict[str, Path]) -> None:
    browser.open(real["dataset"])
    pages = browser.printed()
    assert 10 < len(pages) < 60
    assert all(words.startswith("Rights audit. Private:") for words in pages)
    # A page that goes on with a list of assets begins with the head of that table.
    assert sum(words.splitlines()[1].startswith("Asset Decision Items") for words in pages) >= 4


def test_without_scripts_all_lists_stand_open_and_short_tables_sort_by_a_choice(
    browser: Browser, real: dict[str, Path]
) -> None:
    browser.open(real["dataset"], scripts=False)
    find = browser.driver.find_elements
    assert len(find("css selector", "details")) == len(find("css selector", "details[open]")) > 5

    def order() -> list[str]:
        rows = find("css selector", "#reasons > .tb tbody tr")
        told = [(row.location["y"], row.find_elements("tag name", "td")[2].text) for row in rows if row.is_displayed()]
        return [items for _, items in sorted(told)]

    before = order()
    browser.driver.find_element("css selector", "#reasons > .tb .s2").click()
    after = order()
    assert after == sorted(before, key=lambda text: -int(text.replace(",", ""))) and len(after) > 15
    # The sum stays at the end.
    rows = find("css selector", "#reasons > .tb tr")
    assert max(rows, key=lambda row: row.location["y"]).text.startswith("total")
