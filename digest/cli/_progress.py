"""How far a long command is: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_LINE_EVERY_S = 10.0


class Progress:
    """Counts what is done and tells its display."""

    def __init__(self, display: Callable[[int], None]) -> None:
        self.done = 0
        self._display = display

    def advance(self, count: int = 1) -> None:
        """`count` more are done."""
        self.done += count
        self._display(self.done)


@contextmanager
def progress(total: int | None, label: str, *, quiet: bool) -> Iterator[Progress]:
    """Show progress on standard error while inside."""
    if quiet:
        yield Progress(lambda _: None)
    elif sys.stderr.isatty():
        yield from _bar(total, label)
    else:
        yield from _lines(total, label)


def _bar(total: int | None, label: str) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 - only where a bar is drawn
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Output that goes to a pipe must not be caught and shown above the bar.
    with RichProgress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task(escape(label), total=total)
        yield Progress(lambda done: bar.update(task, completed=done))


def _lines(total: int | None, label: str) -> Iterator[Progress]:
    said_at = time.monotonic()

    def tell(done: int) -> None:
        click.echo(f"{label}: {done}" + (f" of {total}" if total is not None else ""), err=True)

    def now_and_then(done: int) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= _LINE_EVERY_S:
            said_at = now
            tell(done)

    counter = Progress(now_and_then)
    yield counter
    tell(counter.done)
