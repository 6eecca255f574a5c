"""The page of a reader, behind the signed link of their letters: change, pause, export, forget."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from digest.domain import tokens
from digest.domain.concept import LEVELS, TRACKS
from digest.domain.subscriber import ALL_DAYS, Preferences, Status, Subscriber
from digest.errors import UsageError
from digest.web.forms import Form, origin, read_form
from digest.web.signup import zones
from digest.web.site import PERSONAL, Site
from digest.workflows.reception import MAX_WEEKS
from digest.workflows.subscribe import preferences_from

DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_DONE: Final = {
    "saved": "Saved. It counts from the next letter that is not yet queued.",
    "paused": "Paused.",
    "resumed": "Your letters go on.",
}


class PreferencePages:
    """The routes of a reader's own page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reception = site.wiring.reception(site.store)

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        return [
            Route("/p/{token}", self.show, methods=["GET"]),
            Route("/p/{token}", self.act, methods=["POST"]),
            Route("/p/{token}/data.json", self.data, methods=["GET"]),
        ]

    def show(self, request: Request) -> Response:
        """The page."""
        found = self._reader(request)
        if isinstance(found, Response):
            return found
        done = _DONE.get(request.query_params.get("done", ""), "")
        return self._page(request, found, found.preferences, done=done)

    def _page(
        self,
        request: Request,
        reader: Subscriber,
        wants: Preferences,
        *,
        done: str = "",
        fault: str = "",
        status: int = 200,
    ) -> Response:
        site = self._site
        leave = site.wiring.link(tokens.Purpose.UNSUBSCRIBE, str(reader.id))
        paused = reader.paused_until if reader.status is Status.PAUSED else None
        if paused is not None and paused <= site.now():
            paused = None
        return site.personal(
            "preferences",
            status,
            page="preferences",
            done=done,
            fault=fault,
            action=f"{site.root}/p/{request.path_params['token']}",
            address=reader.address,
            since=reader.confirmed_at or reader.created_at,
            paused=paused,
            weeks=range(1, MAX_WEEKS + 1),
            wants=wants,
            site_images=site.settings.mail.images,
            day_names=DAY_NAMES,
            levels=LEVELS,
            tracks=TRACKS,
            zones=zones(),
            leave=site.root + leave.removeprefix(site.base_url),
        )

    async def act(self, request: Request) -> Response:
        """One of the page's buttons."""
        form = await read_form(request)
        return await run_in_threadpool(self._act, request, form)

    def _act(self, request: Request, form: Form) -> Response:
        found = self._reader(request)
        if isinstance(found, Response):
            return found
        does = {
            "save": self._save,
            "pause": self._pause,
            "resume": self._resume,
            "forget": self._forget,
        }.get(form.get("do"))
        try:
            if does is not None:
                return does(request, form, found)
            fault = "Nothing was changed."
        except UsageError as error:
            fault = f"{error.message[:1].upper()}{error.message[1:]}."
        return self._page(request, found, found.preferences, fault=fault, status=400)

    def _save(self, request: Request, form: Form, reader: Subscriber) -> Response:
        self._reception.change(reader.id, chosen(form, reader.preferences))
        return self._back(request, "saved")

    def _pause(self, request: Request, form: Form, reader: Subscriber) -> Response:
        weeks = form.get("weeks")
        number = int(weeks) if weeks in {"1", "2", "3", "4"} else -1
        self._reception.pause(reader.id, number, self._site.now())
        return self._back(request, "paused")

    def _resume(self, request: Request, _form: Form, reader: Subscriber) -> Response:
        self._reception.pause(reader.id, 0, self._site.now())
        return self._back(request, "resumed")

    def _forget(self, request: Request, form: Form, reader: Subscriber) -> Response:
        if form.get("sure") != "yes":
            raise UsageError("tick the box to be forgotten for good")
        self._reception.forget(reader.id, origin(request), self._site.now())
        return self._site.said(
            "You are forgotten",
            "Your address and preferences are deleted. A keyed hash is kept, so that nobody can "
            "add this address again without you.",
        )

    def _back(self, request: Request, done: str) -> Response:
        token = request.path_params["token"]
        return RedirectResponse(f"{self._site.root}/p/{token}?done={done}", 303, PERSONAL)

    def data(self, request: Request) -> Response:
        """All that is kept of the reader, as JSON."""
        found = self._reader(request)
        if isinstance(found, Response):
            return found
        kept = self._reception.export(found.id)
        return Response(
            json.dumps(kept, indent=2, ensure_ascii=False, default=_plain),
            media_type="application/json",
            headers={**PERSONAL, "content-disposition": 'attachment; filename="my-data.json"'},
        )

    def _reader(self, request: Request) -> Subscriber | Response:
        """The reader of the link, else the page that says why there is none."""
        site = self._site
        try:
            number = int(
                tokens.read(
                    site.wiring.keys,
                    tokens.Purpose.PREFERENCES,
                    request.path_params["token"],
                    site.now(),
                )
            )
        except UsageError as error:
            return site.said(
                "This link does not work",
                f"{error.message[:1].upper()}{error.message[1:]}.",
                status=410,
                more={"href": f"{site.root}/manage", "text": "Get a new link by mail"},
            )
        found = site.store.subscribers.by_id(number)
        if found is None or found.status not in {Status.ACTIVE, Status.PAUSED}:
            return site.said(
                "You are not on the list",
                "No letter goes to this address.",
                status=410,
                more={"href": f"{site.root}/subscribe", "text": "Subscribe"},
            )
        return found


def chosen(form: Form, before: Preferences) -> Preferences:
    """The preferences of the page's form. Raises UsageError naming what cannot be."""
    days = {name for name in form.all("day") if name in DAY_NAMES}
    if not days:
        raise UsageError("choose a day at least: a pause is the way to get no letter for a while")
    tracks = [track for track in form.all("track") if track in TRACKS]
    row: dict[str, Any] = {
        name: form.get(name) for name in ("zone", "hour", "concepts", "stories", "level", "images")
    }
    changed = preferences_from(row, replace(before, images="", tracks=frozenset()))
    return replace(
        changed,
        days=frozenset(DAY_NAMES.index(name) for name in days) & ALL_DAYS,
        tracks=frozenset() if len(tracks) == len(TRACKS) else frozenset(tracks),
        text_only=form.get("text_only") == "yes",
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    return str(value)
