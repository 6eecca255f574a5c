"""digest stories rank|show|replay|calibrate: how stories are ranked, on files and on past days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import DATE, show_parts, wire
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.workflows.calibrate import Row

FILE = click.Path(path_type=Path, dir_okay=False)
WEIGHTS = click.option(
    "--weights", type=FILE, help="Weights of this file; else the setting paths.weights."
)


@click.command()
@click.option("--input", "source", type=FILE, required=True, help="JSON lines, plain or gzip.")
@click.option("--output", type=FILE, required=True, help="JSON lines: day or week, and picks.")
@WEIGHTS
@pass_app
def rank(app: App, *, source: Path, output: Path, weights: Path | None) -> None:
    """Rank the pools of a file, best first.

    \b
    What a file holds follows from its fields:
      {"day", "pool": [{"title", "url"}], "context_headlines"}   headlines of a day
      {"week", "pool": [{"id", "title", "abstract", "early_upvotes", "day"}]}   papers
      {"id", "title", "first_seen", "points": {"0", "1", "2"}, "comments"}   a thread
    Threads make a pool for each day (UTC) on which they were first seen. Only titles, links and
    dates are looked at, the votes of the first two hours, and nothing that came later; unknown
    fields are passed over, missing ones are unknown. Picks are links, or ids.
    """  # noqa: D301 - \b is click's
    from digest.domain.pools import rank_pool  # noqa: PLC0415
    from digest.ingest.pools import pools  # noqa: PLC0415
    from digest.ingest.records import write_lines  # noqa: PLC0415

    wiring = wire(app)
    model = wiring.model(weights)
    read = pools(source, wiring.library.sources)
    write_lines(
        output,
        ({pool.unit: pool.name, "picks": rank_pool(pool, model.head(pool.head))} for pool in read),
    )
    app.say(f"{len(read)} pools, {sum(len(pool.keys) for pool in read)} candidates: {output}")


@click.command()
@click.argument("words")
@click.option("--hours", type=click.IntRange(1, 720), default=72, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def show(app: App, *, words: str, hours: int, as_json: bool) -> None:
    """Show the stories of the last hours whose id, title or link has WORDS, with their scores."""
    wiring = wire(app)
    now = wiring.clock()
    with wiring.store(keep=False) as store:
        entries = store.entries.window(now - timedelta(hours=hours), now)
        ranked = wiring.chooser(store).ranked(entries, now)
    wanted = words.casefold()
    found = [
        (place, pick)
        for place, pick in enumerate(ranked, start=1)
        if any(
            wanted in text.casefold()
            for text in (pick.story.id, pick.story.url, *(e.title for e in pick.story.entries))
        )
    ]
    if as_json:
        app.as_json([pick for _, pick in found])
        return
    if not found:
        raise UsageError(
            f"{words!r}: no story of the last {hours} hours has it", "see: digest stories list"
        )
    for place, pick in found[:10]:
        story = pick.story
        app.answer(f"{place} of {len(ranked)}  {story.title}", bold=True)
        app.answer(f"    {story.url}  (id {story.id})")
        app.answer(f"    {pick.reason}")
        show_parts(app, pick.score, pick.features)
        for entry in story.entries:
            app.answer(f"    {entry.first_seen:%d %b %H:%M}  {entry.source}: {entry.title}")


@click.command()
@click.option("--from", "first", type=DATE, required=True, help="First day.")
@click.option("--to", "last", type=DATE, required=True, help="Last day.")
@WEIGHTS
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def replay(
    app: App, *, first: datetime, last: datetime, weights: Path | None, as_json: bool
) -> None:
    """Choose the stories of past days anew from the store, and compare; nothing is changed."""
    from digest.workflows.choose import replay as run  # noqa: PLC0415

    if last < first:
        raise UsageError(f"--to {last:%Y-%m-%d}: lies before --from", "exchange the two")
    wiring = wire(app)
    edition = app.settings.edition
    with wiring.store(keep=False) as store:
        days = list(
            run(
                store,
                wiring.chooser(store, weights),
                first.date(),
                last.date(),
                window_h=edition.story_window_h,
                k=edition.stories,
            )
        )
    if as_json:
        app.as_json(days)
        return
    for day in days:
        then = f"{day.kept} of {len(day.was)} as then" if day.was else "no edition then"
        app.answer(f"{day.date}  {len(day.picks)} picks, {then}", bold=True)
        was = {pick.story.url for pick in day.was} | {pick.story.id for pick in day.was}
        for pick in day.picks:
            mark = " " if {pick.story.url, pick.story.id} & was or not day.was else "+"
            app.answer(f"  {mark} {pick.score:7.3f}  {pick.story.title} ({pick.story.outlet})")
        now = {pick.story.url for pick in day.picks} | {pick.story.id for pick in day.picks}
        for pick in day.was:
            if not {pick.story.url, pick.story.id} & now:
                app.answer(f"  - {pick.score:7.3f}  {pick.story.title} ({pick.story.outlet})")
    sent, kept = sum(len(day.was) for day in days), sum(day.kept for day in days)
    app.say(f"{len(days)} days; {kept} of {sent} stories as then.")


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option(
    "--editions",
    type=click.IntRange(0, 3650),
    default=0,
    help="Also learn from an editor's changes to the newest N editions.",
)
@click.option("--output", type=FILE, required=True, help="The weights; name them in paths.weights.")
@click.option("--fresh", is_flag=True, help="Start from nothing, not from the weights there are.")
@click.option("--name", default="own", show_default=True, help="What to call these weights.")
@WEIGHTS
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@pass_app
def calibrate(
    app: App,
    *,
    files: Sequence[Path],
    editions: int,
    output: Path,
    fresh: bool,
    name: str,
    weights: Path | None,
    as_json: bool,
) -> None:
    """Learn the weights of the ranking from FILES that tell what editors picked.

    The files are those of `digest stories rank`, with what was picked: `grade` (2 the headlines of
    the day), `pick`, or `final_points`. Every kind has its own head; one without a file keeps its
    weights. The report judges fits to the days given alone, each on days that it did not see,
    beside simple baselines.
    Where the weights come from is written beside them.
    """
    from dataclasses import replace  # noqa: PLC0415

    from digest.catalog.weights import write_json, write_model  # noqa: PLC0415
    from digest.domain.scoring import Model  # noqa: PLC0415
    from digest.ingest.pools import digest_of, pools  # noqa: PLC0415
    from digest.workflows import calibrate as work  # noqa: PLC0415

    wiring = wire(app)
    model = Model() if fresh else wiring.model(weights)
    sources = wiring.library.sources
    inputs: list[dict[str, Any]] = []
    found = []
    for path in files:
        read = work.usable(pools(path, sources))
        found += read
        inputs.append(
            {
                "file": path.name,
                "sha256": digest_of(path),
                "heads": sorted({pool.head for pool in read}),
                "pools": len(read),
                "first": min((pool.name for pool in read), default=""),
                "last": max((pool.name for pool in read), default=""),
                "candidates": sum(len(pool.keys) for pool in read),
                "picked": sum(sum(pool.wanted) for pool in read),
            }
        )
    if editions:
        with wiring.store(keep=False) as store:
            dates = [e.date for e in store.editions.listing(editions)]
            kept = [edition for on in dates if (edition := store.editions.get(on)) is not None]
        own = work.usable(work.from_editions(kept, {s.id: s for s in sources}))
        found += own
        inputs.append({"editions": len(own), "heads": ["headline"], "pools": len(own)})
    if found:
        app.say(f"{len(found)} pools to learn from; this takes a minute or two for thousands.")
    fitted = work.calibrate(found, model, fresh=fresh)
    rows = work.report(found)
    write_model(output, replace(fitted, name=name))
    beside = output.with_suffix(".provenance.json")
    write_json(
        beside,
        {
            "name": name,
            "start": "nothing" if fresh else model.name,
            "inputs": inputs,
            "recipe": work.recipe(),
            "cross_validation": rows,
        },
    )
    _show_report(app, rows, as_json=as_json)
    app.say(f"Weights: {output}\nWhere they come from: {beside}")


def _show_report(app: App, rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        app.as_json(rows)
        return
    if not rows:
        app.warn("too few pools to say how good the weights are: 8 of a kind at least")
        return
    app.table(
        [
            (
                row.head,
                row.measure,
                row.pools,
                row.way,
                f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]",
                f"{row.gain:+.3f} [{row.gain_low:+.3f}, {row.gain_high:+.3f}]",
            )
            for row in rows
        ],
        ["head", "measure", "pools", "way", "cross-validated", "learned less this"],
    )
