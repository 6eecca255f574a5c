"""The application: all routes behind the guard, and the words for what goes wrong.

A new family of pages is a class with `routes()`; it is added to `FAMILIES` and gets the `Site`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from digest.errors import CatalogError, DigestError, StorageError
from digest.ports import Store
from digest.web.admin import Admin
from digest.web.api import Api
from digest.web.background import Background
from digest.web.feeds import Feeds
from digest.web.health import Health
from digest.web.hooks import Hooks
from digest.web.learning import Learning
from digest.web.leaving import Leaving
from digest.web.preferences import PreferencePages
from digest.web.reading import Reading
from digest.web.security import Guard
from digest.web.signup import Signup
from digest.web.site import Site
from digest.web.tally import Tallied
from digest.wiring import Wiring

log = logging.getLogger("digest.web")


class Family(Protocol):
    """Pages that belong together."""

    def routes(self) -> list[BaseRoute]:
        """Their routes, in the order in which they are tried."""
        ...


FAMILIES: Final[tuple[Callable[[Site], Family], ...]] = (
    Reading,
    Learning,
    Signup,
    Leaving,
    PreferencePages,
    Feeds,
    Health,
    Api,
    Admin,
    Hooks,
)

_WORDS: Final = {
    404: ("There is no such page", "It may have moved, or the link was cut short."),
    405: ("This does not work that way", "Go back and use the button on the page."),
    413: ("That is too long", "The site takes short forms only."),
}


def create_app(wiring: Wiring, store: Store, *, background: bool = True) -> ASGIApp:
    """The site over an open store.

    With `background` its threads draw figures ahead and send waiting mails for as long as it runs.
    """
    site = Site(wiring, store)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        workers = Background(site) if background else None
        if workers is not None:
            workers.start()
        try:
            yield
        finally:
            if workers is not None:
                workers.stop()

    async def refused(_request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        title, line = _WORDS.get(code, (HTTPStatus(code).phrase, ""))
        answer = site.said(title, line, status=code)
        # A 405 names what does work (RFC 9110, 15.5.6).
        answer.headers.update((error.headers if isinstance(error, HTTPException) else None) or {})
        return answer

    async def told(request: Request, error: Exception) -> Response:
        # The route, not the address: that may be a reader's link.
        family = request.url.path.split("/")[1] if request.url.path.count("/") else ""
        log.error("/%s: %s", family, error)
        return await broken(request, error)

    async def broken(_request: Request, error: Exception) -> Response:
        status = 503 if isinstance(error, StorageError) else 500
        try:
            return site.said(
                "Something broke on our side",
                "It was written down. Please try again in a minute.",
                status=status,
            )
        except CatalogError:  # the template of this very page
            return PlainTextResponse("Something broke on our side.\n", status)

    routes = [route for family in FAMILIES for route in family(site).routes()]
    app = Starlette(
        routes=[*routes, *site.assets.routes()],
        exception_handlers={
            HTTPException: refused,
            DigestError: told,
            Exception: broken,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.site = site
    web = wiring.settings.web
    return Guard(
        Tallied(app, site.tally),
        trusted=web.trusted_proxies,
        max_body=web.max_body_kb * 1024,
        prefix=site.root,
    )
