"""T17: titles, holders and paths that are HTML, attributes or template code, in pages that people open."""

from __future__ import annotations

import html.parser
from pathlib import Path

import pytest
from hostile_studio import ATTRIBUTE, MARKUP, hostile
from studio import Studio

from provenance import audit as verb
from provenance import impact
from provenance.auditing import consequences
from provenance.auditing.reach import Target, Touch
from provenance.reports import page


class Reader(html.parser.HTMLParser):
    """Notes elements, attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return hostile(tmp_path_factory.mktemp("t17"))


@pytest.fixture(scope="module", params=["audit", "impact"])
def reader(studio: Studio, request: pytest.FixtureRequest) -> Reader:
    if request.param == "audit":
        report = verb.report(verb.audit(studio.dataset, studio.policy()), thumbnails=4, unlocked=True)
    else:
        target = Target(Touch.AGREEMENT, ATTRIBUTE.strip())
        report = consequences.report(impact.impact(studio.dataset, target, studio.policy()))
    made = Reader()
    made.feed(page.render(report).decode("utf-8"))
    return made


def test_nothing_from_outside_becomes_an_element_or_an_attribute(reader: Reader) -> None:
    assert reader.tags.count("script") == 1 and reader.tags.count("style") == 1
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("autofocus", "style")]
    assert all((value or "").startswith("data:image/jpeg") for name, value in reader.attributes if name == "src")


def test_what_was_written_is_read_as_it_was_written(reader: Reader) -> None:
    text = "\n".join(reader.text)
    assert MARKUP in text
    assert "\u202e" not in text


def test_a_path_with_template_code_is_not_run(studio: Studio) -> None:
    made = page.render(verb.report(verb.audit(studio.dataset, studio.policy()), thumbnails=0)).decode()
    assert "{{ 7*7 }}{% raw %}.png" in made and "49{% raw %}" not in made


def test_every_template_of_the_package_escapes(tmp_path: Path) -> None:
    folder = Path(page.__file__).parent / "templates"
    for place in folder.glob("*.j2"):
        assert "|safe" not in place.read_text().replace(" ", ""), place.name
