"""Commands run as a person runs them: another process, a folder, an environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from digest import resources
from tests.drawings import press_cache  # noqa: F401 - a fixture
from tests.smtpserver import SmtpServer

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def smtp():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def own_content(tmp_path: Path) -> Path:
    """A content/ that may be spoilt: five root cards, the shelf, and no sources."""
    shipped, own = resources.folder("content"), tmp_path / "content"
    (own / "sources").mkdir(parents=True)
    shutil.copytree(shipped / "stories", own / "stories")
    # The cards left out are ones that may be pointed to.
    slugs = sorted(folder.name for folder in (shipped / "concepts").iterdir() if folder.is_dir())
    (own / "wanted.toml").write_text(f"wanted = {json.dumps(slugs)}\n", encoding="utf-8")
    for slug in ("entropy", "gradient-descent", "normal-distribution", "markov-chain", "momentum"):
        shutil.copytree(
            shipped / "concepts" / slug,
            own / "concepts" / slug,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return own


@pytest.fixture
def digest(tmp_path: Path, press_cache: Path) -> Run:  # noqa: F811 - imported above
    """Run `digest ...` in an empty folder, asking no feed unless told otherwise."""

    def run(*words: str, stdin: str | None = None, **environ: str):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-m", "digest", *words],
            cwd=tmp_path,
            env=kept
            | {
                "DIGEST_PATHS__CACHE": str(press_cache),
                "DIGEST_FEEDS__DRY_RUN_BUDGET_S": "0",
                "DIGEST_PREFLIGHT__CHECKS": "letter",
            }
            | environ,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run
