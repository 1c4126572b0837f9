"""Run the commands of a story's README, and show or compare what they print.

    python examples/transcript.py examples/rights_desk_day/README.md            run it; say where it prints otherwise
    python examples/transcript.py examples/rights_desk_day/README.md --write    run it; put what it prints into README

A command is a line that begins with `$ ` in a block fenced as `console`; what follows, up to the next command or the
end of the block, is what it prints. Commands run one after the other in the folder where this is started, each as a
person would type it, without a shell. A line `...` stands for any number of lines that are not shown.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from run to run, and does not matter: fingerprints of keys, digests, times, durations, sizes of films.
_PASSING = (
    (re.compile(r"SHA256:[0-9a-f]{4}(-[0-9a-f]{4})+"), "SHA256:(fingerprint)"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "(digest)"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?"), "(time)"),
    (re.compile(r"\b\d+\.\d s\b"), "(seconds)"),
    (re.compile(r"\b[\d,.]+ (bytes|kB|MB)\b"), "(size)"),
)


@dataclass(frozen=True)
class Step:
    """One command and what it printed, here or in README."""

    command: str
    printed: tuple[str, ...]


def steps(text: str) -> list[Step]:
    """Return the commands of a README with the lines below each."""
    found: list[Step] = []
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append(Step(command, tuple(printed.rstrip("\n").split("\n")) if printed.strip() else ()))
    return found


def run(command: str) -> tuple[str, ...]:
    """Run one command in this process and return the lines it printed, with its exit code when that is not 0."""
    words, out = shlex.split(command), io.StringIO()
    code: int | str | None = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        if words[0] == "provenance":
            from provenance import cli

            code = cli.run(words[1:])
        elif words[0] == "python":
            kept, sys.argv = sys.argv, words[1:]
            try:
                runpy.run_path(words[1], run_name="__main__")
            except SystemExit as ended:
                code = ended.code
            finally:
                sys.argv = kept
        else:
            raise ValueError(f"a story runs provenance and python, not {words[0]}")
    lines = out.getvalue().rstrip("\n").split("\n") if out.getvalue().strip() else []
    return (*lines, f"(exit code {code})") if code else tuple(lines)


def play(readme: Path) -> Iterator[tuple[Step, Step]]:
    """Run a README's commands one after the other; yield each as README has it and as it went."""
    for told in steps(readme.read_text("utf-8")):
        yield told, Step(told.command, run(told.command))


def plain(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return lines without what differs from run to run."""
    out = []
    for line in lines:
        for pattern, word in _PASSING:
            line = pattern.sub(word, line)
        out.append(line.rstrip())
    return tuple(out)


def agrees(told: Step, went: Step) -> bool:
    """Whether README tells what happened: line by line, `...` standing for lines left out."""
    shown = "".join("(?:.*\n)*" if line.strip() == "..." else re.escape(line) + "\n" for line in plain(told.printed))
    return re.fullmatch(shown, "".join(line + "\n" for line in plain(went.printed))) is not None


def write(readme: Path, went: list[Step]) -> None:
    """Put what commands printed into a README, in place of what it had. Lines left out by `...` come back."""
    waiting = iter(went)

    def block(found: re.Match[str]) -> str:
        shown = []
        for _ in re.findall(r"^\$ ", found[1], flags=re.MULTILINE):
            step = next(waiting)
            shown.append("\n".join([f"$ {step.command}", *(line.rstrip() for line in step.printed)]) + "\n")
        return "```console\n" + "\n".join(shown) + "```"

    readme.write_text(_BLOCK.sub(block, readme.read_text("utf-8")), "utf-8")


def main(readme: Path, rewrite: bool) -> int:
    """Run a story in `demo/STORY` of this folder, with keys of its own. 1 when README tells otherwise."""
    os.environ |= {"PROVENANCE_HOME": str(Path("demo") / readme.resolve().parent.name / "home"), "LOGNAME": "desk"}
    went, wrong = [], 0
    for told, step in play(readme):
        print(f"$ {step.command}", *step.printed, "", sep="\n", flush=True)
        wrong += not agrees(told, step)
        went.append(step)
    if rewrite:
        write(readme, went)
    elif wrong:
        print(f"{readme} tells {wrong} of {len(went)} commands otherwise", file=sys.stderr)
    return 1 if wrong and not rewrite else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--write"]):
        raise SystemExit("usage: python transcript.py README [--write]")
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:] == ["--write"]))
