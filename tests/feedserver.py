"""A real HTTP server on loopback that plays feeds, good and bad ones.

    with FeedServer() as server:
        server.serve("/feed", RSS, etag='"1"')                # 200, then 304 to If-None-Match
        server.serve("/moved", status=301, location="/feed")
        server.serve("/busy", status=429, headers={"Retry-After": "120"})
        server.serve("/slow", RSS, drip_s=0.2)                # one byte, a pause, one byte …
        server.serve("/huge", huge=200_000_000)               # 200 MB as about 200 kB of gzip
        server.serve("/dead", hang=True)                      # takes the request, says nothing
        server.serve("/cut", RSS, cut_at=100)                 # closes after 100 bytes
        reader.read([(source(server.url("/feed")), state)], now, 5)
        assert server.hits("/feed") == 1
        assert server.requests[0].headers["user-agent"].startswith("digest/")

A path may be told anew at any time; several answers in a row are a list: `serve_each`. An unknown
path is a 404. Feeds from loopback need ``feeds.allow_private = ["127.0.0.0/8"]`` and, as all
paths are on one host, ``feeds.host_interval_s = 0``; a second `FeedServer("127.0.0.2")` is another
host. Standard library only.
"""

from __future__ import annotations

import gzip as gzip_module
import select
import ssl
import threading
import time
import zlib
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """One request that came. `headers` has lower-case names; `at` is `time.monotonic()`."""

    path: str
    headers: dict[str, str]
    at: float


@dataclass(frozen=True)
class Reply:
    """What to answer; see the module's docstring."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/xml"
    etag: str = ""
    last_modified: str = ""
    location: str = ""
    gzip: bool = False
    huge: int = 0
    drip_s: float = 0.0
    hang: bool = False
    cut_at: int | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the play."""


class FeedServer:
    """Serves what it is told, per path, and remembers what was asked."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._replies: dict[str, list[Reply]] = {}
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._busy = 0
        self.busiest = 0
        self.requests: list[Request] = []
        self._server = _Server((host, 0), self._handler())
        self.host, self.port = host, int(self._server.server_address[1])
        self._scheme = "https" if tls else "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop; what hangs or drips ends at once."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str, host: str = "") -> str:
        """The address of a path; `host` in place of the one listened on."""
        return f"{self._scheme}://{host or self.host}:{self.port}{path}"

    def serve(self, path: str, body: bytes | str = b"", **how: Any) -> None:
        """Answer `path` so from now on. `how` as in `Reply`."""
        self.serve_each(path, Reply(body.encode() if isinstance(body, str) else body, **how))

    def serve_each(self, path: str, *replies: Reply) -> None:
        """Answer with one after the other; the last one stays."""
        with self._lock:
            self._replies[path] = list(replies)

    def hits(self, path: str) -> int:
        """How often `path` was asked for."""
        return sum(request.path == path for request in self.requests)

    def _next(self, path: str) -> Reply:
        with self._lock:
            replies = self._replies.get(path) or [Reply(b"no such feed", 404)]
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def _handler(owner) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                with owner._lock:
                    owner.requests.append(Request(self.path, headers, time.monotonic()))
                    owner._busy += 1
                    owner.busiest = max(owner.busiest, owner._busy)
                try:
                    owner._answer(self, owner._next(self.path), headers)
                finally:
                    with owner._lock:
                        owner._busy -= 1
                    if owner._closing.is_set():
                        self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

            def handle_one_request(self) -> None:
                # An idle kept-alive connection must not hold up the end. Not by a time-out of the
                # socket: after one, its file refuses to be read.
                while not owner._closing.is_set():
                    if select.select([self.connection], [], [], 0.05)[0]:
                        super().handle_one_request()
                        return
                self.close_connection = True

        return Handler

    def _answer(self, to: BaseHTTPRequestHandler, reply: Reply, asked: dict[str, str]) -> None:
        if reply.hang:
            # Until the other side hangs up; a request given up is no longer under way.
            while not self._closing.wait(0.02):
                if select.select([to.connection], [], [], 0)[0]:
                    break
            to.close_connection = True
            return
        headers = dict(reply.headers)
        if reply.etag:
            headers["ETag"] = reply.etag
        if reply.last_modified:
            headers["Last-Modified"] = reply.last_modified
        if reply.location:
            headers["Location"] = reply.location
        known = (reply.etag and asked.get("if-none-match") == reply.etag) or (
            reply.last_modified and asked.get("if-modified-since") == reply.last_modified
        )
        if known:
            self._head(to, 304, headers)
            return
        body = gzip_module.compress(reply.body) if reply.gzip else reply.body
        if reply.gzip or reply.huge:
            headers["Content-Encoding"] = "gzip"
        headers.setdefault("Content-Type", reply.content_type)
        if reply.huge:
            headers["Connection"] = "close"
            self._head(to, reply.status, headers)
            to.wfile.write(b"".join(_zeros(reply.huge)))
            to.close_connection = True
            return
        headers.setdefault("Content-Length", str(len(body)))
        self._head(to, reply.status, headers)
        end = len(body) if reply.cut_at is None else reply.cut_at
        if reply.drip_s:
            for at in range(end):
                to.wfile.write(body[at : at + 1])
                if self._closing.wait(reply.drip_s):
                    break
        else:
            to.wfile.write(body[:end])
        if end < len(body):
            to.close_connection = True

    @staticmethod
    def _head(to: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        to.end_headers()


def _zeros(size: int) -> Any:
    """`size` zero bytes as gzip, a piece at a time."""
    squeeze = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        piece = squeeze.compress(block[: size - start])
        if piece:
            yield piece
    yield squeeze.flush()
