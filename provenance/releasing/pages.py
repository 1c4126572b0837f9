"""The pages of a release: its credits, and the card of one that is no dataset."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from typing import Any

from provenance.dataset import card as cards
from provenance.exports import Form
from provenance.model import clock
from provenance.model.names import display
from provenance.model.words import Kind


def attributions(credits: Mapping[str, int], archive: str) -> bytes:
    """Return the page of the credits that licences ask for, UTF-8."""
    lines = [f"- {_quoted(credit)} ({count} items)" for credit, count in sorted(credits.items())]
    title = f"# Attribution\n\nCredits that the licences of this material ask for. Archive: {_quoted(archive)}.\n\n"
    return (title + ("\n".join(lines) or "No licence of what is in here asks for a credit.") + "\n").encode()


def card(
    form: Form,
    told: Mapping[str, Any],
    name: str,
    archive: str,
    items: Mapping[str, int],
    media: Mapping[Kind, Collection[str]],
    at: dt.datetime,
) -> bytes:
    """Return the card of a release that is no dataset. media: the media types there are, by kind."""
    words = cards.release_words(told)
    loads = [Kind(kind) for kind in items if kind in form.LOADS]
    lines = ["---", "license: other", "license_name: see-the-ledger", "tags:", "- provenance"]
    features = {kind: form.features(kind, media[kind], "captions" in told) for kind in loads}
    known = [{"config_name": kind.value, "features": found} for kind, found in features.items() if found is not None]
    lines += [f"dataset_info: {json.dumps(known)}"] if known else []
    lines += ["configs:"] if loads else ["configs: []"]
    for kind in loads:
        path = json.dumps(form.PATTERN.format(kind=kind))
        lines += [f"- config_name: {kind}", "  data_files:", "  - split: train", f"    path: {path}"]
    body = [
        "---",
        "",
        f"# Release {_quoted(name)}",
        "",
        f"Signed {clock.stamp(at)}: a copy of the items of the archive {_quoted(archive)} that the rights ledger",
        f"cleared for {words['use']}, {words['purpose']} purposes, in {words['territories']}, on {words['decided']}.",
        f"Good until {words['until']}. Items: {', '.join(f'{count} {kind}' for kind, count in items.items())}.",
        words["captions"],
        "",
        "Credits that must be given stand in ATTRIBUTION.md. `provenance verify RELEASE` checks every file.",
    ]
    if loads:
        body += ["", "To look at the rows:", "", f'    datasets.load_dataset("RELEASE", "{loads[0]}")']
    body += ["", form.HOW] if form.HOW else []
    return ("\n".join([*lines, *body]) + "\n").encode()


def _quoted(text: str) -> str:
    """Return any text as one span of code: names and credits are not ours and must not become markup."""
    return "`" + display(text.encode("utf-8", "surrogatepass")).replace("`", "'") + "`"
