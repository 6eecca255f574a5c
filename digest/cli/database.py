"""digest migrate, backup and restore: the database as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire

if TYPE_CHECKING:
    from digest.storage.backup import Contents


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


@click.command(short_help="Write all that is kept into one file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_app
def backup(app: App, file: Path) -> None:
    """Back the database up into a new FILE, while everything goes on running.

    It holds addresses: keep it as safe as the database. The secret key (paths.state) is not in it.
    """
    from digest.storage.backup import backup as write  # noqa: PLC0415 - see migrate

    app.answer(f"{file}: {_words(write(app.settings.database, file))}")


@click.command(short_help="Put a backup in the place of the database.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--verify", is_flag=True, help="Only look whether it could be restored.")
@pass_app
def restore(app: App, file: Path, *, verify: bool) -> None:
    """Restore FILE; stop all other processes of digest first.

    A backup of SQLite may be restored into an empty Postgres: so one moves from one to the other.
    Who unsubscribed or was suppressed after the backup stays gone, where the database that is
    replaced can still be read; who had themselves forgotten is forgotten again. Nothing is sent
    until `digest resume --i-am-the-only-instance`.
    """
    from digest.storage import backup as backups  # noqa: PLC0415 - see migrate
    from digest.wiring import utc_now  # noqa: PLC0415

    if verify:
        found = backups.verify(app.settings.database, file)
        app.answer(f"{file}: can be restored: {_words(found)}")
        return
    found = backups.restore(app.settings.database, file, utc_now())
    app.answer(f"Restored: {_words(found)}; {found.merged} who had left since stay gone.")
    wiring = wire(app)
    with wiring.store() as store:
        forgotten = wiring.registrar(store).forget_again()
    if forgotten:
        app.answer(f"Forgotten again, as they had asked for since: {forgotten}.")
    app.warn(
        "sending is held, lest two installations send the same letters; letters that went out "
        "after the backup are not known any more"
    )
    app.answer("Go on with: digest resume --i-am-the-only-instance")


def _words(found: Contents) -> str:
    rows = ", ".join(f"{number} {table}" for table, number in found.rows.items())
    return f"revision {found.revision}, {rows}"
