"""digest stories fetch|list|cluster: what came in, what belongs together (feeds: `sources`)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from digest.cli import _ranking
from digest.cli._console import App, pass_app
from digest.cli._sources import export, import_, sources, unpark
from digest.cli._wire import show_collected, warn_of_parked, wire


@click.group(short_help="Collect stories and look after the feeds.")
def stories() -> None:
    """Collect stories and look after the feeds."""


@stories.command()
@click.option(
    "--budget",
    type=click.FloatRange(min=1, max=3600),
    default=120.0,
    show_default=True,
    help="Seconds for all feeds together.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def fetch(app: App, *, budget: float, as_json: bool) -> None:
    """Ask every feed that is due, once. One that fails never stops the rest.

    Exit code 1 when a feed was parked in this round, or not one answered.
    """
    from digest.workflows.collect import collect  # noqa: PLC0415

    wiring = wire(app)
    with wiring.store() as store:
        collected = collect(wiring.library.sources, wiring.reader, store, wiring.clock(), budget)
    if as_json:
        app.as_json(collected)
    else:
        show_collected(app, collected)
        for source, fault in collected.faults.items():
            app.warn(f"{source}: {fault}")
        warn_of_parked(app, collected)
    silent = collected.new and len(collected.faults) == len(collected.new)
    if silent or collected.newly_parked:
        click.get_current_context().exit(1)


@stories.command("list")
@click.option("--hours", type=click.IntRange(1, 720), default=24, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def list_(app: App, *, hours: int, as_json: bool) -> None:
    """List the entries of the last hours, newest first."""
    wiring = wire(app)
    now = wiring.clock()
    with wiring.store(keep=False) as store:
        entries = sorted(
            store.entries.window(now - timedelta(hours=hours), now),
            key=lambda entry: entry.published,
            reverse=True,
        )
    if as_json:
        app.as_json(entries)
        return
    if not entries:
        app.say(f"No entry in the last {hours} hours. Ask the feeds: digest stories fetch")
        return
    app.table(
        [(f"{e.published:%d %b %H:%M}", e.source, e.title) for e in entries],
        ["UTC", "source", "title"],
    )


stories.add_command(sources)
stories.add_command(unpark)
stories.add_command(import_)
stories.add_command(export)


@stories.command()
@click.option(
    "--input",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="JSON lines, plain or gzip: id, title, and summary, url, published where known.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="JSON lines: id and story, in the order of the input.",
)
@click.option(
    "--model",
    type=click.Choice(["none", "minilm"]),
    help="What reads the headlines besides their words; else the setting stories.model.",
)
@pass_app
def cluster(app: App, *, source: Path, output: Path, model: str | None) -> None:
    """Group headlines of a file into stories, as the day's entries are grouped.

    Only id and title are needed; what else is known (a lead, a link, an outlet, a time) helps.
    """
    from digest.domain.clustering import cluster as group  # noqa: PLC0415 - it imports numpy
    from digest.domain.clustering import story_id  # noqa: PLC0415
    from digest.ingest.records import entries, write_lines  # noqa: PLC0415
    from digest.wiring.stories import meaning as reader  # noqa: PLC0415

    meaning = reader(app.settings, model=model or "")
    read = entries(source)
    found: dict[str, str] = {}
    headlines = [entry for _, entry in read]
    vectors = meaning.of(headlines) if meaning else None
    for members in group(headlines, vectors=vectors):
        found |= dict.fromkeys((entry.id for entry in members), story_id(members))
    write_lines(output, ({"id": key, "story": found[entry.id]} for key, entry in read))
    app.say(f"{len(read)} entries, {len(set(found.values()))} stories: {output}")


for command in (_ranking.rank, _ranking.show, _ranking.replay, _ranking.calibrate):
    stories.add_command(command)
