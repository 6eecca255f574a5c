"""digest serve worker: send what is due, beside any number of others.
digest serve scheduler: collect, publish and dispatch, each at its time, until told to stop.
digest serve web: the site.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, date
from functools import partial

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import same_time, wire
from digest.domain.checkup import Finding, State
from digest.errors import DigestError, StorageError
from digest.wiring import Wiring
from digest.wiring.alarm import Watch, guarded
from digest.wiring.checks import look_over
from digest.wiring.stories import check_model
from digest.workflows.desk import Dispatch

log = logging.getLogger("digest.scheduler")

TICK_S = 60
"""How often the scheduler asks what is due, seconds."""
GRACE_S = 3600
"""A run that comes late (a suspended laptop, a full machine) still happens within an hour; the
library's own default of one second would skip it."""


@click.group(short_help="Run the daily schedule, a sender, the receiver, or the site.")
def serve() -> None:
    """Run a part of the service until it is told to stop (SIGTERM or Ctrl-C)."""


@serve.command()
@click.option("--once", is_flag=True, help="Do what is due now, then leave.")
@click.option("--queue-only", is_flag=True, help="Send nothing: workers do.")
@pass_app
def scheduler(app: App, *, once: bool, queue_only: bool) -> None:
    """Collect stories, publish the day's edition, send it at each reader's hour.

    A second scheduler on the same database does no harm: the rows decide, not the clock. With
    --queue-only it makes the rows and leaves sending to `digest serve worker`.
    """
    _log(app)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    wiring = wire(app)
    check_model(wiring.settings)
    if once:
        # One job that fails does not keep the others from their turn.
        jobs = (("collecting", _collect), ("dispatch", _sender(send=not queue_only)),
                ("notices", _notify))  # fmt: skip
        well = [_guarded(job, wiring, name)() for name, job in jobs]
        Watch(wiring).once()
        if not all(well):
            click.get_current_context().exit(1)
        return
    _run(wiring, send=not queue_only)


def _sender(*, send: bool) -> Callable[[Wiring], bool]:
    return partial(_dispatch, send=send)


@serve.command()
@click.option("--once", is_flag=True, help="Send what is due now, then leave.")
@pass_app
def worker(app: App, *, once: bool) -> None:
    """Send what is due, of any edition; any number of workers share one Postgres.

    Kill, pause or add any at any time: what one has claimed comes back when its lease is over.
    Told to stop, a worker begins no further letter and waits half a minute for those that are out.
    """
    _log(app)
    from digest.cli._worker import run  # noqa: PLC0415 - a process that sends loads this only

    run(wire(app), once=once)


@serve.command()
@click.option("--host", default=None, help="Address to listen on; else web.host.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Port; else web.port. 0 takes a free one and says which.",
)
@pass_app
def web(app: App, *, host: str | None, port: int | None) -> None:
    """Serve the site: editions, concepts, subscribing and leaving.

    Figures that were never drawn are drawn in the background, and mails that readers asked for are
    sent. TLS is the matter of a proxy before it (see web.trusted_proxies).
    """
    _log(app)
    wiring = wire(app)
    from digest.web.server import run  # noqa: PLC0415 - the server is loaded by this command only

    settings = wiring.settings.web
    run(wiring, host or settings.host, settings.port if port is None else port)


@serve.command()
@pass_app
def receiver(app: App) -> None:
    """Take mail that comes in: over LMTP behind a mail server, and from a Maildir.

    Bounces, complaints, and mails to subscribe, unsubscribe, confirm and help at inbound.domain.
    Mails that answer them are sent at once.
    """
    _log(app)
    from digest.cli.receive import serve_mail  # noqa: PLC0415 - the server is loaded by this only

    serve_mail(wire(app))


def _log(app: App) -> None:
    logging.basicConfig(
        level=logging.DEBUG if app.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # What it could not tidy up after an error, which is told in words of our own.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    # It would write each address down, and that of a web hook is secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _run(wiring: Wiring, *, send: bool) -> None:
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415

    jobs = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
    )
    now = wiring.clock()
    if send:
        wiring.pulse.start()
    every = wiring.settings.feeds.collect_every_minutes
    jobs.add_job(
        _guarded(_collect, wiring, "collecting"),
        "interval",
        minutes=every,
        next_run_time=now,
        id="collect",
    )
    jobs.add_job(
        _guarded(_sender(send=send), wiring, "dispatch"),
        "interval",
        seconds=TICK_S,
        next_run_time=now,
        id="dispatch",
    )
    jobs.add_job(
        _guarded(_notify, wiring, "notices"),
        "interval",
        seconds=TICK_S,
        next_run_time=now,
        id="notify",
    )
    jobs.add_job(Watch(wiring).once, "interval", seconds=TICK_S, next_run_time=now, id="watch")
    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leave.set())
    jobs.start()
    log.info("started: collecting every %d minutes, asking what is due every minute", every)
    leave.wait()
    log.info("leaving: waiting for what is under way")
    jobs.shutdown(wait=True)
    log.info("left")


