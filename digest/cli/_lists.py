"""Reading lists of subscribers: files in any of the encodings and dialects that programs write.

A ZIP is read as the CSV files in it. Understood are UTF-8 with or without a byte order mark,
UTF-16, commas, semicolons and tabs, and quoted fields of several lines.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from digest.domain.moving import ADDRESS_COLUMNS, Format, as_left, recognise
from digest.errors import UsageError
from digest.workflows.bring_in import Line

_HEAD: Final = 2**16
_LONGEST_FIELD: Final = 2**24
_BLOCK: Final = 2**20


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file whose first line was read. `opened()` gives its rows, with their line numbers."""

    name: str
    format: Format
    separator: str
    encoding: str
    opened: Callable[[], Iterator[tuple[int, list[str]]]]

    def lines(self, *, left: bool) -> Iterator[Line]:
        """Its lines in order; with `left` all in it are taken as ones who have left."""
        rows = self.opened()
        _number, header = next(rows)
        columns = _columns(header)
        for number, cells in rows:
            if not any(cells):
                continue
            yield self._line(number, columns, cells, left=left)

    def _line(self, number: int, columns: list[str], cells: list[str], *, left: bool) -> Line:
        mine = (self.format.name, self.format.ours and not left)
        if any(cells[len(columns) :]):
            fault = f"has {len(cells)} fields, the first line names {len(columns)} columns"
            return Line(self.name, number, None, *mine, fault=fault)
        row = dict(zip(columns, cells, strict=False))
        try:
            newcomer = self.format.read(row, Path(self.name).name)
        except UsageError as error:
            return Line(self.name, number, None, *mine, fault=error.message)
        if newcomer is not None and self.encoding == "latin-1" and not newcomer.address.isascii():
            fault = f"{newcomer.address[:80]!r}: not in UTF-8, so a letter may be another one"
            return Line(self.name, number, None, *mine, fault=fault)
        if newcomer is not None and left:
            newcomer = as_left(newcomer)
        return Line(self.name, number, newcomer, *mine)


def open_lists(files: Iterable[Path], given: Format | None) -> list[ListFile]:
    """Look at all files, before anything is kept; `given` is their format, else it is found out.

    Raises UsageError naming the file that cannot be read, or whose first line is not understood.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    found: list[ListFile] = []
    for file in files:
        for name, opened in _streams(file):
            found.append(_look(name, opened, given))
    return found


def _streams(file: Path) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Name and opener of a file, of standard input, or of each CSV file in a ZIP."""
    if str(file) == "-":
        kept = sys.stdin.buffer.read()
        yield "-", lambda: io.BytesIO(kept)
        return
    try:
        if not zipfile.is_zipfile(file):
            with file.open("rb"):
                pass
            yield str(file), lambda: file.open("rb")
            return
        archive = zipfile.ZipFile(file)
        names = [i.filename for i in archive.infolist() if i.filename.lower().endswith(".csv")]
    except (OSError, zipfile.BadZipFile) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{file}: cannot be read: {said}", "name a CSV file") from error
    if not names:
        raise UsageError(f"{file}: there is no CSV file in it", "unpack it, and name the file")
    for name in names:
        yield f"{file}/{name}", lambda name=name: archive.open(name)  # type: ignore[misc]


def _look(name: str, opened: Callable[[], IO[bytes]], given: Format | None) -> ListFile:
    encoding = _encoding(name, opened)
    with opened() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        head = text.read(_HEAD)
    first = head.removeprefix("\ufeff").lstrip("\r\n").splitlines()[:1]
    # Some spreadsheets say in a line of its own what separates the fields.
    said = re.fullmatch(r"sep=(.)", first[0].strip()) if first else None
    separator = said[1] if said else _separator(head)

    def rows() -> Iterator[tuple[int, list[str]]]:
        return _rows(name, opened, encoding, separator, skip=bool(said))

    header = next(rows(), (0, []))[1]
    return ListFile(name, _format(name, _columns(header), given), separator, encoding, rows)


def _format(name: str, columns: list[str], given: Format | None) -> Format:
    if given is None:
        try:
            return recognise(columns)
        except UsageError as error:
            raise UsageError(f"{name}:1: {error.message}", error.hint) from error
    missing = sorted(given.needs - set(columns))
    if not given.needs and not set(ADDRESS_COLUMNS) & set(columns):
        missing = ["address"]
    if missing:
        raise UsageError(
            f"{name}:1: no column is named `{missing[0]}`, as in {given.shown}",
            "leave --format out: the first line tells",
        )
    return given


def _encoding(name: str, opened: Callable[[], IO[bytes]]) -> str:
    """UTF-16 or UTF-8, else Latin-1, of which only what is ASCII is believed."""
    with opened() as stream:
        head = stream.read(_HEAD)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        if head[1::2].count(0) > len(head) // 4:
            return "utf-16-le"
        if head[0::2].count(0) > len(head) // 4:
            return "utf-16-be"
        if b"\0" in head:
            raise UsageError(f"{name}: is no text", "give the CSV file as it was exported")
    with (
        suppress(UnicodeDecodeError),
        opened() as stream,
        io.TextIOWrapper(stream, "utf-8", newline="") as text,
    ):
        while text.read(_BLOCK):
            pass
        return "utf-8-sig"
    return "latin-1"


def _separator(head: str) -> str:
    """The one that makes a first line in which an address is named, else a comma."""
    for separator in (",", ";", "\t", "|"):
        cells = next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), [])
        names = set(_columns(cells))
        if len(names) > 1 and names & {*ADDRESS_COLUMNS, "leid"}:
            return separator
    return ","


def _rows(
    name: str, opened: Callable[[], IO[bytes]], encoding: str, separator: str, *, skip: bool
) -> Iterator[tuple[int, list[str]]]:
    """The first line number of each row, and its fields. Raises UsageError for what is no CSV."""
    with opened() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        reader = csv.reader(text, delimiter=separator)
        number = 1
        try:
            for cells in reader:
                if not (skip and number == 1) and (cells or number > 1):
                    yield number, cells
                number = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise UsageError(
                f"{name}:{number}: is no CSV: {error}", "give the file as it was exported"
            ) from error


def _columns(header: Iterable[str]) -> list[str]:
    return [cell.removeprefix("\ufeff").strip().lower() for cell in header]


def as_words(lists: Iterable[ListFile]) -> Iterator[str]:
    """What was recognised, a line a file."""
    separators: Mapping[str, str] = {";": ", semicolons", "\t": ", tabs", "|": ", bars"}
    for found in lists:
        encoding = {"utf-8-sig": "", "latin-1": ", not in UTF-8"}.get(found.encoding, ", UTF-16")
        yield f"{found.name}: {found.format.shown}{encoding}{separators.get(found.separator, '')}"
