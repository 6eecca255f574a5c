"""`digest migrate`, as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from digest.storage import connect
from digest.storage.migrate import head, revisions
from tests.databases import settings_for

ROOT = Path(__file__).parents[2]
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def migrate(empty_database_url: str, tmp_path: Path) -> Callable[[], Done]:
    def run() -> Done:
        return subprocess.run(
            [sys.executable, "-m", "digest", "migrate"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "DIGEST_DATABASE__URL": empty_database_url},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_migrate_says_what_it_did(migrate: Callable[[], Done], empty_database_url: str) -> None:
    first = migrate()
    assert (first.returncode, first.stderr) == (0, "")
    assert [f"applied {name}" for name in revisions()] == first.stdout.splitlines()[:-1]
    assert f"the database is at {head()}" in first.stdout
    second = migrate()
    assert (second.returncode, second.stderr) == (0, "")
    assert f"nothing to do: the database is at {head()}" in second.stdout

    database = connect(settings_for(empty_database_url))
    with database.transaction("write") as connection:
        connection.execute(text("UPDATE digest_revision SET version_num = '9999'"))
    database.close()
    newer = migrate()
    assert newer.returncode == 5
    assert newer.stdout == ""
    assert len(newer.stderr.splitlines()) == 2
    assert "9999" in newer.stderr
    assert "upgrade the program" in newer.stderr
