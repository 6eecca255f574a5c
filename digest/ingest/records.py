"""Entries from JSON lines, plain or gzip: headlines of elsewhere, to be grouped or ranked here.

A line is an object with an ``id`` and a ``title``. Everything else may be missing or null:
``summary`` (or ``lead``, ``description``, ``abstract``, ``text``), ``url`` (with or without a
scheme), ``publisher`` (or ``source``), ``authors``, and a time: ``published``, ``first_seen`` or
``day`` (ISO 8601, or seconds since 1970; a bare day counts as its noon, UTC). Other fields are
left alone.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from digest.domain.story import UNDATED, Entry
from digest.errors import OutputError, UsageError
from digest.ingest import clean, dates, urls

_TEXTS: Final = ("summary", "lead", "description", "abstract", "text")
_TIMES: Final = ("published", "first_seen", "day")
_OUTLETS: Final = ("publisher", "source")
_GZIP: Final = b"\x1f\x8b"
_LEAD_LENGTH: Final = 800
"""Of a longer text the beginning tells what happened, and the rest tells the background."""


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their line numbers, blank lines left out.

    Raises UsageError naming the file, and the line of what is no JSON object.
    """
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == _GZIP
        opener = gzip.open if packed else open
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _object(path, number, line)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is no UTF-8 text: {error.reason}", _WANTED) from error
    except (OSError, EOFError, zlib.error) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{path}: cannot be read: {what}", _WANTED) from error


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON lines, gzip where the name ends in .gz. Raises OutputError."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    try:
        if path.suffix == ".gz":
            # No name and no time inside: the same rows give the same bytes.
            with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as out:
                out.writelines(line.encode("utf-8", "replace") for line in lines)
        else:
            with path.open("w", encoding="utf-8", errors="replace") as text:
                text.writelines(lines)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror or error}", "choose another with --output"
        ) from error


def entries(path: Path) -> list[tuple[str | int, Entry]]:
    """The id as the file has it, and the entry, of each line.

    Raises UsageError naming file and line for what lacks an id or anything to go by.
    """
    found = []
    for number, record in read_lines(path):
        key = record.get("id")
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise UsageError(f"{path}:{number}: lacks an `id`", "give each line its own")
        made = entry(str(key), record)
        if not made.title:
            raise UsageError(f"{path}:{number}: lacks a `title`", "each line needs one")
        found.append((key, made))
    return found


def entry(key: str, record: Mapping[str, Any]) -> Entry:
    """The entry that an object describes; its title is "" where it has neither title nor text.

    The lead is the beginning of the given text, longer than a feed's lead would be kept.
    """
    outlet = _first(record, _OUTLETS)
    body = clean.text(_first(record, _TEXTS))
    title = clean.title(_first(record, ("title",)), (outlet,)) or clean.shorten(body, 100)
    link = url(record)
    when = moment(record)
    authors = record.get("authors")
    return Entry(
        source=outlet or "file",
        key=key,
        url=link,
        title=title,
        lead="" if body == title else clean.shorten(body, _LEAD_LENGTH),
        published=when,
        first_seen=when,
        ref=urls.ref(link) if link else "",
        authors=tuple(map(str, authors)) if isinstance(authors, list) else (),
    )


def url(record: Mapping[str, Any]) -> str:
    """The link of an object, https where it has no scheme, "" where there is none."""
    link = _first(record, ("url",)).strip()
    return link if not link or "://" in link else f"https://{link}"


def moment(record: Mapping[str, Any]) -> datetime:
    """When an object says it appeared, in UTC; UNDATED where it does not say."""
    for name in _TIMES:
        value = record.get(name)
        when = dates.from_iso(value) or dates.from_epoch(value)
        if when is not None:
            return when
    return UNDATED


_WANTED: Final = "give a file of JSON lines, plain or gzip"


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise UsageError(f"{path}:{number}: is no JSON: {what}", _WANTED) from error
    if not isinstance(record, dict):
        raise UsageError(f"{path}:{number}: is no JSON object", _WANTED)
    return record


def _first(record: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of the named fields that is a text with something in it."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return ""
