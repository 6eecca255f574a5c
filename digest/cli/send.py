"""digest send: the day's letters to all who are due, a test letter to one, or a dry run."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import (
    DATE,
    edition_date,
    same_time,
    show_collected,
    show_picks,
    wire,
)
from digest.domain.address import normalise
from digest.domain.checkup import Finding, State
from digest.domain.edition import Edition, EditionStatus
from digest.errors import EditionError, TransportError, UsageError
from digest.ports import Store, Transport
from digest.wiring import Wiring
from digest.wiring.alarm import Watch, channels
from digest.wiring.checks import look_over
from digest.wiring.operator import sample_delivery
from digest.workflows.desk import OUTCOMES, OneLetter, told
from digest.workflows.preflight import holding

SAMPLES = 3
"""Letters that a dry run writes when no --limit is given: enough to look at."""

FRESH_H = 12
"""The feeds are asked first when the newest entry in the store is older, hours."""

EASTERNMOST = timedelta(hours=14)
WESTERNMOST = timedelta(hours=12)
"""How far local time is ahead of UTC, and behind it, at most."""


@dataclass(frozen=True)
class Report:
    """What a run prints, or gives as JSON."""

    edition: Edition
    mode: str
    outcomes: Mapping[str, int]
    domains: Mapping[str, int]
    troubles: list[tuple[str, str, str]]
    stopped: str = ""
    largest_bytes: int = 0
    found: Sequence[Finding] = ()
    files: Mapping[str, str] | None = None
    held: bool = False
    next_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report with plain values."""
        edition = self.edition
        return {
            "date": edition.date,
            "number": edition.number,
            "mode": self.mode,
            "subject": edition.subject,
            "concepts": [
                {"slot": p.slot, "slug": p.slug, "role": str(p.role), "why": p.reason}
                for p in edition.concepts
            ],
            "stories": [
                {
                    "slot": p.slot,
                    "title": p.story.title,
                    "url": p.story.url,
                    "outlet": p.story.outlet,
                    "shelf": p.story.shelf,
                    "why": p.reason,
                }
                for p in edition.stories
            ],
            "faults": list(edition.faults),
            "outcomes": dict(self.outcomes),
            "domains": dict(self.domains),
            "troubles": [
                {"address": address, "outcome": outcome, "reply": reply}
                for address, outcome, reply in self.troubles
            ],
            "stopped": self.stopped,
            "held": self.held,
            "next_at": self.next_at,
            "largest_bytes": self.largest_bytes,
            "preflight": [
                {
                    "name": f.name,
                    "state": str(f.state),
                    "words": f.words,
                    "hint": f.hint,
                    "holds": f.holds,
                }
                for f in self.found
            ],
            "files": dict(self.files or {}),
        }


