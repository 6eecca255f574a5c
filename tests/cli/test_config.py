"""`digest config`, run as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from digest.settings.names import leaves

ROOT = Path(__file__).parents[2]


def digest(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "digest", *words],
        cwd=cwd,
        env=kept | environ,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_show_prints_every_setting_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text("[smtp]\nport = 587\n", encoding="utf-8")
    done = digest("config", "show", cwd=tmp_path, DIGEST_EDITION__HOUR="9")
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["Setting", "Value", "Origin"]
    assert [line.split()[0] for line in lines] == list(leaves())
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert rows["smtp.port"].split() == ["587", "digest.toml:2"]
    assert rows["edition.hour"].split(maxsplit=1) == ["9", "environment DIGEST_EDITION__HOUR"]
    assert rows["smtp.password"].split("  ")[0] == "(not set)"
    assert rows["site.title"].split() == ['"digest"', "default"]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_show_hides_secrets(tmp_path: Path, form: list[str]) -> None:
    key = tmp_path / "key"
    key.write_text("hunter2" * 5, encoding="utf-8")
    key.chmod(0o600)
    done = digest(
        "config",
        "show",
        *form,
        cwd=tmp_path,
        DIGEST_SECRET_KEY_FILE=str(key),
        DIGEST_OLD_SECRET_KEYS="hunter2" * 6,
        DIGEST_SMTP__PASSWORD="hunter2",
        DIGEST_SMTP__USERNAME="letters",
        DIGEST_DATABASE__URL="postgresql://u:hunter2@db.example/x",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "hunter2" not in done.stdout
    assert f"file {key} (DIGEST_SECRET_KEY_FILE)" in done.stdout
    assert "postgresql://u:********@db.example/x" in done.stdout
    if form:
        shown = json.loads(done.stdout)
        assert list(shown) == list(leaves())
        assert shown["smtp.password"] == {
            "value": "********",
            "origin": "environment DIGEST_SMTP__PASSWORD",
        }
        assert shown["old_secret_keys"]["value"] == ["********"]
        assert shown["smtp.port"] == {"value": 25, "origin": "default"}


def test_example_is_the_file_of_the_project(tmp_path: Path) -> None:
    done = digest("config", "example", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "digest.example.toml").read_text(encoding="utf-8")


def test_example_can_be_printed_while_the_settings_are_broken(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text("broken", encoding="utf-8")
    assert digest("config", "example", cwd=tmp_path).returncode == 0


def test_check_says_that_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[smtp]\nport = 587\n", encoding="utf-8")
    environ = {"DIGEST_MAIL__FROM_ADDRESS": "letter@digest.example"}
    done = digest("--config", "my.toml", "config", "check", cwd=tmp_path, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"All well: {len(leaves())} settings, 2 set by hand; the file is my.toml.\n"
    )
    quiet = digest("-q", "config", "check", cwd=tmp_path, **environ)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_check_names_every_fault_and_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text("[smtp]\nport = 0\nprot = 1\n", encoding="utf-8")
    done = digest("config", "check", cwd=tmp_path, DIGEST_SMPT__PORT="1")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        "digest: 3 faults in the settings:",
        "  digest.toml:3: smtp.prot is no setting; did you mean smtp.port?",
        "  environment: DIGEST_SMPT__PORT is no setting; did you mean DIGEST_SMTP__PORT?",
        "  digest.toml:2: smtp.port must be greater than or equal to 1; it is 0",
        "  correct this, then run: digest config check",
    ]


def test_check_warns_and_still_ends_with_0(tmp_path: Path) -> None:
    done = digest("config", "check", cwd=tmp_path)
    assert done.returncode == 0
    assert "mail.from_address is not set" in done.stderr


def test_a_named_file_that_is_missing_ends_with_3(tmp_path: Path) -> None:
    done = digest("--config", "gone.toml", "config", "show", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("digest: gone.toml: there is no such file")
