"""`provenance --help` answers at once: wall seconds from the shell, against a bare interpreter in the same run.

Goal (PERFORMANCE.md): at most 0.3 s. The best of several runs, because the machine is shared.

    python tests/benchmarks/bench_help.py
"""

from __future__ import annotations

import subprocess
import sys

from _report import measure, report

RUNS = 10


def main() -> None:
    took = {name: min(_cost(words) for _ in range(RUNS)) for name, words in COMMANDS.items()}
    bare = took["a bare interpreter"]
    for name, seconds in took.items():
        print(f"{name}: {seconds:.3f} s, {seconds / bare:.1f} x a bare interpreter")
    report("provenance --help", took["provenance --help"], 0.3, at_least=False, unit=" s")


COMMANDS = {
    "a bare interpreter": ["-c", "pass"],
    "provenance --help": ["-m", "provenance", "--help"],
    "provenance build --help": ["-m", "provenance", "build", "--help"],
    "provenance rights import --help": ["-m", "provenance", "rights", "import", "--help"],
}


def _cost(words: list[str]) -> float:
    return measure(lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)).wall


if __name__ == "__main__":
    main()
