"""Every command on our pages is one that exists: `digest ...`, `make ...`, `scripts/...`."""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from digest.errors import DigestError

SHELLS = {"console", "sh", "bash", "shell"}
# Stand-ins of the pages for what the reader fills in.
PLACEHOLDERS = {"SLUG": "momentum", "DATE": "2026-11-24", "ADDR": "ada@example.org"}


def commands(markdown: str) -> Iterator[list[str]]:
    """The words of each simple command in the fenced shell blocks.

    In a `console` block only lines behind the prompt `$ ` are commands, the rest is output.
    """
    for token in MarkdownIt("commonmark").parse(markdown):
        kind = token.info.split()[0] if token.type == "fence" and token.info.strip() else ""
        if kind not in SHELLS:
            continue
        for line in token.content.replace("\\\n", " ").splitlines():
            if kind == "console":
                if not line.startswith("$ "):
                    continue
                line = line.removeprefix("$ ")  # noqa: PLW2901 - the prompt is no word
            yield from _simple(line)


def _simple(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if re.fullmatch(r"[|&;()]+", word):
            while words and re.fullmatch(r"\w+=.*", words[0]):
                words.pop(0)
            if words:
                yield words
            words = []
        else:
            words.append(word)


def undo_redirection(words: list[str]) -> list[str]:
    # What follows > or < is a file, not a word of the command.
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif re.fullmatch(r"[<>]+", word):
            skip = True
        else:
            kept.append(word)
    return kept


def inner(words: list[str]) -> list[str]:
    """The command that `sudo -u USER` or `docker compose run SERVICE` runs; else as it was."""
    if words[0] == "sudo" and "-u" in words:
        return words[words.index("-u") + 2 :]
    if words[:2] == ["docker", "compose"] and "run" in words:
        rest = [word for word in words[words.index("run") + 1 :] if word not in {"--rm", "-T"}]
        return ["digest", *rest[1:]]
    return words


def fault(words: list[str], group: click.Command, targets: set[str], root: Path) -> str:
    """What is wrong with a command of ours; empty when nothing is, or when it is not ours."""
    words = inner(undo_redirection([PLACEHOLDERS.get(word, word) for word in words]))
    name = words[0].removeprefix(".venv/bin/").removeprefix("./")
    if name == "digest":
        return _digest_fault(words[1:], group)
    if name == "make":
        unknown = [w for w in words[1:] if "=" not in w and not w.startswith("-")]
        unknown = [w for w in unknown if w not in targets]
        return f"make has no target {unknown[0]}" if unknown else ""
    if name.startswith(("scripts/", ".ci/")):
        return "" if os.access(root / name, os.X_OK) else f"{name} cannot be run"
    return ""


def _digest_fault(arguments: list[str], group: click.Command) -> str:
    """Parse as the program would, down to the last word, without running anything."""
    command, name, parent = group, "digest", None
    while True:
        try:
            context = command.make_context(name, list(arguments), parent=parent)
        except click.exceptions.Exit:  # --help and --version end here
            return ""
        except click.ClickException as error:
            return error.format_message()
        if not isinstance(command, click.Group):
            return ""
        rest = [*context._protected_args, *context.args]
        if not rest:
            return ""
        try:
            found, inner, arguments = command.resolve_command(context, rest)
        except click.ClickException as error:
            return error.format_message()
        except DigestError as error:
            return error.message
        assert inner is not None
        command, name, parent = inner, found or rest[0], context


@pytest.fixture(scope="session")
def group() -> click.Group:
    """The root group: whatever attribute of digest.cli is one."""
    import digest.cli

    found = [value for value in vars(digest.cli).values() if isinstance(value, click.Group)]
    assert found, "digest.cli shows no click group"
    return found[0]


@pytest.fixture(scope="session")
def targets(root: Path) -> set[str]:
    text = (root / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


def test_every_command_on_our_pages_exists(
    root: Path, files: list[Path], group: click.Group, targets: set[str]
) -> None:
    faults = []
    for page in files:
        if page.suffix != ".md" or "tests" in page.relative_to(root).parts:
            continue
        for words in commands(page.read_text("utf-8")):
            wrong = fault(words, group, targets, root)
            if wrong:
                faults.append(f"{page.relative_to(root)}: {shlex.join(words)}: {wrong}")
    assert faults == []


def test_the_make_targets_are_listed_and_phony(root: Path, targets: set[str]) -> None:
    text = (root / "Makefile").read_text("utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split())
    described = set(re.findall(r"^([a-z][a-z-]*):.*## ", text, re.MULTILINE))
    assert targets == phony == described
    assert {"help", "digest", "test", "check", "gates", "clean"} <= targets


SAMPLE = """
```console
$ make digest
Nothing is sent.
$ DIGEST_SITE__TITLE=x digest letter --to ADDR > out.txt && digest letter \\
    --to b@example.org | head -5   # a remark
```
```python
digest nonsense
```
```sh
digest --help
digest leter
digest letter --too x
make disgest
scripts/nothing
ls -l
```
"""


def test_wrong_commands_are_found(root: Path) -> None:
    @click.group()
    def sample() -> None: ...

    @sample.command()
    @click.option("--to", required=True)
    def letter(to: str) -> None: ...

    read = list(commands(SAMPLE))
    assert [words[0] for words in read] == [
        "make", "digest", "digest", "head", "digest", "digest", "digest", "make", "scripts/nothing",
        "ls",
    ]  # fmt: skip
    wrong = [fault(words, sample, {"digest"}, root) for words in read]
    assert [bool(w) for w in wrong] == [
        False, False, False, False, False, True, True, True, True, False,
    ]  # fmt: skip
    assert "leter" in wrong[5]
    assert "--too" in wrong[6]
    assert wrong[7] == "make has no target disgest"
    for words in (
        "sudo --preserve-env=X -u digest digest leter",
        "docker compose run --rm x leter",
    ):
        assert "leter" in fault(words.split(), sample, {"digest"}, root)


def named(text: str) -> list[tuple[str, str]]:
    """The commands that a message names: `digest stories fetch` as (stories, fetch)."""
    return re.findall(r"\bdigest ([a-z]+)(?: ([a-z][a-z-]*))?", text)


def stray(text: str, group: click.Group) -> list[str]:
    """Commands that a message names and that do not exist."""
    context = click.Context(group)
    found = []
    for name, second in named(text):
        # A word that is no command is prose: "the digest is ...".
        command = group.get_command(context, name) if name in group.list_commands(context) else None
        if (
            isinstance(command, click.Group)
            and second
            and second not in command.list_commands(context)
        ):
            found.append(f"{name} {second}")
    return found


def test_every_command_that_a_message_names_exists(root: Path, group: click.Group) -> None:
    assert stray("run: digest stories collect, or digest stories fetch", group) == [
        "stories collect"
    ]
    faults = {}
    for page in sorted((root / "digest").rglob("*.py")):
        for node in ast.walk(ast.parse(page.read_text("utf-8"))):
            said = node.value if isinstance(node, ast.Constant) else None
            if isinstance(said, str) and (wrong := stray(said, group)):
                faults[f"{page.relative_to(root)}:{node.lineno}"] = wrong
    assert faults == {}
