"""One POST to a web hook of the operator's: signed, through the address guard, tried a few times.

The signature is HMAC-SHA-256 of ``TIMESTAMP.BODY``, as hexadecimal digits after ``v1=``; who checks
it refuses an old timestamp, so that nobody can send the same document once more.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

import httpcore
import httpx

from digest.errors import DigestError
from digest.ingest.fetch import user_agent
from digest.ingest.guard import UNANSWERED, Guard, GuardedTransport

TIMEOUT_S: Final = 10.0
WAITS_S: Final = (1.0, 3.0)
"""Pauses before a second and a third attempt."""
_BUSY: Final = frozenset({408, 425, 429})


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What X-Digest-Signature holds: ``v1=`` and 64 hexadecimal digits."""
    said = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()}"


def post(
    url: str,
    body: bytes,
    *,
    secret: str,
    now: datetime,
    guard: Guard,
    waits_s: Sequence[float] = WAITS_S,
) -> None:
    """Deliver a JSON document. Raises DigestError with the reason; the address is not named.

    A redirect is refused: what is signed goes to the address of the settings and nowhere else.
    """
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": user_agent(""),
        "X-Digest-Timestamp": str(timestamp),
    }
    if secret:
        headers["X-Digest-Signature"] = signature(secret, timestamp, body)
    asyncio.run(_deliver(url, body, headers, guard, waits_s))


async def _deliver(
    url: str, body: bytes, headers: dict[str, str], guard: Guard, waits_s: Sequence[float]
) -> None:
    transport = GuardedTransport(guard, httpx.create_ssl_context())
    async with httpx.AsyncClient(transport=transport, headers=headers, trust_env=False) as client:
        for wait_s in (*waits_s, None):
            words, final = await _once(client, url, body)
            if not words:
                return
            if final or wait_s is None:
                raise DigestError(words, "check alerts.webhook_url, and the log of who answers it")
            await asyncio.sleep(wait_s)


async def _once(client: httpx.AsyncClient, url: str, body: bytes) -> tuple[str, bool]:
    """What went wrong, empty when nothing did; and whether trying again is useless."""
    try:
        async with asyncio.timeout(TIMEOUT_S), client.stream("POST", url, content=body) as answer:
            status = answer.status_code
    except DigestError as refused:  # the guard
        return f"the web hook must not be asked: {refused.message}", True
    except (TimeoutError, httpcore.TimeoutException):
        return f"the web hook did not answer within {TIMEOUT_S:g} s", False
    except UNANSWERED as error:
        return f"the web hook cannot be reached: {str(error) or type(error).__name__}", False
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return "", False
    redirect = status < HTTPStatus.BAD_REQUEST
    rest = ": redirects are not followed" if redirect else ""
    later = status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return f"the web hook answered {status}{rest}", not later
