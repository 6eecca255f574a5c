"""digest migrate: bring the database to this program's schema."""

from __future__ import annotations

import click

from digest.cli._console import App, pass_app


@click.command(short_help="Bring the database to this program's schema.")
@pass_app
def migrate(app: App) -> None:
    """Bring the database to the schema of this program.

    Harmless to repeat, and to run in two places at once. What fails leaves the database as it was.
    """
    from digest.storage import connect  # noqa: PLC0415 - SQLAlchemy, for those who need it
    from digest.storage.migrate import head, upgrade  # noqa: PLC0415

    database = connect(app.settings.database)
    try:
        applied = upgrade(database)
        place = database.place
    finally:
        database.close()
    if not applied:
        app.answer(f"{place}: nothing to do: the database is at {head()}")
        return
    for revision in applied:
        app.say(f"applied {revision}")
    app.answer(f"{place}: the database is at {head()}")
