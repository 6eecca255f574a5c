"""digest dkim, as a program: a key, its record, and a letter that verifies against it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import Run
from tests.dkim import verify

SIGN = {"DIGEST_MAIL__FROM_ADDRESS": "letters@example.org"}


def record_of(said: str) -> str:
    (text,) = re.findall(r"^(v=DKIM1; .*)$", said, re.MULTILINE)
    return text


def test_a_new_key_signs_the_letters(digest: Run, tmp_path: Path) -> None:
    made = digest("dkim", "new", "--selector", "d1", **SIGN)
    assert made.returncode == 0, made.stderr
    key = tmp_path / "var" / "dkim" / "d1.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert 'd1._domainkey.example.org. IN TXT ("v=DKIM1; k=rsa; p=' in made.stdout
    assert '[dkim]\nselector = "d1"' in made.stdout
    assert "PRIVATE" not in made.stdout + made.stderr

    use = SIGN | {"DIGEST_DKIM__SELECTOR": "d1"}
    shown = digest("dkim", "show", **use)
    assert record_of(shown.stdout) == record_of(made.stdout)

    dry = digest("send", "--dry-run", "--no-fetch", "--to", "ada@example.org", **use)
    assert dry.returncode in {0, 1}, dry.stderr
    (path,) = (tmp_path / "var" / "out").glob("*/letter.eml")
    records = {"d1._domainkey.example.org": record_of(made.stdout)}
    (tags,) = verify(path.read_bytes(), records)
    assert tags["names"].split(":").count("list-unsubscribe-post") == 2


def test_no_key_is_replaced_and_bad_names_are_refused(digest: Run, tmp_path: Path) -> None:
    first = digest("dkim", "new", "--selector", "d1", "--ed25519", **SIGN)
    assert 'ed25519_selector = "d1"' in first.stdout
    kept = (tmp_path / "var" / "dkim" / "d1.pem").read_bytes()
    again = digest("dkim", "new", "--selector", "d1", **SIGN)
    assert again.returncode > 1
    assert "there is a key already" in again.stderr
    assert (tmp_path / "var" / "dkim" / "d1.pem").read_bytes() == kept
    nobody = digest("dkim", "new", "--selector", "d2")
    assert nobody.returncode == 3
    assert "mail.from_address: is not set" in nobody.stderr
    assert not (tmp_path / "var" / "dkim" / "d2.pem").exists()
    bad = digest("dkim", "new", "--selector", "../d1", **SIGN)
    assert bad.returncode == 2
    assert "is no selector" in bad.stderr


def test_a_selector_without_its_key_is_told_before_anything_is_sent(digest: Run) -> None:
    done = digest("send", "--dry-run", "--no-fetch", **SIGN, DIGEST_DKIM__SELECTOR="gone")
    assert done.returncode > 1
    assert "dkim.key_file var/dkim/gone.pem: cannot be read" in done.stderr
    assert "digest dkim new" in done.stderr
    assert digest("dkim", "show", **SIGN).returncode > 1
