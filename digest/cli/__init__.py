"""The command `digest`: a group that imports a command only when it is used.

`digest --help` lists all commands from the table below, without importing one of them.
A command is a function in its own file; what it raises is put into words in `_faults`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from digest import __version__
from digest.cli._console import App, pass_app
from digest.cli._faults import BROKEN_PIPE, run
from digest.cli._lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "send": ("digest.cli.send:send", "Send the day's letters, or write them to a folder."),
    "edition": ("digest.cli.edition:edition", "Build, show and publish editions."),
    "explain": ("digest.cli.edition:explain", "Say why an edition holds what it holds."),
    "content": ("digest.cli.content:content", "Write, show and check concepts."),
    "stories": ("digest.cli.stories:stories", "Collect stories and look after the feeds."),
    "subscribers": ("digest.cli.subscribers:subscribers", "Look after the subscribers."),
    "audit": (
        "digest.cli.ledger:audit",
        "Say whether everyone who was due is accounted for.",
    ),
    "deliveries": (
        "digest.cli.ledger:deliveries",
        "List or count deliveries, with the last replies.",
    ),
    "retry": ("digest.cli.ledger:retry", "Send again what was refused or came to nothing."),
    "pause": (
        "digest.cli.ledger:pause",
        "Hold all sending, or that of one edition.",
    ),
    "resume": (
        "digest.cli.ledger:resume",
        "Go on after a pause, a stop or a restore.",
    ),
    "alerts": ("digest.cli.alerts:alerts", "What is amiss, and whether you would hear of it."),
    "prune": ("digest.cli.ledger:prune", "Delete old deliveries; their counts stay."),
    "receive": ("digest.cli.receive:receive", "Hear one message from standard input."),
    "backup": ("digest.cli.database:backup", "Write all that is kept into one file."),
    "restore": ("digest.cli.database:restore", "Put a backup in the place of the database."),
    "token": ("digest.cli.access:token", "Make, list and revoke the tokens of the API."),
    "admin": ("digest.cli.access:admin", "The operator's page, /admin."),
    "migrate": ("digest.cli.database:migrate", "Bring the database to this program's schema."),
    "serve": (
        "digest.cli.serve:serve",
        "Run the daily schedule, a sender, the receiver, or the site.",
    ),
    "dkim": ("digest.cli.dkim:dkim", "Make keys that sign the letters."),
    "doctor": ("digest.cli.doctor:doctor", "Check DNS, relay, site, disk and database."),
    "config": ("digest.cli.config:config", "Show and check the settings."),
}
"""Name -> (module:attribute, short help)."""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    name="digest",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Settings file; else the one DIGEST_CONFIG names, else ./digest.toml.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks.")
@click.option("-v", "--verbose", is_flag=True, help="Tell more of what is done.")
@click.version_option(__version__, prog_name="digest", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, quiet: bool, verbose: bool) -> None:  # noqa: FBT001 - click hands flags over
    """One email a day that teaches machine learning: five concepts, five stories."""
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    app = ctx.ensure_object(App)
    app.config, app.quiet, app.verbose = config, quiet, verbose


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code (see `digest.errors`)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without the letters of a title gets an escape, not a fault.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    code = run(cli, sys.argv[1:] if argv is None else argv, App())
    if code == BROKEN_PIPE:
        # What is left in the buffer must not fail once more when Python leaves.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


__all__ = ["COMMANDS", "App", "cli", "main", "pass_app"]
