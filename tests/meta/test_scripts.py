"""The scripts: strict bash, from any folder; a set-up that was cut off does not poison the next."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

# Stands for an interpreter: answers what scripts/setup asks, and makes "environments" of itself.
# FAKE_FAILS names a step at which it fails; each call is noted in calls.txt.
PYTHON = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$FAKE_CALLS"
case "$*" in
    *ensurepip*) [ "${FAKE_FAILS:-}" != venv ] ;;
    *version_info*) [ "${FAKE_FAILS:-}" != version ] ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    *"pip install"*" -r "*) [ "${FAKE_FAILS:-}" != install ] ;;
    *) true ;;
esac
"""


class Checkout:
    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder / "checkout"
        (self.folder / "scripts").mkdir(parents=True)
        for name in ("scripts/setup", "pyproject.toml", "constraints.txt"):
            shutil.copy(root / name, self.folder / name)
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("python3.13", "python3.12", "python3.11", "python3"):
            (self.programs / name).write_text(PYTHON)
            (self.programs / name).chmod(0o755)
        self.calls = folder / "calls.txt"

    def set_up(self, fails: str = "") -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        return subprocess.run(
            [str(self.folder / "scripts/setup")],
            cwd="/",
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "FAKE_CALLS": str(self.calls),
                "FAKE_FAILS": fails,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def made(self) -> str:
        """What was made: `venv` and `install`, in the order of the calls."""
        calls = self.calls.read_text()
        return " ".join(
            word
            for word, mark in (("venv", "-m venv"), ("install", "pip install"))
            if mark in calls
        )


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Checkout:
    return Checkout(tmp_path, root)


def test_set_up_is_done_once(checkout: Checkout) -> None:
    first = checkout.set_up()
    assert first.returncode == 0, first.stderr
    assert checkout.made() == "venv install"
    second = checkout.set_up()
    assert (second.returncode, second.stdout, checkout.made()) == (0, "", "")


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_the_dependencies_is_followed(checkout: Checkout, name: str) -> None:
    checkout.set_up()
    with (checkout.folder / name).open("a") as file:
        file.write("\n# changed\n")
    assert checkout.set_up().returncode == 0
    assert checkout.made() == "install"
    checkout.set_up()
    assert checkout.made() == ""


def test_a_set_up_that_failed_is_begun_afresh(checkout: Checkout) -> None:
    failed = checkout.set_up(fails="install")
    assert failed.returncode != 0
    assert "the locked dependencies could not be installed" in failed.stderr
    left_over = checkout.folder / ".venv/half-installed"
    left_over.touch()
    assert checkout.set_up().returncode == 0
    assert checkout.made() == "venv install"
    assert not left_over.exists()


def test_an_environment_that_does_not_run_is_made_anew(checkout: Checkout) -> None:
    checkout.set_up()
    (checkout.folder / ".venv/bin/python").unlink()
    assert checkout.set_up().returncode == 0
    assert checkout.made() == "venv install"


def test_a_checkout_that_was_moved_is_set_up_anew(checkout: Checkout) -> None:
    checkout.set_up()
    moved = checkout.folder.with_name("elsewhere")
    checkout.folder.rename(moved)
    checkout.folder = moved
    assert checkout.set_up().returncode == 0
    assert checkout.made() == "venv install"


@pytest.mark.parametrize(
    ("fails", "words"),
    [("version", "no Python 3.11 or newer found"), ("venv", "has no venv module")],
)
def test_without_a_python_one_line_says_the_next_step(
    checkout: Checkout, fails: str, words: str
) -> None:
    result = checkout.set_up(fails=fails)
    assert result.returncode != 0
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr
    assert not (checkout.folder / ".venv").exists()


def test_scripts_are_strict_and_run_from_any_folder(root: Path) -> None:
    scripts = [*(root / "scripts").iterdir(), *(root / ".ci").iterdir()]
    assert len(scripts) >= 6
    for path in scripts:
        if not path.is_file():
            continue
        assert " " not in path.name
        text = path.read_text("utf-8")
        if re.match(r"#!.*sh\n", text) is None:
            continue
        assert text.startswith("#!/usr/bin/env bash\n"), path
        assert "\nset -euo pipefail\n" in text, path
        assert "BASH_SOURCE[0]" in text, path
        assert os.access(path, os.X_OK), path


def test_ci_runs_the_tests_as_a_reader_would(root: Path) -> None:
    text = (root / ".ci/run").read_text("utf-8")
    steps = re.findall(r"^run \d+ '[^']+' (.+)$", text, re.MULTILINE)
    assert steps.index("make test") < steps.index("scripts/check")
    assert {"scripts/check", "scripts/build"} <= set(steps)
    assert any(step.endswith(" scripts/gates") for step in steps)
    assert "exec </dev/null\n" in text
