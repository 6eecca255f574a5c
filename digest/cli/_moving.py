"""digest subscribers import: lists of this and of other programs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.errors import OutputError

if TYPE_CHECKING:
    from digest.workflows.bring_in import BroughtIn, Refused

MAX_FAULTS_SHOWN: Final = 20
FORMAT_NAMES: Final = ("digest", "listmonk", "mailchimp", "ghost", "substack")


@click.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True,
    type=click.Path(path_type=Path, allow_dash=True),
)  # fmt: skip
@click.option("--format", "name", type=click.Choice(FORMAT_NAMES), help="Else by the first line.")
@click.option("--left", is_flag=True, help="All in the files have left: none is written to.")
@click.option("--dry-run", is_flag=True, help="Keep nothing; say what would be done.")
@click.option(
    "--refused", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the lines that were left out, and why, into this CSV file.",
)  # fmt: skip
@pass_app
def import_(
    app: App,
    files: tuple[Path, ...],
    *,
    name: str | None,
    left: bool,
    dry_run: bool,
    refused: Path | None,
) -> None:
    """Import subscribers from exports of listmonk, Mailchimp, Ghost, Substack, or any CSV file.

    Give the files as they were exported, also Mailchimp's ZIP; - is standard input. Of other files
    the first line names the columns: `address` (or `email`) is needed, the others of
    `digest subscribers export` are understood. Bad lines are reported, good ones are kept.

    Whoever left here stays gone. Whoever left there, bounced or was blocked is put on the
    suppression list. When they agreed there goes into the consent log. To repeat it is harmless.
    """
    from digest.cli._lists import as_words, open_lists  # noqa: PLC0415 - nobody else needs it
    from digest.domain.moving import FORMATS  # noqa: PLC0415
    from digest.workflows.bring_in import summary  # noqa: PLC0415

    given = next((one for one in FORMATS if one.name == name), None)
    lists = open_lists(files, given)
    wiring = wire(app)
    for words in as_words(lists):
        app.say(words)
    with wiring.store(keep=not dry_run) as store:
        lines = (line for found in lists for line in found.lines(left=left))
        report = wiring.bringer(store).bring_in(lines, wiring.clock())
    _complain(app, report.refused, "bad lines")
    _complain(app, report.again, "lines of addresses that came before")
    if refused is not None:
        _write(app, refused, report)
    said = ", ".join(f"{number} {words}" for words, number in summary(report).items())
    app.answer(f"{'Nothing is kept. It would be: ' if dry_run else ''}{said}.")
    if report.refused:
        click.get_current_context().exit(1)


def _complain(app: App, lines: Sequence[Refused], what: str) -> None:
    for line in lines[:MAX_FAULTS_SHOWN]:
        app.warn(f"{line.file}:{line.number}: {line.fault}")
    if len(lines) > MAX_FAULTS_SHOWN:
        app.warn(f"and {len(lines) - MAX_FAULTS_SHOWN} more {what}: --refused FILE writes all")


def _write(app: App, out: Path, report: BroughtIn) -> None:
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("file", "line", "reason"))
            writer.writerows([*report.refused, *report.again])
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written: {error.strerror}", "choose another with --refused"
        ) from error
    app.say(f"Written: {out}")
