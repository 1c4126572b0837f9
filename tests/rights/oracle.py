"""The law of RIGHTS.md section 3 told a second time, slowly and without the package's own machinery.

It reads the raw statements and finds for itself what matches, what is closest and what follows. It shares with the gate
the words (fields and names of reasons) and nothing else: no matcher, no glob, no closeness, no list of objections.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

REVIEWS = [
    "undecided",
    "conflict",
    "conflict-in-file",
    "constrained-in-file",
    "broken-credential",
    "remote-credential",
    "twin-conflict",
    "near-twin-opt-out",
    "near-twin-revoked",
    "near-twin-consent",
    "near-twin-conflict",
    "near-blank",
]
WAIVABLE = [
    "opt-out-in-file",
    "opt-out-in-sidecar",
    "expired-in-file",
    "not-yet-valid-in-file",
    "purpose-in-file",
    "on-hold",
    "duty-undone",
    "consent-missing",
    "consent-revoked",
    "consent-expired",
    "twin-opt-out",
    "twin-revoked",
    "twin-consent",
]
PEOPLE = ("likeness", "voice", "performance")


def glob_matches(pattern: str, path: str, fresh: bool = True) -> bool:
    """Character by character; `fresh` says that the pattern stands at the start of a step."""
    if not pattern:
        return not path
    if fresh and pattern.startswith("**/"):
        if glob_matches(pattern[3:], path, True):
            return True
        return any(char == "/" and glob_matches(pattern, path[at + 1 :], True) for at, char in enumerate(path))
    if pattern.startswith("**"):
        return any(glob_matches(pattern[2:], path[at:], False) for at in range(len(path) + 1))
    if pattern[0] == "*":
        reach = len(path.split("/")[0])
        return any(glob_matches(pattern[1:], path[at:], False) for at in range(reach + 1))
    if not path:
        return False
    if pattern[0] == "?":
        return path[0] != "/" and glob_matches(pattern[1:], path[1:], False)
    if pattern[0] == "[":
        close = pattern.index("]", 2)
        return path[0] in pattern[1:close] and glob_matches(pattern[close + 1 :], path[1:], False)
    return pattern[0] == path[0] and glob_matches(pattern[1:], path[1:], pattern[0] == "/")


def rank(selector: Any) -> tuple[Any, ...]:
    """Closer selectors rank higher: range, then file or digest, then the longer folder."""
    ranged = selector.range is not None
    pattern = selector.path
    if pattern is None or not any(sign in pattern for sign in "*?["):
        return (ranged, "file", ())
    folders = pattern.split("/")[:-1]
    if "**" in folders:
        folders = folders[: folders.index("**")]
    plain = pattern
    while "[" in plain:
        plain = plain[: plain.index("[")] + plain[plain.index("]") + 1 :]
    names_files = pattern.split("/")[-1] != "**"
    letters = sum(char not in "*?/" for char in plain)
    # "file" sorts before "folder", so folders get the letter below.
    return (ranged, "a folder", (len(folders), names_files, letters))


def on_item(world: Any) -> list[tuple[Any, bool]]:
    """The statements that apply, each with whether it is about the whole item."""
    found = []
    for one in world.statements:
        target = one.applies_to
        if target.sha256 is not None:
            if target.sha256 != world.digest:
                continue
        elif not glob_matches(target.path, world.path):
            continue
        whole = True
        if target.range is not None:
            if world.locator is None or world.locator.time is None:
                whole = False
            elif not target.range.start <= world.locator.time < target.range.end:
                continue
        found.append((one, whole))
    return found


def concern_of(one: Any) -> tuple[str, str | None]:
    if one.interest.value in PEOPLE and one.consent and not one.subject:
        return one.interest.value, one.consent.person
    return one.interest.value, one.subject


def winners(applying: list[tuple[Any, bool]]) -> dict[tuple[str, str | None], list[Any]]:
    out: dict[tuple[str, str | None], list[Any]] = {}
    for one, whole in applying:
        if whole:
            out.setdefault(concern_of(one), []).append(one)
    for concern, group in out.items():
        best = sorted(rank(one.applies_to) for one in group)[-1]
        group = [one for one in group if rank(one.applies_to) == best]
        alive = [one for one in group if one.status.value != "superseded"]
        out[concern] = alive if alive else group
    return out


def complaint(one: Any, policy: Any, day: dt.date) -> str | None:
    """The narrowest thing that a statement has against the job, or None."""
    person = one.interest.value in PEOPLE
    if one.basis.value == "reference-only":
        return "reference-only"
    if one.basis.value == "none":
        if one.interest.value == "copyright":
            return "no-record"
        return "consent-missing" if person else "interest-not-cleared"
    if one.status.value == "superseded":
        return "superseded"
    if one.status.value != "active" and day >= one.status_date:
        return "on-hold" if one.status.value == "on-hold" else "consent-revoked" if person else "revoked"
    if one.end and day > one.end:
        return "consent-expired" if person else "expired"
    if one.end_event and one.end_event.happened:
        last = one.end_event.happened + dt.timedelta(days=one.end_event.lag_days)
        if day > last:
            return "consent-expired" if person else "expired"
    if one.start and day < one.start:
        return "not-yet-valid"
    if one.start_event:
        begun = one.start_event.happened
        if begun is None or day < begun + dt.timedelta(days=one.start_event.lag_days):
            return "not-yet-valid"
    said = bool(one.allowed or one.refused or one.constrained)
    if policy.use in one.refused:
        return "use-refused"
    if said and policy.use not in one.allowed and policy.use not in one.constrained:
        return "use-not-granted"
    if policy.use in one.constrained:
        return "constrained"
    if one.purposes and policy.purpose not in one.purposes:
        return "purpose"
    if "worldwide" not in one.territory.places and not policy.territories <= one.territory.places:
        return "territory"
    if one.processing_geography and not (policy.processing and policy.processing <= one.processing_geography.places):
        return "processing-geography"
    if one.recipients and policy.recipient not in one.recipients:
        return "recipient"
    if one.consent:
        if one.consent.revoked and day >= one.consent.revoked:
            return "consent-revoked"
        if one.consent.expiry and day > one.consent.expiry:
            return "consent-expired"
        if policy.separate_signature and not one.consent.separately_signed:
            return "consent-missing"
        if one.consent.minor and not one.consent.guardian:
            return "consent-missing"
    elif person:
        return "consent-missing"
    if any(duty.before_use and not duty.done for duty in one.duties):
        return "duty-undone"
    return None if said else "undecided"


def wanting(applying: list[tuple[Any, bool]]) -> set[str]:
    """Interests that a record names and that nothing on the item answers."""
    named = {interest.value for one, _ in applying for interest in one.declares}
    if any(one.separated_rights_reserved for one, _ in applying):
        named.add("underlying-work")
    return named - {one.interest.value for one, whole in applying if whole} - {"copyright"}


def taken_back(one: Any, day: dt.date) -> bool:
    if one.status.value == "revoked" and day >= one.status_date:
        return True
    return bool(one.consent and one.consent.revoked and day >= one.consent.revoked)


def bites(limit: Any, policy: Any, day: dt.date) -> bool:
    return (
        (not limit.uses or policy.use in limit.uses)
        and (not limit.purposes_refused or policy.purpose in limit.purposes_refused)
        and (limit.effective is None or limit.effective <= day)
        and (limit.lapses is None or day <= limit.lapses)
    )


def claims(world: Any) -> list[tuple[str, str]]:
    records = winners(on_item(world)).get(("copyright", None), [])
    return [(one.holder or "", one.basis.value) for one in records if one.basis.value not in ("reference-only", "none")]


def from_twin(twin: Any, policy: Any, day: dt.date) -> list[tuple[str, str]]:
    """What a copy's opt-outs, revocations and missing consents come to, as reasons on an exact copy."""
    found = []
    for limit in twin.restrictions:
        if limit.spreads and bites(limit, policy, day):
            name = limit.reason.value
            if name.startswith("consent"):
                found.append(("twin-consent", limit.source))
            elif name in ("revoked", "on-hold"):
                found.append(("twin-revoked", limit.source))
            elif name in REVIEWS:
                found.append(("twin-conflict", limit.source))
            else:
                found.append(("twin-opt-out", limit.source))
    applying = on_item(twin)
    heard = [one for group in winners(applying).values() for one in group]
    heard += [one for one, whole in applying if not whole]
    for one in heard:
        person = one.interest.value in PEOPLE
        if person and one.consent is None and one.basis.value != "reference-only":
            found.append(("twin-consent", one.id))
    heard += [one for one, _ in applying if one.interest.value in PEOPLE and one.status.value != "superseded"]
    for one in heard:
        if one.basis.value in ("reference-only", "none"):
            continue
        if one.status.value == "revoked" and day >= one.status_date:
            found.append(("twin-consent" if one.interest.value in PEOPLE else "twin-revoked", one.id))
        if one.consent and one.consent.revoked and day >= one.consent.revoked:
            found.append(("twin-consent", one.id))
    found += [("twin-consent", f"no consent for {name}") for name in wanting(applying) if name in PEOPLE]
    return found


