"""The options that say what a job asks for, and how they become a policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from provenance.cli._show import Day
from provenance.model.errors import UsageError
from provenance.model.words import Use

if TYPE_CHECKING:
    from provenance.rights.policy import Policy

_OPTIONS = (
    click.option("--policy", "policy_file", type=click.Path(exists=True, dir_okay=False), help="A policy in TOML."),
    click.option("--use", type=click.Choice([use.value for use in Use]), help="What the items are used for."),
    click.option("--purpose", type=click.Choice(["commercial", "non-commercial", "research"]), help="To what end."),
    click.option("--territory", multiple=True, help="ISO 3166-1 country, or worldwide; may be given again."),
    click.option("--recipient", help="Who receives the material."),
    click.option("--model", help="Which model is trained."),
    click.option(
        "--duplicates",
        type=click.Choice(["keep", "exact", "near"]),
        help="Of items that are alike: keep all, one of exact copies, or one of near ones. [default: near]",
    ),
    click.option("--on", type=Day(), help="The day that counts; default: today, UTC."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the policy options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def policy_of(
    policy_file: str | None,
    use: str | None,
    purpose: str | None,
    territory: tuple[str, ...],
    recipient: str | None,
    model: str | None,
    duplicates: str | None,
    on: dt.date | None,
) -> Policy:
    """Return the policy that the options spell: a file, narrowed or dated by options, or the options alone."""
    from dataclasses import replace

    from provenance.admit import read_policy
    from provenance.rights import policy as policies
    from provenance.rights.codec import DecodeError

    given: dict[str, Any] = {
        "use": Use(use) if use else None,
        "purpose": purpose,
        "territories": frozenset(territory) or None,
        "recipient": recipient,
        "model": model,
        "duplicates": policies.Duplicates(duplicates) if duplicates else None,
        "on": on,
    }
    given = {name: value for name, value in given.items() if value is not None}
    try:
        if policy_file is not None:
            return replace(read_policy(policy_file), **given)
        missing = [f"--{name}" for name in ("use", "purpose") if name not in given]
        if missing or not territory:
            what = " and ".join(missing + ([] if territory else ["--territory"]))
            raise UsageError(
                f"a policy needs {what}",
                next_step="name them, or give a policy file with --policy (manifests/policies has some)",
            )
        return policies.Policy(name="command line", **given)
    except DecodeError as error:
        raise UsageError(f"the policy cannot be followed: {error}", next_step="correct that option") from None


def policy_or_default(**asked: Any) -> Policy:
    """Return the policy that the options spell; where they leave it out, commercial generative training worldwide."""
    if asked["policy_file"] is None:
        asked["use"] = asked["use"] or Use.AI_GENERATIVE_TRAINING.value
        asked["purpose"] = asked["purpose"] or "commercial"
        asked["territory"] = asked["territory"] or ("worldwide",)
    return policy_of(**asked)
