"""A real HTTP server on loopback that takes web hooks, and answers as it is told.

with HookServer() as hook:
    hook.answers = [503, 503, 204]      # the last one stays
    ...
    assert hook.posts[0].json["kind"] == "held"
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Post:
    """One request; `headers` has lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The document."""
        said: dict[str, Any] = json.loads(self.body)
        return said


class HookServer:
    """Use it in a `with`."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.heads: list[str] = []
        self.answers = [204]
        self.pages: dict[str, int] = {}
        """Path -> status of HEAD; 404 for others."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.posts.append(Post(self.path, headers, body))
                status = outer.answers[0]
                if len(outer.answers) > 1:
                    del outer.answers[0]
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_HEAD(self) -> None:
                outer.heads.append(self.path)
                self.send_response(outer.pages.get(self.path, 404))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
