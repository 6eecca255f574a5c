"""digest alerts list, dismiss, test: what is amiss, and whether the operator would hear of it."""

from __future__ import annotations

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.domain.alert import LASTING, Alert, Kind
from digest.errors import DigestError, UsageError
from digest.wiring.alarm import attend, channels


@click.group(short_help="What is amiss, and whether you would hear of it.")
def alerts() -> None:
    """What is amiss, and whether you would hear of it.

    Scheduler, workers and site look each minute or so. What is amiss goes to alerts.mail_to and
    alerts.webhook_url, once; again after a day while it lasts; and when it is over.
    """


@alerts.command("list")
@click.option("--all", "every", is_flag=True, help="Also what is over.")
@click.option("--look", is_flag=True, help="Look now, and tell what is new, as the scheduler does.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def list_(app: App, *, every: bool, look: bool, limit: int, as_json: bool) -> None:
    """List what is amiss, with the next step. Exit code 1 while something is."""
    wiring = wire(app)
    with wiring.store(keep=look) as store:
        if look:
            attend(wiring, store)
        now = wiring.clock()
        current = store.alerts.open(now)
        shown = store.alerts.history(limit) if every else current[:limit]
    if as_json:
        app.as_json([_plain(alert) for alert in shown])
    else:
        for alert in shown:
            _tell(app, alert)
        if not shown:
            app.say("Nothing is amiss that is known of.")
    if current:
        click.get_current_context().exit(1)


@alerts.command()
@click.argument("kind", type=click.Choice([str(kind) for kind in Kind if kind is not Kind.TEST]))
@click.argument("about")
@pass_app
def dismiss(app: App, *, kind: str, about: str) -> None:
    """Say that something was seen to: it is not listed and not told any more.

    What lasts comes back if it is still there. ABOUT is the date, feed or host.
    """
    wiring = wire(app)
    sort = Kind(kind)
    with wiring.store() as store:
        now = wiring.clock()
        if not any(alert.about == about for alert in store.alerts.open(now, sort)):
            raise UsageError(f"{kind} {about}: there is no such alert", "see: digest alerts list")
        if sort in LASTING:
            store.alerts.drop(sort, about)
        else:
            store.alerts.settle(sort, about, now)
    app.answer(f"Dismissed: {kind} {about}")


@alerts.command()
@pass_app
def test(app: App) -> None:
    """Send a test over each channel of the settings, and say how that went.

    Exit code 1 when one could not be used.
    """
    wiring = wire(app)
    ways = channels(wiring)
    if not ways:
        raise UsageError(
            "alerts: no channel is set", "set alerts.mail_to, alerts.webhook_url or both"
        )
    now = wiring.clock()
    alert = Alert(
        Kind.TEST,
        wiring.domain,
        f"this is a test of the alerts of {wiring.settings.site.title}",
        "nothing: all is well",
        now,
    )
    failed = False
    for channel in ways:
        try:
            channel.tell([alert], now)
        except DigestError as error:
            failed = True
            app.warn(f"{channel.name}: {error}")
        else:
            app.answer(f"{channel.name}: told")
    if failed:
        click.get_current_context().exit(1)


def _tell(app: App, alert: Alert) -> None:
    over = alert.over_at is not None
    when = f"since {alert.since:%Y-%m-%d %H:%M} UTC" + (
        f", over {alert.over_at:%Y-%m-%d %H:%M}" if alert.over_at is not None else ""
    )
    told = "told" if alert.told_at is not None else "not told yet"
    app.answer(f"{alert.kind} {alert.about}: {alert.words}", fg=None if over else "yellow")
    app.answer(f"      {when}; {told}")
    if alert.hint and not over:
        app.answer(f"      next: {alert.hint}")


def _plain(alert: Alert) -> dict[str, object]:
    return {
        "kind": str(alert.kind),
        "about": alert.about,
        "words": alert.words,
        "hint": alert.hint,
        "since": alert.since,
        "told_at": alert.told_at,
        "over_at": alert.over_at,
    }
