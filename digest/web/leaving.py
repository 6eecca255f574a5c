"""Leaving: one click by a mail program (RFC 8058), a page with one button, and the way back."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from digest.domain import tokens
from digest.domain.notice import Via
from digest.domain.subscriber import GRACE, Status, Subscriber, may_return
from digest.errors import UsageError
from digest.web.forms import origin
from digest.web.site import Site

ONE_CLICK = b"List-Unsubscribe=One-Click"


class Leaving:
    """The routes of leaving."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reception = site.wiring.reception(site.store)

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        return [
            Route("/u/{token}", self.question, methods=["GET"]),
            Route("/u/{token}", self.leave, methods=["POST"]),
            Route("/undo/{token}", self.undo_question, methods=["GET"]),
            Route("/undo/{token}", self.undo, methods=["POST"]),
        ]

    def question(self, request: Request) -> Response:
        """The page with one button. Looking at it changes nothing."""
        site, token = self._site, request.path_params["token"]
        try:
            number = self._reader(token)
        except UsageError as error:
            return self._bad(error)
        found = site.store.subscribers.by_id(number)
        if found is None or found.status in {Status.UNSUBSCRIBED, Status.SUPPRESSED}:
            return self._left(found)
        return site.personal(
            "leave",
            action=f"{site.root}/u/{token}",
            pending=found.status is Status.PENDING,
            pause=self._preferences(number),
        )

    async def leave(self, request: Request) -> Response:
        """Leave, whoever sent the POST: a mail program or the button.

        RFC 8058 wants no cookie, no redirect and no more than the POST itself; a repeat is
        answered as the first.
        """
        body = await request.body()
        via = Via.ONE_CLICK if ONE_CLICK.lower() in body.lower() else Via.SITE
        return await run_in_threadpool(self._leave, request, via)

    def _leave(self, request: Request, via: Via) -> Response:
        site = self._site
        try:
            number = self._reader(request.path_params["token"])
        except UsageError as error:
            return self._bad(error)
        found = self._reception.leave(number, origin(request, via), site.now())
        site.wake.set()
        return self._left(found)

    def _left(self, found: Subscriber | None) -> Response:
        site = self._site
        if found is None or not may_return(found, site.now()) or found.left_at is None:
            return site.said(
                "You are not on the list",
                "No letter goes to this address.",
                more={"href": f"{site.root}/subscribe", "text": "Subscribe"},
            )
        subject = f"{found.id}:{int(found.left_at.timestamp())}"
        link = site.wiring.link(tokens.Purpose.UNDO, subject, found.left_at)
        until = found.left_at + GRACE
        return site.said(
            "You have left",
            "No more letters go to this address, nor one that was waiting to be sent.",
            f"If that was a mistake, it can be undone until {until.day} {until:%B}; your "
            "preferences are kept until then.",
            button={"action": site.root + link.removeprefix(site.base_url), "text": "Undo"},
        )

    # --- the way back ---------------------------------------------------------------------------

    def undo_question(self, request: Request) -> Response:
        """The page with one button, for the link in the mail."""
        site, token = self._site, request.path_params["token"]
        try:
            self._leaving(token)
        except UsageError as error:
            return self._bad(error)
        return site.said(
            "Come back?",
            "Your letters go on as they were.",
            button={"action": f"{site.root}/undo/{token}", "text": "Yes, undo"},
        )

    async def undo(self, request: Request) -> Response:
        """The button was pressed."""
        await request.body()
        return await run_in_threadpool(self._undo, request)

    def _undo(self, request: Request) -> Response:
        site = self._site
        try:
            number, left_at = self._leaving(request.path_params["token"])
            self._reception.come_back(number, left_at, origin(request), site.now())
        except UsageError as error:
            return self._bad(error)
        return site.said(
            "Welcome back",
            "Your letters go on as they were.",
            more={"href": self._preferences(number), "text": "Your preferences"},
        )

    def _reader(self, token: str) -> int:
        site = self._site
        return int(tokens.read(site.wiring.keys, tokens.Purpose.UNSUBSCRIBE, token, site.now()))

    def _leaving(self, token: str) -> tuple[int, int]:
        site = self._site
        subject = tokens.read(site.wiring.keys, tokens.Purpose.UNDO, token, site.now())
        number, _, left_at = subject.partition(":")
        return int(number), int(left_at)

    def _preferences(self, number: int) -> str:
        link = self._site.wiring.link(tokens.Purpose.PREFERENCES, str(number))
        return self._site.root + link.removeprefix(self._site.base_url)

    def _bad(self, error: UsageError) -> Response:
        return self._site.said(
            "This link does not work",
            f"{error.message[:1].upper()}{error.message[1:]}.",
            f"{error.hint[:1].upper()}{error.hint[1:]}." if error.hint else "",
            status=410,
            more={"href": f"{self._site.root}/manage", "text": "Get a new link by mail"},
        )
