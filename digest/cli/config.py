"""`digest config`: the settings, where they come from, and whether all is well."""

from __future__ import annotations

import click

from digest.cli._console import App, pass_app


@click.group()
def config() -> None:
    """Show and check the settings."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@pass_app
def show(app: App, as_json: bool) -> None:  # noqa: FBT001 - click hands flags over
    """Print every setting, its value and where it comes from. Secrets are hidden."""
    from digest.settings.reference import as_toml  # noqa: PLC0415 - slow to import, see _console
    from digest.settings.show import HIDDEN, NOT_SET, shown  # noqa: PLC0415 - as above

    values, origins = shown(app.settings), app.loaded.origins
    if as_json:
        app.as_json({name: {"value": values[name], "origin": origins[name]} for name in values})
        return
    rows = []
    for name, value in values.items():
        if value in ("", None, [], NOT_SET):
            text = NOT_SET
        else:
            text = HIDDEN if value == HIDDEN else as_toml(value)
        rows.append((name, text, origins[name]))
    app.table(rows, ("Setting", "Value", "Origin"))


@config.command()
def example() -> None:
    """Print a settings file to start from: all settings, their meaning and default."""
    from digest.settings.reference import example as text  # noqa: PLC0415 - see _console

    click.echo(text(), nl=False)


@config.command()
@pass_app
def check(app: App) -> None:
    """Load the settings and name every fault, with file and line."""
    from digest.settings.show import advice  # noqa: PLC0415 - see _console
    from digest.wiring.stories import check_model  # noqa: PLC0415 - as above

    loaded = app.loaded
    check_model(loaded.settings)
    for line in advice(loaded):
        app.warn(line)
    set_by_hand = sum(origin != "default" for origin in loaded.origins.values())
    where = f"; the file is {loaded.file}" if loaded.file else "; there is no settings file"
    app.say(f"All well: {len(loaded.origins)} settings, {set_by_hand} set by hand{where}.")
