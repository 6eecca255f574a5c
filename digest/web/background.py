"""What runs beside the pages: figures drawn ahead, waiting mails sent, the watch kept."""

from __future__ import annotations

import logging
import threading
from typing import Final

from digest.errors import DigestError
from digest.web.site import Site
from digest.wiring.alarm import Watch

log = logging.getLogger("digest.web")

PATIENCE_S: Final = 10.0
"""How long the end of the site waits for what is under way, seconds."""

LOOK_S: Final = 30.0
"""How often the queue is looked at when nobody says that something waits, seconds."""

WATCH_S: Final = 300.0
"""How often it is looked what is amiss, seconds; scheduler and workers look each minute."""


class Background:
    """Three threads, from `start` to `stop`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._leave = threading.Event()
        self._threads = [
            threading.Thread(target=self._draw, name="digest-draw", daemon=True),
            threading.Thread(target=self._send, name="digest-send", daemon=True),
            threading.Thread(target=self._watch, name="digest-watch", daemon=True),
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

    def _watch(self) -> None:
        """Where scheduler and workers died, somebody must notice."""
        watch = Watch(self._site.wiring)
        while not self._leave.wait(WATCH_S):
            watch.once()

    def _draw(self) -> None:
        """Have the figures drawn that are missing, by one child, so that pages keep a core."""
        site = self._site
        press = site.wiring.press
        for slug, concept in site.concepts.items():
            if press.kept(concept, 0) is not None:
                site.view(slug)
        wanted = [(concept, 0) for concept in site.concepts.values()]
        drawn = 0
        try:
            for concept, fault in press.draw_ahead(wanted, lambda: not self._leave.is_set()):
                if fault:
                    log.warning("%s: not drawn: %s", concept.slug, fault)
                else:
                    site.view(concept.slug)
                    drawn += 1
        except DigestError as error:
            log.error("%s", error)  # noqa: TRY400 - its message says it
        if drawn:
            log.info("drew %d figures", drawn)
