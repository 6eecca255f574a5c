"""The reference page and the example file say what the models say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from digest.settings import Settings, load
from digest.settings.names import Leaf, leaves, sections, value_of, variables
from digest.settings.reference import default, example, kind, page
from digest.settings.show import HIDDEN, advice, secrets, shown

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "digest.example.toml"
EVERY = pytest.mark.parametrize("leaf", leaves().values(), ids=lambda leaf: leaf.name)


def test_the_committed_files_are_current() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example(), "next: scripts/docs"
    assert (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8") == page()


@EVERY
def test_every_setting_is_described(leaf: Leaf) -> None:
    description = leaf.info.description or ""
    assert description.endswith(".")
    assert kind(leaf)
    row = next(line for line in page().splitlines() if f"| `{leaf.variable}`" in line)
    assert row.startswith(f"| `{leaf.key}` |")
    assert description in row
    assert f"`{default(leaf)}`" in row
    assert (f"`{leaf.variable}_FILE`" in row) == leaf.secret
    assert f"\n# {leaf.key} = {default(leaf)}\n" in example()


def test_every_variable_has_its_own_name() -> None:
    assert len(variables()) == len(leaves()) + sum(leaf.secret for leaf in leaves().values())


def test_the_example_loads_as_it_is() -> None:
    loaded = load(EXAMPLE, {})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_the_example_without_any_comment_loads(tmp_path: Path) -> None:
    kept = [line for line in example().splitlines() if not line.startswith("#")]
    file = tmp_path / "bare.toml"
    file.write_text("\n".join(kept), encoding="utf-8")
    assert tomllib.loads("\n".join(kept)) == {name: {} for name in sections()}
    assert load(file, {}).settings == Settings()


def test_the_example_with_every_setting_switched_on_is_the_defaults(tmp_path: Path) -> None:
    text = re.sub(r"^# ([a-z0-9_]+ = )", r"\1", example(), flags=re.MULTILINE)
    file = tmp_path / "all.toml"
    file.write_text(text, encoding="utf-8")
    loaded = load(file, {})
    assert loaded.settings == Settings()
    for name, origin in loaded.origins.items():
        line = int(origin.removeprefix(f"{file}:"))
        assert text.splitlines()[line - 1].startswith(f"{leaves()[name].key} = ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("smtp.port", "whole number, 1 to 65535"),
        ("smtp.timeout_s", "number, more than 0, at most 3600"),
        ("feeds.max_bytes", "whole number, 10_000 to 50_000_000"),
        ("smtp.security", 'one of "none", "starttls", "tls"'),
        ("smtp.password", "secret text"),
        ("paths.content", "path, may be empty"),
        ("mail.auto_submitted", "true or false"),
        ("delivery.retry_minutes", "list, not empty, of: whole number, 1 to 1440"),
        ("site.title", "text, not empty, at most 40 characters"),
    ],
)
def test_kinds_read_well(name: str, words: str) -> None:
    assert kind(leaves()[name]) == words


# --- what is shown -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///var/digest.db", "sqlite:///var/digest.db"),
        ("postgresql://db.example:5432/x", "postgresql://db.example:5432/x"),
        ("postgresql://u@db.example/x", "postgresql://u@db.example/x"),
        ("postgresql://u:hunter2@db.example/x", f"postgresql://u:{HIDDEN}@db.example/x"),
        ("postgresql+psycopg://u:hunter2@h/x", f"postgresql+psycopg://u:{HIDDEN}@h/x"),
        ("postgresql://u:hun/ter2@:hunter2@h/x", f"postgresql://u:{HIDDEN}@h/x"),
        ("postgresql://a/b:hunter2@h/x", f"postgresql://a/b:{HIDDEN}@h/x"),
        (
            "postgresql://h/x?user=u&password=hunter2&sslpassword=hunter2&a=b",
            f"postgresql://h/x?user=u&password={HIDDEN}&sslpassword={HIDDEN}&a=b",
        ),
    ],
)
def test_only_the_password_of_a_database_url_is_hidden(url: str, expected: str) -> None:
    settings = load(environ={"DIGEST_DATABASE__URL": url}).settings
    assert shown(settings)["database.url"] == expected
    assert any("hunter2" in text for text in secrets(settings)) == ("hunter2" in url)


@EVERY
def test_every_secret_is_hidden(leaf: Leaf) -> None:
    if not leaf.secret:
        assert HIDDEN not in str(shown(Settings())[leaf.name])
        return
    text = "hunter2" * 5
    if leaf.name == "database.url":
        text = f"postgresql://u:{text}@db.example/x"
    if leaf.name == "alerts.webhook_url":
        text = f"https://hooks.example/{text}"
    user = f"DIGEST_{leaf.section.upper() or 'SMTP'}__USERNAME"
    known = {user: "letters"} if leaf.key == "password" else {}
    settings = load(environ={leaf.variable: text, **known}).settings
    assert "hunter2" in _disclosed(value_of(settings, leaf))
    assert "hunter2" not in str(shown(settings))
    assert HIDDEN in str(shown(settings)[leaf.name])


def _disclosed(value: object) -> str:
    part = value[0] if isinstance(value, list) else value
    assert isinstance(part, SecretStr)
    return part.get_secret_value()


def test_advice_names_what_works_and_is_not_good(tmp_path: Path) -> None:
    file = tmp_path / "digest.toml"
    file.write_text('[smtp]\nusername = "u"\npassword = "hunter2"\n', encoding="utf-8")
    file.chmod(0o644)
    found = "\n".join(advice(load(file, {"DIGEST_SITE__BASE_URL": "http://digest.example"})))
    assert "site.base_url is not https" in found
    assert "mail.from_address is not set" in found
    assert "smtp.security is none" in found
    assert f"{file} holds smtp.password" in found
    assert "hunter2" not in found


def test_advice_has_nothing_to_say_of_good_settings(tmp_path: Path) -> None:
    file = tmp_path / "digest.toml"
    file.write_text('[smtp]\nusername = "u"\npassword = "x"\nsecurity = "tls"\n', encoding="utf-8")
    file.chmod(0o600)
    environ = {
        "DIGEST_SITE__BASE_URL": "https://digest.example",
        "DIGEST_MAIL__FROM_ADDRESS": "letter@digest.example",
    }
    assert advice(load(file, environ)) == []


def test_importing_the_settings_brings_nothing_heavy() -> None:
    heavy = "numpy matplotlib sqlalchemy httpx click rich email_validator"
    code = f"import sys, digest.settings; print(*set('{heavy}'.split()) & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
