"""Concepts: the deck, each card's page, and what lets the deck work without a network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from digest.domain.concept import LEVELS, TRACKS, Concept
from digest.rendering.site import CardView
from digest.web.assets import FOREVER
from digest.web.pages import Page
from digest.web.prerequisites import prerequisite_map
from digest.web.site import SHARED, Site

LONGEST_SEARCH: Final = 80
"""Characters of a search that are looked at."""


class Learning:
    """The routes of concepts."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        root = self._site.root

        async def deck_slash(_request: Request) -> Response:
            return RedirectResponse(f"{root}/concepts/", 301)

        return [
            Route("/concepts", deck_slash),
            Route("/concepts/", self.deck),
            Route("/concepts/deck.json", self.cards),
            Route("/concepts/{slug}", self.concept),
            Route("/worker.js", self.worker),
            Route("/manifest.webmanifest", self.manifest),
        ]

    # --- the deck -------------------------------------------------------------------------------

    async def deck(self, request: Request) -> Response:
        """All concepts, or those of a track, a level, a search; scripts make a deck of them."""
        query = request.query_params
        track, level = query.get("track", ""), query.get("level", "")
        words = " ".join(query.get("q", "").split())[:LONGEST_SEARCH]
        if track not in TRACKS:
            track = ""
        if level not in {str(number) for number in LEVELS}:
            level = ""
        if words:  # anybody's words: not worth keeping
            page = Page.of(self._deck(track, level, words))
            return page.response(request, "no-store")
        return await self._site.shared(
            request, f"deck/{track}/{level}", lambda: self._deck(track, level, "")
        )

    def _deck(self, track: str, level: str, words: str) -> str:
        site = self._site
        found = [
            view
            for view in site.views()
            if (not track or view.concept.track == track)
            and (not level or view.concept.level == int(level))
            and _matches(view, words)
        ]
        used = {concept.track for concept in site.concepts.values()}
        return site.render(
            "deck",
            page="concepts",
            cards=found,
            total=len(site.concepts),
            tracks={slug: name for slug, name in TRACKS.items() if slug in used},
            levels=LEVELS,
            track=track,
            level=level,
            words=words,
            deck_url=f"{site.root}/concepts/deck.json",
        )

    async def cards(self, request: Request) -> Response:
        """All cards as the deck shows them, for scripts and for reading without a network."""
        page = await self._site.cache.get("deck.json", self._cards)
        return page.response(request, SHARED)

    def _cards(self) -> Page:
        made = [
            {
                "slug": view.concept.slug,
                "formula": str(view.formula),
                "definition": str(view.definition),
                "question": str(view.question),
                "answer": str(view.answer),
                "caption": str(view.caption),
                "alt": view.alt,
                "figure": None
                if view.figure is None
                else {
                    "src": view.figure.src,
                    "width": view.figure.width,
                    "height": view.figure.height,
                },
            }
            for view in self._site.views()
        ]
        return Page.of(json.dumps(made, ensure_ascii=False), "application/json")

    # --- a card ---------------------------------------------------------------------------------

    async def concept(self, request: Request) -> Response:
        """One concept, whole."""
        slug = request.path_params["slug"]
        if slug not in self._site.concepts:
            raise HTTPException(404)
        return await self._site.shared(request, f"concept/{slug}", lambda: self._concept(slug))

    def _concept(self, slug: str) -> str:
        site = self._site
        view = site.view(slug)
        if view is None:
            raise HTTPException(404)
        known = site.concepts
        card = view.concept
        order = list(known)
        place = order.index(slug)
        return site.render(
            "concept",
            page="concepts",
            view=view,
            card=card,
            requires=[known[s] for s in card.requires if s in known],
            leads_to=[c for c in known.values() if slug in c.requires],
            related=[(known[r.slug], r.gist) for r in card.related if r.slug in known],
            map=prerequisite_map(card, known, site.root),
            shown_in=self._shown_in(slug),
            before=known[order[place - 1]] if place else None,
            after=known[order[place + 1]] if place + 1 < len(order) else None,
        )

    def _shown_in(self, slug: str) -> list[str]:
        return [day.isoformat() for day in self._site.store.editions.with_concept(slug, 5)]

    # --- without a network ----------------------------------------------------------------------

    async def worker(self, request: Request) -> Response:
        """The service worker."""
        page = self._site.assets.worker(f"{self._site.root}/concepts/deck.json")
        return page.response(request, "no-cache")

    async def manifest(self, request: Request) -> Response:
        """What a phone needs to put the site on its home screen (W3C Web Application Manifest)."""
        site = self._site
        values: dict[str, Any] = {
            "name": site.settings.site.title,
            "short_name": site.settings.site.title[:12],
            "description": site.settings.site.tagline,
            "start_url": f"{site.root}/concepts/",
            "scope": f"{site.root}/",
            "display": "standalone",
            "background_color": "#f4f4f1",
            "theme_color": "#f4f4f1",
            "icons": [
                {"src": site.assets.url("icon.svg"), "sizes": "any", "type": "image/svg+xml"}
            ],
        }
        page = Page.of(json.dumps(values), "application/manifest+json")
        return page.response(request, FOREVER.replace("31536000, immutable", "86400"))


def _matches(view: CardView, words: str) -> bool:
    text = searched(view.concept, (view.statement_plain,))
    return all(word in text for word in words.casefold().split())


def searched(concept: Concept, more: Iterable[str] = ()) -> str:
    """The text in which a search looks, folded."""
    return " ".join([concept.title, concept.slug, concept.track_title, *more]).casefold()
