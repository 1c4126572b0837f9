"""Small worlds of rights, drawn at random: few names, few days, so that everything collides with everything."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field, replace
from fractions import Fraction

from provenance.model.words import Locator, Use
from provenance.rights.decisions import Outcome, Ruling, Waiver
from provenance.rights.gate import Evidence, Verdict, judge
from provenance.rights.matcher import Matcher, narrow
from provenance.rights.policy import Policy
from provenance.rights.reasons import REVIEW_REASONS, Reason
from provenance.rights.restriction import Restriction
from provenance.rights.selector import LocatorRange, Selector
from provenance.rights.statement import (
    CLAIMS_NOTHING,
    PERSONAL,
    Basis,
    Consent,
    ConsentKind,
    Duty,
    DutyKind,
    Event,
    Interest,
    RightsStatement,
    Status,
)
from provenance.rights.territory import Geography
from provenance.rights.twins import Twin, view

FIRST = dt.date(2026, 11, 1)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(12)]
TODAY = DAYS[5]
PATHS = ["art/reel/10.png", "art/reel/a/11.png", "art/cover.png", "film/cut.mov"]
PATTERNS = [
    "**",
    "art/**",
    "art/*.png",
    "art/reel/**",
    "art/reel/*",
    "**/*.png",
    "art/reel/1[01].png",
    "film/**",
    *PATHS,
]
DIGEST = "d" * 64
USES = [Use.AI_GENERATIVE_TRAINING, Use.EVALUATION]
PERSONS = ["ada", "bo"]
RESTRICTING = [
    Reason.OPT_OUT_IN_FILE,
    Reason.CONSENT_REVOKED,
    Reason.ON_HOLD,
    Reason.EXPIRED_IN_FILE,
    Reason.CONSTRAINED_IN_FILE,
    Reason.CONFLICT_IN_FILE,
]
LIFTABLE = [
    Reason.OPT_OUT_IN_FILE,
    Reason.CONSENT_REVOKED,
    Reason.CONSENT_MISSING,
    Reason.TWIN_OPT_OUT,
    Reason.TWIN_REVOKED,
    Reason.ON_HOLD,
]


@dataclass
class World:
    """What is said of one item, as raw as it was written; `Evidence` is what the gate makes of it."""

    path: str
    digest: str | None
    locator: Locator | None
    statements: list[RightsStatement]
    restrictions: list[Restriction] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    twins: list[tuple[bool, World]] = field(default_factory=list)
    parents: list[World] = field(default_factory=list)

    def evidence(self) -> Evidence:
        bound = narrow(Matcher(self.statements).match(self.path.encode(), self.digest), self.locator)
        others = [(exact, other.evidence()) for exact, other in self.twins]
        return Evidence(
            bound=bound,
            restrictions=tuple(self.restrictions),
            waivers=tuple(self.waivers),
            rulings=tuple(self.rulings),
            twins=tuple(Twin(exact, view(other.bound, other.restrictions)) for exact, other in others),
            parents=tuple(parent.evidence() for parent in self.parents),
        )

    def verdict(self, policy: Policy, day: dt.date = TODAY) -> Verdict:
        return judge(self.evidence(), policy, day)


def policy(draw: random.Random) -> Policy:
    return Policy(
        name="drawn",
        use=draw.choice(USES),
        purpose=draw.choice(["commercial", "commercial", "research"]),
        territories=frozenset(draw.sample(["US", "DE"], draw.choice([1, 1, 2]))),
        recipient=draw.choice([None, "lab"]),
        processing=frozenset(draw.sample(["US"], draw.choice([0, 1]))),
        separate_signature=draw.random() < 0.2,
    )


def _day(draw: random.Random, chance: float = 0.4) -> dt.date | None:
    return draw.choice(DAYS) if draw.random() < chance else None


def plain(draw: random.Random, number: int) -> RightsStatement:
    """A grant as most are: in force, for every use, everywhere, on the item's own archive."""
    return RightsStatement(
        id=f"S{number}",
        source=f"drawn.csv:{number + 2}",
        applies_to=Selector(path=draw.choice(["**", "art/**", "film/**", *PATHS])),
        basis=draw.choice([Basis.OWNERSHIP, Basis.LICENSE]),
        holder=draw.choice(["Lantern Hill", "Agence Étoile"]),
        allowed=frozenset(USES) if draw.random() < 0.9 else frozenset(),
        territory=Geography(frozenset({"worldwide"})),
        end=_day(draw, 0.2),
        credit=f"credit {number % 2}",
    )


