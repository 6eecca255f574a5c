"""Web hooks of mail providers: POST /hooks/ses, /hooks/sendgrid, /hooks/mailgun, /hooks/postmark.

A hook is there once its key is set (see [inbound] of the settings). Nothing of a request is
believed before its signature is checked, and the answer tells a stranger nothing.
"""

from __future__ import annotations

import logging
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from digest.errors import DigestError, UsageError
from digest.web.site import Site
from digest.wiring.post import PROVIDERS, hooked

log = logging.getLogger("digest.hooks")

_NEVER: Final = {"cache-control": "no-store"}


class Hooks:
    """The routes of the providers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        return [Route("/hooks/{provider}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Events of a provider; 403 for what is not signed by it."""
        body = await request.body()
        return await run_in_threadpool(self._take, request, body)

    def _take(self, request: Request, body: bytes) -> Response:
        provider = request.path_params["provider"]
        if provider not in PROVIDERS:
            raise HTTPException(404)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            for line in hooked(self._site.wiring, self._site.store, provider, body, headers):
                log.info("%s: %s", provider, line)
        except UsageError as error:
            log.warning("%s", error.message)
            return PlainTextResponse("refused\n", 403, _NEVER)
        except DigestError as error:
            log.error("%s: not heard, it must come again: %s", provider, error)  # noqa: TRY400
            return PlainTextResponse("try again\n", 503, _NEVER)
        self._site.wake.set()
        return PlainTextResponse("ok\n", headers=_NEVER)
