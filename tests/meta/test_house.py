"""House rules that no linter knows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_LINES = 400

# Put together here, so that this file does not name what it forbids.
FOREIGN = {
    "a folder of one machine": re.compile(r"(?<![\w.~}\)/-])/" + r"work\b(?!-)"),
    "a folder of one workplace": re.compile(r"(?<![\w-])" + "shared" + "/"),
    "a place where packages lie": re.compile("find" + "[-_]" + "links", re.IGNORECASE),
}


def foreign_names(text: str) -> list[tuple[int, str]]:
    return [
        (number, what)
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in FOREIGN.items()
        if pattern.search(line.replace("--no-emit-find-" + "links", ""))
    ]


def local_links(text: str) -> list[str]:
    """The targets of Markdown links and images that are files of the checkout."""

    def walk(tokens: list[Token]) -> list[str]:
        found: list[str] = []
        for token in tokens:
            target = token.attrGet("href") or token.attrGet("src")
            if target:
                found.append(str(target))
            found += walk(token.children or [])
        return found

    targets = walk(MarkdownIt("commonmark").enable("table").parse(text))
    return [t for t in targets if not re.match(r"[a-z][a-z0-9+.-]*:|//|#", t, re.IGNORECASE)]


def headings(text: str) -> set[str]:
    """The anchors that a forge gives to a page's headings."""
    return {
        re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
        for line in text.splitlines()
        if re.match(r"#{1,6} ", line)
    }


def test_no_module_outgrows_the_house(root: Path) -> None:
    sizes = {
        str(path.relative_to(root)): len(path.read_text("utf-8").splitlines())
        for path in (root / "digest").rglob("*.py")
    }
    assert len(sizes) > 10, "the modules were not found"
    assert {name: size for name, size in sizes.items() if size > MAX_LINES} == {}


def test_no_file_names_the_place_it_was_made_in(root: Path, files: list[Path]) -> None:
    assert len(files) > 20, "the files were not found"
    hits = []
    for path in files:
        data = path.read_bytes()
        if b"\0" in data:
            continue
        hits += [
            f"{path.relative_to(root)}:{number}: {what}"
            for number, what in foreign_names(data.decode("utf-8", "replace"))
        ]
    assert hits == []


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("see /" + "work/main/x", True),
        ("cp ../shared" + "/a .", True),
        ("PIP_FIND" + "_LINKS=/x", True),
        ("digest/workflows/deliver.py", False),
        ("net/work and https://a.example/work-life", False),
        ("a shared lease", False),
    ],
)
def test_the_rule_on_foreign_names_can_fail(line: str, caught: bool) -> None:
    assert bool(foreign_names(line)) is caught


def test_every_link_between_our_pages_leads_somewhere(root: Path, files: list[Path]) -> None:
    pages = [path for path in files if path.suffix == ".md" and "tests" not in path.parts]
    broken = []
    for page in pages:
        for link in local_links(page.read_text("utf-8")):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or (
                anchor and target.suffix == ".md" and anchor not in headings(target.read_text())
            ):
                broken.append(f"{page.relative_to(root)}: {link}")
    assert broken == []


def test_the_links_of_a_page_are_seen() -> None:
    page = "[a](docs/a.md#b) ![p](p.png) <https://a.example> [m](mailto:a@b.example) `[n](n)`\n"
    assert local_links(page) == ["docs/a.md#b", "p.png"]


def test_the_changelog_has_a_place_for_the_next_change_and_for_this_version(root: Path) -> None:
    lines = (root / "CHANGELOG.md").read_text("utf-8").splitlines()
    sections = [line for line in lines if line.startswith("## ")]
    assert sections[0] == "## [Unreleased]"
    released = [re.fullmatch(r"## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", s) for s in sections[1:]]
    assert all(released), sections
    kinds = {line for line in lines if line.startswith("### ")}
    known = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
    assert kinds <= {f"### {kind}" for kind in known}


def test_the_sdist_holds_what_the_wheel_is_built_from(root: Path) -> None:
    build = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    sdist = build["targets"]["sdist"]["include"]
    wheel = build["targets"]["wheel"]
    for folder in [*wheel["packages"], *wheel["force-include"]]:
        assert f"/{folder}" in sdist
        assert (root / folder).is_dir(), folder