def judge(world: Any, policy: Any, day: dt.date) -> tuple[str, set[str]]:
    """The decision and the reasons for it."""
    applying = on_item(world)
    groups = winners(applying)
    rulings = [
        one for one in world.rulings if (not one.start or day >= one.start) and (not one.until or day <= one.until)
    ]
    waivers = [one for one in world.waivers if (not one.start or day >= one.start) and day <= one.until]
    against: list[tuple[str, str]] = []
    if ("copyright", None) not in groups:
        against.append(("no-record", ""))
    for name in wanting(applying):
        against.append(("consent-missing" if name in PEOPLE else "interest-not-cleared", f"declared: {name}"))
    deciding = [one for one, whole in applying if not whole]
    for group in groups.values():
        if len({one.basis for one in group}) > 1:
            picked = [
                one
                for one in group
                if any(
                    order.statement == one.id and "conflict" in order.settles and order.outcome.value == "clear"
                    for order in rulings
                )
            ]
            group = picked or group
        if len({one.basis for one in group}) > 1:
            against.append(("conflict", ", ".join(sorted(one.id for one in group))))
        deciding += group
    for one in deciding:
        why = complaint(one, policy, day)
        if why:
            against.append((why, one.id))
    for one, _ in applying:
        if one.interest.value in PEOPLE and one.status.value != "superseded" and taken_back(one, day):
            against.append(("consent-revoked", one.id))
    against += [(limit.reason.value, limit.source) for limit in world.restrictions if bites(limit, policy, day)]
    for exact, twin in world.twins:
        against += [(why if exact else f"near-{why}", source) for why, source in from_twin(twin, policy, day)]
    for parent in world.parents:
        if judge(parent, policy, day)[0] != "cleared":
            against.append(("parent-not-cleared", ""))
    against += [("decided-against", order.id) for order in rulings if order.outcome.value == "refuse"]

    def stands(why: str, source: str) -> bool:
        if why in REVIEWS:
            able = [one for one in rulings if one.outcome.value == "clear" and why in one.settles]
            if why == "conflict":
                able = [one for one in able if one.statement is None]
            return not any(not one.about or source in one.about for one in able)
        return why not in WAIVABLE or not any(
            why in order.reasons and (not order.about or source in order.about) for order in waivers
        )

    left = [(why, source) for why, source in against if stands(why, source)]
    if all(why in REVIEWS for why, _ in left):
        for exact, twin in world.twins:
            for theirs in claims(twin):
                for ours in claims(world):
                    same_basis = theirs[1] == ours[1]
                    same_holder = theirs[0].lower() == ours[0].lower()
                    open_domain = same_basis and ours[1] == "public-domain" and not (ours[0] and theirs[0])
                    if not (same_basis and (same_holder or open_domain)):
                        finding = ("" if exact else "near-") + "twin-conflict"
                        label = f"{theirs[0] or 'nobody'} ({theirs[1]})"
                        if stands(finding, label):
                            left.append((finding, label))
    reasons = {why for why, _ in left}
    if not reasons:
        return "cleared", reasons
    return ("review" if all(why in REVIEWS for why in reasons) else "refused"), reasons
