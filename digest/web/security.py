"""Who is asking, how much they may send, and the headers that go with every answer.

A plain ASGI wrapper around the whole application, so that errors, redirects and files get the same
headers. Nothing here sets a cookie.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy (CSP Level 3): all from here, nothing inline, in no frame."""

HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # The address of a page may be a reader's own link: no other site learns it.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=(), interest-cohort=()",
}
HSTS: Final = "max-age=31536000"
"""A year (RFC 6797); said over TLS only, and not for subdomains, which are not ours to promise."""

MAX_HOPS: Final = 20
"""Entries of X-Forwarded-For that are looked at, from the right."""


class Guard:
    """The wrapper; `prefix` is the path of site.base_url, empty for a site at the root."""

    def __init__(
        self, app: ASGIApp, *, trusted: Sequence[str], max_body: int, prefix: str = ""
    ) -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(network) for network in trusted]
        self._max_body = max_body
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope = self._seen_through_proxies(scope, headers)
        secure = scope["scheme"] == "https"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                if secure:
                    out["strict-transport-security"] = HSTS
            await send(message)

        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._max_body:
                    raise HTTPException(413)
            return message

        length = headers.get("content-length", "0")
        too_large = not length.isdecimal() or int(length[:19]) > self._max_body
        if too_large:
            refusal: Response = PlainTextResponse("This is more than the site takes.\n", 413)
            if scope["path"].startswith("/api/"):
                # Problem details (RFC 9457), as with all that goes wrong there.
                said = '{"type":"about:blank","title":"Content Too Large","status":413}'
                refusal = Response(said, 413, media_type="application/problem+json")
            await refusal(scope, receive, send_with_headers)
        else:
            await self._app(scope, limited, send_with_headers)

    def _seen_through_proxies(self, scope: Scope, headers: Headers) -> Scope:
        """The scope with the client and scheme that trusted proxies report, and without prefix."""
        changed = dict(scope)
        path: str = scope["path"]
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            changed["path"] = path[len(self._prefix) :] or "/"
            changed["raw_path"] = changed["path"].encode()
        client = scope.get("client")
        if client and self._is_trusted(client[0]):
            hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",")][
                -MAX_HOPS:
            ]
            for hop in reversed(hops):
                if _address(hop) is None:
                    break  # what stands left of it was written by nobody we know
                changed["client"] = (hop, 0)
                if not self._is_trusted(hop):
                    break
            scheme = headers.get("x-forwarded-proto", "").strip().lower()
            if scheme in {"http", "https"}:
                changed["scheme"] = scheme
        return changed

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def network_of(text: str) -> str:
    """The block of addresses that counts as one asker: /24 of IPv4, /56 of IPv6.

    A household or a small office gets one; what is no address (a Unix socket) counts as itself.
    """
    address = _address(text)
    if address is None:
        return text
    bits = 24 if isinstance(address, ipaddress.IPv4Address) else 56
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
