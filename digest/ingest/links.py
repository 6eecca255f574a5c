"""Do the links of a letter lead anywhere? One HEAD each (RFC 9110, 9.3.2), through the guard.

Many sites refuse HEAD or whoever is no browser: that says nothing of the link. Told is only what a
reader would meet as well: that the name or the page is not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpcore
import httpx

from digest.errors import DigestError
from digest.ingest.fetch import user_agent
from digest.ingest.guard import UNANSWERED, Guard, GuardedTransport

_EACH_S: Final = 8.0
_AT_ONCE: Final = 8
_HOPS: Final = 5
_DEAD: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def dead_links(urls: Sequence[str], guard: Guard, budget_s: float) -> dict[str, str]:
    """Link -> why it leads nowhere; what has not answered within `budget_s` is left out."""
    return asyncio.run(_ask_all(list(dict.fromkeys(urls)), guard, budget_s))


async def _ask_all(urls: Sequence[str], guard: Guard, budget_s: float) -> dict[str, str]:
    found: dict[str, str] = {}
    gate = asyncio.Semaphore(_AT_ONCE)
    transport = GuardedTransport(guard, httpx.create_ssl_context())
    headers = {"User-Agent": user_agent(""), "Accept": "*/*"}
    async with httpx.AsyncClient(
        transport=transport,
        headers=headers,
        trust_env=False,
        follow_redirects=True,
        max_redirects=_HOPS,
    ) as client:

        async def ask(url: str) -> None:
            async with gate:
                words = await _why_dead(client, url)
            if words:
                found[url] = words

        tasks = [asyncio.create_task(ask(url)) for url in urls]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=budget_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _why_dead(client: httpx.AsyncClient, url: str) -> str:
    host = urlsplit(url).hostname or url
    try:
        async with asyncio.timeout(_EACH_S), client.stream("HEAD", url) as answer:
            status = answer.status_code
    except DigestError as error:  # the name, or where it leads
        return error.message
    except (TimeoutError, httpcore.TimeoutException):
        return f"{host} does not answer within {_EACH_S:g} s"
    except UNANSWERED as error:
        return f"{host} cannot be asked: {str(error) or type(error).__name__}"
    return f"{host} answers {status}" if status in _DEAD else ""
