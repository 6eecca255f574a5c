"""/admin: the edition as it will go out, its deliveries, growth and bounces, what is amiss.

Server-drawn, without scripts. Changing something is a POST with the session's own token; each
answers with the page anew (303), so that a reload repeats nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from digest.domain.access import Session
from digest.domain.delivery import Delivery, DeliveryStatus, Letter
from digest.domain.edition import Edition, EditionStatus
from digest.errors import DigestError, UsageError
from digest.ports import Heard
from digest.rendering.site import answer_html, block_html
from digest.web import admin_plots
from digest.web.admin_door import Door
from digest.web.forms import Form
from digest.web.reading import day_in_words
from digest.web.site import Site
from digest.wiring.operator import editor, sample_delivery
from digest.workflows.watch import faults

DAYS: Final = 30
"""Days and editions that the plots show."""
DOMAINS: Final = 10
HEARD: Final = 12
_NEAR: Final = timedelta(days=7)
"""How far ahead an edition may be built here."""

_SAID: Final = {
    "swapped": "The story was swapped. Readers will see your reason below it.",
    "held": "Held. Nothing of this edition is published or sent until you let it go.",
    "released": "Released. It goes out when its readers' hour has come.",
    "built": "The draft is built.",
}


class Admin:
    """The routes of the operator's page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._door = Door(site)
        self._editor = editor(site.wiring, site.store)
        self._building = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        door = self._door
        return [
            *door.routes(),
            Route("/admin", door.shows(self.overview), methods=["GET"]),
            Route("/admin/letter", door.shows(self.letter), methods=["GET"]),
            Route("/admin/letter.txt", door.shows(self.text), methods=["GET"]),
            Route("/admin/letter.eml", door.shows(self.message), methods=["GET"]),
            Route("/admin/build", door.does(self.build), methods=["POST"]),
            Route("/admin/swap", door.does(self.swap), methods=["POST"]),
            Route("/admin/hold", door.does(self.hold), methods=["POST"]),
            Route("/admin/release", door.does(self.release), methods=["POST"]),
        ]

    # --- looking --------------------------------------------------------------------------------

    def overview(self, request: Request, session: Session) -> Response:
        """All of it on one page."""
        day = self._day(request.query_params.get("day", ""))
        said = _SAID.get(request.query_params.get("done", ""), "")
        return self._overview(session, day, said=said)

    def _overview(
        self, session: Session, day: date, *, said: str = "", fault: str = "", status: int = 200
    ) -> Response:
        site, store, now = self._site, self._site.store, self._site.now()
        edition = store.editions.get(day)
        counts = store.deliveries.counts(day)
        since = now - timedelta(days=DAYS)
        came, left = store.reports.growth(since)
        titles = {source.id: source.title for source in site.wiring.library.sources}
        today = site.today()
        return site.personal(
            "admin/overview",
            status,
            csrf=self._door.csrf(session),
            said=said,
            fault=fault,
            day=day,
            day_words=day_in_words(day),
            is_today=day == today,
            days=[today - timedelta(days=1), today, today + timedelta(days=1)],
            buildable=today - _NEAR <= day <= today + _NEAR,
            edition=edition,
            published=edition is not None and edition.status is EditionStatus.PUBLISHED,
            titles={slug: concept.title for slug, concept in site.concepts.items()},
            held=self._editor.held(day),
            states=[(str(s), counts.get(s, 0)) for s in DeliveryStatus if counts.get(s, 0)],
            letters=sum(counts.values()),
            tables=[
                (name, _rows(found))
                for name, found in (
                    ("domain", store.reports.by_domain(day, DOMAINS)),
                    ("server", store.reports.by_server(day, DOMAINS)),
                )
                if found
            ],
            readers={str(s): n for s, n in store.subscribers.counts().items()},
            growth=admin_plots.growth(came, left, now.date(), DAYS),
            came_in=admin_plots.came_in(
                store.reports.came_in(since), store.reports.outcomes(DAYS), now.date(), DAYS
            ),
            mail_comes=bool(site.settings.inbound.domain),
            heard=[_in_words(line) for line in store.post.latest(HEARD)],
            faults=faults(store, titles, now, site.settings.web.stale_after_h),
            now=now,
        )

    def letter(self, request: Request, session: Session) -> Response:
        """The letter as its readers will see it: the same blocks."""
        site, day = self._site, self._day(request.query_params.get("day", ""))
        edition = self._edition(day)
        blocks = site.store.editions.blocks(day)
        shown = {
            kind: [block_html(b, site.base_url, site.root) for b in blocks if b.kind == kind]
            for kind in ("concept", "story")
        }
        size = sum(len(part) for part in self._sealed(edition, self._letter(edition)))
        return site.personal(
            "admin/letter",
            csrf=self._door.csrf(session),
            edition=edition,
            day=day,
            day_words=day_in_words(day),
            concepts=shown["concept"],
            stories=shown["story"],
            answers=[answer_html(block) for block in blocks if block.answer_html],
            kilobytes=-(-size // 1000),
        )

    def text(self, request: Request, _session: Session) -> Response:
        """The text part of the letter."""
        edition = self._edition(self._day(request.query_params.get("day", "")))
        headers = {"cache-control": "no-store"}
        return PlainTextResponse(self._letter(edition).filled().text, headers=headers)

    def message(self, request: Request, _session: Session) -> Response:
        """The very message, for a mail program; its links are nobody's."""
        edition = self._edition(self._day(request.query_params.get("day", "")))
        body = b"".join(self._sealed(edition, self._letter(edition)))
        headers = {
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="digest-{edition.date}.eml"',
        }
        return Response(body, headers=headers, media_type="message/rfc822")

    def _letter(self, edition: Edition) -> Letter:
        blocks = self._site.store.editions.blocks(edition.date)
        return self._site.wiring.printer.letter(edition, blocks, self._sample(edition))

    def _sealed(self, edition: Edition, letter: Letter) -> tuple[bytes, ...]:
        return self._site.wiring.seal(letter, self._sample(edition)).parts

    def _sample(self, edition: Edition) -> Delivery:
        """A delivery to the publisher, of reader 0, who is nobody."""
        wiring = self._site.wiring
        return sample_delivery(wiring, edition, f"reader@{wiring.domain}")

    # --- changing -------------------------------------------------------------------------------

    def build(self, _request: Request, session: Session, form: Form) -> Response:
        """Build the draft of a date, or build it anew."""
        site, day = self._site, self._day(form.get("day"))
        if abs(day - site.today()) > _NEAR:
            raise HTTPException(404)
        if not self._building.acquire(blocking=False):
            return self._refused(session, day, "An edition is being built just now.")
        try:
            publisher = site.wiring.publisher(site.store)
            publisher.build(day, site.now(), again=form.get("again") == "yes")
        except DigestError as error:
            return self._refused(session, day, error.message)
        finally:
            self._building.release()
        return self._done(day, "built")

    def swap(self, _request: Request, session: Session, form: Form) -> Response:
        """Put a runner-up in a story's place."""
        day, slot = self._day(form.get("day")), form.get("slot")
        try:
            if slot not in {"1", "2", "3", "4", "5"}:
                raise UsageError("there is no such story")
            self._editor.swap(
                day,
                int(slot),
                form.get("story"),
                self._site.now(),
                reason=form.get("reason"),
                who=session.who,
            )
        except DigestError as error:
            return self._refused(session, day, error.message)
        return self._done(day, "swapped")

    def hold(self, _request: Request, _session: Session, form: Form) -> Response:
        """Hold an edition."""
        day = self._day(form.get("day"))
        self._editor.hold(day, form.get("reason"), self._site.now())
        return self._done(day, "held")

    def release(self, _request: Request, _session: Session, form: Form) -> Response:
        """Let an edition go."""
        day = self._day(form.get("day"))
        self._editor.release(day)
        return self._done(day, "released")

    # --- shared ---------------------------------------------------------------------------------

    def _done(self, day: date, what: str) -> Response:
        query = urlencode({"day": day.isoformat(), "done": what})
        return RedirectResponse(
            f"{self._site.root}/admin?{query}", 303, {"cache-control": "no-store"}
        )

    def _refused(self, session: Session, day: date, words: str) -> Response:
        return self._overview(session, day, fault=words[:1].upper() + words[1:] + ".", status=409)

    def _day(self, text: str) -> date:
        if not text:
            return self._site.today()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise HTTPException(404) from None
        if day.isoformat() != text or not _FIRST <= day <= _LAST:
            raise HTTPException(404)
        return day

    def _edition(self, day: date) -> Edition:
        found = self._site.store.editions.get(day)
        if found is None:
            raise HTTPException(404)
        return found


_FIRST: Final = date(1970, 1, 2)
_LAST: Final = date(9998, 12, 30)
"""Dates whose neighbours, in any zone, are dates as well."""


def _rows(found: Mapping[str, Mapping[str, int]]) -> list[tuple[str, int, int, int, int]]:
    """Name, letters, sent, waiting, failed."""
    rows = []
    for name, counts in found.items():
        total = sum(counts.values())
        sent = counts.get(DeliveryStatus.SENT, 0)
        waiting = sum(counts.get(status, 0) for status in _WAITING)
        rows.append((name, total, sent, waiting, total - sent - waiting))
    return rows


def _in_words(line: Heard) -> tuple[str, str, str, str]:
    """When, whom, what and what followed."""
    what = " ".join(part for part in (line.kind, line.reason, line.status) if part)
    proof = "" if line.proof else " (not proven)"
    return f"{line.at:%d %b %H:%M}", line.address or "nobody known", what + proof, line.outcome


_WAITING: Final = (
    DeliveryStatus.PENDING,
    DeliveryStatus.CLAIMED,
    DeliveryStatus.ON_WIRE,
    DeliveryStatus.DEFERRED,
)


def minute(moment: datetime) -> str:
    """A moment as pages show it."""
    return f"{moment:%H:%M} UTC"
