"""What runs beside the pages: figures drawn ahead, waiting mails sent."""

from __future__ import annotations

import logging
import threading
from typing import Final

from digest.catalog.press import CachedPress
from digest.domain.concept import Concept
from digest.errors import DigestError
from digest.web.site import Site

log = logging.getLogger("digest.web")

PATIENCE_S: Final = 10.0
"""How long the end of the site waits for what is under way, seconds."""

LOOK_S: Final = 30.0
"""How often the queue is looked at when nobody says that something waits, seconds."""

BATCH: Final = 12
"""Figures drawn by one child: it takes longer to start than to draw."""


class Background:
    """Two threads, from `start` to `stop`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._leave = threading.Event()
        self._threads = [
            threading.Thread(target=self._draw, name="digest-draw", daemon=True),
            threading.Thread(target=self._send, name="digest-send", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop, waiting for what is under way."""
        self._leave.set()
        self._site.wake.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _send(self) -> None:
        """Send waiting notices: at once when a page has queued one, else every half minute."""
        site = self._site
        messenger = site.wiring.messenger(site.store)
        while not self._leave.is_set():
            site.wake.clear()
            try:
                done = messenger.send()
                if done:
                    log.info("notices: %s", dict(done))
            except DigestError as error:
                log.error("%s", error)  # noqa: TRY400 - its message says it
            except Exception:
                log.exception("unexpected fault in sending notices")
            site.wake.wait(LOOK_S)

    def _draw(self) -> None:
        """Draw the figures that are missing, in one child process, so that pages keep a core."""
        site, settings = self._site, self._site.settings
        press = CachedPress(site.wiring.content, settings.paths.cache, jobs=1)
        missing: list[Concept] = []
        for slug, concept in site.concepts.items():
            if press.kept(concept, 0) is None:
                missing.append(concept)
            else:
                site.view(slug)
        for start in range(0, len(missing), BATCH):
            if self._leave.is_set():
                return
            some = missing[start : start + BATCH]
            try:
                answers = press.draw([(concept, 0) for concept in some])
            except DigestError as error:
                log.error("%s", error)  # noqa: TRY400 - its message says it
                return
            for concept, answer in zip(some, answers, strict=True):
                if isinstance(answer, str):
                    log.warning("%s: not drawn: %s", concept.slug, answer)
                else:
                    site.view(concept.slug)
        if missing:
            log.info("drew %d figures", len(missing))
