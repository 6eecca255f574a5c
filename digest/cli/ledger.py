"""digest audit, deliveries, retry, pause, resume, prune: the ledger in an operator's hands."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import cast

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import DATE, edition_date, wire
from digest.domain.address import normalise
from digest.domain.audit import ACCOUNTED, Audit
from digest.domain.delivery import DeliveryStatus
from digest.errors import EditionError, UsageError
from digest.ports.ledger import By

SENDING = "sending"
RESTORED = "restored"
WAITING = frozenset({DeliveryStatus.PENDING, DeliveryStatus.DEFERRED})
BY = ("state", "domain", "server", "error")


@click.command(short_help="Say whether everyone who was due is accounted for.")
@click.argument("given", metavar="[DATE]", type=DATE, required=False)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@pass_app
def audit(app: App, *, given: datetime | None, as_json: bool) -> None:
    """Compare everyone who was due with what the ledger says of their letters.

    eligible = sent + refused + deferred + expired + suppressed + paused + unknown. Exit code 1
    where that does not hold: rows are still under way, readers have no row, or rows are gone.
    """
    wiring = wire(app)
    now = wiring.clock()
    on = edition_date(app, given, now)
    with wiring.store(keep=False) as store:
        books = store.ledger.audit(on, now, app.settings.delivery.window_h)
    if as_json:
        app.as_json(_books(books))
    else:
        _tell(app, books)
    if not books.balanced:
        click.get_current_context().exit(1)


def _books(books: Audit) -> dict[str, object]:
    return {
        "date": books.edition,
        "published": books.published,
        "closed": books.closed,
        "eligible": books.eligible,
        "accounted": books.accounted,
        "balanced": books.balanced,
        "missing": books.missing,
        "lost": books.lost,
        "doubled": books.doubled,
        "states": {str(status): books.counts.get(status, 0) for status in DeliveryStatus},
        "faults": list(books.faults),
    }


def _tell(app: App, books: Audit) -> None:
    app.answer(f"Edition {books.edition}: {books.eligible} readers were due", bold=True)
    app.table(
        [(str(status), books.counts.get(status, 0)) for status in ACCOUNTED],
        ["state", "letters"],
    )
    if books.doubled:
        app.answer(f"Of {books.doubled} a second copy may have gone out.")
    for fault in books.faults:
        app.warn(f"edition {books.edition}: {fault}")
    if books.balanced and not books.published:
        app.answer("There is no published edition of that date, and nobody was due.")
    elif books.balanced:
        app.answer("The day adds up.")


@click.command(short_help="List or count deliveries, with the last replies.")
@click.argument("given", metavar="[DATE]", type=DATE, required=False)
@click.option("--by", type=click.Choice(BY), help="Count by this instead of listing.")
@click.option(
    "--state", type=click.Choice([str(s) for s in DeliveryStatus]), help="Only those in this state."
)
@click.option("--to", "recipient", metavar="ADDR", help="Only those to this address.")
@click.option("--all", "every", is_flag=True, help="Of all editions; else of one date.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def deliveries(
    app: App,
    *,
    given: datetime | None,
    by: str | None,
    state: str | None,
    recipient: str | None,
    every: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show what became of letters: today's, those of DATE, or those of all editions.

    Without --by: single rows, the last changed first, each with the server's last reply.
    """
    if every and given is not None:
        raise UsageError("--all: goes without a date", "leave one of the two out")
    if by is not None and (state or recipient):
        raise UsageError("--by: goes without --state and --to", "leave them out")
    wiring = wire(app)
    on = None if every else edition_date(app, given, wiring.clock())
    with wiring.store(keep=False) as store:
        if by is not None:
            counts = store.ledger.tally(on, cast("By", by))
            if as_json:
                app.as_json(dict(counts))
                return
            app.table(list(counts.items()), [by, "letters"])
            return
        key = normalise(recipient).key if recipient else ""
        rows = store.ledger.rows(on, state or "", key, limit)
    if as_json:
        app.as_json(list(rows))
        return
    if not rows:
        app.say("No delivery.")
        return
    app.table(
        [
            (
                row.edition,
                row.address or "(erased)",
                row.status,
                row.attempts,
                f"{row.next_at:%m-%d %H:%M}" if row.status in WAITING else "",
                row.server,
                row.last_reply,
            )
            for row in rows
        ],
        ["edition", "address", "state", "tries", "next (UTC)", "server", "last reply"],
    )