@click.command(short_help="Send the day's letters, or write them to a folder.")
@click.option("--dry-run", is_flag=True, help="Send and change nothing: write letters to --out.")
@click.option("--to", "recipient", metavar="ADDR", help="One test letter to this address.")
@click.option("--date", "given", type=DATE, help="Edition of this date instead of today's.")
@click.option("--limit", type=click.IntRange(min=1), help="Letters of this run, at most.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of a dry run's letters; else paths.out.",
)
@click.option(
    "--fetch/--no-fetch",
    default=True,
    help="Whether the feeds are asked where no fresh story is stored; a dry run also asks the "
    "servers, DNS and the links.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@pass_app
def send(
    app: App,
    *,
    dry_run: bool,
    recipient: str | None,
    given: datetime | None,
    limit: int | None,
    out: Path | None,
    fetch: bool,
    as_json: bool,
) -> None:
    """Send today's edition to every active subscriber whose hour has come.

    A second run sends nothing twice: each letter has one row per edition and subscriber. With
    --dry-run the same is done with the letters written to a folder and the database left as it
    was. Exit code 1: letters were refused, put off or left in doubt, or a card was left out.
    """
    if out is not None and not dry_run:
        raise UsageError("--out: goes with --dry-run only", "add --dry-run")
    if recipient is not None:
        recipient = normalise(recipient).shown
    app.quiet = app.quiet or as_json
    wiring = wire(app)
    on = edition_date(app, given, wiring.clock())
    if dry_run:
        report = _dry_run(app, wiring, on, recipient=recipient, limit=limit, out=out, fetch=fetch)
    elif recipient is not None:
        report = _test_letter(app, wiring, on, recipient, fetch=fetch)
    else:
        try:
            report = _send(app, wiring, on, limit, fetch=fetch)
        finally:
            _attend(wiring)
    if as_json:
        app.as_json(report.as_dict())
    else:
        _tell(app, report)
    if report.held:
        reason, _, step = report.stopped.partition("\n")
        raise EditionError(f"edition {on} is held: {reason}", step.strip())
    if report.stopped and not report.outcomes.get("sent"):
        raise TransportError(report.stopped, "mend the server, then run the same command again")
    if report.troubles or report.stopped or report.edition.faults or holding(report.found):
        click.get_current_context().exit(1)


def _send(app: App, wiring: Wiring, on: date, limit: int | None, *, fetch: bool) -> Report:
    with wiring.store() as store:
        same_time(store, wiring.clock)
        _refuse_held(store, on)
        kept = store.editions.get(on)
        if kept is None or kept.status is EditionStatus.DRAFT:
            _refuse_strange(on, wiring.clock(), app.settings.delivery.window_h)
        if kept is None and fetch:
            _freshen(app, wiring, store, wiring.clock())
        edition = wiring.publisher(store).publish(on, wiring.clock())
        courier = wiring.courier(store, wiring.transport(store))
        with app.progress(None, f"Sending No. {edition.number}") as bar:
            run = courier.deliver(on, limit=limit, progress=lambda _outcome: bar.advance())
        held = on.isoformat() in {hold.name for hold in store.ledger.holds()}
        return Report(
            edition,
            "send",
            dict(run.outcomes),
            store.deliveries.domains(on),
            run.troubles,
            run.stopped,
            run.largest_bytes,
            run.found,
            held=held and bool(run.stopped),
            next_at=store.deliveries.next_due(on),
        )


def _refuse_strange(on: date, now: datetime, window_h: int) -> None:
    """A date that is nobody's today: published by a slip, its edition could not be taken back."""
    midnight = datetime.combine(on, time(), UTC)
    if now < midnight - EASTERNMOST:
        raise EditionError(
            f"edition {on}: that day has begun nowhere yet, so nobody is due",
            f"see what it would be: digest send --dry-run --date {on}",
        )
    if now > midnight + timedelta(hours=24 + window_h) + WESTERNMOST:
        raise EditionError(
            f"edition {on}: was never published, and its time is over for everybody",
            "see: digest edition list",
        )


def _attend(wiring: Wiring) -> None:
    """Tell what is amiss also where `digest send` is all that runs, by cron."""
    if channels(wiring):
        # What it would log is printed by this command, or told by exit code.
        logging.getLogger("digest.alerts").addHandler(logging.NullHandler())
        Watch(wiring).once()


def _refuse_held(store: Store, on: date) -> None:
    """An edition that is held is neither published nor sent."""
    for hold in store.ledger.holds():
        own = hold.name == on.isoformat()
        if own or not hold.name[:1].isdigit():
            what = f"edition {on}" if own else "all sending"
            step = f"digest resume{f' {on}' if own else ''}"
            if hold.cause == "restore":
                step = "digest resume --i-am-the-only-instance"
            raise EditionError(
                f"{what} is held since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}",
                f"let it go: {step}",
            )


def _test_letter(app: App, wiring: Wiring, on: date, recipient: str, *, fetch: bool) -> Report:
    """One letter over SMTP that leaves no trace in the database."""
    with wiring.store(keep=False) as store:
        if fetch and store.editions.get(on) is None:
            _freshen(app, wiring, store, wiring.clock())
        edition = wiring.publisher(store).build(on, wiring.clock())
        outcome, reply, size = _one_letter(wiring, store, edition, recipient, wiring.transport())
    troubles = [] if outcome == "sent" else [(recipient, outcome, reply)]
    app.detail(reply)
    domain = recipient.rpartition("@")[2]
    return Report(edition, "test", {outcome: 1}, {domain: 1}, troubles, "", size)


def _dry_run(
    app: App,
    wiring: Wiring,
    on: date,
    *,
    recipient: str | None,
    limit: int | None,
    out: Path | None,
    fetch: bool,
) -> Report:
    """The real path with the transport a folder, in a database that forgets it all."""
    from digest.mail.outbox import write_preview  # noqa: PLC0415 - nothing else here needs it

    folder = (out or app.settings.paths.out) / on.isoformat()
    with wiring.store(keep=False) as store:
        now = wiring.clock()
        if fetch:
            _freshen(app, wiring, store, now)
        edition = wiring.publisher(store).publish(on, now)
        _clear(folder)
        transport = wiring.folder_transport(folder)
        # It uses up nobody's pace, and what its preflight finds is only shown.
        courier = replace(wiring.courier(store, transport), pace=None, look_over=None, pulse=None)
        run = courier.deliver(on, limit=limit or SAMPLES)
        # Rows for all who are due, so that the counts are those of a real run.
        store.deliveries.enqueue(on, now, app.settings.delivery.window_h, None)
        outcomes, domains = dict(run.outcomes), store.deliveries.domains(on)
        size = run.largest_bytes
        found = look_over(wiring, store, on, network=fetch, trial=True)
        if recipient is not None or not run.sent:
            reader = recipient or f"reader@{wiring.domain}"
            _outcome, _reply, size = _one_letter(wiring, store, edition, reader, transport)
    letters = sorted(folder.glob("[0-9]*.eml"))
    preview = write_preview(folder, letters[-1 if recipient else 0].read_bytes())
    files = {
        "folder": str(folder),
        "letter": str(preview.eml),
        "preview": str(preview.html),
        "text": str(preview.text),
    }
    return Report(
        edition, "dry run", outcomes, domains, run.troubles, run.stopped, size, found, files
    )


def _freshen(app: App, wiring: Wiring, store: Store, now: datetime) -> None:
    """Ask the feeds when the store holds no fresh entry."""
    from digest.workflows.collect import collect  # noqa: PLC0415

    budget = app.settings.feeds.dry_run_budget_s
    if budget <= 0 or store.entries.window(now - timedelta(hours=FRESH_H), now):
        return
    app.say(f"No fresh story is stored: asking the feeds, for {budget:.0f} s at most.")
    show_collected(app, collect(wiring.library.sources, wiring.reader, store, now, budget))


def _one_letter(
    wiring: Wiring,
    store: Store,
    edition: Edition,
    recipient: str,
    transport: Transport,
) -> tuple[str, str, int]:
    """A letter outside the ledger, as a subscriber with the default preferences would get it."""
    delivery = sample_delivery(wiring, edition, recipient)
    blocks = store.editions.blocks(edition.date)
    envelope = wiring.seal(wiring.printer.letter(edition, blocks, delivery), delivery)
    desk = OneLetter(envelope)
    try:
        transport.run(desk)
    finally:
        transport.close()
    return OUTCOMES[type(desk.outcome)], told(desk.outcome), len(envelope.data)


def _clear(folder: Path) -> None:
    """Take away the letters of an earlier dry run of the same date, and nothing else."""
    if folder.is_dir():
        for pattern in ("[0-9]*.eml", "letter.eml", "letter.html", "letter.txt"):
            for old in folder.glob(pattern):
                old.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)


