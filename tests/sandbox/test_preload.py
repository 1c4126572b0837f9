"""Loading a package with all that it would otherwise load later."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from provenance.sandbox import preload


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    root = tmp_path / "sandbox_lazy_package"
    files = {
        "__init__.py": "",
        "__main__.py": "raise SystemExit('not to be run')",
        "codec.py": "",
        "broken.py": "import no_such_library",
        "for_windows.py": "raise OSError('no registry')",
        "deep/__init__.py": "",
        "deep/er.py": "",
        "tests/__init__.py": "raise AssertionError",
        "big.py": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return root.name


def test_a_package_is_loaded_to_its_leaves_and_what_is_missing_is_named(package: str) -> None:
    missing = preload.packages(package, "no_such_library", leave=[f"{package}.big"])
    assert missing == ("no_such_library", f"{package}.broken", f"{package}.for_windows")
    loaded = {name.removeprefix(package) for name in sys.modules if name.startswith(package)}
    assert loaded == {"", ".codec", ".deep", ".deep.er"}
