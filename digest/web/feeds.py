"""For programs: Atom (RFC 4287) and JSON Feed 1.1, the site map, robots.txt, shared pictures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import Any, Final
from xml.etree import ElementTree as ET

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from digest.domain.edition import Edition, EditionStatus
from digest.figures.poster import poster
from digest.web.pages import Page
from digest.web.reading import day_in_words
from digest.web.site import SHARED, Site

NEWEST: Final = 30
"""Entries of a feed."""
_ATOM: Final = "http://www.w3.org/2005/Atom"
_MAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_DAY: Final = "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed."""

    path: str
    title: str
    html: str
    at: datetime


class Feeds:
    """The routes for programs."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._posters = site.pictures

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        return [
            Route("/feeds/{name}.{kind}", self.feed),
            Route("/sitemap.xml", self.sitemap),
            Route("/robots.txt", self.robots),
            Route("/og/editions/{day}.png", self.edition_poster),
            Route("/og/concepts/{slug}.png", self.concept_poster),
        ]

    # --- feeds ----------------------------------------------------------------------------------

    async def feed(self, request: Request) -> Response:
        """A feed of editions or concepts, as Atom or JSON."""
        name, kind = request.path_params["name"], request.path_params["kind"]
        items = {"editions": self._editions, "concepts": self._concepts}.get(name)
        make = {"atom": self._atom, "json": self._json}.get(kind)
        if items is None or make is None:
            raise HTTPException(404)
        page = await self._site.cache.get(f"feed/{name}.{kind}", lambda: make(name, items()))
        return page.response(request, SHARED)

    def _editions(self) -> list[Item]:
        return [
            Item(
                f"/editions/{edition.date.isoformat()}",
                edition.subject,
                self._summary(edition),
                edition.published_at or edition.built_at,
            )
            for edition in self._site.store.editions.listing(NEWEST + 2)
            if edition.status is EditionStatus.PUBLISHED
        ][:NEWEST]

    def _summary(self, edition: Edition) -> str:
        site = self._site
        ideas = [
            f'<li><a href="{site.base_url}/concepts/{pick.slug}">'
            f"{escape(site.concepts[pick.slug].title)}</a></li>"
            for pick in edition.concepts
            if pick.slug in site.concepts
        ]
        stories = [
            f'<li><a href="{escape(pick.story.url)}">{escape(pick.story.title)}</a> '
            f"({escape(pick.story.outlet)})</li>"
            for pick in edition.stories
        ]
        return f"<p>Ideas:</p><ul>{''.join(ideas)}</ul><p>Stories:</p><ul>{''.join(stories)}</ul>"

    def _concepts(self) -> list[Item]:
        """The cards in the order in which editions brought them, newest first."""
        known = self._site.concepts
        items: dict[str, Item] = {}
        for edition in self._site.store.editions.listing(2 * NEWEST):
            if edition.status is not EditionStatus.PUBLISHED:
                continue
            for pick in edition.concepts:
                view = self._site.view(pick.slug) if pick.slug in known else None
                if view is not None and pick.slug not in items:
                    items[pick.slug] = Item(
                        f"/concepts/{pick.slug}",
                        view.concept.title,
                        f"<p>{view.statement}</p>{view.definition}",
                        edition.published_at or edition.built_at,
                    )
        return list(items.values())[:NEWEST]

    def _atom(self, name: str, items: list[Item]) -> Page:
        base, title = self._site.base_url, self._site.settings.site.title
        ET.register_namespace("", _ATOM)
        feed = ET.Element(f"{{{_ATOM}}}feed")
        newest = max((item.at for item in items), default=datetime.fromtimestamp(0, UTC))
        _add(feed, "id", f"{base}/feeds/{name}.atom")
        _add(feed, "title", f"{title}: {name}")
        _add(feed, "updated", newest.isoformat())
        _add(feed, "link", "", rel="self", href=f"{base}/feeds/{name}.atom")
        _add(feed, "link", "", rel="alternate", href=f"{base}/{name}/")
        _add(ET.SubElement(feed, f"{{{_ATOM}}}author"), "name", title)
        for item in items:
            entry = ET.SubElement(feed, f"{{{_ATOM}}}entry")
            _add(entry, "id", base + item.path)
            _add(entry, "title", item.title)
            _add(entry, "updated", item.at.isoformat())
            _add(entry, "link", "", rel="alternate", href=base + item.path)
            _add(entry, "content", item.html, type="html")
        text = ET.tostring(feed, encoding="unicode", xml_declaration=False)
        return Page.of(
            f'<?xml version="1.0" encoding="utf-8"?>\n{text}', "application/atom+xml; charset=utf-8"
        )

    def _json(self, name: str, items: list[Item]) -> Page:
        base = self._site.base_url
        values: dict[str, Any] = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": f"{self._site.settings.site.title}: {name}",
            "home_page_url": f"{base}/{name}/",
            "feed_url": f"{base}/feeds/{name}.json",
            "language": "en",
            "items": [
                {
                    "id": base + item.path,
                    "url": base + item.path,
                    "title": item.title,
                    "content_html": item.html,
                    "date_published": item.at.isoformat(),
                }
                for item in items
            ],
        }
        return Page.of(json.dumps(values, ensure_ascii=False), "application/feed+json")

    # --- for search engines ---------------------------------------------------------------------

    async def sitemap(self, request: Request) -> Response:
        """All pages that are the same for everybody (sitemaps.org)."""
        page = await self._site.cache.get("sitemap", self._sitemap)
        return page.response(request, SHARED)

    def _sitemap(self) -> Page:
        ET.register_namespace("", _MAP)
        found = ET.Element(f"{{{_MAP}}}urlset")
        paths = ["/", "/editions/", "/concepts/", "/stories", "/subscribe", "/help"]
        paths += [f"/concepts/{slug}" for slug in self._site.concepts]
        paths += [f"/editions/{day}" for day, _n, _s in self._site.store.editions.index()]
        for path in paths[:50_000]:
            place = ET.SubElement(found, f"{{{_MAP}}}url")
            ET.SubElement(place, f"{{{_MAP}}}loc").text = self._site.base_url + path
        text = ET.tostring(found, encoding="unicode")
        return Page.of(f'<?xml version="1.0" encoding="utf-8"?>\n{text}', "application/xml")

    async def robots(self, _request: Request) -> Response:
        """What crawlers may read (RFC 9309): all but readers' own pages."""
        root = self._site.root
        lines = ["User-agent: *"]
        lines += [f"Disallow: {root}/{path}/" for path in ("u", "p", "confirm", "undo", "admin")]
        lines += ["", f"Sitemap: {self._site.base_url}/sitemap.xml", ""]
        return PlainTextResponse("\n".join(lines), headers={"cache-control": _DAY})

    # --- pictures of shared links ---------------------------------------------------------------

    async def edition_poster(self, request: Request) -> Response:
        """The picture of an edition: its date and ideas."""
        text = request.path_params["day"]
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise HTTPException(404) from None

        def build() -> Page:
            edition = self._site.store.editions.get(day)
            if edition is None or edition.status is not EditionStatus.PUBLISHED:
                raise HTTPException(404)
            known = self._site.concepts
            titles = [known[p.slug].short_title for p in edition.concepts if p.slug in known]
            blocks = self._site.store.editions.blocks(day)
            figure = next(
                (i.png for b in blocks for i in b.images if i.name.startswith("figure-")), None
            )
            return self._kept(
                f"No. {edition.number} · {day_in_words(day)}", edition.subject, titles, figure
            )

        page = await self._posters.get(f"og/{day}", build)
        return page.response(request, _DAY)

    async def concept_poster(self, request: Request) -> Response:
        """The picture of a concept: its statement and figure."""
        slug = request.path_params["slug"]
        view = self._site.concepts.get(slug)
        if view is None:
            raise HTTPException(404)

        def build() -> Page:
            view = self._site.view(slug)
            if view is None:
                raise HTTPException(404)
            card = view.concept
            drawn = self._site.wiring.press.kept(card, 0)
            return self._kept(
                f"{card.track_title} · {card.level_title}",
                card.short_title,
                [view.statement_plain],
                drawn.figure.png if drawn else None,
            )

        # Until its figure is there, the picture is made again from time to time.
        drawn = slug in self._site.whole
        cache = self._posters if drawn else self._site.cache
        page = await cache.get(f"og/{slug}", build)
        return page.response(request, _DAY)

    def _kept(self, kicker: str, title: str, lines: list[str], figure: bytes | None) -> Page:
        """A poster from the cache folder, else drawn and put there."""
        name = self._site.settings.site.title
        said = "\0".join([kicker, title, *lines, name]).encode() + b"\0" + (figure or b"")
        path = (
            self._site.settings.paths.cache / "og" / f"{hashlib.sha256(said).hexdigest()[:32]}.png"
        )
        try:
            return Page.of(path.read_bytes(), "image/png")
        except OSError:
            png = poster(kicker, title, lines, figure, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{id(png)}.part")
            part.write_bytes(png)
            part.replace(path)
        except OSError:
            pass  # it is drawn again next time
        return Page.of(png, "image/png")


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    made = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    made.text = _printable(text) or None


def _printable(text: str) -> str:
    """Without the control characters that XML 1.0 does not take."""
    return "".join(c for c in text if c >= " " or c in "\n\t")
