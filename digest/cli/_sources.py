"""digest stories sources|unpark|import|export: the feeds themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli._console import App, cleaned, pass_app
from digest.cli._wire import edition_date, wire
from digest.domain.story import Source
from digest.errors import OutputError, UsageError

if TYPE_CHECKING:
    from digest.ingest.opml import Outline

_KINDS = ("lab", "research", "press", "newsletter", "community")
_BUDGET_S = 300.0


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--test", "ask", is_flag=True, help="Ask each feed now, due or not; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def sources(app: App, ids: tuple[str, ...], *, ask: bool, as_json: bool) -> None:
    """List the feeds: last success, entries a day, what they contributed, what is wrong.

    `a day` counts entries dated in the last 7 days, `fresh` those young enough for the next
    edition, `picked` the stories of the last 30 days to which the feed contributed. With --test
    each feed that is on (or named) is asked at once; exit code 1 when one does not answer.
    """
    if ask:
        _test(app, ids, as_json=as_json)
        return
    from digest.workflows.sources import standings  # noqa: PLC0415 - keeps --help quick

    wiring = wire(app)
    now = wiring.clock()
    wanted = _named(wiring.library.sources, ids)
    with wiring.store(keep=False) as store:
        on = edition_date(app, None, now)
        found = standings(wanted, store, now, on, app.settings.edition.story_window_h)
    if as_json:
        app.as_json(found)
        return
    app.table(
        [
            (
                s.source,
                s.tier,
                f"{s.last_success:%d %b %H:%M}" if s.last_success else "",
                f"{s.per_day:.1f}",
                s.in_window,
                s.picked,
                f"{s.condition}: {s.message}" if s.message else s.condition,
            )
            for s in found
        ],
        ["source", "tier", "last success", "a day", "fresh", "picked", "condition"],
    )
    parked = [s.source for s in found if s.condition == "parked"]
    if parked:
        app.say(f"Ask a parked feed again: digest stories unpark {parked[0]}")


def _test(app: App, ids: Sequence[str], *, as_json: bool) -> None:
    from digest.workflows.sources import examine  # noqa: PLC0415 - keeps --help quick

    wiring = wire(app)
    wanted = [s for s in _named(wiring.library.sources, ids) if s.enabled or ids]
    with wiring.store(keep=False) as store, app.progress(len(wanted), "asking") as bar:
        answers = []
        for answer in examine(wanted, wiring.reader, store, wiring.clock(), _BUDGET_S):
            answers.append(answer)
            bar.advance()
    answers.sort(key=lambda answer: answer.source)
    if as_json:
        app.as_json(answers)
    else:
        app.table(
            [
                (
                    a.source,
                    "" if a.fault else a.entries,
                    f"{a.newest:%d %b %H:%M}" if a.newest else "",
                    a.fault.removeprefix(f"{a.source}: ")
                    or (f"well, but moved for good to {a.url}" if a.url else "well"),
                )
                for a in answers
            ],
            ["source", "entries", "newest", "answer"],
        )
    failed = sum(bool(answer.fault) for answer in answers)
    if failed:
        app.warn(f"{failed} of {len(answers)} feeds gave no entries; nothing was changed")
        click.get_current_context().exit(1)


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@pass_app
def unpark(app: App, ids: tuple[str, ...]) -> None:
    """Let the next round ask a parked feed again; its failures are forgotten."""
    wiring = wire(app)
    named = _named(wiring.library.sources, ids)
    with wiring.store() as store:
        states = store.entries.states()
        parked = [s.id for s in named if s.id in states and states[s.id].parked]
        store.entries.unpark(parked)
    for source in named:
        said = "is asked again in the next round" if source.id in parked else "was not parked"
        app.answer(f"{source.id}: {said}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the new files; else paths.sources, else the sources of paths.content.",
)
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    default="press",
    show_default=True,
    help="Kind of feeds that do not lie in a folder named like one.",
)
@click.option(
    "--tier",
    type=click.IntRange(1, 4),
    default=3,
    show_default=True,
    help="1 primary source to 4 aggregator, where the file does not say.",
)
@pass_app
def import_(app: App, file: Path, *, folder: Path | None, kind: str, tier: int) -> None:
    """Take over the feeds of an OPML file, as a feed reader exports it: one TOML file each.

    A feed that is known stays as it is. Outlines without a usable address are reported with their
    line, the others are kept.
    """
    from digest.catalog.sources import new_id, read_sources, write_source  # noqa: PLC0415
    from digest.ingest import opml, urls  # noqa: PLC0415 - only this command reads OPML

    wiring = wire(app)
    paths = app.settings.paths
    target = folder or paths.sources or (paths.content and paths.content / "sources")
    if target is None:
        raise UsageError(
            "there is no folder of sources of your own",
            "set paths.sources, or name one: digest stories import FILE --to FOLDER",
        )
    outlines = opml.read(file)
    own = [place for place in (paths.sources, target) if place is not None and place.is_dir()]
    known = [s for place in (None, *own) for s in read_sources(wiring.content / "sources", place)]
    seen = {urls.ref(source.url): source.id for source in known}
    taken = {source.id for source in known}
    added = 0
    for outline in outlines.feeds:
        ref = urls.ref(outline.url)
        if ref in seen:
            app.detail(f"{file}:{outline.line}: {outline.title}: is known as {seen[ref]}")
            continue
        source = _source(outline, new_id(outline.title, taken), kind, tier)
        app.say(f"{write_source(target, source)}: {source.title}")
        seen[ref] = source.id
        taken.add(source.id)
        added += 1
    for line, fault in outlines.faults:
        app.warn(f"{file}:{line}: {fault}")
    app.answer(
        f"{added} added to {target}, {len(outlines.feeds) - added} known already, "
        f"{len(outlines.faults)} bad outlines left out."
    )
    if added and target not in {paths.sources, paths.content and paths.content / "sources"}:
        app.answer(f"To use them set paths.sources to {target}")
    if outlines.faults:
        click.get_current_context().exit(1)


def _source(outline: Outline, name: str, kind: str, tier: int) -> Source:
    """What an outline says, as a source. It is taken to cover more than machine learning."""
    tiers = [f[-1] for f in outline.folders if f.startswith("tier ") and f[5:] in {*"1234"}]
    return Source(
        id=name,
        url=outline.url,
        title=outline.title,
        homepage=outline.homepage,
        owner=outline.title,
        kind=next((f for f in outline.folders if f in _KINDS), kind),
        tier=int(tiers[0]) if tiers else tier,
        format=outline.format,
        language=outline.language or "en",
        filter=True,
        note=outline.note,
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--all", "all_", is_flag=True, help="Also the feeds that are off.")
@pass_app
def export(app: App, file: Path, *, all_: bool) -> None:
    """Write the feeds as OPML, which every feed reader takes (- writes to standard output)."""
    from digest.ingest import opml  # noqa: PLC0415 - only these commands need OPML

    found = [s for s in wire(app).library.sources if s.enabled or all_]
    lines = list(opml.write(found, f"{app.settings.site.title}: feeds"))
    if str(file) == "-":
        click.echo(cleaned("".join(lines)), nl=False)
    else:
        try:
            file.write_text("".join(lines), encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"{file}: cannot be written: {error.strerror}", "choose another file"
            ) from error
    others = [s.id for s in found if not opml.readable(s)]
    if str(file) != "-":
        app.say(f"{len(found) - len(others)} feeds: {file}")
    if others:
        app.warn(f"left out, as no feed reader reads their format: {', '.join(others)}")


def _named(known: Sequence[Source], ids: Sequence[str]) -> list[Source]:
    """The sources of these ids, all without any. Raises UsageError with the nearest id."""
    by_id = {source.id: source for source in known}
    for name in ids:
        if name not in by_id:
            from difflib import get_close_matches  # noqa: PLC0415 - only on the way out

            near = get_close_matches(name, by_id, 1)
            raise UsageError(
                f"there is no source {json.dumps(name)}",
                f"did you mean {near[0]}?" if near else "see: digest stories sources",
            )
    return [by_id[name] for name in ids] if ids else list(known)
