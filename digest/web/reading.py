"""Editions: today's, the archive with its calendar, each by its date; pictures; the ticker."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from digest.domain.edition import Edition, EditionStatus, StoryPick
from digest.rendering.site import answer_html, block_html
from digest.web.assets import FOREVER
from digest.web.pages import Page
from digest.web.site import Site

NEWEST: Final = 14
"""Editions of the archive that are shown with what is in them."""
TICKER_DAYS: Final = 30
ALSO: Final = 10
"""Runners-up of the newest edition that the ticker shows."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar: weeks of (day, edition's address or nothing); 0 is no day."""

    name: str
    weeks: Sequence[Sequence[tuple[int, str]]]


class Reading:
    """The routes of editions and stories."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        root = self._site.root

        async def archive_slash(_request: Request) -> Response:
            return RedirectResponse(f"{root}/editions/", 301)

        return [
            Route("/", self.home),
            Route("/editions", archive_slash),
            Route("/editions/", self.archive),
            Route("/editions/{day}", self.edition),
            Route("/stories", self.stories),
            Route("/help", self.help),
            Route("/images/{name}.png", self.image),
        ]

    # --- editions -------------------------------------------------------------------------------

    async def home(self, request: Request) -> Response:
        """Today's edition, or the newest there is."""
        return await self._site.shared(request, "home", self._home)

    def _home(self) -> str:
        index = self._site.store.editions.index()
        today = self._site.today()
        # Where it is tomorrow already, tomorrow's edition has its own address.
        newest = next(
            (day for day, _n, _s in index if day <= today), index[0][0] if index else None
        )
        if newest is None:
            return self._site.render("welcome", page="home")
        return self._edition_page(newest, home=True)

    async def edition(self, request: Request) -> Response:
        """One edition by its date."""
        try:
            day = date.fromisoformat(request.path_params["day"])
        except ValueError:
            raise HTTPException(404) from None
        if day.isoformat() != request.path_params["day"]:
            raise HTTPException(404)
        return await self._site.shared(
            request, f"edition/{day}", lambda: self._edition_page(day, home=False)
        )

    def _edition_page(self, day: date, *, home: bool) -> str:
        site = self._site
        edition = site.store.editions.get(day)
        if edition is None or edition.status is not EditionStatus.PUBLISHED:
            raise HTTPException(404)
        blocks = site.store.editions.blocks(day)
        by_kind: dict[str, list[Any]] = {"concept": [], "story": []}
        for block in blocks:
            by_kind[block.kind].append(block_html(block, site.base_url, site.root))
        days = [day for day, _number, _subject in site.store.editions.index()]
        place = days.index(day) if day in days else 0
        return site.render(
            "edition",
            page="home" if home else "editions",
            home=home,
            edition=edition,
            day=day_in_words(day),
            concepts=by_kind["concept"],
            stories=by_kind["story"],
            answers=[answer_html(block) for block in blocks if block.answer_html],
            earlier=days[place + 1] if place + 1 < len(days) else None,
            later=days[place - 1] if place > 0 else None,
            is_today=day == site.today(),
        )

    # --- the archive ----------------------------------------------------------------------------

    async def archive(self, request: Request) -> Response:
        """The newest editions, and a calendar of one year."""
        asked = request.query_params.get("year", "")
        year = (
            int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == len("2026") else 0
        )
        if asked and not year:
            raise HTTPException(404)
        return await self._site.shared(request, f"archive/{year}", lambda: self._archive(year))

    def _archive(self, year: int) -> str:
        store = self._site.store
        index = store.editions.index()
        years = sorted({day.year for day, _n, _s in index}, reverse=True)
        if year and year not in years:
            raise HTTPException(404)
        shown = year or (years[0] if years else self._site.today().year)
        subjects = {day: (number, subject) for day, number, subject in index if day.year == shown}
        newest = store.editions.listing(NEWEST + 1) if not year else ()
        return self._site.render(
            "archive",
            page="editions",
            year=shown,
            years=years,
            months=self._months(shown, subjects),
            count=len(index),
            newest=[
                self._summary(edition)
                for edition in newest
                if edition.status is EditionStatus.PUBLISHED
            ][:NEWEST],
            subjects=[
                {"date": day.isoformat(), "words": day_in_words(day), "number": n, "subject": s}
                for day, (n, s) in sorted(subjects.items(), reverse=True)
            ],
        )

    def _summary(self, edition: Edition) -> dict[str, Any]:
        concepts = self._site.concepts
        return {
            "date": edition.date.isoformat(),
            "words": day_in_words(edition.date),
            "number": edition.number,
            "subject": edition.subject,
            "concepts": [
                concepts[pick.slug].short_title
                for pick in edition.concepts
                if pick.slug in concepts
            ],
            "stories": [pick.story.title for pick in edition.stories],
        }

    def _months(self, year: int, subjects: Mapping[date, object]) -> list[Month]:
        wanted = sorted({day.month for day in subjects}, reverse=True)
        weeks = calendar.Calendar(calendar.MONDAY)
        return [
            Month(
                f"{calendar.month_name[month]} {year}",
                [
                    [
                        (
                            day.day if day.month == month else 0,
                            day.isoformat() if day.month == month and day in subjects else "",
                        )
                        for day in week
                    ]
                    for week in weeks.monthdatescalendar(year, month)
                ],
            )
            for month in wanted
        ]

    # --- the ticker -----------------------------------------------------------------------------

    async def stories(self, request: Request) -> Response:
        """Today's stories and those of the last 30 days, with who reported them and why."""
        return await self._site.shared(request, "stories", self._stories)

    def _stories(self) -> str:
        site = self._site
        since = site.today() - timedelta(days=TICKER_DAYS)
        editions = [
            edition
            for edition in site.store.editions.listing(TICKER_DAYS + 2)
            if edition.status is EditionStatus.PUBLISHED and edition.date >= since
        ]
        also: list[dict[str, Any]] = []
        if editions:
            newest = site.store.editions.get(editions[0].date)
            also = [told(pick) for pick in (newest.runners_up if newest else ())][:ALSO]
        return site.render(
            "stories",
            page="stories",
            days=[
                {
                    "date": edition.date.isoformat(),
                    "words": day_in_words(edition.date),
                    "today": edition.date == site.today(),
                    "stories": [told(pick) for pick in edition.stories],
                }
                for edition in editions
            ],
            also=also,
        )

    async def help(self, request: Request) -> Response:
        """What readers ask most; List-Help of every letter points here."""
        address = self._site.wiring.imprint.report_address
        return await self._site.shared(
            request, "help", lambda: self._site.render("help", report_address=address)
        )

    # --- pictures -------------------------------------------------------------------------------

    async def image(self, request: Request) -> Response:
        """A picture of an edition or a card; its address is its content's hash."""
        name = request.path_params["name"]
        if len(name) != len("0" * 64) or not all(c in "0123456789abcdef" for c in name):
            raise HTTPException(404)

        def build() -> Page:
            png = self._site.picture(name)
            if png is None:
                raise HTTPException(404)
            return Page.of(png, "image/png")

        page = await self._site.pictures.get(name, build)
        return page.response(request, FOREVER)


def told(pick: StoryPick) -> dict[str, Any]:
    """A story as the ticker shows it."""
    story = pick.story
    outlets = [outlet for outlet in dict.fromkeys(story.outlets) if outlet != story.outlet]
    when = story.published or story.first_seen
    return {
        "title": story.title,
        "url": story.url if story.url.startswith(("https://", "http://")) else "",
        "outlet": story.outlet,
        "others": outlets,
        "summary": story.summary,
        "reason": pick.reason.removeprefix("From the shelf: ").rstrip("."),
        "shelf": story.shelf,
        "year": story.year,
        "when": when.strftime("%d %b") if when else "",
    }


def day_in_words(day: date) -> str:
    """``Thursday, 26 November 2026``."""
    return f"{day:%A}, {day.day} {day:%B %Y}"
