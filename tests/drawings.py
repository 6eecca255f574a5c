"""Figures drawn once for all tests of a run, by whichever of its processes is first.

In the conftest of a room: `from tests.drawings import press_cache`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["press_cache"]


@pytest.fixture(scope="session")
def press_cache(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder for `paths.cache`; a drawing gets its name there when it is whole."""
    base = tmp_path_factory.getbasetemp()
    # Each process of pytest-xdist has a folder of its own below that of the run.
    folder = (base if worker_id == "master" else base.parent) / "press-cache"
    folder.mkdir(exist_ok=True)
    return folder
