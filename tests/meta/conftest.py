"""What the house rules are checked against: the checkout's own files, ignored ones left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".git", ".venv", "var", "dist", "node_modules", "__pycache__", "secrets"}


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry.name in _NOT_OURS or entry.name.endswith(("_cache", ".egg-info")):
            continue
        if entry.is_dir():
            found += _walk(entry)
        else:
            found.append(entry)
    return found


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file that is tracked or would be; an unpacked sdist has no git and is walked."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        if listed.returncode == 0:
            names = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
            return [path for path in names if path.is_file()]
    return _walk(ROOT)
