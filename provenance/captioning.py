"""Which captions may go with their pictures: nothing derived is wider than what it was taken from (RIGHTS.md 3.6).

A caption that was taken from an item, or from a file of the archive, is handed on only while that is cleared for the
same policy. A picture whose holder allows no caption gets none.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from provenance.admit import Admission
from provenance.judgement import decide_assets
from provenance.rights.gate import Verdict
from provenance.rights.statement import Alteration
from provenance.training.captions import Captions

NO_CAPTION = Alteration.NO_CAPTION.value


@dataclass(frozen=True)
class Standing:
    """captions: those that may be handed on. withheld: how many may not, by reason; named: the first of them, index row
    and reasons. until: the first day on which a file that they were taken from is decided otherwise. credits: what the
    licences of these files ask for, with the number of captions.
    """

    captions: Captions
    withheld: Mapping[str, int] = field(default_factory=dict)
    named: tuple[int, str] | None = None
    until: dt.date | None = None
    credits: Mapping[str, int] = field(default_factory=dict)


def standing(admission: Admission, captions: Captions) -> Standing:
    """Return which captions stand under an admission. TamperError kinds."""
    verdicts = admission.verdicts
    files = set(captions.asset[captions.asset >= 0].tolist())
    on_file = decide_assets(
        admission.dataset, admission.version, admission.book.state, admission.policy, admission.moment.date(), files
    )
    stands = np.ones(len(captions), bool)
    withheld, credits = Counter[str](), Counter[str]()
    named: tuple[int, str] | None = None
    for at, (row, script, asset) in enumerate(
        zip(captions.row.tolist(), captions.script.tolist(), captions.asset.tolist(), strict=True)
    ):
        parents = [verdicts.verdicts[int(verdicts.of_item[script])]] if script >= 0 else []
        parents += [on_file[asset]] if asset >= 0 else []
        why = _why(admission, row, parents)
        if why:
            stands[at] = False
            withheld[why[0]] += 1
            named = named or (row, ", ".join(why))
        elif asset >= 0:
            credits.update(dict.fromkeys(on_file[asset].credits, 1))
    days = [verdict.valid_until for verdict in on_file.values() if verdict.valid_until is not None]
    return Standing(captions.take(stands), dict(withheld.most_common()), named, min(days, default=None), dict(credits))


def _why(admission: Admission, row: int, parents: list[Verdict]) -> list[str]:
    if Alteration.NO_CAPTION in admission.limits(row):
        return [NO_CAPTION]
    return list(dict.fromkeys(reason.value for parent in parents for reason in parent.reasons))
