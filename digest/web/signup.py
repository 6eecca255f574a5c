"""Subscribing: the form, the answer that is the same for every address, the page that confirms."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from digest.domain import tokens
from digest.domain.concept import LEVELS
from digest.domain.subscriber import Preferences, Status, may_confirm
from digest.errors import UsageError
from digest.web.forms import Form, check_seal, is_person, origin, read_form, seal
from digest.web.site import Site
from digest.workflows.reception import Verdict
from digest.workflows.subscribe import preferences_from

WEEKLY = "sat"
"""The day of a weekly letter; the preferences know any."""


class Signup:
    """The routes of subscribing."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reception = site.wiring.reception(site.store)

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        return [
            Route("/subscribe", self.form, methods=["GET"]),
            Route("/subscribe", self.ask, methods=["POST"]),
            Route("/confirm/{token}", self.question, methods=["GET"]),
            Route("/confirm/{token}", self.confirm, methods=["POST"]),
            Route("/manage", self.manage_form, methods=["GET"]),
            Route("/manage", self.manage, methods=["POST"]),
        ]

    # --- asking ---------------------------------------------------------------------------------

    def form(self, _request: Request) -> Response:
        """The form, empty."""
        return self._form(Form(()))

    def _form(self, form: Form, fault: str = "", status: int = 200) -> Response:
        defaults = self._site.wiring.default_preferences
        return self._site.personal(
            "subscribe",
            status,
            page="subscribe",
            fault=fault,
            seal=seal(self._site, "subscribe"),
            address=form.get("address"),
            zone=form.get("zone") or defaults.zone,
            zone_chosen=bool(form.get("zone")),
            hour=form.get("hour") or str(defaults.hour),
            days=form.get("days") or "daily",
            level=form.get("level") or "3",
            zones=zones(),
            levels=LEVELS,
        )

    async def ask(self, request: Request) -> Response:
        """Someone asks: the answer says nothing of whether the address is known."""
        form = await read_form(request)
        return await run_in_threadpool(self._ask, request, form)

    def _ask(self, request: Request, form: Form) -> Response:
        site = self._site
        if not is_person(site, form):
            return self._taken()
        try:
            check_seal(site, "subscribe", form)
            wants = wishes(form, site.wiring.default_preferences)
            verdict = self._reception.ask(form.get("address"), wants, origin(request), site.now())
        except UsageError as error:
            return self._form(form, _sentence(error.message), 400)
        site.wake.set()
        return self._taken() if verdict is Verdict.TAKEN else self._refused(verdict)

    def _taken(self) -> Response:
        return self._site.said(
            "Please look into your inbox",
            "If this address can be subscribed, a mail to it is on its way. Open the link in it "
            "and press the button there; until then nothing is sent.",
            "Nothing came after some minutes? Look into the spam folder. One such mail is sent to "
            "an address in a day at most.",
        )

    def _refused(self, verdict: Verdict) -> Response:
        if verdict is Verdict.NETWORK:
            return self._site.said(
                "Too many requests",
                "Many requests came from your network within the hour. Please try again later.",
                status=429,
            )
        return self._site.said(
            "Very busy just now", "Please try again in a minute or two.", status=503
        )

    # --- confirming -----------------------------------------------------------------------------

    def question(self, request: Request) -> Response:
        """The page with the one button. Looking at it changes nothing: mail scanners do."""
        site, token = self._site, request.path_params["token"]
        try:
            number = self._reader(token)
        except UsageError as error:
            return self._over(error)
        found = site.store.subscribers.by_id(number)
        if found is not None and found.status in {Status.ACTIVE, Status.PAUSED}:
            return self._welcome(number)
        if found is None or not may_confirm(found, site.now()):
            return self._over(UsageError("this link was used or has ended"))
        return site.personal("confirm", action=f"{site.root}/confirm/{token}")

    async def confirm(self, request: Request) -> Response:
        """The button was pressed."""
        await request.body()
        return await run_in_threadpool(self._confirm, request)

    def _confirm(self, request: Request) -> Response:
        site = self._site
        try:
            number = self._reader(request.path_params["token"])
            self._reception.confirm(number, origin(request), site.now())
        except UsageError as error:
            return self._over(error)
        return self._welcome(number)

    def _reader(self, token: str) -> int:
        site = self._site
        return int(tokens.read(site.wiring.keys, tokens.Purpose.CONFIRM, token, site.now()))

    def _welcome(self, number: int) -> Response:
        link = self._site.wiring.link(tokens.Purpose.PREFERENCES, str(number))
        return self._site.said(
            "You are subscribed",
            "The next letter comes at the hour that you chose. Welcome.",
            more={
                "href": self._site.root + link.removeprefix(self._site.base_url),
                "text": "Your preferences: hour, days, level and more",
            },
        )

    def _over(self, error: UsageError) -> Response:
        return self._site.said(
            "This link does not work any more",
            _sentence(error.message),
            status=410,
            more={"href": f"{self._site.root}/subscribe", "text": "Subscribe again"},
        )

    # --- the link to one's preferences ----------------------------------------------------------

    def manage_form(self, _request: Request) -> Response:
        """Ask for the link to one's preferences."""
        return self._manage_form("")

    def _manage_form(self, address: str, fault: str = "", status: int = 200) -> Response:
        return self._site.personal(
            "manage", status, fault=fault, address=address, seal=seal(self._site, "manage")
        )

    async def manage(self, request: Request) -> Response:
        """Mail it, if there is a reader of that address; the answer is the same."""
        form = await read_form(request)
        return await run_in_threadpool(self._manage, request, form)

    def _manage(self, request: Request, form: Form) -> Response:
        site = self._site
        verdict = Verdict.TAKEN
        if is_person(site, form):
            try:
                check_seal(site, "manage", form)
                verdict = self._reception.send_link(
                    form.get("address"), origin(request), site.now()
                )
            except UsageError as error:
                return self._manage_form(form.get("address"), _sentence(error.message), 400)
            site.wake.set()
        if verdict is not Verdict.TAKEN:
            return self._refused(verdict)
        return site.said(
            "Please look into your inbox",
            "If this address is subscribed, a mail with the link to its preferences is on its way.",
        )


def wishes(form: Form, defaults: Preferences) -> Preferences:
    """The preferences of the short form. Raises UsageError naming what cannot be."""
    days = form.get("days")
    row: dict[str, Any] = {
        "zone": form.get("zone"),
        "hour": form.get("hour"),
        "level": form.get("level"),
        "days": WEEKLY if days == "weekly" else days,
    }
    return replace(preferences_from(row, defaults))


@cache
def zones() -> list[str]:
    """IANA zones to choose from: those of places, and UTC."""
    places = [name for name in available_timezones() if "/" in name and name[0].isupper()]
    return [
        "UTC",
        *sorted(name for name in places if not name.startswith(("Etc/", "US/", "SystemV/"))),
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