@click.command(short_help="Send again what was refused or came to nothing.")
@click.argument("given", metavar="DATE", type=DATE)
@click.option("--failed", is_flag=True, help="What was refused or expired.")
@click.option("--unknown", is_flag=True, help="What may or may not have arrived: second copies.")
@pass_app
def retry(app: App, *, given: datetime, failed: bool, unknown: bool) -> None:
    """Make ended letters of an edition due again, for readers who still get it.

    What was sent is never sent again. They go out with the next `digest send --date DATE`, or by
    the scheduler or a worker that runs.
    """
    if not failed and not unknown:
        raise UsageError("retry: say which letters", "add --failed, --unknown or both")
    statuses = [DeliveryStatus.REFUSED, DeliveryStatus.EXPIRED] if failed else []
    if unknown:
        statuses.append(DeliveryStatus.UNKNOWN)
    wiring = wire(app)
    on = given.date()
    with wiring.store() as store:
        if store.editions.get(on) is None:
            raise EditionError(f"there is no edition of {on}", "see: digest edition list")
        done = store.ledger.retry(on, statuses, wiring.clock(), app.settings.delivery.window_h)
    app.answer(f"Edition {on}: {done} letters are due again.")


@click.command(short_help="Hold all sending, or that of one edition.")
@click.argument("given", metavar="[DATE]", type=DATE, required=False)
@click.option("--reason", default="paused by the operator", help="Why; shown while it lasts.")
@pass_app
def pause(app: App, *, given: datetime | None, reason: str) -> None:
    """Hold all sending, on every host. Letters that are on the wire end; no other is begun.

    Rows go on being made, so that nobody is forgotten; those whose window ends meanwhile expire.
    """
    wiring = wire(app)
    name = given.date().isoformat() if given is not None else SENDING
    with wiring.store() as store:
        store.ledger.hold(name, reason, wiring.clock())
    app.answer(f"Held: {name}. Go on with: digest resume{'' if given is None else f' {name}'}")


@click.command(short_help="Go on after a pause, a stop or a restore.")
@click.argument("given", metavar="[DATE]", type=DATE, required=False)
@click.option(
    "--i-am-the-only-instance",
    "only",
    is_flag=True,
    help="After a restore: no other installation sends from another copy of this database.",
)
@pass_app
def resume(app: App, *, given: datetime | None, only: bool) -> None:
    """Go on with all sending, or with an edition that was stopped.

    A restored database stays held until --i-am-the-only-instance says that the one it was copied
    from does not send any more: else both would send the same letters.
    """
    wiring = wire(app)
    names = [given.date().isoformat()] if given is not None else [SENDING]
    if only:
        names.append(RESTORED)
    with wiring.store() as store:
        gone = store.ledger.release(names)
        left = store.ledger.holds()
    for hold in gone:
        app.answer(f"Released: {hold.name} (held since {hold.since:%Y-%m-%d %H:%M} UTC)")
    if not gone:
        app.say("Nothing of that was held.")
    for hold in left:
        app.warn(f"still held: {hold.name}: {hold.reason}")
    if any(hold.name == RESTORED for hold in left):
        raise UsageError(
            "this database was restored from a backup",
            "if the one it was copied from sends no more: digest resume --i-am-the-only-instance",
        )


@click.command(short_help="Delete old deliveries; their counts stay.")
@click.option(
    "--days",
    type=click.IntRange(min=2),
    default=None,
    help="Keep those of so many days; else delivery.keep_days.",
)
@pass_app
def prune(app: App, *, days: int | None) -> None:
    """Delete the rows of editions that are older, replies and addresses' domains with them.

    How many letters ended how is kept, so that `digest audit` goes on telling it.
    """
    wiring = wire(app)
    keep = days or app.settings.delivery.keep_days
    now = wiring.clock()
    before: date = now.date() - timedelta(days=keep)
    with wiring.store() as store:
        rows, editions = store.ledger.prune(before, now)
    app.answer(f"Deleted {rows} deliveries of {editions} editions before {before}.")
