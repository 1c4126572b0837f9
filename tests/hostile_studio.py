"""A studio whose names, titles and metadata attack whoever reads a report, and carry secrets that must not get out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from PIL.PngImagePlugin import PngInfo
from studio import Studio, picture

from provenance import rightsdesk
from provenance.rights.decisions import Hold, Waiver
from provenance.rights.ledger import PutOnHold, Revoke, Waive
from provenance.rights.reasons import Reason
from provenance.rights.selector import Selector

# Each in another place: a title, a holder, an agreement, a remark, a path, a picture's metadata, who signed, why.
CANARIES = (
    "Canary Title",
    "Canary Holder",
    "Canary Agreement",
    "Canary Remark",
    "canary-folder",
    "canary@mail.example",
    "Canary Signer",
    "Canary Why",
    "LicenseRef-Canary",
    "Canary Credit",
    "canary-record",
)

MARKUP = "<script>document.title='owned'</script>"
ATTRIBUTE = '" onload="document.title=1" x="'
FORMULA = '=HYPERLINK("evil.example","click").png'
SQL = "x'); DROP TABLE items; --"

# A register refuses formulas; an archive cannot.
PLACES = (
    FORMULA,
    "+1+1.png",
    "@SUM(A1).png",
    "-2+3.png",
    "a/<img src=x onerror=document.title=1>.png",
    "a/sold.png",
    "a/'; DROP TABLE items; --.png",
    "a/{{ 7*7 }}{% raw %}.png",
    'a/" autofocus onfocus=alert(1) x=".png',
    "a/\u202egnp.exe.png",
    "a/new\nline,comma;semicolon\t.png",
)


def hostile(home: Path) -> Studio:
    """Return a built dataset in which every free text is an attack or a secret."""
    studio = Studio(home)
    for number, path in enumerate(PLACES):
        studio.add(path, picture(number))
    studio.add("canary-folder/one.png", picture(40))
    studio.add("canary-folder/two.png", picture(41))
    told = PngInfo()
    told.add_text("Author", "canary@mail.example")
    studio.add("canary-folder/three.png", picture(42, pnginfo=told))
    studio.add("canary-folder/copy of one.png", picture(40))
    studio.add("canary-folder/broken.png", picture(43)[:80])
    studio.record("*.png", work=MARKUP)
    studio.record("a/**", work=MARKUP, rights_holder=MARKUP, agreement=ATTRIBUTE, notes=SQL)
    studio.record("a/sold.png", work=SQL, rights_holder=MARKUP, basis="license", license="CC-BY-4.0", end="2027-01-31")
    told_of = {
        "work": "Canary Title",
        "rights_holder": "Canary Holder",
        "agreement": "Canary Agreement",
        "notes": "Canary Remark",
        "credit": "Canary Credit",
        "basis": "license",
        "license": "LicenseRef-Canary",
        "record_id": "canary-record",
        "end": "2026-12-31",
    }
    studio.record("canary-folder/**", **told_of)
    studio.record("canary-folder/copy of one.png", work="Canary Title", rights_holder="Canary Holder the Second")
    studio.build()
    return studio


def orders(studio: Studio) -> None:
    """Sign a waiver, a hold and a revocation, each with a name and a remark that are nobody else's business."""
    desk = rightsdesk.open_desk(studio.dataset)
    place = Selector(path="canary-folder/two.png")
    by, why = "Canary Signer", "Canary Why"
    bodies = [
        Waive(Waiver("W-canary-record", place, frozenset({Reason.ON_HOLD}), by, why, dt.date(2027, 3, 31))),
        PutOnHold(Hold("H-canary-record", place, by, why)),
        Revoke(by=by, why=why, effective=dt.date(2026, 11, 1), agreement=ATTRIBUTE),
    ]
    rightsdesk.append(desk.store, desk.dataset.id, desk.book, bodies, desk.moment)
