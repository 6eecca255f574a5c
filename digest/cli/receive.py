"""digest receive: one message from a pipe; and the loop behind digest serve receiver."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections import deque
from dataclasses import replace
from datetime import timedelta

import click

from digest.cli._console import App, pass_app
from digest.cli._wire import wire
from digest.errors import DigestError, StorageError, UsageError
from digest.ports import Store
from digest.wiring import Wiring

log = logging.getLogger("digest.receiver")

MAX_HELP = 200
"""Answers to requests for help that may wait; more are let go."""
POLL_S = 5
"""How often the Maildir is looked at, seconds."""
TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the message and tries again."""


@click.command()
@click.option(
    "--recipient",
    default="",
    help="The mailbox it came to; else the one in ORIGINAL_RECIPIENT or in the message.",
)
@click.option(
    "--sender", default=None, help="The envelope's sender, empty for the null one; else in SENDER."
)
@pass_app
def receive(app: App, *, recipient: str, sender: str | None) -> None:
    """Hear one message from standard input: a bounce, a complaint or a request.

    To be called by a mail server, see the how-to on Postfix. Exit code 75 means that the message
    must come again.
    """
    wiring = wire(app)
    limit = wiring.settings.inbound.max_message_kb * 1024
    raw = sys.stdin.buffer.read(limit + 1)
    if not raw.strip():
        raise UsageError(
            "standard input: there is no message in it", "digest receive < message.eml"
        )
    to = recipient or os.environ.get("ORIGINAL_RECIPIENT", "")
    by = sender if sender is not None else os.environ.get("SENDER")
    try:
        with wiring.store() as store:
            for line in wiring.listener(store).hear(raw[:limit], wiring.clock(), to, by):
                app.say(line)
            answer(wiring, store)
    except StorageError as error:
        app.warn(str(error))
        click.get_current_context().exit(TRY_AGAIN)


def answer(wiring: Wiring, store: Store) -> None:
    """Send the mails that were asked for; a fault of the server leaves them queued."""
    sent = wiring.messenger(store).send()
    if sent:
        log.info("notices: %s", dict(sent))


def serve_mail(wiring: Wiring) -> None:
    """Take mail until SIGTERM or Ctrl-C."""
    from digest.mail.receiver import LmtpServer, watch_maildir  # noqa: PLC0415
    from digest.wiring.post import required_boxes  # noqa: PLC0415

    settings = wiring.settings.inbound
    leave, wake = threading.Event(), threading.Event()

    def stop(*_: object) -> None:
        leave.set()
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with wiring.store() as store:
        direct = wiring.listener(store)
        helped: deque[str] = deque(maxlen=MAX_HELP)
        # Sent by the loop below: a mail server that is slow must not hold up what comes in.
        listener = replace(direct, help_mail=helped.append)

        def hear(raw: bytes, recipient: str, sender: str | None) -> tuple[str, ...]:
            done = listener.hear(raw, wiring.clock(), recipient, sender)
            wake.set()
            return done

        server = LmtpServer(
            required_boxes(wiring),
            hear,
            host=settings.lmtp_host,
            port=settings.lmtp_port,
            socket=settings.lmtp_socket,
            max_kb=settings.max_message_kb,
        )
        server.start()
        log.info("listening for mail at %s (LMTP)", server.place)
        try:
            while not leave.is_set():
                wake.wait(POLL_S)
                wake.clear()
                try:
                    if settings.maildir is not None:
                        watch_maildir(settings.maildir, hear)
                    while helped:
                        direct.help_mail(helped.popleft())
                    answer(wiring, store)
                    store.post.prune(wiring.clock() - timedelta(days=settings.keep_days))
                except DigestError as error:
                    log.error("%s", error)  # noqa: TRY400 - its message says it
        finally:
            server.stop()
            log.info("left")
