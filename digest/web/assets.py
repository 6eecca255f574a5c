"""Style sheet, scripts and icons: read once at the start, served under their content's hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from digest.rendering.environment import Templates
from digest.web.pages import Page

FOREVER: Final = "public, max-age=31536000, immutable"
"""For an address that holds the hash of its content."""

_TYPES: Final = {
    "site.css": "text/css; charset=utf-8",
    "site.js": "text/javascript; charset=utf-8",
    "admin.css": "text/css; charset=utf-8",
    "deck.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Assets:
    """The files of templates/web/static/, the operator's over ours."""

    def __init__(self, templates: Templates, root: str) -> None:
        self._root = root
        self._files = {
            name: Page.of(templates.read(f"web/static/{name}"), kind)
            for name, kind in _TYPES.items()
        }
        self._worker = templates.read("web/static/worker.js")

    def url(self, name: str) -> str:
        """The address of a file, from the site's root."""
        return f"{self._root}/static/{self._hash(name)}/{name}"

    @property
    def urls(self) -> Mapping[str, str]:
        """Name without dot (`site_css`) -> address, for the templates."""
        return {name.replace(".", "_"): self.url(name) for name in self._files}

    def worker(self, deck_url: str) -> Page:
        """The service worker with the addresses it keeps; it changes when one of them does."""
        keep = [
            f"{self._root}/concepts/",
            deck_url,
            *(self.url(name) for name in self._files if name != "admin.css"),
        ]
        version = hashlib.sha256("\n".join([*keep, self._worker]).encode()).hexdigest()[:12]
        head = (
            f"const VERSION = {json.dumps(version)};\nconst ROOT = {json.dumps(self._root)};\n"
            f"const KEEP = {json.dumps(keep)};\n"
        )
        return Page.of(head + self._worker, _TYPES["site.js"])

    def _hash(self, name: str) -> str:
        return self._files[name].etag.strip('"')[:12]

    async def serve(self, request: Request) -> Response:
        """A file; under another hash than its own it is not cached for long."""
        name, version = request.path_params["name"], request.path_params["version"]
        page = self._files.get(name)
        if page is None:
            raise HTTPException(404)
        return page.response(
            request, FOREVER if version == self._hash(name) else "public, max-age=60"
        )

    def routes(self) -> list[BaseRoute]:
        """The routes of the files."""
        return [
            Route("/static/{version}/{name}", self.serve),
            Route("/favicon.ico", self._icon),
        ]

    async def _icon(self, request: Request) -> Response:
        return self._files["icon.svg"].response(request, "public, max-age=86400")
