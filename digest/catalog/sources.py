"""Sources as files: content/sources/<id>.toml, and the operator's own beside them."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import MISSING, asdict
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, Final

from digest.domain.story import Source
from digest.errors import CatalogError, OutputError

FORMATS: Final = ("feed", "jsonfeed", "hackernews", "hf-papers", "arxiv-api")
KINDS: Final = ("lab", "research", "press", "newsletter", "community")
TIERS: Final = (1, 2, 3, 4)
_REQUIRED: Final = ("url", "title", "homepage", "owner", "kind", "tier")
_ID_LENGTH: Final = 60


def read_table(path: Path, required: Collection[str], optional: Collection[str]) -> dict[str, Any]:
    """The keys of a TOML file. Raises CatalogError naming the file for a missing or foreign one."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path}: is no TOML: {error}", "mend the file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error
    missing = sorted(set(required) - set(values))
    foreign = sorted(set(values) - set(required) - set(optional))
    if missing:
        raise CatalogError(f"{path}: lacks {', '.join(missing)}", "add the line")
    if foreign:
        known = ", ".join([*required, *optional])
        raise CatalogError(f"{path}: {foreign[0]!r} is not known", f"keys: {known}")
    return values


def read_source(path: Path) -> Source:
    """The source that a file describes; its id is the file's name. Raises CatalogError."""
    kinds = {field.name: field for field in dataclass_fields(Source) if field.name != "id"}
    optional = [name for name in kinds if name not in _REQUIRED]
    values = read_table(path, _REQUIRED, optional)
    for key, value in values.items():
        wanted = {"int": int, "bool": bool}.get(str(kinds[key].type), str)
        if type(value) is not wanted:
            word = {int: "a number", bool: "true or false", str: "a text"}[wanted]
            raise CatalogError(f"{path}: {key} must be {word}, not {value!r}", "mend the line")
    for key, known in (("kind", KINDS), ("format", FORMATS)):
        if key in values and values[key] not in known:
            raise CatalogError(f"{path}: {key} {values[key]!r} is none of {', '.join(known)}")
    if values["tier"] not in TIERS:
        raise CatalogError(f"{path}: tier {values['tier']!r} is not 1, 2, 3 or 4")
    if not re.match(r"https?://[^/\s]", values["url"]):
        raise CatalogError(f"{path}: url {values['url']!r} is no http(s) address", "mend the line")
    return Source(id=path.stem, **values)


def read_sources(shipped: Path, own: Path | None = None) -> tuple[Source, ...]:
    """All sources of a folder, by id; one of `own` takes the place of its namesake.

    Raises CatalogError naming the first broken file, or a folder that is not there.
    """
    found: dict[str, Source] = {}
    for folder, setting in ((shipped, "paths.content"), (own, "paths.sources")):
        if folder is None:
            continue
        if not folder.is_dir():
            raise CatalogError(f"{folder}: there is no such folder", f"set {setting}")
        found |= {path.stem: read_source(path) for path in sorted(folder.glob("*.toml"))}
    return tuple(found[name] for name in sorted(found))


def write_source(folder: Path, source: Source) -> Path:
    """Write a source as a new file of `folder`, which is made if need be. Raises OutputError."""
    lines = [f"{name} = {_toml(value)}" for name, value in _told(source).items()]
    path = folder / f"{source.id}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}", "choose another folder with --to"
        ) from error
    return path


def new_id(title: str, taken: Iterable[str]) -> str:
    """``the-example-post``, from a title; with ``-2`` and so on where it is taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_ID_LENGTH].strip("-") or "feed"
    used = set(taken)
    number, name = 1, stem
    while name in used:
        number += 1
        name = f"{stem}-{number}"
    return name


def _told(source: Source) -> dict[str, str | int | bool]:
    """What the file must say: all that is required, and what differs from its default."""
    values = asdict(source)
    del values["id"]
    usual = {f.name: f.default for f in dataclass_fields(Source) if f.default is not MISSING}
    return {name: value for name, value in values.items() if usual.get(name, MISSING) != value}


def _toml(value: str | int | bool) -> str:  # noqa: FBT001 - a value of any kind
    """A TOML value. JSON's strings are TOML's basic strings, but for DEL (TOML 1.0)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
