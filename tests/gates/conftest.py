from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.gates import tools
from tests.gates.message import LETTERS_VARIABLE, letters_named
from tests.gates.samples import sample


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `letter` runs on each .eml of the folder; without one it says so."""
    if "letter" not in metafunc.fixturenames:
        return
    named = letters_named()
    metafunc.parametrize("letter", named or [None], ids=[_label(p) for p in named] or ["none"])


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.fixture
def eml(letter: Path | None) -> bytes:
    if letter is None:
        tools.missing(f"a letter to judge ({LETTERS_VARIABLE})", "run scripts/gates")
    return letter.read_bytes()


@pytest.fixture(scope="session")
def good() -> bytes:
    return sample().eml()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = tools.chromium()
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root, as in CI; no letter here is a stranger's.
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()
