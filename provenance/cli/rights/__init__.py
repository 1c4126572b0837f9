"""provenance rights: the rights desk's commands, one file each."""

from __future__ import annotations

import importlib

import click

# name -> module in this folder, and what it promises in one line
COMMANDS = {
    "import": ("sheets", "Take a register or manifest into the ledger, after showing what it would change."),
    "project": ("sheets", "Carry the rights of a timeline's sources onto the cut, as ranges of time."),
    "lint": ("sheets", "Check a register or manifest; take nothing."),
    "show": ("reading", "Print the statements that the ledger holds today, or held on a day."),
    "log": ("reading", "Print the ledger's entries: who did what, when, and why."),
    "diff": ("comparing", "Show which items would flip between two ledgers, sheets or policies."),
    "revoke": ("orders", "Take back a statement, an agreement, a work or a person's consent from a day on."),
    "waive": ("orders", "Lift restrictions on some material, until a day, naming who and why."),
    "decide": ("orders", "Settle a conflict or a near twin that the gate left to a person."),
    "hold": ("orders", "Stop all use of some material while a question is open."),
    "lift": ("orders", "End an earlier revocation, waiver, decision or hold."),
    "renew": ("orders", "Say that the ledger is current: renew its head's valid-until."),
}


class _Desk(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"provenance.cli.rights.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, promise) for name, (_, promise) in COMMANDS.items()])


@click.group("rights", cls=_Desk)
def command() -> None:
    """Import, lint, show, revoke, waive and decide rights statements."""
