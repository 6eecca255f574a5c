"""The whole of content/: concepts, sources and the shelf, read once and held together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from digest.catalog.card import CardError, Fault, read_card
from digest.catalog.sources import read_sources, read_table
from digest.domain.concept import TRACKS, Concept
from digest.domain.selection import library_order
from digest.domain.story import ShelfItem, Source
from digest.errors import CatalogError


class ContentLibrary:
    """content/ as values. Each part is read when first asked for, so that a command that needs
    only the sources never opens a card.
    """

    def __init__(self, content: Path, own_sources: Path | None = None) -> None:
        self.content = content
        self.own_sources = own_sources

    @property
    def slugs(self) -> list[str]:
        """The names of all concept folders, sorted."""
        folder = self.content / "concepts"
        if not folder.is_dir():
            raise CatalogError(f"{folder}: there is no such folder", "set paths.content")
        return sorted(
            path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"
        )

    @cached_property
    def known(self) -> frozenset[str]:
        """What cards may point to: all concepts, and those that content/wanted.toml asks for."""
        path = self.content / "wanted.toml"
        wanted = read_table(path, ("wanted",), ())["wanted"] if path.is_file() else []
        return frozenset(self.slugs) | frozenset(wanted)

    def folder(self, slug: str) -> Path:
        """The folder of a concept. Raises CatalogError with the nearest name when unknown."""
        path = self.content / "concepts" / slug
        if slug not in self.slugs:
            from difflib import get_close_matches  # noqa: PLC0415 - only on the way out

            near = get_close_matches(slug, self.slugs, 1)
            raise CatalogError(
                f"{path}: there is no concept {slug!r}",
                f"did you mean {near[0]!r}?" if near else "see: digest content list",
            )
        return path

    @property
    def concepts(self) -> Sequence[Concept]:
        """All sound concepts in library order; the others, and what needs them, are left out.

        Raises CatalogError with all faults when not one is sound.
        """
        return self._read[0]

    @property
    def faults(self) -> Sequence[Fault]:
        """Why cards were left out: unreadable ones, missing prerequisites, circles."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[Sequence[Concept], Sequence[Fault]]:
        sound: dict[str, Concept] = {}
        faults: list[Fault] = []
        for slug in self.slugs:
            try:
                sound[slug] = read_card(self.folder(slug))
            except CardError as error:
                faults.extend(error.faults)
        # A letter must go out on the day that a card breaks: leave out what is broken, then what
        # builds on it, until the rest holds together.
        while found := self.graph_faults(list(sound.values())):
            faults.extend(found)
            for fault in found:
                sound.pop(fault.path.parent.name, None)
        if faults and not sound:
            raise CardError(faults)
        return tuple(sound[slug] for slug in library_order(list(sound.values()))), tuple(faults)

    def graph_faults(self, concepts: Sequence[Concept]) -> list[Fault]:
        """Prerequisites that are missing, of a higher level, or in a circle."""
        by_slug = {concept.slug: concept for concept in concepts}
        faults = []
        for concept in concepts:
            card = self.content / "concepts" / concept.slug / "card.md"
            for slug in concept.requires:
                if slug not in by_slug:
                    faults.append(Fault(card, 0, f"requires: there is no concept {slug!r}"))
                elif by_slug[slug].level > concept.level:
                    faults.append(
                        Fault(card, 0, f"requires: {slug!r} is of a higher level than this card")
                    )
            circle = _circle(concept.slug, by_slug)
            if circle and concept.slug == min(circle):
                faults.append(Fault(card, 0, f"requires: goes in a circle: {' -> '.join(circle)}"))
        return faults

    @cached_property
    def shelf(self) -> Sequence[ShelfItem]:
        """The evergreen shelf, by slug. Raises CatalogError naming the first broken file."""
        return tuple(_shelf_item(path) for path in _tomls(self.content / "stories"))

    @cached_property
    def sources(self) -> Sequence[Source]:
        """All sources, by id; the operator's own take the place of their namesakes.

        Raises CatalogError naming the first broken file.
        """
        return read_sources(self.content / "sources", self.own_sources)


def _circle(start: str, by_slug: Mapping[str, Concept]) -> list[str]:
    """A way from `start` back to itself along `requires`; empty when there is none."""
    stack = [(start, [start])]
    seen: set[str] = set()
    while stack:
        slug, way = stack.pop()
        for before in by_slug[slug].requires if slug in by_slug else ():
            if before == start:
                return [*way, start]
            if before not in seen:
                seen.add(before)
                stack.append((before, [*way, before]))
    return []


def _tomls(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CatalogError(f"{folder}: there is no such folder", "set paths.content")
    return sorted(folder.glob("*.toml"))


def _shelf_item(path: Path) -> ShelfItem:
    required = ("title", "authors", "year", "url", "venue", "kind", "track", "summary", "why")
    values = read_table(path, required, ("et_al", "minutes", "verified"))
    values.pop("verified", None)
    if values["track"] not in TRACKS:
        raise CatalogError(f"{path}: track {values['track']!r} is none of {', '.join(TRACKS)}")
    if not values["authors"]:
        raise CatalogError(f"{path}: authors is empty")
    return ShelfItem(
        slug=path.stem,
        authors=tuple(values.pop("authors")),
        et_al=bool(values.pop("et_al", False)),
        **values,
    )
