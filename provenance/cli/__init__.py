"""The command line: parse, call one verb, print. The one place that maps an error to an exit code.

Commands are imported when they are called, so that `provenance --help` stays quick.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

import click

# name -> what it promises in one line; the module is provenance.cli.<name>, the function `command`.
COMMANDS = {
    "init": "Make this person's keys and print their fingerprints.",
    "build": "Turn an archive into one committed version of a dataset.",
    "verify": "Check a dataset against its signed versions: missing, extra, changed.",
    "rights": "Import, lint, show, revoke, waive and decide rights statements.",
    "admit": "Say what a policy would let into training today, by verdict and reason.",
    "explain": "Tell the story of one item or path: which statement decides, and what would change it.",
    "twins": "List the copies of a file or item, near ones too, side by side.",
    "audit": "Report what is in, what is out, why and until when; or fail a scheduled job on it.",
    "release": "Copy what a policy clears into a signed folder of its own, to hand over.",
    "exec": "Run a command on a temporary folder of licensed items only, and leave a receipt.",
    "impact": "Say what a revocation or dispute touches, and what must be done.",
    "diff": "Say what came in, went out or is decided otherwise, between versions, days or ledgers.",
    "gc": "Delete objects that no retained version names.",
}

# Modules that cannot bear the name of their command.
MODULES = {"exec": "exec_"}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"provenance.cli.{MODULES.get(name, name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="provenance")
def cli() -> None:
    """Know, item by item, where a studio's material came from and whether it may be used.

    Results go to stdout, progress to stderr. Exit codes say who must act: 2 usage, 10 input (also: some assets are in
    quarantine), 20 rights, 30 tamper, 40 commit, 50 sandbox.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the code of who must act."""
    from provenance.model.spared import spare

    spare()
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. No traceback reaches a person unless PROVENANCE_DEBUG is set."""
    from provenance.model.errors import ProvenanceError

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        outcome: Any = cli.main(args=arguments, prog_name="provenance", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except click.exceptions.Exit as error:
        return error.exit_code
    except ProvenanceError as error:
        click.echo(f"provenance: {error}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("provenance: interrupted; nothing half-done was kept. Run the same command to go on", err=True)
        return 130
    except _Signalled as signalled:
        click.echo("provenance: told to stop; nothing half-done was kept. Run the same command to go on", err=True)
        return 128 + signalled.number
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("PROVENANCE_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        click.echo(
            f"provenance: an error that should have been foreseen ({what}). "
            "Next: run again with PROVENANCE_DEBUG=1 and report what it prints",
            err=True,
        )
        return 1


class _Signalled(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupted(number: int, frame: object) -> None:
    raise _Signalled(number)
