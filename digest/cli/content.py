"""digest content new|check|show|list: the concepts, for those who write them."""

from __future__ import annotations

import html
import re
from pathlib import Path

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.domain.concept import TRACKS
from digest.errors import CatalogError, OutputError


@click.group(short_help="Write, show and check concepts.")
def content() -> None:
    """Write, show and check concepts. A concept is one folder: card.md and figure.py."""


@content.command(epilog="Tracks: " + ", ".join(TRACKS) + ".")
@click.argument("slug")
@pass_app
def new(app: App, slug: str) -> None:
    """Make the folder of a new concept, with a card and a figure to fill in."""
    from digest.catalog.template import write_folder  # noqa: PLC0415

    folder = write_folder(wire(app).content, slug)
    app.answer(f"{folder / 'card.md'}: write the card")
    app.answer(f"{folder / 'figure.py'}: write the experiment")
    app.say(f"Then run: digest content check {slug}")


@content.command()
@click.argument("slugs", metavar="[SLUG]...", nargs=-1)
@click.option(
    "--seeds",
    type=click.IntRange(min=1, max=10_000),
    default=3,
    show_default=True,
    help="How often each claim is tried, with another seed each time.",
)
@click.option("--mutants/--no-mutants", default=True, help="Whether wrong formulas are tried.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; else one a core.")
@pass_app
def check(app: App, slugs: tuple[str, ...], seeds: int, mutants: bool, jobs: int | None) -> None:  # noqa: FBT001 - click hands flags over
    """Check every rule of the rubric for all concepts, or those named."""
    from digest.catalog.check import check as check_cards  # noqa: PLC0415
    from digest.catalog.check import graph  # noqa: PLC0415

    library = wire(app).library
    for slug in slugs:
        library.folder(slug)
    wanted = list(slugs) or library.slugs
    checked = []
    with app.progress(len(wanted), "Checking") as bar:
        for done in check_cards(library, wanted, seeds=seeds, mutants=mutants, jobs=jobs):
            checked.append(done)
            bar.advance()
    checked.sort(key=lambda done: done.slug)
    faults = [fault for done in checked for fault in done.faults] + graph(library, wanted)
    if not slugs:
        _ = (library.shelf, library.sources)  # a broken file there raises, naming it
    for fault in faults:
        app.answer(_shortened(str(fault)))
    broken = {fault.path.parent.name for fault in faults}
    app.answer(
        f"{len(wanted) - len(broken)} of {len(wanted)} concepts pass, "
        f"{len(faults)} fault{'s' * (len(faults) != 1)}."
    )
    if faults:
        click.get_current_context().exit(CatalogError.exit_code)


@content.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List all concepts in library order, the order in which they are introduced."""
    library = wire(app).library
    concepts = library.concepts
    for fault in library.faults:
        app.warn(_shortened(f"left out: {fault}"))
    if as_json:
        app.as_json(
            [
                {
                    "slug": c.slug,
                    "title": c.title,
                    "track": c.track,
                    "level": c.level,
                    "requires": c.requires,
                    "version": c.version,
                }
                for c in concepts
            ]
        )
        return
    app.table(
        [(n, c.slug, c.track, c.level, ", ".join(c.requires)) for n, c in enumerate(concepts, 1)],
        ["", "concept", "track", "level", "requires"],
    )


@content.command()
@click.argument("slug")
@click.option("--variant", type=click.IntRange(min=0), default=0, help="Figure for a revisit: 1.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the page; else paths.out.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser.")
@pass_app
def show(app: App, slug: str, variant: int, out: Path | None, open_: bool) -> None:  # noqa: FBT001 - click hands flags over
    """Show a card as text, and write it as a page as the mail shows it."""
    from digest.catalog.card import read_card  # noqa: PLC0415

    wiring = wire(app)
    concept = read_card(wiring.library.folder(slug))
    (drawn,) = wiring.press.draw([(concept, variant)])
    if isinstance(drawn, str):
        raise CatalogError(drawn, f"run: digest content check {slug}")
    on = wiring.clock().date()
    block = wiring.printer.concept_block(drawn, 1, revisit=False, on=on)
    app.answer(block.text)
    folder = (out or app.settings.paths.out) / "concepts"
    page = folder / f"{slug}.html"
    body = block.html
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for image in block.images:
            (folder / f"{image.name}.png").write_bytes(image.png)
            body = re.sub(rf"cid:{re.escape(image.name)}\.[^\"]+", f"{image.name}.png", body)
        page.write_text(
            "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'>"
            f"<title>{html.escape(concept.title)}</title></head>"
            "<body style='margin:0 auto;max-width:600px'>"
            f"{body}</body></html>",
            encoding="utf-8",
        )
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written: {error.strerror}", "choose another with --out"
        ) from error
    app.say(f"The page: {page}")
    if open_:
        click.launch(str(page))


@content.command()
@click.argument("slugs", metavar="[SLUG]...", nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the page; else concepts/sheet.html in paths.out.",
)
@pass_app
def sheet(app: App, slugs: tuple[str, ...], out: Path | None) -> None:
    """Write a page with all figures at mail and phone size, light, dark and grey."""
    from digest.catalog.sheet import contact_sheet  # noqa: PLC0415

    wiring = wire(app)
    for slug in slugs:
        wiring.library.folder(slug)
    concepts = [c for c in wiring.library.concepts if not slugs or c.slug in slugs]
    wanted = [(concept, variant) for concept in concepts for variant in (0, 1)]
    drawings, faults = [], 0
    with app.progress(len(wanted), "Drawing") as bar:
        for start in range(0, len(wanted), 8):
            for drawn in wiring.press.draw(wanted[start : start + 8]):
                bar.advance()
                if isinstance(drawn, str):
                    app.warn(_shortened(drawn))
                    faults += 1
                else:
                    drawings.append(drawn)
    page = out or app.settings.paths.out / "concepts" / "sheet.html"
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(contact_sheet(drawings), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{page}: cannot be written: {error.strerror}", "choose another with --out"
        ) from error
    app.answer(f"{len(drawings)} figures: {page}")
    if faults:
        click.get_current_context().exit(1)


def _shortened(fault: str) -> str:
    """Paths as one would type them from here."""
    return fault.replace(f"{Path.cwd()}/", "")
