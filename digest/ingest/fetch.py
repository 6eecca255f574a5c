"""One conditional GET, within limits of time, size and hops (RFC 9110, 10.2, 13 and 15)."""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Self

import httpcore
import httpx

from digest import __version__
from digest.ingest.faults import FeedError
from digest.ingest.guard import Guard, GuardedTransport
from digest.ingest.schedule import retry_after
from digest.ports import Clock
from digest.settings import FeedSettings

_HOPS: Final = 5
_PERMANENT: Final = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
_REDIRECTS: Final = (*_PERMANENT, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, 307)
_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.8, */*;q=0.5"
)
_ARXIV_S: Final = 3.0
"""https://info.arxiv.org/help/api/tou.html: one request every three seconds, over all its hosts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: `status` 200 or 304, `url` where it came from after redirects.

    `moved_to` is where permanent redirects alone led, "" where there was none.
    """

    status: int
    url: str
    headers: httpx.Headers
    body: bytes = b""
    moved_to: str = ""


class Lanes:
    """One request at a time per host, and a pause after it. Pauses hold from round to round."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._ended: dict[str, float] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def open(self) -> None:
        """Begin a round: locks belong to one event loop."""
        self._locks = {}

    def lane(self, host: str) -> tuple[str, float]:
        """The lane of a host and its pause in seconds; all hosts of arXiv share one."""
        if host == "arxiv.org" or host.endswith(".arxiv.org"):
            return "arxiv.org", max(_ARXIV_S, self._interval_s)
        return host, self._interval_s

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """The lane of `host`, after the pause since the request before."""
        name, pause_s = self.lane(host.lower())
        clock = asyncio.get_running_loop().time
        async with self._locks.setdefault(name, asyncio.Lock()):
            wait_s = self._ended.get(name, float("-inf")) + pause_s - clock()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            try:
                yield
            finally:
                self._ended[name] = clock()


class Fetcher:
    """Fetches one URL after another, within `settings`. Use as an asynchronous context manager."""

    def __init__(
        self,
        settings: FeedSettings,
        guard: Guard,
        lanes: Lanes,
        clock: Clock,
        ssl_context: ssl.SSLContext,
    ) -> None:
        self._settings = settings
        self._lanes = lanes
        self._clock = clock
        no_cookies = DefaultCookiePolicy(allowed_domains=[])
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(guard, ssl_context),
            headers={
                "User-Agent": user_agent(settings.contact),
                "Accept": _ACCEPT,
                "Accept-Encoding": "gzip, deflate",
            },
            timeout=httpx.Timeout(None, connect=settings.connect_timeout_s),
            cookies=CookieJar(no_cookies),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        self._lanes.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def get(self, url: str, etag: str = "", last_modified: str = "") -> Answer:
        """The document at `url`, or a 304. Raises FeedError with the reason in words."""
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in validators.items() if value}
        left_s = self._settings.timeout_s
        moved_to, permanent = "", True
        for _ in range(_HOPS + 1):
            target = _web_address(url)
            async with self._lanes.slot(target.host):
                clock = asyncio.get_running_loop().time
                started = clock()
                answer = await self._once(target, headers, left_s)
                left_s -= clock() - started
            if answer.status not in _REDIRECTS:
                return Answer(answer.status, url, answer.headers, answer.body, moved_to)
            onward = _onward(target, answer)
            permanent = permanent and answer.status in _PERMANENT
            url = str(onward)
            moved_to = url if permanent else moved_to
        raise FeedError(f"more than {_HOPS} redirects, the last to {shown(url)}")

    async def _once(self, url: httpx.URL, headers: dict[str, str], left_s: float) -> Answer:
        try:
            async with (
                asyncio.timeout(max(left_s, 0)),
                self._client.stream("GET", url, headers=headers) as response,
            ):
                status = response.status_code
                body = b""
                if status == HTTPStatus.OK:
                    body = await _read(response, self._settings.max_bytes)
                elif status not in (*_REDIRECTS, HTTPStatus.NOT_MODIFIED):
                    raise self._refusal(response)
                return Answer(status, str(url), response.headers, body)
        except httpcore.ConnectTimeout as err:
            limit_s = self._settings.connect_timeout_s
            raise FeedError(f"no connection to {url.host} within {limit_s:g} s") from err
        except (TimeoutError, httpcore.TimeoutException) as err:
            raise FeedError(f"no answer within {self._settings.timeout_s:g} s") from err
        except httpcore.ConnectError as err:
            raise FeedError(f"no connection to {url.host}: {_why(err)}") from err
        except (httpcore.NetworkError, httpcore.ProtocolError) as err:
            raise FeedError(f"the connection broke off: {_why(err)}") from err
        except httpx.RemoteProtocolError as err:
            # httpx looks at Location of its own accord, and raises nothing else by itself.
            raise FeedError(f"redirected to what is no address: {_why(err)}") from err
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.UnsupportedProtocol) as err:
            raise FeedError(f"{shown(str(url))} cannot be asked: {_why(err)}") from err

    def _refusal(self, response: httpx.Response) -> FeedError:
        status = response.status_code
        words = f"answered {status} {response.reason_phrase}".rstrip()
        if status == HTTPStatus.GONE:
            return FeedError(f"{words}: the feed is no more", gone=True)
        again_s = None
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            again_s = retry_after(response.headers.get("Retry-After", ""), self._clock())
        return FeedError(words, again_s=again_s)


def user_agent(contact: str) -> str:
    """``digest/0.1.0 (+contact)``, so that those who run the feeds know whom to ask."""
    who = re.sub(r"[^\x21-\x7e]+|[()\\]", "", contact)
    return f"digest/{__version__} (+{who})" if who else f"digest/{__version__}"


def _web_address(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as err:
        raise FeedError(f"{shown(url)} is no address: {err}") from err
    if target.scheme not in {"http", "https"} or not target.host:
        raise FeedError(f"{shown(url)}: feeds have http and https addresses only")
    return target


def _onward(target: httpx.URL, answer: Answer) -> httpx.URL:
    where = answer.headers.get("Location", "")
    if not where:
        raise FeedError(f"answered {answer.status} without saying where to")
    try:
        onward = target.join(where).copy_with(fragment=None)
    except httpx.InvalidURL as err:
        raise FeedError(f"redirected to {shown(where)}, which is no address") from err
    if target.scheme == "https" and onward.scheme == "http":
        raise FeedError(f"redirected from https to {shown(str(onward))}: not followed")
    return onward


async def _read(response: httpx.Response, most: int) -> bytes:
    """The body, decompressed as it comes and never more than `most` bytes of it at once."""
    too_large = FeedError(f"larger than {most:_} bytes".replace("_", " "))
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > most:
        raise too_large
    inflate = _Inflate(coding) if coding not in {"", "identity"} else None
    body = bytearray()
    came = 0
    async for chunk in response.aiter_raw():
        came += len(chunk)
        body += chunk if inflate is None else inflate.feed(chunk, most + 1 - len(body))
        if max(came, len(body)) > most:
            raise too_large
    if inflate is not None and not inflate.ended:
        raise FeedError("the compressed answer is cut off")
    return bytes(body)


class _Inflate:
    """gzip (also several members) and deflate, with or without its zlib header, by portions."""

    def __init__(self, coding: str) -> None:
        if coding not in {"gzip", "x-gzip", "deflate"}:
            raise FeedError(f"compressed as {coding[:40]!r}, which was not asked for")
        self._bits = zlib.MAX_WBITS if coding == "deflate" else zlib.MAX_WBITS | 16
        self._stream = zlib.decompressobj(self._bits)
        self._fresh = True

    @property
    def ended(self) -> bool:
        return self._stream.eof or self._fresh

    def feed(self, chunk: bytes, room: int) -> bytes:
        """What `chunk` holds, `room` bytes at most (then the feed is too large anyway)."""
        if self._fresh and self._bits == zlib.MAX_WBITS and not _has_zlib_header(chunk):
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        out = bytearray()
        try:
            while chunk and len(out) < room:
                if self._stream.eof:
                    if self._bits == zlib.MAX_WBITS or not chunk.strip(b"\0"):
                        break  # padding after the last member
                    self._stream = zlib.decompressobj(self._bits)
                self._fresh = False
                out += self._stream.decompress(chunk, room - len(out))
                chunk = self._stream.unconsumed_tail or self._stream.unused_data
        except zlib.error as err:
            raise FeedError(f"the compressed answer is broken ({err})") from err
        return bytes(out)


def _has_zlib_header(chunk: bytes) -> bool:
    """RFC 1950, section 2.2: method 8, and the first two bytes a multiple of 31."""
    return len(chunk) < 2 or (chunk[0] & 15 == 8 and (chunk[0] << 8 | chunk[1]) % 31 == 0)  # noqa: PLR2004 - the RFC's numbers


def _why(err: Exception) -> str:
    """The innermost reason, without class names."""
    cause: BaseException = err
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return (said or type(err).__name__)[:200]


def shown(url: str) -> str:
    """`url` fit for a message: without user name and password, not endless."""
    return re.sub(r"//[^/@\s]*@", "//", "".join(c for c in url if c.isprintable()))[:200]
