"""A rights desk's day: sheets, previews, orders, replays, timelines. Each acts on a dataset that was really built."""

from __future__ import annotations

import datetime as dt
import io
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from studio import Studio, picture, small

from provenance import cli, rightsdesk, whatif
from provenance.model import clock
from provenance.model.errors import InputError, StaleLedgerError
from provenance.model.words import Use
from provenance.rights.ledger import Import
from provenance.rights.policy import Policy
from provenance.rights.reasons import Decision
from provenance.rights.selector import Selector
from provenance.rights.statement import Alteration, Basis, Duty, DutyKind, RightsStatement
from provenance.rights.territory import Geography

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    # A home of its own: one of these tests is in the future, and a trust file remembers the latest moment seen.
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    made = small(tmp_path)
    made.build()
    return made


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = cli.run([str(word) for word in words])
    return code, capsys.readouterr().out


def test_an_import_shows_what_it_would_flip_before_it_is_signed(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.records[1]["end"] = "2031-12-31"
    studio.records[0]["uses_refused"] = "ai_generative_training"
    studio.records[0]["uses_allowed"] = "evaluation"
    sheet = studio.write_register()
    code, out = run(capsys, "rights", "import", studio.dataset, sheet, *ASK, "--yes", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["sheets"][0]["changed"] == ["R-001", "R-002"]
    assert (told["difference"]["newly_cleared"], told["difference"]["newly_refused"]) == (1, 6)
    assert told["difference"]["flips"][0]["reason"] == "use-refused"
    assert studio.verdicts()["art/stock/a.jpg"].decision == "cleared"


def test_a_bad_sheet_imports_nothing(studio: Studio) -> None:
    studio.records[0]["end"] = "tomorrow"
    desk = rightsdesk.open_desk(studio.dataset)
    with pytest.raises(InputError, match="end"):
        rightsdesk.proposed(desk.book, [studio.write_register()])
    assert len(rightsdesk.open_desk(studio.dataset).book.entries) == 1


def test_every_row_of_the_bad_register_is_complained_of_by_line_and_column(corpus: Path, tmp_path: Path) -> None:
    import csv

    with open(corpus / "rights_register_bad.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    at = rows[0].index("mistake")
    sheet = tmp_path / "bad.csv"
    with open(sheet, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row[:at] for row in rows])
    complaints, statements = rightsdesk.lint(sheet)
    assert statements is None
    assert {each["where"] for each in complaints} == {f"bad.csv:{line}" for line in range(2, 27)}


def test_a_revocation_outlives_the_register_that_calls_it_active(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--statement", "R-001", "--effective", "2026-11-01", "--by", "A. Clerk", "--why", "letter"]
    code, out = run(capsys, "rights", "revoke", studio.dataset, *words)
    assert code == 0
    assert "revoked R-001 from 2026-11-01 on, by A. Clerk: letter" in out
    assert studio.verdicts()["art/owned/00.png"].reasons == ("revoked",)
    report = studio.build()
    assert studio.verdicts()["art/owned/00.png"].reasons == ("revoked",)
    assert report.version in (1, 2)


def test_a_hold_stops_and_a_waiver_lifts_until_its_day(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "rights", "hold", studio.dataset, "--path", "scripts/**", "--by", "legal", "--why", "claim 12")
    assert studio.verdicts()["scripts/lantern.fountain"].reasons == ("on-hold",)
    words = [
        "--path",
        "scripts/**",
        "--reason",
        "on-hold",
        "--until",
        "2026-11-30",
        "--by",
        "legal",
        "--why",
        "settled",
    ]
    run(capsys, "rights", "waive", studio.dataset, *words)
    assert studio.verdicts()["scripts/lantern.fountain"].decision == "cleared"
    later = studio.verdicts(on=dt.date(2026, 12, 1))
    assert later["scripts/lantern.fountain"].reasons == ("on-hold",)


def test_a_waiver_without_reasons_that_exist_is_refused(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--path", "**", "--reason", "no-record", "--until", "2027-01-01", "--by", "x", "--why", "y"]
    assert run(capsys, "rights", "waive", studio.dataset, *words)[0] == 2
    assert len(rightsdesk.open_desk(studio.dataset).book.entries) == 1


def test_what_was_known_then_can_be_replayed(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = clock.now() + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    words = ["--statement", "R-003", "--effective", "2026-01-01", "--by", "b", "--why", "w"]
    run(capsys, "rights", "revoke", studio.dataset, *words)
    path = "scripts/lantern.fountain"
    _, now = run(capsys, "explain", studio.dataset, path, *ASK, "--json")
    as_of = (tomorrow - dt.timedelta(days=1)).date()
    _, then = run(capsys, "explain", studio.dataset, path, *ASK, "--as-of", as_of, "--json")
    assert json.loads(now)["verdicts"][0]["reasons"] == ["revoked"]
    assert json.loads(then)["verdicts"][0]["decision"] == "cleared"


def test_past_the_heads_valid_until_there_is_no_admission_until_it_is_renewed(
    studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = clock.now() + dt.timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(StaleLedgerError):
        studio.admit()
    run(capsys, "rights", "renew", studio.dataset, "--by", "A. Clerk")
    assert studio.admit().by_decision()[Decision.CLEARED] == 9


def test_the_log_says_who_did_what_and_why(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "rights", "hold", studio.dataset, "--work", "The Lantern", "--by", "legal", "--why", "inquiry")
    _, out = run(capsys, "rights", "log", studio.dataset)
    assert "register.csv: 3 added" in out
    assert "H-2 holds work The Lantern, by legal: inquiry" in out


def test_a_difference_between_policies_names_reason_and_work(studio: Studio) -> None:
    desk = rightsdesk.open_desk(studio.dataset)
    before = studio.policy(on=dt.date(2026, 6, 30))
    found = whatif.between(desk, desk.book.state, before, desk.book.state, studio.policy())
    assert [(flip.reason, flip.work, flip.items) for flip in found.flips] == [("expired", "The Lantern", 1)]


def film(seconds: int = 4, rate: int = 8) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(seconds * rate):
            pixels = np.full((64, 96, 3), number * 5 % 256, np.uint8)
            pixels[:, : 1 + number * 2] = (200, number * 3 % 256, 40)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out.getvalue()


EDL = """TITLE: FILM
FCM: NON-DROP FRAME

001  AX       V     C        00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00
* FROM CLIP NAME: ours.png
002  AX       V     C        00:00:00:00 00:00:02:00 00:00:02:00 00:00:04:00
* FROM CLIP NAME: stock.png
"""


def test_a_statement_on_a_source_clip_becomes_a_time_range_on_the_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studio = Studio(tmp_path)
    studio.add("cut/film.mp4", film())
    studio.add("src/ours.png", picture(1))
    studio.add("src/stock.png", picture(2))
    studio.record("cut/film.mp4")
    studio.record("src/ours.png")
    studio.record("src/stock.png", basis="license", license="LicenseRef-S", end="2026-06-30")
    studio.build()
    assert studio.verdicts()["cut/film.mp4"].decision == "cleared"
    (tmp_path / "cut.edl").write_text(EDL)
    words = [tmp_path / "cut.edl", "--onto", "cut/film.mp4", "--rate", "8", "--yes", *ASK]
    code, out = run(capsys, "rights", "project", studio.dataset, *words, "--begins", "00:00:00:00")
    assert code == 0, out
    verdicts = studio.admit().verdicts
    decisions = [verdicts.verdicts[number].decision.value for number in verdicts.of_item]
    # Art comes before frames in the index: the two sources, then the film second by second.
    assert decisions == ["cleared", "refused", "cleared", "cleared", "refused", "refused"]


def test_without_the_cuts_first_timecode_a_restricted_source_restricts_the_whole_cut(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.add("cut/film.mp4", film(2))
    studio.add("src/stock.png", picture(2))
    studio.record("cut/film.mp4")
    studio.record("src/stock.png", basis="license", license="LicenseRef-S", end="2026-06-30")
    studio.build()
    (tmp_path / "cut.edl").write_text(EDL)
    desk = rightsdesk.open_desk(studio.dataset)
    found = rightsdesk.project(desk, tmp_path / "cut.edl", "cut/film.mp4", Fraction(8))
    assert found.unknown == ("ours.png",)
    rightsdesk.append(desk.store, desk.dataset.id, desk.book, [found.body], desk.moment)
    assert studio.verdicts()["cut/film.mp4"].reasons == ("expired",)


def test_a_permission_inside_a_file_counts_only_where_the_policy_says_so(tmp_path: Path) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:cc="http://creativecommons.org/ns#">'
        '<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    info, out = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_itxt("XML:com.adobe.xmp", packet)
    Image.open(io.BytesIO(picture(3))).save(out, "PNG", pnginfo=info)
    studio = Studio(tmp_path)
    studio.add("found/a.png", out.getvalue())
    studio.record("elsewhere/**")
    studio.build()
    assert studio.verdicts()["found/a.png"].reasons == ("no-record",)
    trusting: Policy = studio.policy(in_file_permissions=frozenset({"cc:license"}))
    assert trusting.in_file_permissions
    assert studio.verdicts(in_file_permissions=frozenset({"cc:license"}))["found/a.png"].decision == "cleared"


def test_duties_and_limits_on_alteration_travel_with_the_admission(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.add("art/a.png", picture(1))
    studio.record("elsewhere/**")
    studio.build()
    desk = rightsdesk.open_desk(studio.dataset)
    statement = RightsStatement(
        id="P-1",
        source="manifest.yaml:3",
        applies_to=Selector(path="art/**"),
        basis=Basis.LICENSE,
        license="LicenseRef-Painter",
        allowed=frozenset({Use.AI_GENERATIVE_TRAINING}),
        territory=Geography(frozenset({"worldwide"})),
        alteration=frozenset({Alteration.NO_CROP}),
        duties=(Duty(DutyKind.NOTIFY, "tell the painter"),),
        credit="A. Painter",
    )
    body = Import(source="manifest.yaml", sha256="0" * 64, by="test", added=(statement,))
    rightsdesk.append(desk.store, desk.dataset.id, desk.book, [body], desk.moment)
    admission = studio.admit()
    assert admission.conditions() == {"credit": 1, "notify": 1, "no-crop": 1}
    assert admission.limits(0) == (Alteration.NO_CROP,)
