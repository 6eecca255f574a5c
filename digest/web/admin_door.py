"""Signing in to /admin: the cookie, the forms' tokens, and who may not try again just now."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from digest.domain import tokens
from digest.domain.access import Session
from digest.errors import UsageError
from digest.web.forms import SEAL, Form, read_form, seal
from digest.web.security import network_of
from digest.web.site import Site
from digest.wiring.operator import admission
from digest.workflows.admission import TooManyFailures

COOKIE: Final = "digest_admin"
CSRF: Final = "csrf"
LOGIN: Final = "admin-login"

Page = Callable[[Request, Session], Response]
Deed = Callable[[Request, Session, Form], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets in who signed in; everybody else gets the form, or, where none can sign in, a 404."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._admission = admission(site.wiring, site.store)
        self._path = f"{site.root}/admin"

    def routes(self) -> list[BaseRoute]:
        """Signing in and out."""
        return [
            Route("/admin/login", self.form, methods=["GET"]),
            Route("/admin/login", self.sign_in, methods=["POST"]),
            Route("/admin/logout", self.does(self._sign_out), methods=["POST"]),
        ]

    # --- for the pages --------------------------------------------------------------------------

    def shows(self, page: Page) -> Endpoint:
        """An endpoint that shows a page to who signed in, and sends the others to the form."""

        def answer(request: Request) -> Response:
            session = self._session(request)
            if session is None:
                return RedirectResponse(f"{self._path}/login", 303, _FRESH)
            return page(request, session)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def does(self, deed: Deed) -> Endpoint:
        """An endpoint that does something for who signed in and sent our own form."""

        def answer(request: Request, form: Form) -> Response:
            _same_site(request)
            session = self._session(request)
            if session is None:
                return RedirectResponse(f"{self._path}/login", 303, _FRESH)
            if not hmac.compare_digest(
                form.get(CSRF).encode("utf-8", "replace"), self.csrf(session).encode()
            ):
                return self._site.said(
                    "This form is not of this session",
                    "Nothing was changed. Go back, load the page anew and try once more.",
                    status=403,
                )
            return deed(request, session, form)

        async def endpoint(request: Request) -> Response:
            form = await read_form(request)
            return await run_in_threadpool(answer, request, form)

        return endpoint

    def csrf(self, session: Session) -> str:
        """What forms of a session carry; it says nothing of the session's key."""
        return self._site.wiring.keyed_hash("csrf", session.key_hash)

    def _session(self, request: Request) -> Session | None:
        self._is_there()
        return self._admission.session(request.cookies.get(COOKIE, ""), self._site.now())

    def _is_there(self) -> None:
        if not self._admission.is_open(self._site.now()):
            raise HTTPException(404)

    # --- signing in and out ---------------------------------------------------------------------

    def form(self, request: Request) -> Response:
        """The form; who has signed in goes on to the page."""
        if self._session(request) is not None:
            return RedirectResponse(self._path, 303, _FRESH)
        return self._form()

    def _form(self, fault: str = "", status: int = 200) -> Response:
        return self._site.personal(
            "admin/login", status, fault=fault, seal=seal(self._site, LOGIN), action=self._path
        )

    async def sign_in(self, request: Request) -> Response:
        """Take the password or token."""
        form = await read_form(request)
        return await run_in_threadpool(self._sign_in, request, form)

    def _sign_in(self, request: Request, form: Form) -> Response:
        site = self._site
        _same_site(request)
        self._is_there()
        try:
            subject = tokens.read(site.wiring.keys, tokens.Purpose.FORM, form.get(SEAL), site.now())
        except UsageError:
            subject = ""
        if subject.partition(":")[0] != LOGIN:
            return self._form("This form was open for too long. Please try once more.", 400)
        client = request.client.host if request.client else ""
        network = network_of(client) if client else ""
        try:
            _session, key = self._admission.sign_in(form.get("secret"), network, site.now())
        except TooManyFailures as error:
            return self._form(f"{_sentence(error.message)} {_sentence(error.hint)}", 429)
        except UsageError as error:
            return self._form(_sentence(error.message), 403)
        answer = RedirectResponse(self._path, 303, _FRESH)
        answer.set_cookie(
            COOKIE,
            key,
            max_age=site.settings.web.admin_session_h * 3600,
            path=self._path,
            secure=request.scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    def _sign_out(self, request: Request, _session: Session, _form: Form) -> Response:
        self._admission.sign_out(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(f"{self._path}/login", 303, _FRESH)
        answer.delete_cookie(
            COOKIE,
            path=self._path,
            secure=request.scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )
        return answer


_FRESH: Final = {"cache-control": "no-store"}


def _same_site(request: Request) -> None:
    """Refuse what a page of another site sent, where the browser says so (Fetch Metadata)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise HTTPException(403)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
