"""/api/v1: reads requests by their declarations, lets tokens in, answers with JSON.

    token ─▶ limit ─▶ scope ─▶ path, query, body by the models ─▶ operation ─▶ its model as JSON

All that goes wrong is a problem detail (RFC 9457).
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, Final

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from digest import __version__
from digest.domain.access import Token
from digest.errors import StorageError
from digest.web.api_operations import OPERATIONS, Call, Refusal
from digest.web.api_spec import PROBLEM_TYPE, FieldFault, Model, Operation, Problem, openapi
from digest.web.security import network_of
from digest.web.site import Site
from digest.wiring.operator import admission

log = logging.getLogger("digest.web")

PREFIX: Final = "/api/v1"
STRANGERS_PER_MINUTE: Final = 60
"""Requests without a token that holds, from one network."""
_MOST_KEYS: Final = 10_000
_MINUTE_S: Final = 60.0
_NO_STORE: Final = {"cache-control": "no-store"}
_MOST_FAULTS: Final = 20


class Rate:
    """So many a minute for each key, counted in this process."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._windows: dict[str, tuple[float, int]] = {}

    def wait(self, key: str) -> int:
        """Count one; 0 when it may go on, else the seconds to wait."""
        now = time.monotonic()
        begun, count = self._windows.get(key, (now, 0))
        if now - begun >= _MINUTE_S:
            begun, count = now, 0
        if count >= self._most:
            return max(1, round(_MINUTE_S - (now - begun)))
        if len(self._windows) >= _MOST_KEYS and key not in self._windows:
            old = now - _MINUTE_S
            self._windows = {k: w for k, w in self._windows.items() if w[0] > old}
        self._windows[key] = (begun, count + 1)
        return 0


class Api:
    """The routes of the API."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._admission = admission(site.wiring, site.store)
        self._rate = Rate(site.settings.web.api_requests_per_minute)
        self._strangers = Rate(STRANGERS_PER_MINUTE)
        self._document = json.dumps(document(site.settings.site.title, site.base_url)).encode()

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        routes = [
            Route(path, self._endpoint(verbs), methods=list(verbs))
            for path, verbs in by_path.items()
        ]
        app = Starlette(
            routes=[Route("/openapi.json", self.openapi), *routes],
            exception_handlers={HTTPException: self._http},
        )
        app.router.redirect_slashes = False
        mount = Mount(PREFIX, app)
        # Starlette's own pattern ends at a line break: such a path would get a page of the site.
        mount.path_regex = re.compile(rf"{PREFIX}/(?P<path>.*)", re.DOTALL)
        return [mount]

    async def openapi(self, _request: Request) -> Response:
        """The document; no token is asked, for it says nothing of anybody."""
        return Response(self._document, media_type="application/json")

    async def _http(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        return problem(status, headers=headers)

    def _endpoint(self, verbs: Mapping[str, Operation]) -> Any:  # noqa: ANN401 - Starlette's own
        async def endpoint(request: Request) -> Response:
            operation = verbs["GET" if request.method == "HEAD" else request.method]
            try:
                return await self._answer(request, operation)
            except Refusal as refusal:
                return refused(refusal)
            except StorageError as error:
                log.error("%s", error)  # noqa: TRY400 - its message says it
                return refused(Refusal(503, "The database cannot be used just now.", retry_s=30))
            except HTTPException:
                raise
            except Exception:
                log.exception("unexpected fault in %s", operation.id)
                return problem(500)

        return endpoint

    async def _answer(self, request: Request, operation: Operation) -> Response:
        client = request.client.host if request.client else ""
        token = await run_in_threadpool(self._let_in, request, client)
        allowed = {operation.scope, *operation.also.values()}
        if not allowed & token.scopes:
            raise Refusal(403, f"This asks for the scope {operation.scope}.")
        reader, on = _path(request.path_params)
        query = None if operation.query is None else _query(request, operation.query)
        body = None if operation.body is None else await _body(request, operation.body)
        asked = [scope for name, scope in operation.also.items() if getattr(body, name, False)]
        for scope in asked or [operation.scope]:
            if scope not in token.scopes:
                raise Refusal(403, f"This asks for the scope {scope}.")
        call = Call(self._site, token, client, query, body, reader, on)
        status, answer = await run_in_threadpool(operation.handler, call)
        if answer is None:
            return Response(status_code=status, headers=_NO_STORE)
        if type(answer) is not operation.answers[status]:
            raise TypeError(f"{operation.id}: {status} is not declared for {type(answer)}")
        text = answer.model_dump_json()
        return Response(text, status, _NO_STORE, media_type="application/json")

    def _let_in(self, request: Request, client: str) -> Token:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        given = text.strip() if kind.lower() == "bearer" else ""
        token = self._admission.holder(given, self._site.now())
        if token is None:
            wait = self._strangers.wait(network_of(client) if client else "")
            if wait:
                raise Refusal(429, "Too many requests without a token that holds.", retry_s=wait)
            raise Refusal(401, "Send a token that holds: Authorization: Bearer dgt_…")
        wait = self._rate.wait(token.id)
        if wait:
            raise Refusal(429, "Too many requests with this token.", retry_s=wait)
        return token


def document(title: str, base_url: str) -> dict[str, Any]:
    """The OpenAPI document of a site."""
    return openapi(OPERATIONS, title=title, version=__version__, server=base_url + PREFIX)


def _path(params: Mapping[str, str]) -> tuple[int, date | None]:
    """The number and the date of a path; what is none is the path of nothing."""
    reader, on = 0, None
    if "id" in params:
        text = params["id"]
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(2**31))):
            raise Refusal(404, "There is no such subscriber.")
        reader = int(text)
        if not 0 < reader < 2**31:
            raise Refusal(404, "There is no such subscriber.")
    if "date" in params:
        try:
            on = date.fromisoformat(params["date"])
        except ValueError:
            on = None
        if on is None or on.isoformat() != params["date"]:
            raise Refusal(404, "There is no such edition.")
    return reader, on


def _query(request: Request, model: type[Model]) -> Model:
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refusal(422, "A field of the query is given twice.")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Refusal(422, "The query is not right.", faults=_faults(error, "query")) from None


async def _body(request: Request, model: type[Model]) -> Model:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "Send application/json.")
    raw = await request.body()
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise Refusal(400, f"The body is no JSON: {first['msg']}") from None
        raise Refusal(422, "The body is not right.", faults=_faults(error, "body")) from None


def _faults(error: ValidationError, place: str) -> list[FieldFault]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        FieldFault(where=".".join([place, *map(str, fault["loc"])])[:200], why=fault["msg"])
        for fault in found[:_MOST_FAULTS]
    ]


def refused(refusal: Refusal) -> Response:
    """A refusal as an answer."""
    headers = {}
    if refusal.retry_s is not None:
        headers["retry-after"] = str(refusal.retry_s)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="digest"'
    return problem(refusal.status, refusal.detail, refusal.faults, headers)


def problem(
    status: int,
    detail: str = "",
    faults: Sequence[FieldFault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Problem details (RFC 9457, 3)."""
    said = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, faults=list(faults)
    )
    return Response(
        said.model_dump_json(), status, {**_NO_STORE, **(headers or {})}, media_type=PROBLEM_TYPE
    )
