"""digest doctor: is all as it must be for letters to arrive? In words, with the next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.domain.checkup import Finding, State
from digest.errors import DigestError, SettingsError, UsageError
from digest.ports import Store
from digest.settings import Settings
from digest.wiring import Wiring
from digest.wiring.alarm import channels, free_mb
from digest.wiring.checks import outside_checks
from digest.wiring.keys import key_id
from digest.wiring.stories import check_model

if TYPE_CHECKING:
    from digest.mail.names import Names

LATELY = timedelta(hours=1)
TEN = 10

FREE_MB = 500
"""Below so much free disk a warning: below a tenth of it a fault."""

_MARKS = {State.OK: "ok", State.WARN: "warn", State.FAIL: "FAIL", State.SKIPPED: "-"}
_COLOURS = {State.OK: None, State.WARN: "yellow", State.FAIL: "red", State.SKIPPED: None}


@click.command(short_help="Check DNS, relay, site, disk and database.")
@click.option("--address", metavar="IP", default="", help="Where your relay sends from.")
@click.option("--nameserver", metavar="IP[:PORT]", help="Ask this name server, not the system's.")
@click.option("--offline", is_flag=True, help="Leave out what needs the network.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@pass_app
def doctor(app: App, *, address: str, nameserver: str | None, offline: bool, as_json: bool) -> None:
    """Check all that must be right for letters to arrive, and say what to do where it is not.

    DNS (SPF, DKIM, DMARC, MX, PTR), TLS and login at the relay, the one-click link, the clock, the
    disk, the database and the feeds. Nothing is sent. Exit code 1: something must be mended.
    """
    wiring = wire(app)
    if address:
        address = _address("--address", address, "such as 192.0.2.25: where the relay sends from")
    names = None if offline else _names(nameserver)
    found: list[Finding] = []
    for finding in _all(wiring, address, names):
        found.append(finding)
        if not as_json:
            _tell(app, finding)
    if as_json:
        app.as_json([{"name": f.name, "state": str(f.state), "words": f.words, "hint": f.hint}
                     for f in found])  # fmt: skip
    failed = sum(one.state is State.FAIL for one in found)
    if not as_json:
        app.say(f"{len(found)} checks, {failed} to mend.")
    if failed:
        click.get_current_context().exit(1)


def _tell(app: App, finding: Finding) -> None:
    mark = f"{_MARKS[finding.state]:>4}"
    app.answer(f"{mark}  {finding.name}: {finding.words}", fg=_COLOURS[finding.state])
    if finding.hint and finding.state is not State.OK:
        app.answer(f"      next: {finding.hint}")


def _all(wiring: Wiring, address: str, names: Names | None) -> Iterator[Finding]:
    yield disk(wiring.settings.paths.state)
    try:
        with wiring.store(keep=False) as store:
            yield Finding("database", State.OK, "can be read and has this program's schema")
            yield feeds(store)
            yield suppressed(store, wiring.listing_keys)
            yield pace(store, wiring.clock())
    except DigestError as error:
        yield Finding("database", State.FAIL, error.message, error.hint)
    yield from model(wiring.settings)
    yield told(wiring)
    if names is None:
        return
    for check in outside_checks(wiring, names, address):
        yield from check()


def _names(nameserver: str | None) -> Names:
    from digest.mail.names import Names  # noqa: PLC0415

    if not nameserver:
        return Names()
    host, _, port = nameserver.partition(":")
    example = "such as 9.9.9.9 or 127.0.0.1:5353"
    if port and not port.isdecimal():
        raise UsageError(f"--nameserver {nameserver!r}: is no address", example)
    return Names([_address("--nameserver", host, example)], int(port or 53))


def _address(option: str, given: str, example: str) -> str:
    try:
        return str(ip_address(given))
    except ValueError:
        raise UsageError(f"{option} {given!r}: is no address", example) from None


def disk(folder: Path) -> Finding:
    """Free space where state is kept."""
    free, place = free_mb(folder)
    words = f"{free:,.0f} MB are free at {place}"
    if free >= FREE_MB:
        return Finding("disk", State.OK, words)
    state = State.WARN if free >= FREE_MB / 10 else State.FAIL
    return Finding("disk", state, words, "make room: digest prune deletes old deliveries")


def model(settings: Settings) -> Iterator[Finding]:
    """Whether the model that is set is installed; nothing where none is set."""
    if settings.stories.model == "none":
        return
    try:
        check_model(settings)
    except SettingsError as error:
        yield Finding("model", State.FAIL, error.message, error.hint)
    else:
        yield Finding("model", State.OK, f"{settings.stories.model} is installed")


def feeds(store: Store) -> Finding:
    """How the feeds fare."""
    states = store.entries.states().values()
    if not states:
        return Finding("feeds", State.WARN, "none was ever asked", "run: digest stories fetch")
    parked = sorted(state.source for state in states if state.parked)
    failing = sorted(state.source for state in states if state.failures and not state.parked)
    if len(parked) + len(failing) == len(states):
        return Finding(
            "feeds",
            State.FAIL,
            "not one answers",
            "check the network, then: digest stories fetch",
        )
    if parked:
        words = f"{len(parked)} of {len(states)} are parked: {', '.join(parked[:8])}"
        return Finding(
            "feeds",
            State.WARN,
            words,
            "see: digest stories sources; ask again: digest stories unpark ID",
        )
    return Finding("feeds", State.OK, f"{len(states) - len(failing)} of {len(states)} answer")


def told(wiring: Wiring) -> Finding:
    """Whether anybody hears of it when something breaks."""
    ways = [channel.name for channel in channels(wiring)]
    if not ways:
        return Finding(
            "alerts",
            State.WARN,
            "nobody is told when something breaks: it stands in the log only",
            "set alerts.mail_to, alerts.webhook_url or both, then: digest alerts test",
        )
    return Finding("alerts", State.OK, f"go out by {' and '.join(ways)}; digest alerts test tries")


def pace(store: Store, now: datetime) -> Finding:
    """Whether a server or a recipient domain has asked for fewer letters in the last hour."""
    slow = [
        f"{key} to {state.slowed:,.{0 if state.slowed >= TEN else 2}f} letters a second "
        f"(last at {state.trouble_at:%H:%M} UTC)"
        for key, state in store.paces.slowed().items()
        if state.trouble_at is not None and now - state.trouble_at < LATELY
    ]
    if not slow:
        return Finding("pace", State.OK, "no server or domain has asked for fewer letters lately")
    return Finding(
        "pace",
        State.WARN,
        f"slowed down by 421, 450, 451 or 454: {', '.join(slow[:8])}",
        "it recovers by itself; where it comes again, set smtp.letters_per_second or "
        "delivery.domain_paces",
    )


def suppressed(store: Store, keys: Sequence[str]) -> Finding:
    """Whether the keys are all there with which the suppression list was made."""
    noted = store.subscribers.suppression_keys()
    known = {key_id(key) for key in keys}
    lost = sum(number for name, number in noted.items() if name and name not in known)
    if lost:
        return Finding(
            "suppression list",
            State.FAIL,
            f"{lost} addresses were noted under a secret key that is not in the settings any more: "
            "they could be written to again",
            "put that key back into old_secret_keys, or suppression_keys if it leaked, and keep it",
        )
    words = f"{sum(noted.values())} addresses"
    if noted.get("") and len(keys) == 1:
        words += f"; of {noted['']} it is not known under which key: keep those you had"
    return Finding("suppression list", State.OK, words)
