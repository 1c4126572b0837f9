"""Places: where a grant holds, and where a job takes place. ISO 3166-1 alpha-2, ISO 3166-2 subdivisions, worldwide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.rights.codec import DecodeError

WORLDWIDE = "worldwide"

# ISO 3166-1 alpha-2, the officially assigned codes.
COUNTRIES = frozenset(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW""".split()  # noqa: SIM905
)

_SUBDIVISION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}\Z")


def is_place(code: str) -> bool:
    """Return whether a code names a country, or a subdivision of one (its second part is not looked up)."""
    match = _SUBDIVISION.match(code)
    return code in COUNTRIES or (match is not None and match[1] in COUNTRIES)


@dataclass(frozen=True, slots=True)
class Geography:
    """Some places, or `worldwide`, less the excluded ones; no place at all when empty. DecodeError if malformed."""

    places: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name, codes in (("places", self.places - {WORLDWIDE}), ("excluded", self.excluded)):
            for code in sorted(codes):
                if not is_place(code):
                    raise DecodeError(f'"{code}" is not an ISO 3166-1 alpha-2 code', (name,))
        if WORLDWIDE in self.places and len(self.places) > 1:
            raise DecodeError(f'"{WORLDWIDE}" and single places contradict each other', ("places",))
        if self.excluded and not self.places:
            raise DecodeError("excludes places, but names none to exclude them from", ("excluded",))

    def covers(self, place: str) -> bool:
        """Return whether a grant for here holds in all of `place`. An excluded part of it means that it does not."""
        if place == WORLDWIDE:
            return WORLDWIDE in self.places and not self.excluded
        country = place.partition("-")[0]
        if place in self.excluded or country in self.excluded:
            return False
        if place == country and any(code.startswith(f"{country}-") for code in self.excluded):
            return False
        return bool({WORLDWIDE, place, country} & self.places)

    def __str__(self) -> str:
        places = ", ".join(sorted(self.places)) or "nowhere"
        return f"{places} except {', '.join(sorted(self.excluded))}" if self.excluded else places


NOWHERE = Geography()
