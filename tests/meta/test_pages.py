"""What our pages and unit files say to set or to run is there: settings, links, commands."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from markdown_it import MarkdownIt
from pydantic import BaseModel

from digest.errors import SettingsError
from digest.settings import Settings, load
from tests.meta.test_commands import _digest_fault, group  # noqa: F401 - a fixture

# What a backtick that looks like a setting of ours may else be.
NO_SETTINGS = re.compile(
    r"\.(py|md|toml|sh|yaml|csv|zip|db|cf|key|txt|jinja|service|json|png|css)$"
)


@pytest.fixture(scope="module")
def pages(files: list[Path], root: Path) -> list[Path]:
    return [
        page
        for page in files
        if page.suffix == ".md" and {"tests", "content"}.isdisjoint(page.relative_to(root).parts)
    ]


def blocks(page: Path, kind: str) -> Iterator[str]:
    for token in MarkdownIt("commonmark").parse(page.read_text("utf-8")):
        if token.type == "fence" and token.info.strip() == kind:
            yield token.content


def settings_fault(text: str, folder: Path) -> str:
    """What is wrong with settings in TOML; empty when they could stand in a digest.toml."""
    file = folder / "digest.toml"
    file.write_text(text)
    try:
        load(file, {})
    except SettingsError as error:
        return str(error)
    return ""


def names(model: type[BaseModel], before: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield before + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from names(field.annotation, f"{before}{name}.")


def test_settings_on_our_pages_can_be_loaded(pages: list[Path], root: Path, tmp_path: Path) -> None:
    faults, seen = [], 0
    for page in pages:
        for text in blocks(page, "toml"):
            # A source of feeds is described in TOML as well.
            if "digest.toml" not in text and re.match(r"(\w+ = |#)", text):
                tomllib.loads(text)
                continue
            seen += 1
            if fault := settings_fault(text, tmp_path):
                faults.append(f"{page.relative_to(root)}: {fault}\n{text}")
    assert seen >= 15
    assert faults == []
    assert "smtp.hots" in settings_fault('[smtp]\nhots = "x"\n', tmp_path)


def strange_settings(text: str, known: set[str]) -> list[str]:
    """Names in backticks that look like settings, of a section that there is, and are none."""
    sections = {name.partition(".")[0] for name in known if "." in name}
    found = re.findall(r"`([a-z]\w*)\.(\w+)(?: = [^`]*)?`", text)
    return sorted({
        f"{section}.{name}"
        for section, name in found
        if section in sections
        and f"{section}.{name}" not in known
        and not NO_SETTINGS.search(f"{section}.{name}")
    })  # fmt: skip


def variables(known: set[str]) -> set[str]:
    return {"DIGEST_" + name.replace(".", "__").upper() for name in known}


def test_settings_named_on_our_pages_exist(pages: list[Path], root: Path) -> None:
    known = set(names(Settings))
    assert "smtp.port" in known
    assert strange_settings("`smtp.port`, `smtp.prot = 1`, `digest.toml`", known) == ["smtp.prot"]
    faults = {
        str(page.relative_to(root)): wrong
        for page in pages
        if page.name != "CHANGELOG.md" and (wrong := strange_settings(page.read_text(), known))
    }
    assert faults == {}
    allowed = variables(known) | {"DIGEST_CONFIG", "DIGEST_DEBUG", "DIGEST_CHROMIUM"}
    for page in [*pages, root / "compose.yaml", *(root / "deploy/systemd").iterdir()]:
        for name in re.findall(r"\bDIGEST_[A-Z0-9_]+", page.read_text("utf-8")):
            plain = name.removesuffix("_FILE").rstrip("_")
            assert name in allowed or plain in allowed, f"{page.name}: {name}"


def test_links_between_our_pages_lead_somewhere(pages: list[Path], root: Path) -> None:
    faults = []
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            file = target.partition("#")[0]
            ours = file and "://" not in file and not file.startswith("mailto:")
            if ours and not (page.parent / file).exists():
                faults.append(f"{page.relative_to(root)}: {target}")
    assert faults == []


def test_the_pages_for_operators_are_reached(root: Path, pages: list[Path]) -> None:
    """Each how-to is linked from the first page or the tutorial."""
    text = (root / "README.md").read_text() + (root / "docs/tutorial.md").read_text()
    for page in (root / "docs/howto").iterdir():
        assert f"howto/{page.name}" in text, page.name


# --- what is started --------------------------------------------------------------------------


def test_units_and_containers_run_commands_that_exist(root: Path, group: click.Group) -> None:  # noqa: F811
    started = {}
    for unit in sorted((root / "deploy/systemd").glob("*.service")):
        (words,) = re.findall(
            r"^ExecStart=/opt/digest/bin/digest (.+)$", unit.read_text(), re.MULTILINE
        )
        started[unit.name] = shlex.split(words)
    compose = yaml.safe_load((root / "compose.yaml").read_text("utf-8"))
    for name, service in compose["services"].items():
        if service["image"] == "digest":
            started[name] = service["command"]
    assert len(started) >= 9
    assert {name: _digest_fault(words, group) for name, words in started.items()} == dict.fromkeys(
        started, ""
    )


HARDENED = ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "User=digest")


def test_units_are_hardened_and_hold_for_systemd(root: Path, tmp_path: Path) -> None:
    units = sorted((root / "deploy/systemd").glob("*.service"))
    for unit in units:
        lines = unit.read_text().splitlines()
        assert set(HARDENED) <= set(lines), unit.name
    program = shutil.which("systemd-analyze")
    if program is None:
        return  # a laptop without systemd: the lines above are what is left
    for unit in units:
        # The program is not where it will be installed.
        text = unit.read_text().replace("/opt/digest/bin/digest", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    here = [str(tmp_path / unit.name) for unit in units]
    # Exposure of 2.0 of 10 at most.
    plain = [name for name in here if "@" not in name]
    for words in (["verify", *here], ["security", "--offline=true", "--threshold=20", *plain]):
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        said = done.stdout[-600:] + done.stderr
        assert (done.returncode, "Unknown" in said) == (0, False), said
