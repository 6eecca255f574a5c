"""What all commands share: the settings, loaded when asked for, and how they speak.

Answers go to standard output, remarks about them too, warnings and progress to standard error.
With --quiet there are only answers and warnings. Text from outside (a feed's title, an address)
is cleaned of control characters, which would steer the reader's terminal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, is_dataclass
from datetime import date, time
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digest.cli._progress import Progress, progress

if TYPE_CHECKING:
    # Importing pydantic takes longer than all of `digest --help` may.
    from digest.settings import Loaded, Settings

_REPLACED = {code: "\ufffd" for code in [*range(32), *range(127, 160)] if chr(code) not in "\n\t"}


class App:
    """The context object of all commands: `@pass_app` hands it over as first argument."""

    def __init__(self) -> None:
        self.config: Path | None = None
        self.quiet = False
        self.verbose = False

    @cached_property
    def loaded(self) -> Loaded:
        """The settings with their origins; raises SettingsError."""
        from digest.settings import load  # noqa: PLC0415 - see above

        return load(self.config)

    @property
    def settings(self) -> Settings:
        """The settings; raises SettingsError."""
        return self.loaded.settings

    def say(self, text: str, **style: Any) -> None:  # noqa: ANN401 - click.style's keywords
        """A remark; silent with --quiet. `style` is click.style's (fg="green", bold=True)."""
        if not self.quiet:
            self.answer(text, **style)

    def detail(self, text: str) -> None:
        """A remark for --verbose only, on standard error."""
        if self.verbose:
            click.echo(cleaned(text), err=True)

    def answer(self, text: str, **style: Any) -> None:  # noqa: ANN401 - click.style's keywords
        """What was asked for; also with --quiet."""
        click.secho(cleaned(text), color=_colour(), **style)

    def warn(self, text: str) -> None:
        """A warning on standard error; also with --quiet."""
        click.secho(f"digest: {cleaned(text)}", err=True, fg="yellow", color=_colour())

    def table(self, rows: Iterable[Sequence[object]], headers: Sequence[str]) -> None:
        """Aligned columns, whole numbers to the right, no lines; also with --quiet."""
        from rich.cells import cell_len  # noqa: PLC0415 - only for those who print a table

        kept = [tuple(row) for row in rows]
        body = [[_cell(value) for value in row] for row in kept]
        right = [
            all(isinstance(row[column], int | float) for row in kept) and bool(kept)
            for column in range(len(headers))
        ]
        widths = [
            max(cell_len(row[column]) for row in [list(headers), *body])
            for column in range(len(headers))
        ]
        for index, row in enumerate([list(headers), *body]):
            padded = []
            for text, width, to_right in zip(row, widths, right, strict=True):
                gap = " " * (width - cell_len(text))
                padded.append(gap + text if to_right else text + gap)
            line = "  ".join(padded).rstrip()
            click.secho(line, bold=index == 0 or None, color=_colour())

    def as_json(self, obj: object) -> None:
        """An answer as JSON: dataclasses, dates, paths, enumerations and sets are understood."""
        click.echo(json.dumps(obj, ensure_ascii=False, indent=2, default=_jsonable))

    def progress(self, total: int | None, label: str) -> AbstractContextManager[Progress]:
        """Show progress on standard error while inside: `with ... as bar: bar.advance()`.

        A bar on a terminal, else a line now and then; nothing with --quiet. `total` is None where
        it is not known.
        """
        return progress(total, cleaned(label), quiet=self.quiet)

    def without_secrets(self, text: str) -> str:
        """The text with all secrets of the settings hidden, if they were loaded."""
        if "loaded" not in self.__dict__:
            return text
        from digest.settings.show import HIDDEN, secrets  # noqa: PLC0415 - see above

        for secret in secrets(self.settings):
            text = text.replace(secret, HIDDEN)
        return text


pass_app = click.make_pass_decorator(App, ensure=True)


def cleaned(text: str) -> str:
    """The text with control characters (but line break and tab) replaced by U+FFFD."""
    return text.translate(_REPLACED)


def complain(message: str, hint: str = "") -> None:
    """An error for a person: what is wrong, in red on a terminal, and the next step."""
    click.secho(f"digest: {cleaned(message)}", err=True, fg="red", color=_colour())
    if hint:
        click.echo(f"  {cleaned(hint)}", err=True)


def _colour() -> bool | None:
    # None lets click find out whether it writes to a terminal. See no-color.org.
    return False if os.environ.get("NO_COLOR") else None


def _cell(value: object) -> str:
    if value is None:
        return ""
    return cleaned(str(value)).replace("\n", " ").replace("\t", " ")


def _jsonable(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
