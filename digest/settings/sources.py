"""Where values come from: a TOML file, the environment, files that hold a secret.

Each source gives dotted names with values and origins, and adds its faults to a list, so that a
person reads all of them at once. No fault repeats a value that may be a secret. pydantic-settings
is not used: it knows neither origins nor line numbers, and it passes over a mistyped variable.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from digest.settings.names import (
    OTHER_VARIABLES,
    PREFIX,
    Leaf,
    leaves,
    nearest,
    sections,
    variables,
)

_SECRET_LIMIT_BYTES = 65_536
_SERVICE_LINK = re.compile(
    r"DIGEST_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it stands in its source, and where that is."""

    value: object = field(repr=False)
    origin: str


def read_text(path: Path) -> str:
    """The text of a settings file; ValueError says in words why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except IsADirectoryError:
        raise ValueError(
            f"{path}: is a folder, not a file (container engines make one where the file to mount "
            "is missing)"
        ) from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}:{line}: is not UTF-8 text") from None


def from_toml(path: Path, text: str, faults: list[str]) -> dict[str, Given]:
    """The values of a settings file; ValueError when it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_broken(path, text, str(error))) from None
    lines = line_numbers(text)

    def at(name: str) -> str:
        return f"{path}:{lines[name]}" if name in lines else str(path)

    given: dict[str, Given] = {}
    for key, value in data.items():
        if key not in sections():
            named = {key: value}
        elif isinstance(value, dict):
            named = {f"{key}.{inner}": part for inner, part in value.items()}
        else:
            faults.append(f"{at(key)}: {key} is a section: write [{key}], its settings below")
            continue
        for name, part in named.items():
            if name in leaves():
                given[name] = Given(part, at(name))
            else:
                faults.append(f"{at(name)}: {_unknown(name, isinstance(part, dict))}")
    return given


def line_numbers(text: str) -> dict[str, int]:
    """Dotted name -> line, from 1, of valid TOML.

    tomllib keeps no positions. But each statement of TOML (a header, or a key with its value)
    is a document of its own, and a part of one is none: so a statement ends where it parses.
    """
    found: dict[str, int] = {}
    table, statement, start = "", "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            start = number
        statement += line + "\n"
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        names = list(_paths(parsed))
        if statement.lstrip().startswith("["):
            table = names[-1]
            names = [table]
        elif table:
            names = [f"{table}.{name}" for name in names]
        for name in names:
            found.setdefault(name, start)
        statement = ""
    return found


def from_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, Given]:
    """The values of all `DIGEST_*` variables and of the files that `DIGEST_*_FILE` name."""
    known = variables()
    given: dict[str, Given] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES:
            continue
        leaf = known.get(variable)
        if leaf is None:
            if not ("DIGEST_SERVICE_HOST" in environ and _SERVICE_LINK.fullmatch(variable)):
                # Kubernetes sets such variables for a service named "digest".
                faults.append(_unknown_variable(variable, known))
            continue
        if leaf.name in given:
            faults.append(
                f"environment {variable}: {leaf.variable} is set as well; keep one of the two"
            )
            continue
        text = environ[variable]
        origin = f"environment {variable}"
        try:
            if variable == leaf.file_variable:
                origin = f"file {text} ({variable})"
                text = secret_file(text)
            value = _parsed(leaf, text, by_line=variable == leaf.file_variable)
        except ValueError as error:
            faults.append(f"{origin}: {leaf.name} {error}")
            # Its place is kept, so that a second variable for it is seen; load() goes no further.
            value = None
        given[leaf.name] = Given(value, origin)
    return given


def secret_file(name: str) -> str:
    """The text of a file that holds a secret, without one newline at its end.

    ValueError says in words what is wrong: not there, not readable, readable or writable by
    everybody (as Docker and Kubernetes mount secrets unless told otherwise), empty, too large.
    """
    if not name:
        raise ValueError("cannot be read: the variable names no file")
    try:
        with Path(name).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_SECRET_LIMIT_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ValueError(
            f"is open to every user of this machine (mode {mode:04o}); next: chmod 600 {name} "
            "(for a mounted secret, set its mode to 0400)"
        )
    if len(data) > _SECRET_LIMIT_BYTES:
        raise ValueError(f"cannot be right: the file has more than {_SECRET_LIMIT_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    text = text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
    if not text:
        raise ValueError("is missing: the file is empty")
    return text


def _parsed(leaf: Leaf, text: str, *, by_line: bool) -> object:
    if not leaf.many:
        return text
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            # Its own words name the place only, not the text.
            raise ValueError(f"is no JSON list: {error}") from None
    parts: Iterable[str] = text.splitlines() if by_line else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def _paths(data: Mapping[str, object]) -> Iterator[str]:
    for key, value in data.items():
        yield key
        inner = value[-1] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            for name in _paths(inner):
                yield f"{key}.{name}"


def _broken(path: Path, text: str, message: str) -> str:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if place is None:
        return f"{path}: is no TOML: {message}"
    line = place[1] or str(text.count("\n") + 1)
    column = f" (column {place[2]})" if place[2] else " (at its end)"
    words = message[: place.start()]
    return f"{path}:{line}: is no TOML: {words[:1].lower()}{words[1:]}{column}"


def _unknown(name: str, is_table: bool) -> str:  # noqa: FBT001 - private, one caller
    section, _, key = name.rpartition(".")
    if is_table and not section:
        meant = nearest(name, sections())
        return f"[{name}] is no section" + (f"; did you mean [{meant}]?" if meant else "")
    siblings = {leaf.key: leaf.name for leaf in leaves().values() if leaf.section == section}
    anywhere = {leaf.key: leaf.name for leaf in leaves().values()}
    if key in anywhere:
        return f"{name} is no setting; did you mean {anywhere[key]}?"
    for word, known in (
        (key, siblings),
        (name, {each: each for each in leaves()}),
        (key, anywhere),
    ):
        if meant := nearest(word, known):
            return f"{name} is no setting; did you mean {known[meant]}?"
    return f"{name} is no setting"


def _unknown_variable(variable: str, known: Mapping[str, Leaf]) -> str:
    stem = known.get(variable.removesuffix("_FILE"))
    if stem and stem.variable != variable:
        return (
            f"environment: {variable} is no setting: only secrets are read from files; "
            f"did you mean {stem.variable}?"
        )
    # Without the prefix, which would make everything look alike.
    names = [name.removeprefix(PREFIX) for name in (*known, *OTHER_VARIABLES)]
    meant = nearest(variable.removeprefix(PREFIX), names)
    return f"environment: {variable} is no setting" + (
        f"; did you mean {PREFIX}{meant}?" if meant else ""
    )