def statement(draw: random.Random, number: int) -> RightsStatement:
    basis = draw.choice([*Basis, Basis.OWNERSHIP, Basis.LICENSE, Basis.LICENSE])
    interest = draw.choice([Interest.COPYRIGHT] * 5 + [Interest.LIKENESS, Interest.MUSIC])
    first, last = _day(draw, 0.3), _day(draw, 0.3)
    if first and last and last < first:
        first, last = last, first
    status = draw.choice([Status.ACTIVE] * 7 + [Status.REVOKED, Status.SUPERSEDED, Status.ON_HOLD])
    kinds = [frozenset[Use](), frozenset(draw.sample(USES, 1)), frozenset(USES), frozenset(USES)]
    allowed = frozenset[Use]() if basis in CLAIMS_NOTHING else draw.choice(kinds)
    refused = draw.choice(kinds[:2]) - allowed
    return RightsStatement(
        id=f"S{number}",
        source=f"drawn.csv:{number + 2}",
        applies_to=_selector(draw),
        basis=basis,
        interest=interest,
        declares=frozenset({Interest.MUSIC, Interest.LIKENESS} - {interest}) if draw.random() < 0.07 else frozenset(),
        holder=draw.choice([None, "Lantern Hill", "Agence Étoile"]),
        allowed=allowed,
        refused=refused,
        constrained=frozenset(USES) - allowed - refused
        if basis not in CLAIMS_NOTHING and draw.random() < 0.1
        else frozenset(),
        purposes=frozenset({"commercial"}) if draw.random() < 0.2 else frozenset(),
        recipients=frozenset({"lab"}) if draw.random() < 0.1 else frozenset(),
        territory=Geography(frozenset({draw.choice(["worldwide", "worldwide", "US"])})),
        processing_geography=Geography(frozenset({"US"})) if draw.random() < 0.1 else None,
        start=first,
        end=last,
        start_event=Event("delivery", 1, _day(draw)) if draw.random() < 0.05 else None,
        end_event=Event("last broadcast", 2, _day(draw)) if draw.random() < 0.1 else None,
        duties=(Duty(DutyKind.PAY, "fee", before_use=True, done=draw.random() < 0.5),) if draw.random() < 0.1 else (),
        consent=_consent(draw) if interest in PERSONAL and draw.random() < 0.8 else None,
        separated_rights_reserved=True if draw.random() < 0.03 else None,
        status=status,
        status_date=draw.choice(DAYS) if status is not Status.ACTIVE else None,
    )


def _selector(draw: random.Random) -> Selector:
    span = None
    if draw.random() < 0.2:
        start = draw.randrange(0, 6)
        span = LocatorRange(start=Fraction(start), end=Fraction(start + draw.randrange(1, 6)))
    if draw.random() < 0.1:
        return Selector(sha256=DIGEST, range=span)
    return Selector(path=draw.choice(PATTERNS), range=span)


def _consent(draw: random.Random) -> Consent:
    return Consent(
        person=draw.choice(PERSONS),
        kind=ConsentKind.ACTOR_LIKENESS,
        scope="this film",
        separately_signed=draw.random() < 0.7,
        minor=draw.random() < 0.1,
        expiry=_day(draw, 0.2),
        revoked=_day(draw, 0.15),
    )


def restriction(draw: random.Random) -> Restriction:
    reason = draw.choice(RESTRICTING)
    return Restriction(
        reason,
        source=f"{draw.choice(PATHS)}#{draw.choice(['xmp', 'c2pa'])}",
        uses=frozenset(draw.sample(USES, draw.choice([0, 1]))),
        purposes_refused=frozenset({"commercial"}) if draw.random() < 0.2 else frozenset(),
        effective=_day(draw, 0.3),
        lapses=_day(draw, 0.2),
        spreads=draw.random() < 0.6,
    )


def waiver(draw: random.Random, number: int) -> Waiver:
    start, until = sorted((draw.choice(DAYS), draw.choice(DAYS)))
    return Waiver(
        f"W{number}",
        Selector(path="**"),
        frozenset(draw.sample(LIFTABLE, 2)),
        by="counsel",
        why="the holder agreed",
        until=until,
        start=start if draw.random() < 0.5 else None,
        about=frozenset({f"{draw.choice(PATHS)}#xmp"}) if draw.random() < 0.3 else frozenset(),
    )


def ruling(draw: random.Random, number: int) -> Ruling:
    start, until = sorted((draw.choice(DAYS), draw.choice(DAYS)))
    return Ruling(
        f"R{number}",
        Selector(path="**"),
        frozenset(draw.sample(sorted(REVIEW_REASONS), 6)),
        draw.choice([Outcome.CLEAR, Outcome.CLEAR, Outcome.CLEAR, Outcome.REFUSE]),
        by="counsel",
        why="looked at both",
        start=start if draw.random() < 0.3 else None,
        until=until if draw.random() < 0.3 else None,
        about=frozenset({"Lantern Hill (ownership)"}) if draw.random() < 0.2 else frozenset(),
        statement=f"S{draw.randrange(6)}" if draw.random() < 0.4 else None,
    )


def world(draw: random.Random, depth: int = 1) -> World:
    """One item, what is said of it, and (to this depth) its twins and parents."""
    locator = draw.choice([None, Locator(time=Fraction(draw.randrange(0, 10))), Locator(time=Fraction(7, 2))])
    # Two worlds in three are mostly in order; where everything is wrong at once, no single rule shows.
    odd = draw.choice([0.05, 0.2, 1.0])
    makers = [statement if draw.random() < odd else plain for _ in range(draw.choice([0, 1, 2, 3, 4, 6]))]
    out = World(
        path=draw.choice(PATHS),
        digest=draw.choice([None, DIGEST]),
        locator=locator,
        statements=[make(draw, number) for number, make in enumerate(makers)],
        restrictions=[restriction(draw) for _ in range(draw.choice([0, 0, 0, 1, 2]))],
        waivers=[waiver(draw, number) for number in range(draw.choice([0, 0, 1]))],
        rulings=[ruling(draw, number) for number in range(draw.choice([0, 0, 1]))],
    )
    if depth:
        out.twins = [(draw.random() < 0.5, world(draw, 0)) for _ in range(draw.choice([0, 0, 1, 2]))]
        out.parents = [world(draw, 0) for _ in range(draw.choice([0, 0, 0, 1]))]
    return out


def replace_path(
    statement: RightsStatement, path: str, name: str, *, span: LocatorRange | None = None, holder: str | None = None
) -> RightsStatement:
    """The same grant for another path, maybe for a range of it, maybe by another holder."""
    return replace(
        statement,
        id=name,
        applies_to=Selector(path=path, range=span),
        holder=holder or statement.holder,
        allowed=frozenset(USES),
        end=None,
    )
