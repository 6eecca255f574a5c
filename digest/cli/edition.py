"""digest edition build|show|list and digest explain."""

from __future__ import annotations

import csv
import sys
from datetime import datetime, timedelta

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import DATE, edition_date, show_parts, show_picks, wire
from digest.domain.edition import ConceptPick, Edition, EditionStatus, Role
from digest.errors import EditionError

AHEAD = timedelta(days=60)
"""How far ahead an edition may be published by hand: a long holiday, no slip of the year."""


@click.group(short_help="Build, show and publish editions.")
def edition() -> None:
    """Build, show and publish editions: one per date, immutable once published."""


@edition.command()
@click.option("--date", "given", type=DATE, help="Date of the edition; else today.")
@click.option("--again", is_flag=True, help="Build a draft anew (a published edition stays).")
@click.option("--publish", is_flag=True, help="Publish it: from then on it never changes.")
@click.option("--json", "as_json", is_flag=True, help="The edition as JSON.")
@pass_app
def build(app: App, *, given: datetime | None, again: bool, publish: bool, as_json: bool) -> None:
    """Choose the picks of a date and keep them as a draft; harmless when done before."""
    wiring = wire(app)
    now = wiring.clock()
    on = edition_date(app, given, now)
    if publish and on > now.date() + AHEAD:
        raise EditionError(
            f"edition {on}: is more than {AHEAD.days} days ahead, and what is published stays",
            "a slip of the pen? Without --publish it is built as a draft",
        )
    with wiring.store() as store:
        publisher = wiring.publisher(store)
        before = store.editions.get(on)
        built = publisher.build(on, now, again=again)
        if publish:
            built = publisher.publish(on, now)
    if before is not None and before.status is EditionStatus.PUBLISHED and again:
        app.warn(f"edition {on} is published and stays as it is")
    _answer(app, built, as_json=as_json)
    if built.faults:
        click.get_current_context().exit(1)


@edition.command()
@click.argument("given", metavar="[DATE]", type=DATE, required=False)
@click.option("--json", "as_json", is_flag=True, help="The edition as JSON.")
@pass_app
def show(app: App, *, given: datetime | None, as_json: bool) -> None:
    """Show the picks of an edition, today's if no date is given."""
    _answer(app, _kept(app, given), as_json=as_json)


@edition.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The editions as JSON.")
@pass_app
def list_(app: App, *, limit: int, as_json: bool) -> None:
    """List the newest editions."""
    with wire(app).store(keep=False) as store:
        editions = list(store.editions.listing(limit))
    if as_json:
        app.as_json(editions)
        return
    if not editions:
        app.say("No edition yet. Build one: digest edition build")
        return
    app.table(
        [(e.date, e.number, e.status, e.subject) for e in editions],
        ["date", "No.", "status", "subject"],
    )


@edition.command()
@click.option("--json", "as_json", is_flag=True, help="With the parts of both scores, as JSON.")
@pass_app
def choices(app: App, *, as_json: bool) -> None:
    """List the stories that an editor put in another's place on /admin, oldest first."""
    with wire(app).store(keep=False) as store:
        made = store.choices.listing()
    if as_json:
        app.as_json(made)
        return
    if not made:
        app.say("No story was swapped yet.")
        return
    app.table(
        [
            (c["edition"], c["slot"], _title(c["dropped"]), _title(c["taken"]), c["reason"])
            for c in made
        ],
        ["edition", "story", "dropped", "taken", "reason"],
    )


def _title(judged: object) -> str:
    return str(judged["title"]) if isinstance(judged, dict) else ""


@edition.command()
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
@click.option("--why", is_flag=True, help="Say for each concept why it is there.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV: edition, slot, concept, role, reason.")
@pass_app
def plan(app: App, *, days: int, why: bool, as_csv: bool) -> None:
    """Print which concepts the coming editions would have, from the first edition on."""
    from digest.domain.selection import plan_editions  # noqa: PLC0415

    planned = plan_editions(wire(app).library.concepts, days)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["edition", "slot", "concept", "role", "reason"])
        for number, picks in enumerate(planned, start=1):
            writer.writerows([(number, p.slot, p.slug, p.role, p.reason) for p in picks])
        return
    for number, picks in enumerate(planned, start=1):
        if why:
            app.answer(f"Edition {number}", bold=True)
            for pick in picks:
                app.answer(f"  {pick.slug} ({pick.role}): {pick.reason}")
        else:
            app.answer(f"{number:4}  " + ", ".join(_marked(pick) for pick in picks))


def _marked(pick: ConceptPick) -> str:
    return pick.slug if pick.role is Role.NEW else f"{pick.slug}*"


@click.command(short_help="Say why an edition holds what it holds.")
@click.argument("given", metavar="[DATE]", type=DATE, required=False)
@click.option("--json", "as_json", is_flag=True, help="All parts of all scores as JSON.")
@pass_app
def explain(app: App, *, given: datetime | None, as_json: bool) -> None:
    """Print for each pick, and for the runners-up, the parts of its score."""
    found = _kept(app, given)
    if as_json:
        app.as_json(found)
        return
    app.answer(f"Edition {found.date}, No. {found.number}", bold=True)
    app.answer("")
    for concept in found.concepts:
        app.answer(f"concept {concept.slot}  {concept.slug} v{concept.version}, {concept.role}")
        app.answer(f"    {concept.reason}")
        app.answer(f"    {_parts(concept.features)}")
    app.answer("")
    for title, picks in (("story", found.stories), ("runner-up", found.runners_up)):
        for place, pick in enumerate(picks, start=1):
            story = pick.story
            app.answer(f"{title} {place}  score {pick.score:.3f}  {story.title} ({story.outlet})")
            app.answer(f"    {pick.reason}")
            show_parts(app, pick.score, pick.features)
    if not found.runners_up:
        app.answer("No runner-up: every story that came in was chosen, or none came in.")
    for fault in found.faults:
        app.warn(f"left out: {fault}")


def _parts(features: object) -> str:
    return "  ".join(f"{name} {value:+.3f}" for name, value in dict(features).items())  # type: ignore[call-overload]


def _kept(app: App, given: datetime | None) -> Edition:
    wiring = wire(app)
    on = edition_date(app, given, wiring.clock())
    with wiring.store(keep=False) as store:
        found = store.editions.get(on)
    if found is None:
        raise EditionError(f"there is no edition of {on}", f"run: digest edition build --date {on}")
    return found


def _answer(app: App, edition: Edition, *, as_json: bool) -> None:
    if as_json:
        app.as_json(edition)
    else:
        show_picks(app, edition)