def _guarded(job: Callable[[Wiring], bool], wiring: Wiring, name: str) -> Callable[[], bool]:
    """A fault of one run is told, and does not end the service; returns whether all went well."""
    away = Watch(wiring)

    def run() -> bool:
        try:
            with wiring.store() as store, guarded(wiring, store, name) as outcome:
                outcome.well = job(wiring)
        except DigestError as error:
            log.error("%s", error)  # noqa: TRY400 - its message says it, no traceback wanted
            if isinstance(error, StorageError):
                away.database(error)
            return False
        except Exception:
            log.exception("unexpected fault of the scheduler")
            return False
        return outcome.well

    return run


def _collect(wiring: Wiring) -> bool:
    """Ask the feeds. What they do wrong is theirs: it is well when they were asked."""
    from digest.workflows.collect import collect  # noqa: PLC0415

    budget = wiring.settings.feeds.collect_every_minutes * 60 / 2
    with wiring.store() as store:
        done = collect(wiring.library.sources, wiring.reader, store, wiring.clock(), budget)
    log.info("collected %d new entries from %d feeds", done.total, len(done.new))
    for source, fault in done.faults.items():
        log.warning("%s: %s", source, fault)
    for source in done.newly_parked:
        log.error("%s: failed too often and is parked: see digest stories sources", source)
    if done.parked:
        log.warning("parked and not asked: %s", ", ".join(done.parked))
    return True


def _dispatch(wiring: Wiring, *, send: bool) -> bool:
    """Do what is due; whether nothing of it went wrong."""
    from digest.workflows.tick import tick  # noqa: PLC0415

    settings = wiring.settings
    with wiring.store() as store:
        same_time(store, wiring.clock)
        done = tick(
            store,
            wiring.clock(),
            wiring.publisher(store),
            (lambda: wiring.courier(store, wiring.transport(store))) if send else None,
            lead_minutes=settings.edition.lead_minutes,
            review_minutes=settings.edition.review_minutes,
            window_h=settings.delivery.window_h,
            look_over=partial(look_over, wiring, store),
        )
    for on, made in done.queued.items():
        log.info("edition %s: %d letters queued", on, made)
    for on, found in done.found:
        tell_finding(log, on, found)
    for fault in done.faults:
        log.error("%s", fault)
    for on, run in done.runs.items():
        tell_run(log, on, run)
    for books in done.closed:
        log.info("edition %s: closed: %s", books.edition, dict(books.counts))
        for fault in books.faults:
            log.error("edition %s: %s", books.edition, fault)
    stopped = any(run.stopped for run in done.runs.values())
    return not (done.faults or stopped or any(books.faults for books in done.closed))


def _notify(wiring: Wiring) -> bool:
    """Remind and forget those who never confirmed; send the mails that readers asked for."""
    with wiring.store() as store:
        messenger = wiring.messenger(store)
        reminded, forgotten = messenger.tend(wiring.clock())
        sent = messenger.send()
    if reminded or forgotten or sent:
        log.info("notices: %s; %d reminded, %d requests forgotten", dict(sent), reminded, forgotten)
    return True


def tell_run(to: logging.Logger, on: date, run: Dispatch) -> None:
    """A run in the log: counts, and each address that was not served."""
    for found in run.found:
        tell_finding(to, on, found)
    to.info("edition %s: %s", on, dict(run.outcomes))
    for address, outcome, reply in run.troubles:
        to.warning("edition %s: %s: %s: %s", on, address, outcome, reply)
    if run.stopped:
        to.error("edition %s: stopped: %s", on, run.stopped)


def tell_finding(to: logging.Logger, on: date, found: Finding) -> None:
    """A line of a preflight in the log."""
    say = to.warning if found.state in {State.WARN, State.FAIL} else to.info
    say("edition %s: preflight: %s: %s", on, found.name, found.words)
