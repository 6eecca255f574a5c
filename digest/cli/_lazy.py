"""A click group that knows its commands by name and imports one only when it is used."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

import click

from digest.errors import UsageError


class InterruptedCommand(Exception):  # noqa: N818 - a way out, not an error
    """The person pressed Ctrl-C (or SIGINT came)."""


class BrokenOutput(Exception):  # noqa: N818 - a way out, not an error
    """A pipe broke inside the command; click itself would leave without a word."""


class LazyGroup(click.Group):
    """A group over a table of name -> (module:attribute, short help)."""

    def __init__(self, table: Mapping[str, tuple[str, str]], **rest: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(**rest)
        self.table = dict(table)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; UsageError when its module does not belong to this installation."""
        del ctx
        if cmd_name not in self.table:
            return None
        module_name, _, attribute = self.table[cmd_name][0].partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name != module_name:
                raise
            raise UsageError(
                f"the command {cmd_name!r} is missing from this installation",
                "install digest-letter again",
            ) from None
        command = getattr(module, attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.table[cmd_name][0]} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        name = args[0]
        if name not in self.table and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.table, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, importing none."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run; what click would swallow comes out under names of our own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedCommand from None
        except BrokenPipeError as error:
            raise BrokenOutput from error
