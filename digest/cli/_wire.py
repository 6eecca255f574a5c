"""What several commands share: the wiring of this call, dates, and an edition in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from digest.cli._console import App
from digest.domain.edition import Edition, StoryPick
from digest.errors import StorageError
from digest.ports import Clock, Store
from digest.wiring import Wiring, utc_now

if TYPE_CHECKING:
    from digest.workflows.collect import Collected

MOST_AHEAD = timedelta(minutes=1)
"""How far the clocks of two senders may differ: a lease outlasts a letter by minutes."""

DATE = click.DateTime(["%Y-%m-%d"])
"""The type of options and arguments that take a date."""


def wire(app: App, clock: Clock = utc_now) -> Wiring:
    """The wiring for the settings of this call."""
    return Wiring(app.settings, clock)


def same_time(store: Store, clock: Clock) -> None:
    """Let nobody send by a clock that is off; asked before each run.

    A lease is over by the clock of whoever looks: 15 minutes ahead of the others, one would take
    all that they have on the wire for given up, and send it again. Raises StorageError.
    """
    ahead = store.ledger.ahead(clock())
    if abs(ahead) > MOST_AHEAD:
        way = "ahead of" if ahead > timedelta() else "behind"
        raise StorageError(
            f"this machine's clock is {abs(ahead).total_seconds():.0f} s {way} the database's: "
            "letters that others are sending could go out twice",
            "keep the clocks of all machines by NTP (timedatectl), then start again",
        )


def edition_date(app: App, given: datetime | None, now: datetime) -> date:
    """The date given, else today in the edition's zone."""
    if given is not None:
        return given.date()
    return now.astimezone(ZoneInfo(app.settings.edition.zone)).date()


def show_picks(app: App, edition: Edition) -> None:
    """The picks of an edition, each with why."""
    app.answer(f"Edition {edition.date}, No. {edition.number} ({edition.status})", bold=True)
    app.answer(f"Subject: {edition.subject}")
    app.answer("")
    app.answer(f"{_count(len(edition.concepts), 'concept')}:")
    for concept in edition.concepts:
        app.answer(f"  {concept.slot}. {concept.slug} ({concept.role})")
        app.answer(f"     {concept.reason}")
    app.answer("")
    app.answer(f"{_count(len(edition.stories), 'story', 'stories')}:")
    show_stories(app, edition.stories)
    for fault in edition.faults:
        app.warn(f"left out: {fault}")


def show_stories(app: App, picks: Sequence[StoryPick]) -> None:
    """Stories with outlet and why."""
    for pick in picks:
        story = pick.story
        app.answer(f"  {pick.slot or '-'}. {story.title} ({story.outlet})")
        app.answer(f"     {pick.reason}")


def show_parts(app: App, score: float, features: Mapping[str, float]) -> None:
    """The parts of a score, largest first, and the facts they were made from."""
    parts = {n.removeprefix("part."): v for n, v in features.items() if n.startswith("part.")}
    facts = {n: v for n, v in features.items() if not n.startswith("part.")}
    if parts:
        ordered = sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
        app.answer(f"    {score:.3f} = " + " ".join(f"{v:+.2f} {n}" for n, v in ordered))
    if facts:
        app.answer("    " + ", ".join(f"{n} {v:.4g}" for n, v in facts.items()))


def show_collected(app: App, collected: Collected) -> None:
    """What a round of collecting brought."""
    asked = len(collected.new)
    app.say(
        f"Asked {_count(asked, 'feed')}: {collected.total} new entries, "
        f"{len(collected.unchanged)} unchanged, {len(collected.faults)} without an answer."
    )
    reasons: dict[str, list[str]] = {}
    for source, fault in collected.faults.items():
        reasons.setdefault(fault, []).append(source)
    if len(reasons) == 1 and len(collected.faults) > 1:
        app.detail(f"  all of them: {next(iter(reasons))}")
        return
    for source, fault in collected.faults.items():
        app.detail(f"  {source}: {fault}")


def warn_of_parked(app: App, collected: Collected) -> None:
    """Feeds that are no longer asked, each time until somebody does something about them."""
    for source in collected.newly_parked:
        app.warn(f"{source}: failed too often and is parked: it is not asked any more")
    if collected.parked:
        app.warn(
            f"{_count(len(collected.parked), 'feed')} parked: {', '.join(collected.parked)}\n"
            "  see: digest stories sources; ask again: digest stories unpark ID"
        )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
