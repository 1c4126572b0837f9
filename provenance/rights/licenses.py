"""Licence names: SPDX expressions, LicenseRef, and letters that only look like the right ones.

The list holds the SPDX ids met in media, scripts, fonts, data sets and models; another licence is written
`LicenseRef-NAME`, so that a typing error can never pass for a licence nobody knows.
"""

from __future__ import annotations

import difflib
import re
import unicodedata

_CC_PARTS = ("BY", "BY-NC", "BY-NC-ND", "BY-NC-SA", "BY-ND", "BY-SA")
_CC_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
_CC_PORTED = (
    "CC-BY-2.5-AU CC-BY-3.0-AT CC-BY-3.0-AU CC-BY-3.0-DE CC-BY-3.0-IGO CC-BY-3.0-NL CC-BY-3.0-US CC-BY-NC-3.0-DE"
    " CC-BY-NC-ND-3.0-DE CC-BY-NC-ND-3.0-IGO CC-BY-NC-SA-2.0-DE CC-BY-NC-SA-2.0-FR CC-BY-NC-SA-2.0-UK"
    " CC-BY-NC-SA-3.0-DE CC-BY-NC-SA-3.0-IGO CC-BY-ND-3.0-DE CC-BY-SA-2.0-UK CC-BY-SA-2.1-JP CC-BY-SA-3.0-AT"
    " CC-BY-SA-3.0-DE CC-BY-SA-3.0-IGO CC-PDDC CC-PDM-1.0 CC-SA-1.0 CC0-1.0"
)
_OTHERS = (
    "0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-2.0 BSD-1-Clause BSD-2-Clause"
    " BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause BSL-1.0 BUSL-1.1 Beerware Bitstream-Vera C-UDA-1.0"
    " CDLA-Permissive-1.0 CDLA-Permissive-2.0 CDLA-Sharing-1.0 ECL-2.0 EPL-2.0 EUPL-1.2 FDK-AAC FSFAP FSFUL FTL"
    " GFDL-1.1-only GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later GPL-2.0-only"
    " GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND IJG ISC LAL-1.2 LAL-1.3 LGPL-2.1-only LGPL-2.1-or-later"
    " LGPL-3.0-only LGPL-3.0-or-later LPPL-1.3c MIT MIT-0 MIT-CMU MPL-2.0 MS-PL MS-RL NCSA NLOD-1.0 NLOD-2.0"
    " ODC-By-1.0 ODbL-1.0 OFL-1.0 OFL-1.1 OFL-1.1-RFN OFL-1.1-no-RFN OGL-UK-1.0 OGL-UK-2.0 OGL-UK-3.0 OGL-Canada-2.0"
    " OPUBL-1.0 OSL-3.0 PDDL-1.0 Python-2.0 UPL-1.0 Unicode-3.0 Unlicense Vim W3C WTFPL Zlib etalab-2.0 libpng-2.0"
)
KNOWN = frozenset(
    {f"CC-{parts}-{version}" for parts in _CC_PARTS for version in _CC_VERSIONS}
    | set(_CC_PORTED.split())
    | set(_OTHERS.split())
)
_EXCEPTIONS = frozenset({"Classpath-exception-2.0", "Font-exception-2.0", "GCC-exception-3.1", "LLVM-exception"})

_LONGEST = 200  # of an expression, in characters; it also bounds how deep brackets nest

_REF = re.compile(r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+\Z")
_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9.+:-]+)")

# Letters of other scripts that are drawn like Latin ones (a part of Unicode's confusables).
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіјѕԁԛԝҮ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ" + "０１２３４５６７８９－．‐‑‒–—−",
    "ABESIJKMHOPCTYXaeopcyxijsdqwY" + "ABEZHIKMNOPTYXovp" + "0123456789-.------",
)


def license_problem(text: str) -> str | None:
    """Return what is wrong with a licence, in the words of a rights desk, or None. Empty text is no licence."""
    strange = lookalike(text)
    if strange:
        return strange
    if len(text) > _LONGEST:
        return f"a licence expression of more than {_LONGEST} characters"
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            return f'"{text}" is neither an SPDX id nor LicenseRef-...'
        tokens.append(match[1])
        at = match.end()
    rest, problem = _expression(tokens)
    if rest and (problem is None or rest[0] not in "()"):
        problem = f'"{text}" is neither an SPDX id nor LicenseRef-...'
    return problem


def lookalike(text: str) -> str | None:
    """Return a complaint about the first letter that is not ASCII, with what it resembles; None for plain ASCII."""
    for place, char in enumerate(text):
        if not char.isascii():
            script = unicodedata.name(char, "UNNAMED").split()[0].capitalize()
            which = "first letter" if place == 0 else f"letter {place + 1}"
            plain = text.translate(_LOOKALIKES)
            if plain.isascii():
                return f"looks like {plain}, but its {which} is {script} (U+{ord(char):04X})"
            return f'"{text}": {which} is {script} (U+{ord(char):04X}), not ASCII'
    return None


def _expression(tokens: list[str]) -> tuple[list[str], str | None]:
    """Read `term (AND|OR term)*`; return what is left over, and what is wrong."""
    rest, problem = _term(tokens)
    while problem is None and rest and rest[0] in ("AND", "OR"):
        rest, problem = _term(rest[1:])
    return rest, problem


def _term(tokens: list[str]) -> tuple[list[str], str | None]:
    if not tokens:
        return [], "an SPDX expression that ends too early"
    if tokens[0] == "(":
        rest, problem = _expression(tokens[1:])
        if problem is None and rest[:1] != [")"]:
            problem = "a bracket that is never closed"
        return rest[1:], problem
    name, rest = tokens[0], tokens[1:]
    if rest[:1] == ["WITH"]:
        if rest[1:2] and rest[1] in _EXCEPTIONS:
            rest = rest[2:]
        else:
            return rest, f'"{" ".join(rest[1:2])}" is not an SPDX exception known here'
    if _REF.match(name) or name in KNOWN or name.removesuffix("+") in KNOWN:
        return rest, None
    close = difflib.get_close_matches(name, sorted(KNOWN), 1, 0.75)
    hint = f"; {close[0]}?" if close else ""
    return rest, f'"{name}" is neither an SPDX id nor LicenseRef-...{hint}'
