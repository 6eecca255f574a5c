"""What a person reads, and which exit code a script gets, when a command goes wrong.

DigestError: message and next step, its own code. Click's errors: as click words them, 2.
Ctrl-C: one line, 130. A reader of our output that went away: nothing, 141 (as of SIGPIPE).
Anything else is our fault: one line, the traceback goes to a file, 70 (EX_SOFTWARE, sysexits.h).
"""

from __future__ import annotations

import os
import select
import sys
import tempfile
import traceback
from collections.abc import Sequence

import click

from digest.cli._console import App, cleaned, complain
from digest.cli._lazy import BrokenOutput, InterruptedCommand
from digest.errors import DigestError

INTERRUPTED = 130
BROKEN_PIPE = 141
UNEXPECTED = 70


def run(command: click.Command, argv: Sequence[str], app: App) -> int:
    """Run a command and return its exit code; never raises but SystemExit.

    A command sets its code with `ctx.exit(code)`; a whole number that it returns counts as well.
    """
    code = 0
    try:
        result = command.main(list(argv), prog_name="digest", standalone_mode=False, obj=app)
        sys.stdout.flush()
        code = result if isinstance(result, int) and not isinstance(result, bool) else 0
    except click.exceptions.Abort as error:
        code = _aborted(error)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (InterruptedCommand, KeyboardInterrupt):
        code = _interrupted()
    except DigestError as error:
        complain(error.message, error.hint)
        code = error.exit_code
    except (BrokenOutput, BrokenPipeError) as error:
        code = BROKEN_PIPE if _reader_gone() else _unexpected(error.__cause__ or error, app)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches a person
        code = _unexpected(error, app)
    return code


def _aborted(error: click.exceptions.Abort) -> int:
    if isinstance(error.__cause__, KeyboardInterrupt):
        return _interrupted()
    complain("stopped: no answer was given")
    return 1


def _interrupted() -> int:
    if sys.stderr.isatty():
        # The terminal has echoed ^C without a line break.
        click.echo(err=True)
    complain("interrupted")
    return INTERRUPTED


def _reader_gone() -> bool:
    """Whether nobody reads our output any more (a socket may break with the same error)."""
    for stream in (sys.stdout, sys.stderr):
        try:
            poll = select.poll()
            poll.register(stream.fileno(), 0)
        except (OSError, ValueError):
            continue
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            return True
    return False


def _unexpected(error: BaseException, app: App) -> int:
    report = app.without_secrets("".join(traceback.format_exception(error)))
    lines = app.without_secrets(str(error)).splitlines()
    what = f"unexpected fault: {type(error).__name__}" + (f": {lines[0]}" if lines else "")
    if os.environ.get("DIGEST_DEBUG") == "1":
        click.echo(cleaned(report), err=True)
        complain(what)
        return UNEXPECTED
    try:
        # mkstemp: mode 0600, as a traceback may quote an address.
        handle, name = tempfile.mkstemp(prefix="digest-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(report)
    except OSError as fault:
        complain(f"{what}; no report could be written ({fault.strerror})")
        return UNEXPECTED
    complain(f"{what}; a report was written to {name}", "DIGEST_DEBUG=1 shows it on the screen")
    return UNEXPECTED
