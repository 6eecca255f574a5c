"""digest subscribers add|import|export|list|show|pause|remove|erase."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click

from digest.cli._console import App, pass_app
from digest.cli._moving import import_
from digest.cli._wire import wire
from digest.domain.inbound import LIMIT, MEMORY, score
from digest.domain.subscriber import Status, Subscriber
from digest.errors import OutputError, UsageError

CONSENT_COLUMNS = (
    "at", "subscriber", "address", "address_hash", "action", "via", "form", "ip_hash",
)  # fmt: skip


@click.group(short_help="Look after the subscribers.")
def subscribers() -> None:
    """Look after the subscribers."""


@subscribers.command()
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--zone", default="", help="IANA time zone; else edition.zone.")
@click.option("--hour", default="", help="Local hour, 0 to 23; else edition.hour.")
@click.option("--days", default="", help="daily, weekdays, or names such as `mon wed fri`.")
@click.option("--concepts", default="", help="How many concepts, 0 to 5.")
@click.option("--stories", default="", help="How many stories, 0 to 5.")
@click.option("--text-only", is_flag=True, help="A letter without HTML and pictures.")
@pass_app
def add(
    app: App,
    addresses: tuple[str, ...],
    *,
    zone: str,
    hour: str,
    days: str,
    concepts: str,
    stories: str,
    text_only: bool,
) -> None:
    """Add subscribers who have agreed to get the letter."""
    from digest.workflows.subscribe import preferences_from  # noqa: PLC0415

    wiring = wire(app)
    row = {"zone": zone, "hour": hour, "days": days, "concepts": concepts, "stories": stories}
    preferences = preferences_from(row, wiring.default_preferences)
    if text_only:
        preferences = replace(preferences, text_only=True)
    faults = 0
    with wiring.store() as store:
        registrar = wiring.registrar(store)
        for address in addresses:
            try:
                subscriber, new = registrar.add(address, wiring.clock(), preferences)
            except UsageError as error:
                app.warn(f"{error}")
                faults += 1
                continue
            said = "added" if new else f"known already ({subscriber.status})"
            app.answer(f"{subscriber.address}: {said}")
    if faults:
        click.get_current_context().exit(UsageError.exit_code)


subscribers.add_command(import_)


@subscribers.command()
@click.option("--out", type=click.Path(path_type=Path), help="File; else standard output.")
@click.option("--status", type=click.Choice([str(s) for s in Status]), help="Only these.")
@pass_app
def export(app: App, *, out: Path | None, status: str | None) -> None:
    """Export subscribers as CSV, in the form that import reads."""
    from digest.workflows.subscribe import COLUMNS  # noqa: PLC0415

    wiring = wire(app)
    with wiring.store(keep=False) as store:
        rows = wiring.registrar(store).export_rows(Status(status) if status else None)
        _write_rows(app, COLUMNS, rows, out)


def _write_rows(
    app: App, columns: Sequence[str], rows: Iterable[Mapping[str, object]], out: Path | None
) -> None:
    """Rows as CSV into a file, or to standard output. Raises OutputError naming the file."""
    if out is None:
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written: {error.strerror}", "choose another with --out"
        ) from error
    app.say(f"Written: {out}")


@subscribers.command()
@click.option("--out", type=click.Path(path_type=Path), help="File; else standard output.")
@pass_app
def consents(app: App, *, out: Path | None) -> None:
    """Export the consent log as CSV: who agreed to what, when, and by which way.

    Addresses and IP addresses stand there as keyed hashes; the address itself is beside them for as
    long as its reader is kept.
    """
    with wire(app).store(keep=False) as store:
        known = {reader.id: reader.address for reader in store.subscribers.listing()}
        rows = (
            {
                "at": line.at.isoformat(timespec="seconds"),
                "subscriber": line.subscriber_id,
                "address": known.get(line.subscriber_id, ""),
                "address_hash": line.address,
                "action": line.action,
                "via": line.via,
                "form": line.form,
                "ip_hash": line.ip,
            }
            for line in store.notices.consents()
        )
        _write_rows(app, CONSENT_COLUMNS, rows, out)


@subscribers.command("list")
@click.option("--status", type=click.Choice([str(s) for s in Status]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def list_(app: App, *, status: str | None, as_json: bool) -> None:
    """List subscribers, and how many there are of each status."""
    from digest.workflows.subscribe import days_text  # noqa: PLC0415

    with wire(app).store(keep=False) as store:
        found = list(store.subscribers.listing(Status(status) if status else None))
        counts = store.subscribers.counts()
    if as_json:
        app.as_json(found)
        return
    if not found:
        app.say("No subscriber. Add one: digest subscribers add ADDRESS")
        return
    app.table(
        [
            (
                s.address,
                s.status,
                s.preferences.zone,
                s.preferences.hour,
                days_text(s.preferences.days),
            )
            for s in found
        ],
        ["address", "status", "zone", "hour", "days"],
    )
    app.say(", ".join(f"{count} {name}" for name, count in counts.items() if count))


@subscribers.command()
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def show(app: App, address: str, *, as_json: bool) -> None:
    """Show what is kept of one subscriber, and what came in about them."""
    wiring = wire(app)
    with wiring.store(keep=False) as store:
        found = wiring.registrar(store).find(address)
        heard = store.post.history(found.id)
        bounces = store.post.soft(found.id, wiring.clock() - MEMORY)
    if as_json:
        app.as_json({**asdict(found), "heard": heard})
        return
    for name, value in _facts(found):
        app.answer(f"{name:<14}{value}")
    if bounces:
        app.answer(f"{'bounces':<14}{score(bounces, wiring.clock()):.1f} of {LIMIT:.1f}")
    for line in heard:
        app.answer("")
        about = f"{line.kind} ({line.reason})" if line.reason else line.kind
        letter = f", letter of {line.edition}" if line.edition else ""
        app.answer(f"{line.at:%Y-%m-%d %H:%M}  {about}{letter}: {line.outcome}")
        if line.said:
            app.answer(f"{'':<18}{line.said}")


@subscribers.command()
@click.argument("address")
@click.option(
    "--days",
    type=click.IntRange(0, 365),
    default=7,
    show_default=True,
    help="How long; 0 takes a pause back.",
)
@pass_app
def pause(app: App, address: str, *, days: int) -> None:
    """Send nothing to a subscriber for some days."""
    wiring = wire(app)
    with wiring.store() as store:
        changed = wiring.registrar(store).pause(address, days, wiring.clock())
    until = changed.paused_until
    app.answer(f"{changed.address}: {f'paused until {until:%d %B %Y}' if until else 'active'}")


@subscribers.command()
@click.argument("address")
@pass_app
def remove(app: App, address: str) -> None:
    """Unsubscribe an address; what is queued for it is not sent."""
    wiring = wire(app)
    with wiring.store() as store:
        changed = wiring.registrar(store).remove(address)
    app.answer(f"{changed.address}: unsubscribed")


@subscribers.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def erase(app: App, address: str, *, yes: bool) -> None:
    """Forget an address for good: a keyed hash stays, so that it is never written to again."""
    wiring = wire(app)
    with wiring.store() as store:
        registrar = wiring.registrar(store)
        found = registrar.find(address)
        if not yes:
            click.confirm(f"Erase {found.address} for good?", abort=True)
        registrar.erase(address, wiring.clock())
    app.answer("erased: a keyed hash on the suppression list is all that is left")


def _facts(found: Subscriber) -> Iterator[tuple[str, object]]:
    from digest.workflows.subscribe import days_text  # noqa: PLC0415

    wants = found.preferences
    yield "address", found.address
    yield "status", found.status
    yield "since", f"{found.created_at:%d %B %Y %H:%M} UTC"
    if found.paused_until:
        yield "paused until", f"{found.paused_until:%d %B %Y %H:%M} UTC"
    yield "letter", f"{wants.concepts} concepts, {wants.stories} stories, level {wants.level}"
    yield "when", f"{wants.hour}:00 {wants.zone}, {days_text(wants.days)}"
    yield "form", "text only" if wants.text_only else "HTML with figures"
