import shutil
from pathlib import Path

import pytest

from digest import resources


@pytest.fixture
def library_folder(tmp_path: Path) -> Path:
    """A content/ with one sound card, momentum, that a test may spoil."""
    for name in ("sources", "stories"):
        (tmp_path / name).mkdir()
    shutil.copytree(
        resources.folder("content") / "concepts" / "momentum",
        tmp_path / "concepts" / "momentum",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path


@pytest.fixture
def momentum(library_folder: Path) -> Path:
    return library_folder / "concepts" / "momentum"


@pytest.fixture
def spoil(momentum: Path):
    """Replace a piece of the card or figure, which must stand in it."""

    def change(name: str, old: str, new: str) -> Path:
        path = momentum / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} does not stand in {name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return momentum

    return change
