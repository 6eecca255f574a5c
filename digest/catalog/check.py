"""All rules over many cards at once, one process a core."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from digest.catalog.card import CardError, Fault, read_card
from digest.catalog.library import ContentLibrary
from digest.domain.concept import Concept


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one concept folder."""

    slug: str
    concept: Concept | None
    faults: tuple[Fault, ...]


def check(
    library: ContentLibrary,
    slugs: Sequence[str],
    *,
    seeds: int = 1,
    mutants: bool = True,
    jobs: int | None = None,
) -> Iterator[Checked]:
    """Check the folders named, yielding each as it is done (in any order).

    `seeds` is how often each variant's claims are tried. Faults of the graph (a missing
    prerequisite, a circle) come last, from `graph`.
    """
    known = sorted(library.known)
    jobs = min(jobs or os.cpu_count() or 1, len(slugs)) or 1
    tasks = [(str(library.content), slug, known, seeds, mutants) for slug in slugs]
    if jobs == 1:
        yield from (_one(*task) for task in tasks)
        return
    # Children are spawned, not forked: matplotlib and threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_one, *task) for task in tasks]):
            yield done.result()


def graph(library: ContentLibrary, slugs: Sequence[str]) -> list[Fault]:
    """What is wrong between the cards named and all others, as far as they can be read."""
    readable: list[Concept] = []
    for slug in library.slugs:
        try:
            readable.append(read_card(library.folder(slug)))
        except CardError:
            continue  # told by its own check
    return [f for f in library.graph_faults(readable) if f.path.parent.name in set(slugs)]


def _one(content: str, slug: str, known: Sequence[str], seeds: int, mutants: bool) -> Checked:  # noqa: FBT001 - a task of a pool
    from pathlib import Path  # noqa: PLC0415 - a child imports what it needs

    from digest.catalog.rules import read_and_check  # noqa: PLC0415
    from digest.catalog.trial import try_figure  # noqa: PLC0415

    folder = Path(content) / "concepts" / slug
    concept, faults = read_and_check(folder, known)
    return Checked(slug, concept, (*faults, *try_figure(folder, seeds=seeds, mutants=mutants)))