def _tell(app: App, report: Report) -> None:
    show_picks(app, report.edition)
    app.answer("")
    for address, outcome, reply in report.troubles:
        app.warn(f"{address}: {outcome}: {reply}")
    _tell_found(app, report.found)
    if report.stopped and not report.held:
        app.warn(f"stopped: {report.stopped}")
    if report.domains:
        counts = ", ".join(f"{domain} {rows}" for domain, rows in _first(report.domains, 8))
        app.answer(f"Recipients by domain: {counts}")
    kilobytes = report.largest_bytes / 1024
    if report.files is None:
        if report.next_at is not None and not report.held:
            app.answer(
                f"Letters wait, the first until {report.next_at:%H:%M} UTC; then the scheduler, a "
                "worker or this command sends them."
            )
        if not report.outcomes:
            app.answer("Nobody is due: nothing was sent.")
            return
        done = ", ".join(f"{count} {outcome}" for outcome, count in sorted(report.outcomes.items()))
        app.answer(f"Letters: {done}; the largest has {kilobytes:.0f} KB.")
        return
    app.answer(
        f"Dry run: nothing was sent, nothing was changed. "
        f"{sum(report.domains.values())} subscribers are due now."
    )
    app.answer(f"  the letter    {report.files['letter']} ({kilobytes:.0f} KB)")
    app.answer(f"  in a browser  {report.files['preview']}")
    app.answer(f"  as text       {report.files['text']}")


def _tell_found(app: App, found: Sequence[Finding]) -> None:
    """What the preflight found: what is not right, what was not looked at, or that all is well."""
    wrong = [one for one in found if one.state in {State.WARN, State.FAIL}]
    skipped = [one for one in found if one.state is State.SKIPPED]
    for one in wrong:
        mark = " (holds the edition)" if one.holds else ""
        app.warn(f"preflight{mark}: {one.name}: {one.words}")
        if one.hint:
            app.warn(f"  next: {one.hint}")
    if found and not wrong:
        done = len(found) - len(skipped)
        app.say(f"Preflight: {done} check{'s' * (done != 1)}, nothing to mend.")
    for one in skipped:
        app.say(f"Not looked at: {one.name}: {one.words}")
        if one.hint:
            app.say(f"  next: {one.hint}")


def _first(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    shown = list(counts.items())[:most]
    rest = sum(list(counts.values())[most:])
    return [*shown, ("others", rest)] if rest else shown
