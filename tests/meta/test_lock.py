"""The lock: names, versions and hashes, of everything that pyproject.toml asks for."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = (
    "constraints.txt", "constraints-run.txt", "constraints-build.txt", "constraints-embed.txt"
)  # fmt: skip
PIN = re.compile(r"(?P<name>[a-z0-9]+(?:[-.][a-z0-9]+)*)==(?P<version>[^\s;]+)(?P<marker> ; .+)?")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}")


def parse(text: str) -> tuple[list[tuple[str, str, str, int]], list[str]]:
    """Pins as (name, version, marker, number of hashes), and the lines that are no such thing."""
    pins: list[tuple[str, str, str, int]] = []
    stray: list[str] = []
    for raw in text.splitlines():
        line = raw.removesuffix(" \\")
        pin = PIN.fullmatch(line)
        if pin:
            pins.append((pin["name"], pin["version"], pin["marker"] or "", 0))
        elif HASH.fullmatch(line) and pins:
            *rest, count = pins[-1]
            pins[-1] = (*rest, count + 1)  # type: ignore[assignment]
        elif line and line != "# Made by scripts/lock from pyproject.toml.":
            stray.append(line)
    return pins, stray


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, list[str]]:
    """The requirements of each file, as pyproject.toml has them."""
    data = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    run = data["project"]["dependencies"]
    groups = data["dependency-groups"]
    build = [*groups["build"], *data["build-system"]["requires"]]
    dev = [entry for entry in groups["dev"] if isinstance(entry, str)]
    return {
        "constraints.txt": [*run, *build, *dev],
        "constraints-run.txt": run,
        "constraints-build.txt": build,
        "constraints-embed.txt": [*run, *data["project"]["optional-dependencies"]["embed"]],
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_only(root: Path, name: str) -> None:
    pins, stray = parse((root / name).read_text("utf-8"))
    assert len(pins) >= 8
    assert stray == []
    assert [pin for pin in pins if pin[3] == 0] == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "click @ https://packages.example/click-8.2.whl",
        "-e .",
        "./wheels/click-8.2-py3-none-any.whl",
        "click>=8.2",
        "    --hash=md5:0123",
    ],
)
def test_a_lock_with_an_address_a_path_or_a_range_is_refused(line: str) -> None:
    _, stray = parse(f"click==8.2.1 \\\n    --hash=sha256:{'0' * 64}\n{line}\n")
    assert stray == [line]


def test_a_pin_without_a_hash_is_seen() -> None:
    assert parse("click==8.2.1\n") == ([("click", "8.2.1", "", 0)], [])


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_covers_what_the_project_asks_for(
    root: Path, name: str, project: dict[str, list[str]]
) -> None:
    pins, _ = parse((root / name).read_text("utf-8"))
    missing = []
    for words in project[name]:
        requirement = Requirement(words)
        versions = [v for n, v, _, _ in pins if n == canonicalize_name(requirement.name)]
        if not versions or not all(Version(v) in requirement.specifier for v in versions):
            missing.append(f"{words} (locked: {versions or 'not at all'})")
    assert missing == [], "run scripts/lock"


@pytest.mark.parametrize("name", LOCKS[1:3])
def test_the_smaller_locks_agree_with_the_whole(root: Path, name: str) -> None:
    whole = {pin[:2] for pin in parse((root / "constraints.txt").read_text("utf-8"))[0]}
    part = {pin[:2] for pin in parse((root / name).read_text("utf-8"))[0]}
    assert part <= whole


def test_the_extra_adds_packages_and_changes_none(root: Path) -> None:
    run = {pin[:2] for pin in parse((root / "constraints-run.txt").read_text("utf-8"))[0]}
    embed = {pin[:2] for pin in parse((root / "constraints-embed.txt").read_text("utf-8"))[0]}
    assert run < embed
    assert len(embed - run) <= 6


def test_nothing_is_shipped_that_nothing_needs(root: Path, project: dict[str, list[str]]) -> None:
    """The run-time lock is the closure of the dependencies, as the installed packages tell it."""
    reached: set[str] = set()
    todo = [Requirement(words) for words in project["constraints-run.txt"]]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        key = f"{name}[{','.join(sorted(extras))}]"
        if key in reached:
            continue
        reached |= {name, key}
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        for words in needed:
            further = Requirement(words)
            # Markers of other systems and Pythons count: the lock is for all of them.
            marker = further.marker
            of_an_extra = marker is not None and "extra" in str(marker)
            if not of_an_extra or any(marker.evaluate({"extra": e}) for e in extras if marker):
                todo.append(further)
    pins, _ = parse((root / "constraints-run.txt").read_text("utf-8"))
    assert {pin[0] for pin in pins} - reached == set(), "run scripts/lock"


def test_mathra_is_held_at_one_version(project: dict[str, list[str]]) -> None:
    assert "mathra==1.5.0" in project["constraints-run.txt"]


def imported(folder: Path) -> set[str]:
    """The top-level names that the modules below a folder import."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        if "node_modules" in path.parts:  # the gates' programs, with Python of their own
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"digest", "tests"}


@pytest.mark.parametrize(
    ("folder", "lock"),
    [
        ("digest", "constraints-embed.txt"),
        ("content", "constraints-run.txt"),
        ("migrations", "constraints-run.txt"),
        ("tests", "constraints.txt"),
    ],
)
def test_what_is_imported_is_asked_for(
    root: Path, folder: str, lock: str, project: dict[str, list[str]]
) -> None:
    """A package that is there only because another one needs it may be gone tomorrow."""
    asked = {canonicalize_name(Requirement(words).name) for words in project[lock]}
    ours = {path.stem for path in (root / "tests").rglob("*.py")} if folder == "tests" else set()
    homes = packages_distributions()
    strangers = {
        name: sorted(set(homes.get(name, ["not installed"])))
        for name in imported(root / folder) - ours
        # What an extra installs need not be there: its package must bear the module's name.
        if asked.isdisjoint(canonicalize_name(home) for home in homes.get(name, [name]))
    }
    assert strangers == {}, "name it in pyproject.toml, then run scripts/lock"
