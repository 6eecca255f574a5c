"""What all pages share: settings, clock, store, templates, files, and the concepts as pages."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from digest.domain.concept import Concept
from digest.ports import Store
from digest.rendering.site import CardView, card_view
from digest.web.assets import Assets
from digest.web.pages import Page, PageCache
from digest.web.tally import Tally
from digest.wiring import Wiring

SHARED: Final = "public, max-age=60"
"""Cache-Control of a page that is the same for everybody."""
PERSONAL: Final = {"cache-control": "no-store", "x-robots-tag": "noindex"}
"""Headers of a page that is somebody's."""


class Site:
    """The parts of a running site; see `app.create_app`."""

    def __init__(self, wiring: Wiring, store: Store) -> None:
        self.wiring = wiring
        self.settings = wiring.settings
        self.store = store
        self.base_url = wiring.settings.site.base_url
        self.root = urlsplit(self.base_url).path.rstrip("/")
        self.templates = wiring.templates
        self.assets = Assets(self.templates, self.root)
        self.cache = PageCache(wiring.settings.web.page_cache_s)
        self.wake = threading.Event()
        """Set when a mail is waiting: the background sends it at once."""
        self.pictures = PageCache(math.inf)
        self.tally = Tally()
        self._views: dict[str, CardView] = {}

    def now(self) -> datetime:
        """The time in UTC."""
        return self.wiring.clock()

    def today(self) -> date:
        """The date in the zone of the edition."""
        return self.now().astimezone(ZoneInfo(self.settings.edition.zone)).date()

    # --- concepts -------------------------------------------------------------------------------

    @cached_property
    def concepts(self) -> Mapping[str, Concept]:
        """All concepts by slug, in library order."""
        return {concept.slug: concept for concept in self.wiring.library.concepts}

    def view(self, slug: str) -> CardView | None:
        """A concept ready for its page; its figure appears once the background has drawn it."""
        known = self._views.get(slug)
        if known is not None and known.whole:
            return known
        concept = self.concepts.get(slug)
        if concept is None:
            return None
        drawn = self.wiring.press.kept(concept, 0)
        if known is not None and drawn is None:
            return known
        made = card_view(concept, drawn, self.root)
        self._views[slug] = made
        return made

    @property
    def whole(self) -> set[str]:
        """Concepts whose figure is there."""
        return {slug for slug, view in list(self._views.items()) if view.whole}

    def views(self) -> list[CardView]:
        """All concepts ready for a page, in library order."""
        return [view for slug in self.concepts if (view := self.view(slug)) is not None]

    def picture(self, sha256: str) -> bytes | None:
        """A picture (PNG) by its hash: of a card's figure, else of an edition."""
        for view in list(self._views.values()):
            if view.figure is not None and sha256 in view.figure.src:
                drawn = self.wiring.press.kept(view.concept, 0)
                if drawn is not None and drawn.figure.sha256 == sha256:
                    return drawn.figure.png
        return self.store.editions.image(sha256)

    # --- pages ----------------------------------------------------------------------------------

    def render(self, name: str, **values: Any) -> str:  # noqa: ANN401 - a template's own
        """A template of templates/web/ filled, with what every page needs."""
        site = self.settings.site
        return self.templates.render(
            f"web/{name}.html.jinja",
            site={
                "title": site.title,
                "tagline": site.tagline,
                "base_url": self.base_url,
                "postal_address": site.postal_address,
            },
            root=self.root,
            asset=self.assets.urls,
            **{"page": "", **values},
        )

    async def shared(self, request: Request, key: str, build: Callable[[], str]) -> Response:
        """A page that is the same for everybody, from the cache; `build` runs in a thread."""
        page = await self.cache.get(key, lambda: Page.of(build()))
        return page.response(request, SHARED)

    def personal(self, name: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """A page of somebody's own: kept by no cache, found by no search."""
        return HTMLResponse(self.render(name, **values), status, PERSONAL)

    def said(self, title: str, *lines: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """A short answer: a heading and some sentences."""
        return self.personal("said", status, title=title, lines=lines, **values)
