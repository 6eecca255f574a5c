"""What can go wrong with one feed, in words."""

from __future__ import annotations

from digest.errors import DigestError


class FeedError(DigestError):
    """One feed cannot be fetched or read; `message` says why and becomes the result's fault.

    `again_s` is the server's own wish when to come back (Retry-After), in seconds; `gone` says
    that the feed is no more (410).
    """

    def __init__(self, message: str, *, again_s: float | None = None, gone: bool = False) -> None:
        # Servers have a say in it: their words must not steer a terminal or forge a log's line.
        super().__init__("".join(c if c.isprintable() else "\ufffd" for c in message))
        self.again_s = again_s
        self.gone = gone


class RefusedError(FeedError):
    """The address guard said no."""
