"""Finding and running the programs that the gates drive.

A missing program is a failure where CI=true and is said plainly elsewhere: a gate that quietly did
not run would count as passed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NODE_MODULES = HERE / "node_modules"
ON_CI = os.environ.get("CI", "").lower() == "true"
LIMIT_S = 120
"""Seconds that one program may take."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output as JSON. Raises AssertionError, with what it said, where it is none."""
        try:
            return json.loads(self.out)
        except ValueError:
            said = f"{self.out[-1500:]}\n{self.err[-1500:]}"
            raise AssertionError(f"exit code {self.code}, and no JSON: {said}") from None


def none(faults: Sequence[str]) -> None:
    """Fail with every fault on a line of its own; pass where there is none."""
    if faults:
        pytest.fail(f"{len(faults)} to mend:\n" + "\n".join(faults), pytrace=False)


def missing(what: str, remedy: str) -> NoReturn:
    """Fail on CI, skip elsewhere, saying what would help."""
    message = f"{what} is not here, so this gate did not run: {remedy}"
    if ON_CI:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def program(*names: str, variables: Sequence[str] = (), package: str) -> str:
    """The path of a program: named by an environment variable, or on the PATH."""
    for variable in variables:
        named = os.environ.get(variable, "")
        if named:
            if os.access(named, os.X_OK):
                return named
            pytest.fail(f"{variable}={named}: no such program", pytrace=False)
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    missing(names[0], f"on Debian: apt-get install {package}")


def chromium() -> str:
    """The browser."""
    return program(
        "chromium",
        "chromium-browser",
        "google-chrome",
        variables=("DIGEST_CHROMIUM", "CHROMIUM"),
        package="chromium",
    )


def node() -> str:
    """Node.js."""
    return program("node", package="nodejs npm")


def java() -> str:
    """Java, 17 or newer."""
    return program("java", package="default-jre-headless")


def npm_file(path: str) -> Path:
    """A file of an npm package, of the versions in package-lock.json."""
    found = NODE_MODULES / path
    if not found.is_file():
        missing(f"npm's {path}", "run scripts/gates, or: npm ci --prefix tests/gates")
    return found


def run(
    command: Sequence[str | Path],
    *,
    given: bytes | str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Outcome:
    """Run a program to its end; its exit code is the caller's to judge."""
    sent = given.encode() if isinstance(given, str) else given
    ended = subprocess.run(
        [str(word) for word in command],
        input=sent if sent is not None else b"",
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
        env=dict(env) if env is not None else None,
        cwd=cwd,
    )
    return Outcome(
        ended.returncode,
        ended.stdout.decode(errors="replace"),
        ended.stderr.decode(errors="replace"),
    )
